"""A home on a file system that lies: deliveries whose calls liar.c says the untruth about.

``Liar(home, package)`` prepares a home of any deliverer. ``calls`` are those of a delivery below the home, each
with its path; ``deliver(call, at, lie)`` is one in which the at-th of that name is lied about.

A script in the program's place puts the library in front of it.

- pyfilter's launcher is static and passes on no LD_PRELOAD, so that it is its Python that has such a script.
- A program with a set-id bit would not take the library, so that of a peer a copy without is run, which files into a
  home of its own account all the same. It is called by the script's name: dovecot-lda starts itself a second time, with
  an environment of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .deliverers import MESSAGE, PYFILTER, Ended, Home

__all__ = ["LASTING", "Liar", "Lied", "compile_liar"]

LASTING = 0  # in place of a number: every call of that name

SCRIPT = """#!/bin/bash
. {lie}
exec -a {name} {program} "$@"
"""


class Lied(NamedTuple):
    """How it ended, and the paths of the calls that were lied about."""

    ended: Ended
    struck: tuple[str, ...]


class Liar:
    def __init__(self, home: Home, liar: Path, package: Path) -> None:
        self.home = home
        place = home.path.parent
        self._trace = place / "trace"
        self._lie = place / "lie"
        self._lie.write_text("")
        self._library = Path(shutil.copy(liar, place))
        if home.deliverer is PYFILTER:
            python = f"python3.{sys.version_info.minor}"
            (place / "bin").mkdir()
            home.command[0] = str(shutil.copy2(home.command[0], place / "bin"))
            (place / "lib" / python).mkdir(parents=True)
            (place / "lib" / python / "site-packages").symlink_to(package)
            script, program = place / "bin" / python, Path(sys.executable).resolve()
            name = program
        else:
            script, program = place / "script", place / "program"
            name = script
            shutil.copyfile(home.command[0], program)
            program.chmod(0o755)
            home.command[0] = str(script)
        script.write_text(SCRIPT.format(lie=self._lie, name=name, program=program))
        script.chmod(0o755)

    def calls(self) -> list[str]:
        """The name of each call below the home, in a delivery without a lie."""
        lied = self.deliver("", LASTING, "")
        assert lied.ended.status == 0, lied
        return [line.split()[0] for line in self._lines()]

    def deliver(self, call: str, at: int, lie: str, message: bytes = MESSAGE) -> Lied:
        self._trace.write_text("")
        self._trace.chmod(0o666)
        variables = {
            "LD_PRELOAD": self._library,
            "LIAR_BELOW": f"{self.home.path}/",
            "LIAR_TRACE": self._trace,
            "LIAR_CALL": call,
            "LIAR_AT": at,
            "LIAR_LIE": lie,
        }
        self._lie.write_text("".join(f"export '{name}={value}'\n" for name, value in variables.items()))
        ended = self.home.deliver(message=message)
        struck = tuple(line.removesuffix(" lie").split(" ", 1)[1] for line in self._lines() if line.endswith(" lie"))
        return Lied(ended, struck)

    def again(self) -> Ended:
        """What the mail server's next try is: nobody lies any more."""
        self._lie.write_text("")
        return self.home.deliver()

    def _lines(self) -> list[str]:
        return self._trace.read_text(errors="replace").splitlines()


def compile_liar(directory: Path) -> Path:
    """The library of liar.c."""
    library = directory / "liar.so"
    source = Path(__file__).with_name("liar.c")
    subprocess.run(["cc", "-std=gnu11", "-O2", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    return library
