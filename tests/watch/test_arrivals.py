"""The kernel tells what arrives, and where it does not that is known."""

from __future__ import annotations

import errno
import os
import queue
from pathlib import Path

import pytest
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify_c import InotifyEvent, InotifyFD

from pyfilter.watch import arrivals
from pyfilter.watch.arrivals import Arrivals, Untold, is_told_of, kind_of

from .watched import SECONDS, until

IN_CREATE = 0x100  # inotify(7)
MOUNTS = b"""\
22 27 0:21 / /proc rw,relatime shared:12 - proc proc rw
27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw
40 27 0:35 / /home rw shared:2 - nfs4 server:/home rw,vers=4.2
41 40 0:36 / /home/ann/local rw - btrfs /dev/sdb rw
42 27 0:37 / /mnt/with\\040blank rw shared:3 master:1 - fuse.sshfs host: rw
43 27 0:38 / /mnt/disk rw - fuseblk /dev/sdc rw
44 40 0:39 / /home/over rw - tmpfs tmpfs rw
45 40 0:40 / /home/over rw - cifs //host/share rw
a line of another kind
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (b"/var/mail", "ext4"),
        (b"/", "ext4"),
        (b"/home", "nfs4"),
        (b"/home/ann/Maildir/new", "nfs4"),
        (b"/home/ann/local/Maildir/new", "btrfs"),
        (b"/homestead/ann", "ext4"),
        (b"/mnt/with blank/new", "fuse.sshfs"),
        (b"/mnt/disk/new", "fuseblk"),
        (b"/home/over/new", "cifs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(path: bytes, kind: str) -> None:
    assert kind_of(path, MOUNTS) == kind


@pytest.mark.parametrize(("path", "is_told"), [("/var", True), ("/home", False), ("/mnt/with blank", False)])
def test_of_network_file_systems_nothing_is_told(
    path: str, is_told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_bytes(MOUNTS)
    monkeypatch.setattr(arrivals, "MOUNTS", str(mounts))
    monkeypatch.setattr(os.path, "realpath", lambda path: path)
    assert is_told_of(os.fsencode(path)) is is_told


def test_where_nobody_says_what_it_is_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOUNTS", "/no/such/file")
    assert not is_told_of(b"/")


def test_a_reader_that_lists_the_directory_is_not_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each listing would be two events: one reader that does nothing else filled the kernel's queue, and of what
    arrived then nothing was told."""
    read: list[int] = []
    handle = InotifyFD.handle_event

    def counted(self: InotifyFD, event: InotifyEvent) -> None:
        read.append(event.mask)
        handle(self, event)

    monkeypatch.setattr(InotifyFD, "handle_event", counted)
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    told = Arrivals([os.fsencode(tmp_path)], [], lambda watched, path: heard.put(path))
    try:
        for _ in range(100):
            os.listdir(tmp_path)
        (tmp_path / "message").touch()
        assert heard.get(timeout=SECONDS) == os.fsencode(tmp_path / "message")
    finally:
        told.close()
    assert IN_CREATE in read and len(read) < 10, read


def test_of_what_lies_deeper_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    heard: set[bytes] = set()
    told = Arrivals([], [os.fsencode(tmp_path)], lambda watched, path: heard.add(path))
    try:
        (tmp_path / "folder/cur").mkdir(parents=True)
        until(lambda: _made(tmp_path, heard))
    finally:
        told.close()


def _made(directory: Path, heard: set[bytes]) -> bool:
    """A directory that is new is watched a moment later."""
    path = directory / "folder/cur/message"
    path.unlink(missing_ok=True)
    path.touch()
    return os.fsencode(path) in heard


def test_where_the_kernel_has_no_watches_left_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: BaseObserver) -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(BaseObserver, "start", full)
    with pytest.raises(Untold) as untold:
        Arrivals([os.fsencode(tmp_path)], [], lambda watched, path: None)
    assert str(untold.value) == "the kernel tells nothing of changes: inotify watch limit reached"
