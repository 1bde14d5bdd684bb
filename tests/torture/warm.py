"""A delivery by a server's clerk whose system calls fail, or kill it, one by one: strace(1) does it.

As sweep.py, whose Points, Faults and Runs these are. A clerk (pyfilter/server/clerk.py) waits at the socket in the home
before the launcher is started; ``Point.n`` counts its calls from its own start, and only those behind its first
accept4(2) are points. What it does not take the launcher's own Python delivers; the retry has no clerk.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from .deliverers import LAUNCHER, PYFILTER, Ended, Home
from .scenarios import Scenario, look
from .sweep import UNTOUCHED, Fault, Point, Run, read_as, struck_lines

__all__ = ["SCENARIO", "ClerkBench"]

SCENARIO = Scenario("inbox, warm", "")
SCRIPT = "import sys; sys.path[:] = {path!r}; from pyfilter.server.clerk import main; print(flush=True); main({args})"
PLACE = ".local/state/pyfilter"


class ClerkBench:
    """A home, to which a clerk delivers."""

    def __init__(self, base: Path) -> None:
        self._trace = base / "clerk.trace"
        self.home = Home(base, PYFILTER._replace(program=str(LAUNCHER)), rules="")
        assert self.home.deliver().status == 0  # the rules are in the cache from now on
        self.home.empty()

    def points(self) -> list[Point]:
        """Every call of a clerk from the moment a launcher has come."""
        ended, _ = self._deliver(())
        assert ended.status == 0, ended
        calls: Counter[str] = Counter()
        found = []
        has_come = False
        for line in self._trace.read_text(errors="replace").splitlines():
            if call := re.match(r"([a-z_0-9]+)\(", line):
                has_come = has_come or call[1] == "accept4"
                calls[call[1]] += 1
                if has_come and call[1] not in UNTOUCHED:
                    found.append(Point("clerk", call[1], calls[call[1]]))
            if has_come and line.startswith("sendto("):  # the launcher has heard
                return found
        raise AssertionError("the clerk has not answered")

    def run(self, point: Point, fault: Fault, reader: str = "") -> Run:
        ended, seconds = self._deliver(fault.options(point))
        struck = struck_lines(self._trace.read_text(errors="replace").splitlines(), fault)
        seen = final = look(self.home)
        again = None
        if ended.fate == "deferred":
            read_as(reader, self.home)
            again = self.home.deliver()
            final = look(self.home)
        return Run(SCENARIO, point, fault, ended, seen, struck, seconds, again, final, reader)

    def _deliver(self, options: tuple[str, ...]) -> tuple[Ended, float]:
        self.home.empty()
        directory = self.home.path / PLACE
        directory.mkdir(mode=0o700, parents=True)
        ours, life = socket.socketpair()
        opened = os.open(directory, os.O_PATH)
        with ours, life, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(f"/proc/self/fd/{opened}/socket")
            os.close(opened)
            listener.listen()
            listener.setblocking(False)
            files = [life.fileno(), listener.fileno()]
            script = SCRIPT.format(path=sys.path, args=f"{files[0]}, {files[1]}, {str(self.home.path)!r}")
            command = ["strace", "-q", "-y", "-s", "160", "-o", str(self._trace), *options]
            command += [sys.executable, "-I", "-S", "-P", "-c", script]
            environment = {"HOME": str(self.home.path)}
            with subprocess.Popen(command, pass_fds=files, env=environment, stdout=subprocess.PIPE) as clerk:
                assert clerk.stdout is not None
                clerk.stdout.readline()
                listener.close()
                life.close()
                began = time.monotonic()
                ended = self.home.deliver()
                seconds = time.monotonic() - began
                ours.close()
                clerk.wait(60)
        (directory / "socket").unlink(missing_ok=True)
        return ended, seconds
