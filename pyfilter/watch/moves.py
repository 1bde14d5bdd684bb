"""What the user moves into the folder for spam, and out of it.

In: the directories of folders, and which of them is for spam. ``look`` at some of them gives the lessons of what has
been moved since the last look: (folder, name, "spam" or "ham").

- A file is known by device, inode, size and time of change of its bytes: a move by rename(2), as programs on the same
  host do it, keeps these, and so does one by hard link, as Dovecot does it (maildir_copy_with_hardlinks). What appears
  in a folder and lay in another before was moved; what was nowhere before was delivered, and teaches nothing.
- One delivery of pyfilter's may link a message into several folders: such a copy bears pyfilter's own name
  (names.py), and one that no other folder had.
- What goes from spam to where deleted mail lies (TRASH) is no ham.
- What was moved while nobody looked is not noticed, nor is what a program moves by writing a new file.

Directories are listed, and the state of new files is read; no file is opened. A folder that cannot be listed is empty.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable

from pyfilter.watch import names

__all__ = ["TRASH", "Lesson", "Moves"]

# how clients name the folder of deleted mail (RFC 6154, \Trash), in lower case, without what stands above it
TRASH = frozenset({
    "trash", "deleted", "deleted items", "deleted messages", "bin", "wastebasket", "papierkorb", "corbeille",
    "papelera", "cestino", "lixeira", "koš", "kosz", "prullenbak",
})  # fmt: skip
# seconds that a file which vanished is remembered: the two ends of a move may be seen apart
REMEMBERED = 30.0
PLACES = (b"new", b"cur")
# nanoseconds; times of directories on NFS and FAT have whole seconds, or two
YOUNG = 3_000_000_000

Identity = tuple[int, int, int, int]
Lesson = tuple[bytes, bytes, str]


class Moves:
    """``spam``: the directory of the folder."""

    def __init__(self, spam: bytes) -> None:
        self._spam = spam
        self._trash: set[bytes] = set()
        self._lies: dict[bytes, dict[Identity, bytes]] = {}  # folder -> what lies there, with the part of its name
        self._vanished: dict[bytes, dict[Identity, tuple[bytes, float]]] = {}
        self._stamps: dict[bytes, tuple[int, ...]] = {}

    def mind(self, folder: bytes, *, is_trash: bool) -> None:
        """Whether deleted mail lies there."""
        if is_trash:
            self._trash.add(folder)

    def look(self, folders: Iterable[bytes], now: float) -> list[Lesson]:
        """What was moved into these folders; of one that was never looked at, nothing."""
        seen = {folder: _listed(folder) for folder in folders if self._has_changed(folder)}
        lessons = []
        for folder, found in seen.items():
            if (before := self._lies.get(folder)) is None:
                continue
            for identity in found.keys() - before.keys():
                name = found[identity]
                if kind := self._kind(folder, identity, name):
                    lessons.append((folder, name, kind))
        for folder, found in seen.items():
            before = self._lies.get(folder, {})
            gone = {identity: (before[identity], now) for identity in before.keys() - found.keys()}
            remembered = {
                identity: one
                for identity, one in self._vanished.get(folder, {}).items()
                if one[1] > now - REMEMBERED and identity not in found
            }
            self._vanished[folder] = remembered | gone
            self._lies[folder] = {identity: names.key(name) for identity, name in found.items()}
        return sorted(lessons)

    def _kind(self, folder: bytes, identity: Identity, name: bytes) -> str:
        came_from = [
            other
            for other in self._lies
            if other != folder
            and (key := self._key(other, identity)) is not None
            and (key == names.key(name) or not names.is_own(name))
        ]
        if folder == self._spam:
            return "spam" if came_from else ""
        return "ham" if self._spam in came_from and folder not in self._trash else ""

    def _key(self, folder: bytes, identity: Identity) -> bytes | None:
        lies = self._lies[folder].get(identity)
        if lies is not None:
            return lies
        vanished = self._vanished.get(folder, {}).get(identity)
        return vanished[0] if vanished is not None else None

    def _has_changed(self, folder: bytes) -> bool:
        """By the times of its directories, unless they are so young that the next change may have the same."""
        stamps = []
        for place in PLACES:
            try:
                stamps.append(os.stat(os.path.join(folder, place)).st_mtime_ns)
            except OSError:
                stamps.append(0)
        found = tuple(stamps)
        if found == self._stamps.get(folder):
            return False
        self._stamps.pop(folder, None)
        if max(found) < time.time_ns() - YOUNG:
            self._stamps[folder] = found
        return True


def _listed(folder: bytes) -> dict[Identity, bytes]:
    """The name of every message in the folder."""
    found = {}
    for place in PLACES:
        directory = os.path.join(folder, place)
        try:
            listed = os.listdir(directory)
        except OSError:
            continue
        for name in listed:
            try:
                state = os.stat(os.path.join(directory, name), follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(state.st_mode):
                found[(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)] = name
    return found
