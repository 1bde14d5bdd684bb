"""A delivery by the installed launcher whose system calls fail, or kill, one by one: strace(1) does it.

A ``Bench`` is a home with rules (scenarios.py) and an installation of its own around the installed package, in which
each process of a delivery can be traced by itself::

    launcher    pyfilter-deliver, and its child until that becomes Python
    python      the interpreter, and its child until that becomes a program
    program     the stand-in that a rule hands mail to (stand_in.c)

``Bench.points`` traces a delivery without a fault: every system call of that process is a Point. ``Bench.run`` makes
one of them fail or kill, looks at what lies where, and tries again without a fault if the mail was not taken, as the
mail server does. The second try is left out where the first left the home as it was: it would be the first
delivery once more. judge.py says which promises a Run has broken.

The n-th call is counted in each process by itself; a child that has not become a program yet counts on its own, too.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, Protocol

from .deliverers import LAUNCHER, PYFILTER, Ended, Home
from .scenarios import EARLIER, Scenario, Seen, look

__all__ = [
    "ERRORS",
    "READERS",
    "Bench",
    "Fault",
    "Point",
    "Run",
    "Runs",
    "points_of",
    "read_as",
    "struck_lines",
    "sweep",
]

# strace itself needs the first execve; nobody hears whether a process ended well; arch_prctl(ARCH_SET_FS), with which
# the C library starts a thread, has no way to fail (arch_prctl(2)), and cannot be told apart from its failure.
UNTOUCHED = {"execve", "exit_group", "exit", "rt_sigreturn", "restart_syscall", "arch_prctl"}

# an error that the call can have; EIO where it makes no difference
ERRORS = {
    "brk": "ENOMEM",
    "clone": "EAGAIN",
    "clone3": "EAGAIN",
    "connect": "ECONNREFUSED",
    "dup2": "EMFILE",
    "fork": "EAGAIN",
    "getrandom": "ENOSYS",
    "ioctl": "ENOTTY",
    "linkat": "EDQUOT",
    "lseek": "EINVAL",
    "memfd_create": "EMFILE",
    "mkdir": "ENOSPC",
    "mkdirat": "ENOSPC",
    "mmap": "ENOMEM",
    "mprotect": "ENOMEM",
    "mremap": "ENOMEM",
    "newfstatat": "EACCES",
    "openat": "EMFILE",
    "pipe2": "EMFILE",
    "poll": "ENOMEM",
    "ppoll": "ENOMEM",
    "prlimit64": "EPERM",
    "rename": "ENOSPC",
    "renameat": "ENOSPC",
    "socket": "EMFILE",
    "unlink": "EACCES",
    "unlinkat": "EACCES",
    "wait4": "ECHILD",
    "write": "ENOSPC",
}

# what a mail client may do with a copy before the mail server tries again
READERS = ("", "reads it", "takes it away")

WRAPPER = """#!/bin/sh
# traced if there are options for it; -D: the process stays the child of who started it
read -r options <{options}
[ -n "$options" ] || exec {program} "$@"
exec strace -D -q -y -s 160 -o {trace} $options {program} "$@"
"""


class Point(NamedTuple):
    """The n-th call of this system call in this process."""

    process: str
    call: str
    n: int


class Fault(NamedTuple):
    """What happens there; ``lasting``: at every later call of the same name, too. ``error``: "" kills."""

    error: str = ""
    lasting: bool = False

    def options(self, point: Point) -> tuple[str, ...]:
        what = f"error={self.error}" if self.error else "signal=KILL"
        when = f"{point.n}{'+' * self.lasting}"
        return ("-e", f"trace={point.call}", "-e", f"inject={point.call}:{what}:when={when}")


class Run(NamedTuple):
    """One delivery with a fault. ``struck``: the trace's lines of the calls that were struck, "" if there are none.
    ``again``: how the retry ended, None if there was none, and ``finally_seen`` what lay where then. ``reader``: what a
    mail client did before the retry with the copies that were visible (READERS)."""

    scenario: Scenario
    point: Point
    fault: Fault
    ended: Ended
    seen: Seen
    struck: str
    seconds: float
    again: Ended | None
    finally_seen: Seen
    reader: str = ""


class Bench:
    """A scenario's home and installation; ``package``: the directory that holds the package pyfilter."""

    def __init__(self, base: Path, scenario: Scenario, stand_in: Path, package: Path) -> None:
        self.scenario = scenario
        self._place = base
        launcher = base / "bin" / LAUNCHER.name
        python = f"python3.{sys.version_info.minor}"
        launcher.parent.mkdir(parents=True)
        shutil.copy2(LAUNCHER, launcher)
        site = base / "lib" / python / "site-packages"
        site.parent.mkdir(parents=True)
        site.symlink_to(package)
        self.home = Home(base, PYFILTER._replace(program=str(launcher)), rules=scenario.rules)
        self._wrap(launcher.with_name(python), "python", Path(sys.executable).resolve())
        words = scenario.program.format(home=self.home.path)
        self._wrap(self.home.path / "program", "program", stand_in, words)
        self._reset()
        ended = self.home.deliver()  # the rules are in the cache from now on
        assert ended.status == scenario.status, ended
        self._reset()
        self._untouched = self._state()

    def _wrap(self, path: Path, process: str, program: Path, words: str = "") -> None:
        (self._place / f"{process}.options").write_text("\n")
        options, trace = self._place / f"{process}.options", self._place / f"{process}.trace"
        path.write_text(WRAPPER.format(options=options, trace=trace, program=f"{program} {words}".rstrip()))
        path.chmod(0o755)

    @property
    def processes(self) -> tuple[str, ...]:
        return ("launcher", "python", *(("program",) if self.scenario.program else ()))

    def points(self, process: str) -> list[Point]:
        """Every call of this process in a delivery without a fault; in its child, as far as they are more."""
        self._reset()
        ended = self._deliver(process, ())
        assert ended.status == self.scenario.status, ended
        return points_of(self.trace(process), process)

    def run(self, point: Point, fault: Fault, reader: str = "") -> Run:
        self._reset()
        began = time.monotonic()
        ended = self._deliver(point.process, fault.options(point))
        seconds = time.monotonic() - began
        if ended.status < 0:
            self._wait_for_the_orphans()
        struck = struck_lines(self.trace(point.process), fault)
        seen = final = look(self.home)
        again = None
        if ended.fate == "deferred" and self._state() != self._untouched:
            self._let_time_pass()
            read_as(reader, self.home)
            again = self.home.deliver()
            final = look(self.home)
        return Run(self.scenario, point, fault, ended, seen, struck, seconds, again, final, reader)

    def _deliver(self, process: str, options: tuple[str, ...]) -> Ended:
        """``options``: of strace, in this process; () traces everything."""
        # a filter in the kernel stops a process at these calls only, which is faster by a quarter; but it outlives
        # strace in a child that is let go, and strace 6.1 sends no signals beside it
        alone = not self.scenario.program or process == "program"
        filtered = alone and any("error=" in option for option in options)
        words = ["-f", *(("--seccomp-bpf",) if filtered else ("-b", "execve")), *options]
        if process == "launcher":
            words = ["-f", "-b", "execve", *options]
            return self.home.deliver("-q", "-y", "-s", "160", "-o", str(self._place / "launcher.trace"), *words)
        (self._place / f"{process}.trace").unlink(missing_ok=True)
        (self._place / f"{process}.options").write_text(" ".join(words) + "\n")
        ended = self.home.deliver()
        (self._place / f"{process}.options").write_text("\n")
        return ended

    def trace(self, process: str) -> list[str]:
        """The last trace of this process. The launcher ends all that is left of a delivery, strace among it, which by
        then has written all but the end of the process."""
        path = self._place / f"{process}.trace"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def _wait_for_the_orphans(self) -> None:
        """The launcher was killed; what it had started is killed with it, but not in the same moment."""
        mark = b"HOME=" + os.fsencode(self.home.path) + b"\0"
        until = time.monotonic() + 5
        while time.monotonic() < until and any(mark in variables for variables in _environments()):
            time.sleep(0.005)

    def _reset(self) -> None:
        self.home.empty()
        for name in ("Mail", "sent"):
            shutil.rmtree(self.home.path / name, ignore_errors=True)
            (self.home.path / name).mkdir(mode=0o700)
        shutil.rmtree(self.home.maildir / "Lists", ignore_errors=True)
        for path in self.home.maildir.glob("subscriptions*"):
            path.unlink()
        if "mbox" in self.scenario.places:
            (self.home.path / "Mail" / "old.mbox").write_bytes(b"From a Tue Nov 24 04:38:40 2026\n" + EARLIER + b"\n")
        if "mh" in self.scenario.places:
            (self.home.path / "Mail" / "old").mkdir(mode=0o700)
            (self.home.path / "Mail" / "old" / "1").write_bytes(EARLIER)

    def _state(self) -> frozenset[tuple[str, int, int]]:
        """What lies in the home, but for the log; the rules' cache counts by its time, too."""
        found = []
        for place, directories, files in os.walk(self.home.path):
            found += [(f"{place}/{name}", 0, 0) for name in directories if ".local" not in f"{place}/{name}"]
            for name in files:
                if name != "log":
                    status = os.lstat(f"{place}/{name}")
                    found.append((f"{place}/{name}", status.st_size, status.st_mtime_ns * (".cache" in place)))
        return frozenset(found)

    def _let_time_pass(self) -> None:
        """A mail server tries again after some minutes: a lock that a kill has left is old then."""
        for path in (self.home.path / "Mail").glob("*.lock"):
            os.utime(path, (0, 0))


