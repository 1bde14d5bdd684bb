"""One syncfs for several files, as long as that pays and tells every error."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter.server import disk
from pyfilter.server.disk import Disk, syncfs


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[int]]:
    found = [os.open(tmp_path / str(number), os.O_CREAT | os.O_RDWR) for number in range(5)]
    yield found
    for file in found:
        os.close(file)


class Clock:
    """Time goes on by what the calls cost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.one, self.all = 1.0, 1.0
        self.calls: list[str] = []
        self.failure: OSError | None = None
        monkeypatch.setattr(os, "fsync", self.fsync)
        self.disk = Disk(self.syncfs, lambda: self.now)

    def fsync(self, descriptor: int) -> None:
        self.now += self.one
        self.calls.append("fsync")

    def syncfs(self, descriptor: int) -> None:
        self.now += self.all
        self.calls.append("syncfs")
        if self.failure is not None:
            raise self.failure

    def sync(self, files: list[int]) -> list[str]:
        self.calls.clear()
        assert self.disk.sync(files) == {}
        return self.calls


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_one_for_all_when_it_is_known_what_one_costs(clock: Clock, files: list[int]) -> None:
    assert clock.sync(files) == ["fsync"] * 5, "nobody knows yet"
    assert clock.sync(files) == ["syncfs"]
    assert clock.sync(files[: disk.FEW - 1]) == ["fsync"] * (disk.FEW - 1)
    assert clock.sync([]) == []


def test_where_it_takes_longer_it_pauses(clock: Clock, files: list[int]) -> None:
    clock.sync(files)
    clock.all = 20.0
    assert clock.sync(files) == ["syncfs"]
    clock.now += disk.PAUSE - 6
    assert clock.sync(files) == ["fsync"] * 5
    clock.now += 5
    assert clock.sync(files) == ["syncfs"]


def test_after_an_error_each_is_asked(clock: Clock, files: list[int]) -> None:
    clock.sync(files)
    clock.failure = OSError(errno.EIO, "x")
    assert clock.sync(files) == ["syncfs", "fsync", "fsync", "fsync", "fsync", "fsync"]


def test_it_is_asked_by_a_descriptor_that_is_older(files: list[int]) -> None:
    """Which is told of every error since."""
    asked: list[int] = []
    disk = Disk(asked.append)
    disk.sync(files)
    disk.sync(files)
    disk.sync(list(reversed(files)))
    assert len(set(asked)) == 1 and asked[0] not in files
    assert os.path.sameopenfile(asked[0], files[0])
    os.close(asked[0])


def test_that_of_this_system(files: list[int]) -> None:
    call = syncfs()
    assert call is not None
    call(files[0])
    closed = os.dup(files[0])
    os.close(closed)
    with pytest.raises(OSError) as error:
        call(closed)
    assert error.value.errno == errno.EBADF


def test_an_old_system_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk.platform, "release", lambda: "5.4.0-1-amd64")
    assert syncfs() is None
