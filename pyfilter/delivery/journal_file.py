"""The journal's file: where it lies, when it is believed, how a line is found and added.

In: lines that begin with the seconds and a key (journal.py says what they mean). Out: those of one key.

- ``~/.local/state/pyfilter/journal``, append-only, each line written by one write(2). A line that was torn by a crash
  is passed over.
- When the first line is older than limits.JOURNAL_SECONDS, or the file larger than limits.JOURNAL_BYTES, it becomes
  ``journal.1``, in the place of an older one; both are read.
- It is believed, and written to, only if it is a regular file of the user's own that nobody else can write.

Errors: OSError of what is written. What cannot be read is empty, and ``failure`` is the error.
"""

from __future__ import annotations

import errno
import os
import time

from pyfilter import limits, ownership
from pyfilter.delivery.maildir import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NAME", "OLDER", "JournalFile", "is_full"]

DIRECTORY = ".local/state/pyfilter"
NAME = b"journal"
OLDER = b"journal.1"


class JournalFile:
    """That of one user, read anew for every message: what a delivery that is a process of its own needs."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._directory = os.fsencode(os.path.join(home, DIRECTORY))
        self._held = -1  # the descriptor while it is held open
        self._torn = False  # its last line has no end
        self.failure: OSError | None = None

    @property
    def name(self) -> str:
        """For the log."""
        return f"{os.fsdecode(self._directory)}/{NAME.decode()}"

    def lines(self, key: bytes) -> list[bytes]:
        """What stands behind ``key`` in each of its lines, the oldest first."""
        return [line for data in self.contents() for line in _behind(data, key)]

    def contents(self) -> Sequence[bytes]:
        """The whole text of the older file and of this one."""
        self.failure = None
        return self._read(OLDER), self._read(NAME)

    def append(self, line: bytes, *, durable: bool) -> None:
        """Add it; on disk when the call returns if it is ``durable``."""
        descriptor = self._opened() if self._held < 0 else self._held
        try:
            write_all(descriptor, b"\n" * self._torn + line)
            if durable:
                os.fsync(descriptor)
        finally:
            if descriptor != self._held:
                os.close(descriptor)
        self._torn = False

    def hold(self) -> None:
        """Have it open until ``release``."""
        if self._held < 0:
            self._held = self._opened()

    def release(self) -> None:
        """Close it."""
        held, self._held = self._held, -1
        if held >= 0:
            os.close(held)

    def _read(self, name: bytes) -> bytes:
        path = self._directory + b"/" + name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        except OSError as error:
            self.failure = error
            return b""
        try:
            found = self._own(descriptor)
            if found.st_size > 2 * limits.JOURNAL_BYTES:  # none that was turned in time
                self._turn(found)
                return b""
            data = bytearray()
            while chunk := os.read(descriptor, 1 << 16):
                data += chunk
            self._torn = not data.endswith(b"\n") and bool(data)
            if name == NAME and is_full(len(data), bytes(data[:20])):
                self._turn(found)
        except OSError as error:
            self.failure = error
            return b""
        finally:
            os.close(descriptor)
        return bytes(data)

    def _turn(self, read: os.stat_result) -> None:
        """A new file, unless another delivery has begun one; who still writes into the old one writes what is still
        read."""
        path = self._directory + b"/" + NAME
        try:
            if os.path.samestat(os.stat(path), read):
                os.rename(path, self._directory + b"/" + OLDER)
        except FileNotFoundError:
            pass
        self._torn = False

    def _opened(self, flags: int = os.O_WRONLY) -> int:
        """The journal, to append to; begun where it is missing."""
        flags |= os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self._directory + b"/" + NAME, flags)
        except FileNotFoundError:
            descriptor = self._begin(flags)
        try:
            self._own(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _begin(self, flags: int) -> int:
        """A journal in a directory that is the user's own, on disk; another delivery may have been quicker."""
        directory = ownership.directory(self._home, DIRECTORY)
        try:
            descriptor = os.open(NAME, flags | os.O_CREAT, 0o600, dir_fd=directory)
            os.fsync(directory)
        finally:
            os.close(directory)
        return descriptor

    def _own(self, descriptor: int) -> os.stat_result:
        """Who could write it could make mail disappear, and who reads it knows who writes."""
        found = ownership.required(descriptor, self._directory + b"/" + NAME)
        if found.st_nlink != 1:
            raise PermissionError(errno.EPERM, "has several names (hard links)", self._directory)
        return found


def _behind(data: bytes, key: bytes) -> list[bytes]:
    wanted = b" " + key + b" "
    lines = []
    place = data.find(wanted)
    while place >= 0:
        end = data.find(b"\n", place)
        if end < 0:
            break  # torn, or being written
        lines.append(data[place + len(wanted) : end])
        place = data.find(wanted, end)
    return lines


def is_full(size: int, first: bytes) -> bool:
    """``first``: the first bytes of it, which tell when it was begun."""
    if size > limits.JOURNAL_BYTES:
        return True
    seconds = first.partition(b" ")[0]
    return seconds.isdigit() and len(seconds) < 19 and int(seconds) < time.time() - limits.JOURNAL_SECONDS
