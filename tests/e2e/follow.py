"""Wait for a line of a growing file: the log of a mail system, the trace of a process.

``tail -F`` tells of new lines as they are written (the file should lie on a tmpfs, where the kernel tells
tail(1); on other file systems it asks once a second). Every wait has a deadline.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from pathlib import Path

__all__ = ["SECONDS", "Follower"]

SECONDS = 30  # deadline of every wait; an ordinary one is over in a tenth of a second


class Follower:
    """The lines of one file, as far as they have been read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self.unread = b""  # the beginning of a line whose end is not there yet
        self.tail = subprocess.Popen(
            ["tail", "-n", "+1", "-F", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def wait(self, pattern: str, after: int = 0) -> re.Match[str]:
        """The first line, counted from ``after``, in which the pattern is found."""
        for line in self.lines[after:]:
            if found := re.search(pattern, line):
                return found
        deadline = time.monotonic() + SECONDS
        while (newer := self.next_line(deadline)) is not None:
            if found := re.search(pattern, newer):
                return found
        end = "\n".join(self.lines[-40:])
        raise AssertionError(f"not in {self.path} after {SECONDS} s: {pattern}\n{end}")

    def next_line(self, deadline: float) -> str | None:
        """The next line, or None when the deadline has passed."""
        assert self.tail.stdout is not None
        while b"\n" not in self.unread:
            if not select.select([self.tail.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            self.unread += os.read(self.tail.stdout.fileno(), 65536)
        line, _, self.unread = self.unread.partition(b"\n")
        self.lines.append(line.decode(errors="replace"))
        return self.lines[-1]

    def close(self) -> None:
        self.tail.kill()
        self.tail.communicate()
