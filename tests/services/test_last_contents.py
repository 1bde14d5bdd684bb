"""What lists held last: it is believed whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pyfilter import limits
from pyfilter.services.last_contents import DIRECTORY, keep, last

NAME = "/home/ann/blocked.txt"
DATA = b"spam@x.example\n@bulk.example\n"


def kept(home: Path) -> Path:
    (path,) = (home / DIRECTORY).iterdir()
    return path


def held(home: Path, name: str = NAME) -> tuple[bytes, float] | None:
    found = last(str(home), name)
    return None if found is None else (found.data, found.time)


@pytest.mark.parametrize("data", [b"", DATA, b"\0\xff\n" * 1000])
def test_what_was_kept_comes_back_with_its_time(tmp_path: Path, data: bytes) -> None:
    assert held(tmp_path) is None
    keep(str(tmp_path), NAME, data, 1000.5)
    assert held(tmp_path) == (data, 1000.5)
    assert held(tmp_path, NAME + "x") is None
    keep(str(tmp_path), NAME, DATA[:5], 2000.0)
    assert held(tmp_path) == (DATA[:5], 2000.0)


def test_what_is_kept_already_is_not_written_again(tmp_path: Path) -> None:
    keep(str(tmp_path), NAME, DATA, 1000.0)
    before = kept(tmp_path).stat().st_ino
    os.link(kept(tmp_path), tmp_path / "held")  # so that no new file gets its number
    keep(str(tmp_path), NAME, DATA, 1000.0)
    assert kept(tmp_path).stat().st_ino == before
    keep(str(tmp_path), NAME, DATA, 1001.0)
    assert kept(tmp_path).stat().st_ino != before


@pytest.mark.parametrize(
    "left",
    [b"", b"\0" * 62, DATA, b"0" * 32 + b"\n", b"0" * 32 + b"\n" + DATA],
    ids=["emptied", "zeros", "without a digest", "a digest alone", "another digest"],
)
def test_what_was_damaged_is_nothing_and_not_an_empty_list(tmp_path: Path, left: bytes) -> None:
    keep(str(tmp_path), NAME, DATA, 1000.0)
    kept(tmp_path).write_bytes(left)
    assert held(tmp_path) is None
    keep(str(tmp_path), NAME, DATA, 1000.0)
    assert held(tmp_path) == (DATA, 1000.0), "and the next that can be read is kept"


def test_one_that_was_cut_is_nothing(tmp_path: Path) -> None:
    keep(str(tmp_path), NAME, DATA, 1000.0)
    os.truncate(kept(tmp_path), kept(tmp_path).stat().st_size - 1)
    assert held(tmp_path) is None


def test_it_is_on_disk_before_it_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for name in ("write", "fsync", "rename"):
        real = getattr(os, name)

        def noted(*words: object, real: Any = real, name: str = name, **more: object) -> object:
            done.append(name)
            return real(*words, **more)

        monkeypatch.setattr(os, name, noted)
    keep(str(tmp_path), NAME, DATA, 1000.0)
    assert done == ["write", "fsync", "rename"]


def test_the_largest_list_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIST_BYTES", len(DATA))
    keep(str(tmp_path), NAME, DATA, 1000.0)
    assert held(tmp_path) == (DATA, 1000.0)
    monkeypatch.setattr(limits, "LIST_BYTES", len(DATA) - 1)
    assert held(tmp_path) is None


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_could_write_is_nothing(tmp_path: Path, mode: int) -> None:
    keep(str(tmp_path), NAME, DATA, 1000.0)
    kept(tmp_path).chmod(mode)
    assert held(tmp_path) is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file\n")
    keep(str(tmp_path), NAME, DATA, 1000.0)
    assert held(tmp_path) is None
