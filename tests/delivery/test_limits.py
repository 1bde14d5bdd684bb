"""Disks that are full or read-only, and processes that may do little: the mail waits, whole."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .box import Box
from .tracing import command

RAW = b"Subject: large\n\n" + b"0123456789abcdef\n" * 5000  # 85 kB
# run in a mount namespace of its own: mounts, then the delivery
MOUNTED = """
set -e
mount -t tmpfs -o "$1" tmpfs "$2"
mkdir "$2/home"
chmod 700 "$2/home"
eval "$3"
shift 3
exec "$@"
"""


def deliver(box: Box, folders: tuple[str, ...], limit: Callable[[], None] | None = None, descriptors: int = 0) -> str:
    filings = tuple(("copy", folder, "") for folder in folders)
    words = command(box, filings, {}, descriptors=descriptors)
    done = subprocess.run(words, input=RAW, capture_output=True, preexec_fn=limit, check=False)
    assert done.stderr == b""
    return done.stdout.decode().strip()


# --- limits of the process ------------------------------------------------


def at_most(what: int, number: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (number, number))


@pytest.mark.parametrize("size", [0, 1, 4096, 50_000, len(RAW) - 1])
def test_a_file_size_limit_below_the_message_defers(box: Box, size: int) -> None:
    """Postfix hands on mailbox_size_limit so."""
    box.make("", ".A")
    said = deliver(box, ("INBOX", "A"), at_most(resource.RLIMIT_FSIZE, size))
    assert said.startswith(f"deferred {box.path}/tmp: File too large (EFBIG); ")
    assert said.endswith("the file size limit is below the message; for Postfix raise mailbox_size_limit")
    assert box.visible() == {}
    assert box.residue() == []


def test_a_file_size_limit_of_the_message_is_enough(box: Box) -> None:
    box.make("", ".A")
    assert deliver(box, ("INBOX", "A"), at_most(resource.RLIMIT_FSIZE, len(RAW))) == "delivered"
    assert box.visible() == {".": [RAW], ".A": [RAW]}


def test_a_limit_of_open_files_defers_or_is_enough(box: Box) -> None:
    """Whatever is left, all copies are there or none."""
    box.make("", ".A", ".B", ".C")
    folders = ("INBOX", "A", "B", "C")
    needed = 3 + 2 * len(folders)  # standard ones; for each copy its folder and new/
    for number in range(3, needed):
        said = deliver(box, folders, descriptors=number)
        assert said.startswith(f"deferred {box.path}")
        assert said.endswith(": Too many open files (EMFILE); raise the limit of open files")
        assert box.visible() == {}
        assert box.residue() == []
    assert deliver(box, folders, descriptors=needed) == "delivered"
    assert len(box.visible()) == 4


# --- another user --------------------------------------------------------


@pytest.mark.usefixtures("root")
def test_a_parent_that_may_be_walked_through_and_not_opened_is_enough(memory: Path) -> None:
    """/home often has mode 0711; a Maildir that is the home itself must be made all the same."""
    memory.chmod(0o711)
    box = Box(memory / "home")
    box.home.mkdir(mode=0o700)
    os.chown(box.home, 12345, 12345)
    for setting in ("~", "~/Maildir"):
        words = command(box, (("keep", "INBOX", ""), ("file", "Cron", "")), {"maildir": setting})
        done = subprocess.run(words, input=RAW, capture_output=True, user=12345, group=12345, check=False)
        assert (done.stdout, done.stderr) == (b"delivered \n", b"")
    assert box.visible() == {".": [RAW], ".Cron": [RAW]}


# --- file systems ---------------------------------------------------------


def deliver_on(tmp_path: Path, options: str, prepare: str, folders: tuple[str, ...], count: int = 1) -> str:
    """Deliver into a home on a file system of its own; what was said, and what lies there then."""
    box = Box(tmp_path / "home")
    filings = tuple(("copy", folder, "") for folder in folders)
    script = ["unshare", "-m", "sh", "-c", MOUNTED, "sh", options, str(tmp_path), prepare]
    again = (
        'for n in $(seq "$0"); do "$@" < "$MESSAGE"; done; cd "$PLACE"; find . -type f -path "*/[ntc][eum]?/*" -size +0'
    )
    done = subprocess.run(
        [*script, "sh", "-c", again, str(count), *command(box, filings, {})],
        env=os.environ | {"MESSAGE": str(message_file(tmp_path)), "PLACE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.replace(str(tmp_path), "")


def message_file(tmp_path: Path) -> Path:
    """Beside the directory that is mounted over."""
    path = tmp_path.with_name(f"{tmp_path.name}.message")
    path.write_bytes(RAW)
    return path


MAKE = 'for f in "" /.A; do for p in cur new tmp; do mkdir -p "$2/home/Maildir$f/$p"; done; done'


@pytest.mark.usefixtures("root")
def test_a_full_disk_defers_each_time_and_tmp_does_not_grow(tmp_path: Path) -> None:
    said = deliver_on(tmp_path, "size=64k", MAKE, ("INBOX", "A"), 20)
    assert (
        said.splitlines()
        == ["deferred /home/Maildir/tmp: No space left on device (ENOSPC); free space or inodes on that file system"]
        * 20
    )


@pytest.mark.usefixtures("root")
def test_a_disk_without_inodes_defers(tmp_path: Path) -> None:
    fill = MAKE + '; (cd "$2"; n=0; while : >"fill$n"; do n=$((n+1)); done) 2>/dev/null || true'
    said = deliver_on(tmp_path, "size=1m,nr_inodes=40", fill, ("INBOX", "A"), 5)
    assert (
        said.splitlines()
        == ["deferred /home/Maildir/tmp: No space left on device (ENOSPC); free space or inodes on that file system"]
        * 5
    )


@pytest.mark.usefixtures("root")
def test_a_disk_with_room_for_one_copy_takes_two(tmp_path: Path) -> None:
    said = deliver_on(tmp_path, "size=128k", MAKE, ("INBOX", "A")).splitlines()
    assert said[0] == "delivered "
    assert [name.rpartition("/")[0] for name in sorted(said[1:])] == ["./home/Maildir/.A/new", "./home/Maildir/new"]


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(("prepare", "path"), [(MAKE, "/home/Maildir/tmp"), (":", "/home/Maildir")])
def test_a_disk_that_cannot_be_written_defers(tmp_path: Path, prepare: str, path: str) -> None:
    said = deliver_on(tmp_path, "size=1m", prepare + '; mount -o remount,ro "$2"', ("INBOX",), 2)
    assert (
        said.splitlines() == [f"deferred {path}: Read-only file system (EROFS); mount the file system for writing"] * 2
    )


@pytest.mark.usefixtures("root")
def test_a_folder_on_another_disk_is_written_there(tmp_path: Path) -> None:
    """No link reaches there from the inbox, so the second copy is written anew."""
    prepare = MAKE + '; cd "$2/home/Maildir/.A"; mount -t tmpfs tmpfs .; cd "$2/home/Maildir/.A"; mkdir cur new tmp'
    said = deliver_on(tmp_path, "size=1m", prepare, ("INBOX", "A"))
    assert said.splitlines()[0] == "delivered "
    assert len(said.splitlines()) == 3
