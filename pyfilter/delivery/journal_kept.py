"""The journal of a process that stays: open, and read once.

What a JournalFile reads anew for every message is read here when it has grown, by whoever, and found by its key: where
a line begins is kept, a line is read when it is asked for. So a message costs one stat(2), one read of what has come
since and one write, however much the journal holds; a line takes some 100 bytes of memory.
"""

from __future__ import annotations

import os

from pyfilter import limits
from pyfilter.delivery.journal_file import NAME, OLDER, JournalFile, is_full

__all__ = ["KeptJournal"]

# what is read at once; no line of ours is longer
CHUNK = 1 << 20


class Read:
    """One of the two files, as far as it was read. ``places``: where lines begin, by the first characters of their
    keys; two keys may share them."""

    __slots__ = ("at", "descriptor", "first", "identity", "places")

    def __init__(self, descriptor: int, found: os.stat_result) -> None:
        self.descriptor = descriptor
        self.identity = (found.st_dev, found.st_ino)
        self.at = 0
        self.first = b""
        self.places: dict[int, int | tuple[int, ...]] = {}

    def go_on(self) -> bool:
        """Read what has come; whether the last line has no end. Raises OSError."""
        data = b""
        while chunk := os.pread(self.descriptor, CHUNK, self.at + len(data)):
            data += chunk
            self._note(data[: data.rfind(b"\n") + 1])
            data = data[data.rfind(b"\n") + 1 :]
            if len(data) >= CHUNK:  # none of ours; what follows it is
                self.at += len(data)
                data = b""
        return bool(data)

    def _note(self, lines: bytes) -> None:
        self.first = self.first or lines[:20]
        places = self.places
        at = self.at
        for line in lines.splitlines(keepends=True):
            number = _number(line.split(b" ", 2)[1:2])
            if number is not None:
                before = places.get(number)
                if before is None:
                    places[number] = at
                else:
                    places[number] = (*before, at) if isinstance(before, tuple) else (before, at)
            at += len(line)
        self.at = at

    def lines(self, key: bytes) -> list[bytes]:
        """What stands behind the key in each of its lines. Raises OSError."""
        number = _number([key])
        places = self.places.get(number) if number is not None else None
        if places is None:
            return []
        found = []
        for place in places if isinstance(places, tuple) else (places,):
            line = os.pread(self.descriptor, CHUNK, place).partition(b"\n")[0]
            _, written, rest = (*line.split(b" ", 2), b"", b"")[:3]
            if written == key:
                found.append(rest)
        return found


class KeptJournal(JournalFile):
    """That of one user."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self._now: Read | None = None
        self._older: Read | None = None

    def lines(self, key: bytes) -> list[bytes]:
        """What stands behind ``key`` in each of its lines, the oldest first."""
        self.failure = None
        try:
            self._look()
            return [line for read in (self._older, self._now) if read is not None for line in read.lines(key)]
        except OSError as error:
            self.failure = error
            self.close()
            return []

    def close(self) -> None:
        """Close both files, and forget what was read."""
        held = {read.descriptor for read in (self._older, self._now) if read is not None} | {self._held}
        self._older = self._now = None
        self._held = -1
        for descriptor in held - {-1}:
            os.close(descriptor)

    def release(self) -> None:
        """It stays open."""

    def _look(self) -> None:
        """Read what has come since. Another delivery may have turned the file, or somebody removed it."""
        try:
            found = os.stat(self._directory + b"/" + NAME, follow_symlinks=False)
        except FileNotFoundError:  # until somebody writes
            self.close()
            self._older = self._begun(OLDER)
            return
        now = self._now
        if now is None or now.identity != (found.st_dev, found.st_ino) or found.st_size < now.at:
            self.close()
            self._older = self._begun(OLDER)
            now = self._now = self._begun(NAME)
            if now is None:
                return
            self._held = now.descriptor
        if found.st_size > now.at:
            self._torn = now.go_on()
        if is_full(found.st_size, now.first):
            self._turn(found)
            self.close()
            self._older = self._begun(OLDER)

    def _begun(self, name: bytes) -> Read | None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self._directory + b"/" + name, flags)
        except FileNotFoundError:
            return None
        try:
            found = self._own(descriptor)
            read = Read(descriptor, found)
            if found.st_size > 2 * limits.JOURNAL_BYTES:  # none that was turned in time
                read.at = found.st_size
            else:
                self._torn = read.go_on()
        except BaseException:
            os.close(descriptor)
            raise
        return read


def _number(keys: list[bytes]) -> int | None:
    """The first characters of a key as a number, which takes a third of its memory; None for what is none."""
    try:
        return int(keys[0][:16], 16)
    except (ValueError, IndexError):
        return None
