"""A message put into an MH directory, under the next number.

``stage`` writes it into the directory under a name that begins with a comma, which MH programs pass over, and brings
it to disk; ``publish`` links it to the next free number, which never overwrites: where another program was faster, the
number after that. The number is in the journal (journal.py) before it is taken: a retry that finds the message there
leaves it at that. ``settle`` takes the first name away, ``undo`` both.

Sequences (``.mh_sequences``) stay as they are: programs find new messages by their numbers. Modes: 0600, a directory
that is made 0700; whose directory it may be says making.py.

Sources: mh-mail(5), mh-sequence(5) of nmh.
"""

from __future__ import annotations

import errno
import os

from pyfilter import limits
from pyfilter.delivery import making
from pyfilter.delivery.maildir import unique_name, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.delivery.journal import Journal

__all__ = ["Numbered"]

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Numbered:
    """One message on its way into one directory."""

    __slots__ = ("_descriptor", "_name", "_number", "_parts", "path")

    def __init__(self, path: bytes, parts: Sequence[bytes]) -> None:
        self.path = path
        self._parts = parts
        self._descriptor = -1
        self._name = b""
        self._number = b""

    def stage(self, durable: str) -> None:
        try:
            making.make_parents(self.path + b"/1")
            self._descriptor = making.open_folder(self.path)
            self._name = b"," + unique_name(b"")
            descriptor = making.create_file(self._name, self._descriptor)
            try:
                for part in self._parts:
                    write_all(descriptor, part)
                if durable != "none":
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            error.filename = self.path
            raise

    def publish(self, durable: str, journal: Journal) -> None:
        try:
            if not self._lies(journal.places(self.path)):
                self._link(journal)
            if durable == "full":
                os.fsync(self._descriptor)
        except OSError as error:
            error.filename = self.path
            raise

    def settle(self) -> None:
        self._unlink(self._name)
        self._release()

    def undo(self) -> list[str]:
        """Take both names away. Returns what could not be done."""
        left = []
        for name in (self._number, self._name):
            if name and (problem := self._unlink(name)):
                left.append(f"{os.fsdecode(self.path + b'/' + name)} could not be taken back: {problem}")
        self._release()
        return left

    def _link(self, journal: Journal) -> None:
        number = self._last() + 1
        for further in range(limits.MH_NAME_TRIES):
            name = b"%d" % (number + further)
            journal.intend_place(self.path, number + further)
            try:
                os.link(self._name, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            except OSError as error:
                failure = error
                if not self._is_ours(name):  # else the error lies
                    if error.errno != errno.EEXIST:
                        break
                    continue
            self._number = name
            return
        raise failure

    def _is_ours(self, name: bytes) -> bool:
        try:
            ours, found = (os.stat(one, dir_fd=self._descriptor, follow_symlinks=False) for one in (self._name, name))
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino) == (found.st_dev, found.st_ino)

    def _lies(self, places: list[int]) -> bool:
        """Whether an earlier attempt has put it under one of these numbers."""
        return any(self._has(b"%d" % place) for place in places)

    def _has(self, name: bytes) -> bool:
        try:
            descriptor = os.open(name, _READ, dir_fd=self._descriptor)
        except OSError:
            return False
        try:
            for part in (*self._parts, b""):
                found = bytearray()
                while len(found) < (len(part) or 1) and (chunk := os.read(descriptor, (len(part) or 1) - len(found))):
                    found += chunk
                if found != part:
                    return False
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _last(self) -> int:
        numbers = [int(name) for name in os.listdir(self._descriptor) if name.isascii() and name.isdigit()]
        return max(numbers, default=0)

    def _unlink(self, name: bytes) -> str:
        try:
            os.unlink(name, dir_fd=self._descriptor)
        except FileNotFoundError:
            return ""
        except OSError as error:
            return error.strerror or "unknown"
        return ""

    def _release(self) -> None:
        if self._descriptor >= 0:
            try:
                os.close(self._descriptor)
            except OSError:
                pass  # it was only read
        self._descriptor = -1
        self._name = self._number = b""
