"""What is begun and fails is taken back: no copy stays visible, nothing stays in tmp/."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator

import pytest

from pyfilter.delivery import maildir
from pyfilter.delivery.execute import execute
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED

from .box import RAW, Box, make_plan


@contextlib.contextmanager
def failing_at_the_second_copy(monkeypatch: pytest.MonkeyPatch, before: Callable[[], None]) -> Iterator[None]:
    """The second link into place meets a disk that fails; ``before`` happens just before that."""
    link, calls = os.link, 0

    def failing(source: bytes, target: bytes, **where: int) -> None:
        nonlocal calls
        if not target.startswith(b"tmp/"):
            calls += 1
            if calls == 2:
                before()
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        link(source, target, **where)

    with monkeypatch.context() as patch:
        patch.setattr(maildir.os, "link", failing)
        yield


def test_a_copy_that_is_visible_already_is_taken_back(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, list[bytes]]] = []
    with failing_at_the_second_copy(monkeypatch, lambda: seen.append(box.visible())):
        outcome = execute(make_plan(("copy", "A", ""), ("file", "B", "")), message, str(box.home))
    assert seen == [{".A": [RAW]}]
    assert outcome.status is DEFERRED
    assert outcome.detail == (
        f"{box.path}/.B/new: Input/output error (EIO); look into the kernel's log, the disk may be failing"
    )
    assert box.visible() == {}
    assert box.residue() == []


def test_a_copy_that_a_reader_has_moved_is_taken_back(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reader() -> None:
        [name] = box.names(".A/new")
        os.rename(box.path / ".A/new" / name, box.path / ".A/cur" / f"{name}:2,S")

    with failing_at_the_second_copy(monkeypatch, reader):
        outcome = execute(make_plan(("copy", "A", ""), ("file", "B", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert box.visible() == {}
    assert box.residue() == []


def test_a_copy_that_cannot_be_taken_back_is_told(box: Box, message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = os.unlink

    def stubborn(path: bytes, **where: int) -> None:
        if path.startswith(b"new/"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        unlink(path, **where)

    with failing_at_the_second_copy(monkeypatch, lambda: monkeypatch.setattr(maildir.os, "unlink", stubborn)):
        outcome = execute(make_plan(("copy", "A", ""), ("file", "B", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    [name] = box.names(".A/new")
    assert outcome.detail.endswith(f"; {box.path}/.A/new/{name} could not be taken back: Read-only file system")


@pytest.mark.parametrize("most", [1, 7, 0])
def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_all_or_the_mail_waits(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(maildir.os, "write", lambda fd, data: write(fd, data[:most]))
        outcome = execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    if most:
        assert outcome.status is DELIVERED
        assert box.visible() == {".": [RAW]}
    else:
        assert outcome.status is DEFERRED
        assert outcome.detail.startswith(f"{box.path}/tmp: nothing was written (EIO)")
        assert box.visible() == {}
    assert box.residue() == []


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_an_error_of_close_counts(box: Box, message: Message, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """NFS and quotas tell it there that the bytes found no room (close(2))."""
    box.make("")
    close = os.close

    def full(fd: int) -> None:
        name = os.readlink(f"/proc/self/fd/{fd}")
        close(fd)
        if f"{box.path}/tmp/" in name:
            raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(maildir.os, "close", full)
        outcome = execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail.startswith(f"{box.path}/tmp: {os.strerror(number)} ({errno.errorcode[number]})")
    assert box.visible() == {}
    assert box.residue() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), MemoryError("no room"), RecursionError()])
def test_whatever_is_raised_nothing_stays(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def raising(fd: int) -> None:
        raise error

    monkeypatch.setattr(maildir.os, "fsync", raising)
    box.make("", ".A")
    before = len(os.listdir("/proc/self/fd"))
    outcome = execute(make_plan(("copy", "INBOX", ""), ("file", "A", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail == f"{type(error).__name__}: {error}"
    assert box.visible() == {}
    assert box.residue() == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_thousand_deliveries_leave_no_descriptor_open(box: Box, message: Message) -> None:
    plan = make_plan(("copy", "INBOX", ""), ("file", "A", "S"), durable="none")
    execute(plan, message, str(box.home))
    before = len(os.listdir("/proc/self/fd"))
    assert {execute(plan, message, str(box.home)).status for _ in range(1000)} == {DELIVERED}
    assert len(os.listdir("/proc/self/fd")) == before
