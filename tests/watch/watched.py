"""`pyfilter watch` as a process, in a home of its own, and what a test sees of it."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pyfilter

PACKAGES = str(Path(pyfilter.__file__).parent.parent)
SECONDS = 60  # for what takes one on an idle machine

Found = TypeVar("Found")

_numbers = itertools.count(1)


def letter(subject: str, more: str = "") -> bytes:
    """Each with a Message-ID of its own."""
    return (
        f"Received: from x by y; now\nMessage-ID: <{next(_numbers)}@x.example>\nFrom: Ann <ann@x.example>\n"
        f"Subject: {subject}\n{more}\nbody of {subject}\n"
    ).encode()


class Watched:
    """``name``: the Maildir below the home that is watched."""

    def __init__(
        self, directory: Path, rules: str, name: str, *, home: str = "home", before: tuple[str, ...] = ()
    ) -> None:
        self.home = directory / home
        self.home.mkdir(mode=0o700, exist_ok=True)
        self._before = before  # words before the command
        self.maildir = self.home / name
        for part in ("cur", "new", "tmp"):
            (self.maildir / part).mkdir(parents=True, mode=0o700)
        self.rules(rules)
        self.process: subprocess.Popen[bytes] | None = None

    def rules(self, text: str) -> None:
        path = self.home / ".pyfilterrc"
        path.write_text(text, "utf-8")
        path.chmod(0o600)

    # ------------------------------------------------------------------ the process

    def command(self, *options: str) -> list[str]:
        return [*self._before, sys.executable, "-m", "pyfilter", "watch", *options, str(self.maildir)]

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "PYTHONPATH": PACKAGES}

    def start(self, *options: str) -> None:
        """Returns when it watches: it says so."""
        self.process = subprocess.Popen(
            self.command(*options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said == f"pyfilter watch: {self.maildir}; Ctrl-C ends it\n".encode(), said

    def once(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command("--once", *options), env=self.environment, capture_output=True, text=True, timeout=SECONDS
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None and self.process.stdout is not None
        self.process.send_signal(number)
        rest = self.process.stdout.read()
        assert rest == b"", rest
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        """Of a sudden; its worker ends by itself, and until then no other process has the lock."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def end(self) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(SECONDS)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def worker(self) -> int:
        """Its process id."""
        assert self.process is not None
        pid = self.process.pid
        (found,) = until(lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return int(found)

    # ------------------------------------------------------------------ mail

    def bring(self, data: bytes, name: str = "", to: Path | None = None) -> Path:
        """As mbsync and getmail do: written in tmp/, then moved."""
        maildir = to or self.maildir
        name = name or f"{time.time_ns()}.{os.getpid()}_{next(_numbers)}.there"
        (maildir / "tmp" / name).write_bytes(data)
        (maildir / "tmp" / name).rename(maildir / "new" / name)
        return maildir / "new" / name

    def mail(self) -> dict[str, list[bytes]]:
        """Folder of ~/Maildir -> what a reader sees in it."""
        found: dict[str, list[bytes]] = {}
        for path in sorted((self.home / "Maildir").glob("**/*")):
            if path.parent.name in ("new", "cur") and path.is_file():
                found.setdefault(path.parent.parent.name, []).append(path.read_bytes())
        return found

    def count(self) -> int:
        return sum(map(len, self.mail().values()))

    def left(self) -> list[str]:
        """What lies in new/ of what is watched."""
        return sorted(os.listdir(self.maildir / "new"))

    @property
    def log(self) -> str:
        path = self.home / ".local/state/pyfilter/log"
        return path.read_text("utf-8") if path.exists() else ""


def until(look: Callable[[], Found]) -> Found:
    """What ``look`` finds, as soon as it finds something."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
    return found