def read_as(reader: str, home: Home) -> None:
    """What a mail client does with what is visible: one of READERS."""
    for path in home.maildir.glob("**/new/*") if reader else ():
        if reader == "takes it away":
            path.unlink()
        else:
            path.rename(path.parents[1] / "cur" / f"{path.name}:2,S")


def points_of(trace: list[str], process: str) -> list[Point]:
    """Every call in a trace; of several processes in it, as many as the busiest has made."""
    counts: dict[str, Counter[str]] = {}
    for line in trace:
        found = re.match(r"(\d+ +)?([a-z_0-9]+)\(", line)
        if found and found[2] not in UNTOUCHED:
            counts.setdefault(found[1] or "", Counter())[found[2]] += 1
    most: Counter[str] = Counter()
    for count in counts.values():
        most |= count
    return [Point(process, call, n) for call in sorted(most) for n in range(1, most[call] + 1)]


def struck_lines(trace: list[str], fault: Fault) -> str:
    """The lines of the calls that were struck; strace may be killed with a delivery, before it wrote them."""
    if fault.error:
        return " ".join(line for line in trace if "(INJECTED)" in line)
    hit = [place for place, line in enumerate(trace) if "killed by SIGKILL" in line]
    return " ".join(trace[max(0, hit[0] - 1) : hit[0] + 1]) if hit else ""


def _environments() -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found.append(path.read_bytes() + b"\0")
        except OSError:  # gone, or not ours
            continue
    return found


class Runs(Protocol):
    """What can be swept: a Bench, or a peer's (peers.py)."""

    def run(self, point: Point, fault: Fault, reader: str = "") -> Run: ...


def sweep(benches: Sequence[Runs], jobs: Sequence[tuple[Point, Fault]], reader: str = "") -> list[Run]:
    """All of them, as many at a time as there are benches."""
    free: SimpleQueue[Runs] = SimpleQueue()
    for bench in benches:
        free.put(bench)

    def one(job: tuple[Point, Fault]) -> Run:
        bench = free.get()
        try:
            return bench.run(*job, reader)
        finally:
            free.put(bench)

    with ThreadPoolExecutor(len(benches)) as pool:
        return list(pool.map(one, jobs))
