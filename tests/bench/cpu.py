"""What a server costs: CPU of all of its processes, and the most memory that each has had.

``Group(name)`` is a control group of its own, in which ``enter`` puts the calling process before it becomes the server;
whatever it starts is in there, too. ``seconds()`` is the user and system time of all that was ever in it, also of what
has ended, to the microsecond. ``peaks()`` is the VmHWM of each process there is now (proc(5)), in bytes, by its name.

Where no control group can be made, time is summed over the tree below the process that ``root`` names, with the
children that were waited for: to a hundredth of a second, and without what a process leaves behind unwaited.

Sources: cgroups(7); Linux, Documentation/admin-guide/cgroup-v2.rst, "cpu.stat"; proc(5).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["Group"]

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 10
# longest wait for a server that is never quite still
REST_SECONDS = 2


class Group:
    """A server's processes. ``root`` is the pid of the first, once there is one."""

    def __init__(self, name: str) -> None:
        self.root = 0
        self._path = _made(name)

    @property
    def is_exact(self) -> bool:
        """A control group counts, not a sum over a tree."""
        return self._path is not None

    def enter(self) -> None:
        """The calling process is in it from now on."""
        if self._path is not None:
            (self._path / "cgroup.procs").write_text(f"{os.getpid()}\n")

    def seconds(self) -> float:
        if self._path is None:
            return sum(_ticks(pid) for pid in self.processes()) / TICKS
        return _field(self._path / "cpu.stat", "usage_usec") / 1e6

    def seconds_at_rest(self) -> float:
        """What it has cost when nothing is left to do: a server may answer first and tidy up afterwards."""
        deadline = time.monotonic() + REST_SECONDS
        spent = self.seconds()
        while time.monotonic() < deadline:
            time.sleep(0.05)
            before, spent = spent, self.seconds()
            if spent - before < 0.001:
                break
        return spent

    def processes(self) -> list[int]:
        """Those there are now."""
        if self._path is None:
            return _tree(self.root) if self.root else []
        return [int(line) for line in (self._path / "cgroup.procs").read_text().split()]

    def peaks(self) -> list[tuple[str, int]]:
        """(name, most bytes of memory) of each process there is now, the largest first."""
        found = []
        for pid in self.processes():
            try:
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                found.append((name, _field(Path(f"/proc/{pid}/status"), "VmHWM:") << 10))
            except (OSError, KeyError):  # it has just ended
                continue
        return sorted(found, key=lambda peak: -peak[1])

    def close(self) -> None:
        """Take it away; waits for what is about to end in it, and ends what does not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._path is not None:
            try:
                self._path.rmdir()
                return
            except OSError:  # somebody is in it
                if time.monotonic() > deadline:
                    (self._path / "cgroup.kill").write_text("1")
                time.sleep(0.01)


def _made(name: str) -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        path = Path(place) / f"{name}-{os.getpid()}"
        if kind == "cgroup2":
            try:
                path.mkdir()
                _field(path / "cpu.stat", "usage_usec")
            except (OSError, KeyError):
                continue
            return path
    return None


def _field(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise KeyError(name)


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:  # it grows meanwhile
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except OSError:
            continue
    return found


def _ticks(pid: int) -> int:
    """utime, stime, cutime and cstime; of a process that has just ended, none: its parent has them."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))
