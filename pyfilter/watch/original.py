"""The file of one message that waits in a Maildir: found, read, and taken away when the message is filed.

In: the Maildir and a name that was seen in its new/. Rules:

- The file stays where it is until the message is safe somewhere else. No reader, and no crash, finds it missing.
- A mail client, or an IMAP server for one, may move it to cur/ at any moment. As long as it has no flag nobody has read
  it, and it is still ours to file; with one it is the user's: Gone.
- What is taken away, or gets flags, is the file that was read (device and inode), under whatever name it lies by then.
- Symbolic links are not followed, and nothing waits: a FIFO, a device, an empty file are no message (Unread). The
  Maildir must be the user's own (delivery/making.py).

Errors: Gone; Unread, whose text says why; OSError, which may pass.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from types import TracebackType

from pyfilter import limits
from pyfilter.delivery import making
from pyfilter.watch import names

__all__ = ["Gone", "Original", "Unread"]

# what does not pass by itself
LASTING = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG, errno.EINVAL})
# times that it is looked for while somebody renames it again and again
TRIES = 10


class Gone(Exception):
    """It is not in new/ any more: somebody has read it, or taken it away."""


class Unread(Exception):
    """What lies there cannot be filed, today or tomorrow; the text says why."""


class Original:
    """``raw``: its bytes. To be used as a context: ``with Original(maildir, name) as original``."""

    def __init__(self, maildir: bytes, name: bytes) -> None:
        self._name = name
        self._folder = making.open_folder(maildir)
        try:
            descriptor = self._opened(maildir)
            try:
                found = os.fstat(descriptor)
                self._file = (found.st_dev, found.st_ino)
                self.raw = _read(descriptor, found)
            finally:
                os.close(descriptor)
        except BaseException:
            os.close(self._folder)
            raise

    def __enter__(self) -> Original:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._folder)

    def remove(self) -> bool:
        """Take it away; False where it had gone already."""
        return self._done(lambda place, name: os.unlink(place + b"/" + name, dir_fd=self._folder))

    def flag(self, letters: str) -> bool:
        """Give it flags, by which it goes to cur/; False where it had gone."""

        def rename(place: bytes, name: bytes) -> None:
            target = b"cur/" + names.flagged(name, letters)
            os.rename(place + b"/" + name, target, src_dir_fd=self._folder, dst_dir_fd=self._folder)

        return self._done(rename)

    def can_be_removed(self) -> bool:
        """May files be taken away here? Else the message would be filed again with each look."""
        return all(os.access(place, os.W_OK | os.X_OK, dir_fd=self._folder) for place in (b"new", b"cur"))

    # ------------------------------------------------------------------ where it lies

    def _opened(self, maildir: bytes) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        for place in (b"new", b"cur"):
            os.close(making.open_part(place, self._folder, maildir))
        try:
            for _ in range(TRIES):
                if not (places := self._places()):
                    break
                for place, name in places:
                    try:
                        return os.open(place + b"/" + name, flags, dir_fd=self._folder)
                    except FileNotFoundError:
                        continue  # it was renamed just now
        except OSError as error:
            if error.errno in LASTING:
                why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
                raise Unread(why or str(error)) from None
            raise
        raise Gone

    def _places(self) -> list[tuple[bytes, bytes]]:
        """Where it may lie, and be ours."""
        if self._is_at(b"new", self._name):
            return [(b"new", self._name)]
        return [(place, name) for place, name in self._namesakes() if not names.flags(name)]

    def _done(self, do: Callable[[bytes, bytes], None]) -> bool:
        """``do`` it with the file, wherever it lies by now."""
        places = [(b"new", self._name)]
        for _ in range(TRIES):
            for place, name in places:
                if self._is_at(place, name):
                    try:
                        do(place, name)
                        return True
                    except FileNotFoundError:
                        pass  # it was renamed just now
            if not (places := self._namesakes()):
                return False
        return False

    def _namesakes(self) -> list[tuple[bytes, bytes]]:
        """Files with its unique name: mbsync adds to names, a reader moves to cur/ and adds flags."""
        own = names.key(self._name)
        found = []
        for place in (b"new", b"cur"):
            descriptor = os.open(place, making.DIRECTORY, dir_fd=self._folder)
            try:
                found += [(place, name) for name in map(os.fsencode, os.listdir(descriptor)) if names.key(name) == own]
            finally:
                os.close(descriptor)
        return found

    def _is_at(self, place: bytes, name: bytes) -> bool:
        try:
            found = os.stat(place + b"/" + name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return getattr(self, "_file", None) in (None, (found.st_dev, found.st_ino))


def _read(descriptor: int, found: os.stat_result) -> bytes:
    if not stat.S_ISREG(found.st_mode):
        raise Unread("it is not a regular file")
    if found.st_size > limits.MESSAGE_BYTES:
        raise Unread(f"it is larger than {limits.MESSAGE_BYTES >> 20} MiB")
    data = os.read(descriptor, found.st_size + 1)
    while chunk := os.read(descriptor, 1 << 20):
        data += chunk
    if not data:
        raise Unread("it is empty")
    return data
