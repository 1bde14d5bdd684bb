"""What arrives in directories, told by the kernel: the one file that imports watchdog (inotify(7)).

``Arrivals`` calls ``tell(directory, path)`` for every file that appears in a directory, or in one below it if ``deep``,
in a thread of its own. What is told may be late, come twice, or be missed (the kernel's queue is bounded): who hears it
looks into the directory, and looks now and then by itself, too.

The kernel tells only of what goes through it. On a network file system another host's changes, and on most FUSE file
systems any, are not told; ``is_told_of`` says whether they are, by the type of the file system (proc(5), mountinfo).

Errors: Untold, whose text says why, where the kernel has no watches left, or none at all.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable

from watchdog.events import FileCreatedEvent, FileDeletedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

__all__ = ["Arrivals", "Untold", "is_told_of"]

MOUNTS = "/proc/self/mountinfo"
# file systems that other hosts write as well, or whose changes the kernel does not see
ELSEWHERE = frozenset({
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "fuse", "gfs2", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
    "ocfs2", "orangefs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
})  # fmt: skip

Tell = Callable[[bytes, bytes], None]

# nothing else is asked of the kernel: readers that open directories all the time would fill its queue
WANTED: list[type[FileSystemEvent]] = [FileCreatedEvent, FileDeletedEvent, FileMovedEvent]

# watchdog warns of its own threads' ends; nobody can do anything about that
logging.getLogger("watchdog").addHandler(logging.NullHandler())
logging.getLogger("watchdog").propagate = False


class Untold(Exception):
    """The kernel will not tell; the text says why."""


class _Handler(FileSystemEventHandler):
    def __init__(self, directory: bytes, tell: Tell) -> None:
        self._directory = directory
        self._tell = tell

    def on_created(self, event: FileSystemEvent) -> None:
        self._told(event.src_path)

    def on_deleted(self, event: FileSystemEvent) -> None:
        self._told(event.src_path)

    def on_moved(self, event: FileSystemEvent) -> None:
        self._told(event.src_path)
        self._told(event.dest_path)

    def _told(self, path: bytes | str) -> None:
        if path:
            self._tell(self._directory, os.fsencode(path))


class Arrivals:
    """``directories``: to be told of; ``deep``: those of which all below is told, too."""

    def __init__(self, directories: Iterable[bytes], deep: Iterable[bytes], tell: Tell) -> None:
        self._observer = Observer()
        try:
            for paths, recursive in ((directories, False), (deep, True)):
                for path in paths:
                    real = os.fsdecode(os.path.realpath(path))
                    handler = _Handler(path, tell)
                    self._observer.schedule(handler, real, recursive=recursive, event_filter=WANTED)
            self._observer.start()
        except OSError as error:
            self.close()
            raise Untold(f"the kernel tells nothing of changes: {error.strerror or error}") from None

    def close(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


def is_told_of(path: bytes) -> bool:
    """Does the kernel tell of every change in this directory? No, where nobody says what file system it is."""
    try:
        with open(MOUNTS, "rb") as file:
            kind = kind_of(os.path.realpath(path), file.read())
    except OSError:
        return False
    return kind != "" and kind not in ELSEWHERE and not kind.startswith("fuse.")


def kind_of(path: bytes, mounts: bytes) -> str:
    """The type of the file system that ``path`` lies on; ``mounts``: what proc(5) calls mountinfo."""
    longest, kind = b"", ""
    for line in mounts.splitlines():
        before, dash, after = line.partition(b" - ")
        words = before.split(b" ")
        if not dash or len(words) < 5:
            continue
        place = _unescaped(words[4])
        below = path == place or path.startswith(place.rstrip(b"/") + b"/")
        if below and len(place) >= len(longest):  # of two in one place the later one lies above
            longest, kind = place, after.split(b" ")[0].decode("ascii", "replace")
    return kind


def _unescaped(place: bytes) -> bytes:
    for code in (b"040", b"011", b"012", b"134"):
        place = place.replace(b"\\" + code, bytes((int(code, 8),)))
    return place
