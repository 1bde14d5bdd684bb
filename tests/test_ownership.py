"""Whose file it is: links, owners, modes and directories, looked at through what was opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyfilter import ownership

STRANGER = 61002
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def read(path: Path) -> bytes:
    descriptor = ownership.opened(str(path), os.O_RDONLY)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"text")
    return path


def test_ones_own_links_are_followed_wherever_they_lead(tmp_path: Path, file: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "one").symlink_to("sub/two")
    (tmp_path / "sub/two").symlink_to("../three")
    (tmp_path / "three").symlink_to(file)
    assert read(tmp_path / "one") == b"text"


@needs_root
@pytest.mark.parametrize("foreign", ["one", "two"])
def test_no_link_of_another_user_is_followed_and_none_behind_it(tmp_path: Path, file: Path, foreign: str) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to(file)
    os.chown(tmp_path / foreign, STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(ownership.Distrusted) as refused:
        read(tmp_path / "one")
    assert refused.value.strerror == f"is a symbolic link of uid {STRANGER}"
    assert refused.value.filename == str(tmp_path / foreign)


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        read(tmp_path / "one")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert read(tmp_path / "fifo") == b""
    with pytest.raises(OSError, match="No such device or address"):
        ownership.opened(str(tmp_path / "fifo"), os.O_WRONLY)


@needs_root
def test_no_file_is_made_in_the_directory_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o777)
    os.chown(tmp_path / "theirs", STRANGER, STRANGER)
    (tmp_path / "link").symlink_to("theirs/log")
    for path in (tmp_path / "theirs/log", tmp_path / "link"):
        with pytest.raises(ownership.Distrusted, match=f"belongs to uid {STRANGER}"):
            ownership.opened(str(path), os.O_WRONLY | os.O_CREAT)
    assert not list((tmp_path / "theirs").iterdir())


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (0o600, ""),
        (0o644, ""),
        (0o664, ""),  # the user's own group
        (0o602, "is writable by others (mode 0602): chmod go-w"),
    ],
)
def test_a_file_that_others_can_write_is_not_required(file: Path, mode: int, why: str) -> None:
    file.chmod(mode)
    os.chown(file, os.geteuid(), os.getegid())
    assert ownership.distrust(file.stat()) == why


@needs_root
def test_a_file_of_another_user_or_group_is_distrusted(file: Path) -> None:
    os.chown(file, STRANGER, 0)
    assert ownership.distrust(file.stat()) == f"belongs to uid {STRANGER}, neither to the user nor to root"
    os.chown(file, 0, STRANGER)
    file.chmod(0o664)
    assert ownership.distrust(file.stat()) == "is writable by others (mode 0664): chmod go-w"


def test_what_is_no_file_is_not_required(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(ownership.Distrusted, match="is not a regular file"):
            ownership.required(descriptor, str(tmp_path))
    finally:
        os.close(descriptor)


def test_a_directory_is_made_for_the_user_alone(tmp_path: Path) -> None:
    os.close(ownership.directory(str(tmp_path), "a/b/c"))
    os.close(ownership.directory(str(tmp_path), "a/b/c"))
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/c")] == [
        0o700
    ] * 3


@pytest.mark.parametrize("place", ["a", "a/b", "a/b/c"])
def test_a_directory_that_others_can_write_is_refused_also_above(tmp_path: Path, place: str) -> None:
    os.close(ownership.directory(str(tmp_path), "a/b/c"))
    (tmp_path / place).chmod(0o777)
    with pytest.raises(ownership.Distrusted) as refused:
        ownership.directory(str(tmp_path), "a/b/c")
    assert refused.value.strerror == "is writable by others (mode 0777): chmod go-w"
    assert refused.value.filename == str(tmp_path / place)
