"""A message appended to a file in the mbox format.

``publish`` locks the file and appends; the lock is held until ``settle`` or ``undo``, so that nobody else appends
behind what may have to be taken back. Nothing is done before: what is staged elsewhere may fail first.

- **Locks** as mail clients know them: ``FILE.lock``, made with O_EXCL, and fcntl on the file itself. One who holds
  them is waited for, limits.MBOX_LOCK_SECONDS at most; a dot lock older than limits.MBOX_STALE_LOCK_SECONDS is left
  over from a crash, and is taken away.
- ``From SENDER DATE`` in UTC (asctime(3)) above it; every body line of any number of ">" and ``From `` gets one more
  ">" (mboxrd: the reader can take it away again); an empty line behind it. Line ends stay as they are.
- A file that does not end with an empty line, after a crash or by hand, gets one first: no message becomes a part of
  another one.
- The place where the message is going to begin is in the journal (journal.py) before it is written. A retry that finds
  it there whole writes nothing; what a kill left of it, at the end of the file, is cut off and written anew.
- fsync, unless ``set durable = none``. On failure the file is cut back to what it was; one that was made is unlinked.
- The file belongs to the user, is a regular one and has one name; a symbolic link of the user's or root's may lead to
  it (ownership.py): whoever can write the directory must not have the mail appended to another file of the user's. A
  new one is 0600, missing directories are 0700.

The standard library's mailbox is not used: it imports email, which takes three times as long as a delivery, it
counts the messages of the file before it appends, and it cannot take back.

Sources: mbox(5); RFC 4155; RFC 5322 for the line ends.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from pyfilter import deadline, limits, ownership
from pyfilter.delivery import making
from pyfilter.delivery.maildir import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.delivery.journal import Journal

__all__ = ["Appended"]

# seconds between two looks at a lock; there is no event to wait for with a dot lock
LOOK_AGAIN = 0.05
# more than an empty line and a `From ` line take
_HEAD_BYTES = 4096


class Appended:
    """One message on its way into one file."""

    __slots__ = ("_descriptor", "_locked", "_made", "_quoted", "_sender", "_size", "path")

    def __init__(self, path: bytes, parts: Sequence[bytes], sender: str) -> None:
        self.path = path
        self._quoted = quoted(b"".join(parts))
        self._sender = sender
        self._descriptor = -1
        self._locked = False
        self._made = False
        self._size = -1  # of the file before

    def publish(self, durable: str, journal: Journal) -> None:
        try:
            self._lock()
            if not self._lies(journal.places(self.path)):
                self._append(journal)
            if durable != "none":
                os.fsync(self._descriptor)
            if durable == "full" and (self._made or self._size == 0):  # who made it may not have come so far
                making.sync(os.path.dirname(self.path))
        except OSError as error:
            if not isinstance(error.filename, bytes):
                error.filename = self.path
            raise

    def settle(self) -> None:
        self._release()

    def undo(self) -> list[str]:
        """Cut the file back. Returns what could not be done."""
        left = []
        try:
            if self._size >= 0:
                os.ftruncate(self._descriptor, self._size)
                os.fsync(self._descriptor)
            if self._made and os.stat(self.path).st_size == 0:
                os.unlink(self.path)
        except OSError as error:
            left.append(f"{os.fsdecode(self.path)} could not be cut back: {error.strerror}")
        self._release()
        return left

    # ------------------------------------------------------------------ the locks

    def _lock(self) -> None:
        import fcntl

        seconds = max(0.0, min(limits.MBOX_LOCK_SECONDS, deadline.left()))
        until = time.monotonic() + seconds
        making.make_parents(self.path)
        while not self._dot_lock():
            self._wait(until, seconds)
        self._open()
        while True:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
            self._wait(until, seconds)

    def _wait(self, until: float, seconds: float) -> None:
        if time.monotonic() > until:
            raise OSError(errno.EAGAIN, f"another program has it locked for {seconds:.3g} s", self.path)
        time.sleep(LOOK_AGAIN)

    def _dot_lock(self) -> bool:
        lock = self.path + b".lock"
        try:
            descriptor = making.create_file(lock)
        except FileExistsError:
            try:
                old = os.stat(lock, follow_symlinks=False)
                if time.time() - old.st_mtime > limits.MBOX_STALE_LOCK_SECONDS:
                    os.unlink(lock)
            except FileNotFoundError:
                pass
            return False
        self._locked = True
        try:
            os.write(descriptor, b"%d\n" % os.getpid())
        finally:
            os.close(descriptor)
        return True

    def _open(self) -> None:
        try:
            os.close(making.create_file(self.path))
            self._made = True
        except FileExistsError:
            pass
        self._descriptor = ownership.opened(self.path, os.O_RDWR)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", self.path)
        if ownership.belongs_to_another(status):
            raise PermissionError(errno.EPERM, f"belongs to uid {status.st_uid}, not to uid {os.geteuid()}", self.path)
        if status.st_nlink != 1:
            raise PermissionError(errno.EPERM, "has several names (hard links): is it another file?", self.path)

    def _release(self) -> None:
        if self._descriptor >= 0:
            try:
                os.close(self._descriptor)  # and with it the fcntl lock
            except OSError:
                pass  # fsync has had the last word
        self._descriptor = -1
        self._size = -1
        if self._locked:
            try:
                os.unlink(self.path + b".lock")
            except OSError:
                pass
        self._locked = False

    # ------------------------------------------------------------------ the bytes

    def _append(self, journal: Journal) -> None:
        size = os.fstat(self._descriptor).st_size
        end = os.pread(self._descriptor, 2, max(0, size - 2))
        gap = b"" if not end or end == b"\n\n" else b"\n" if end.endswith(b"\n") else b"\n\n"
        journal.intend_place(self.path, size)
        self._size = size
        os.lseek(self._descriptor, size, os.SEEK_SET)
        write_all(self._descriptor, gap + _from_line(self._sender) + self._quoted)

    def _lies(self, places: list[int]) -> bool:
        """Whether an earlier attempt, at one of these offsets, has written all of it. What one wrote in part is cut."""
        for place in places:
            size = os.fstat(self._descriptor).st_size
            found = _read(self._descriptor, place, len(self._quoted) + _HEAD_BYTES)
            line, _, rest = found.lstrip(b"\n").partition(b"\n")
            if place >= size or not _agree(line, b"From %s " % _name(self._sender)):
                continue
            if rest.startswith(self._quoted):
                return True
            if place + len(found) == size and self._quoted.startswith(rest):
                os.ftruncate(self._descriptor, place)
        return False


def _agree(written: bytes, wanted: bytes) -> bool:
    return wanted.startswith(written) or written.startswith(wanted)


def _read(descriptor: int, place: int, most: int) -> bytes:
    data = bytearray()
    while len(data) < most and (chunk := os.pread(descriptor, most - len(data), place + len(data))):
        data += chunk
    return bytes(data)


def _from_line(sender: str) -> bytes:
    return b"From %s %s\n" % (_name(sender), time.asctime(time.gmtime()).encode("ascii"))


def _name(sender: str) -> bytes:
    name = "".join([character for character in sender if character.isprintable() and character != " "])
    return (name or "MAILER-DAEMON").encode("utf-8", "replace")


def quoted(raw: bytes) -> bytes:
    """The message with its lines of `From ` quoted and an empty line behind it."""
    out = []
    for line in raw.split(b"\n"):
        out.append(b">" + line if line.lstrip(b">").startswith(b"From ") else line)
    if out[-1]:
        out.append(b"")
    return b"\n".join(out) + b"\n"
