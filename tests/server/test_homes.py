"""Homes: made where they may be, and the right one in $HOME when several users' mail is delivered together."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from pyfilter.delivery.together import each, together
from pyfilter.language.files import Refused
from pyfilter.server.homes import at_home, ready


def test_a_missing_home_is_made_with_what_is_above_it(tmp_path: Path) -> None:
    home = tmp_path / "y.example" / "ann"
    ready(str(home))
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_none_is_made_where_others_can_write(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    home = tmp_path / "open" / "ann"
    with pytest.raises(Refused, match=r"^home .*/open/ann does not exist: make it, or correct the user's entry$"):
        ready(str(home))
    assert not home.exists()


def test_none_is_made_below_a_file_or_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for above in ("file", "link"):
        with pytest.raises(Refused):
            ready(str(tmp_path / above / "ann"))
    assert not (tmp_path / "ann").exists()


def test_each_step_of_a_delivery_is_taken_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    file = os.open(tmp_path, os.O_RDONLY)

    def steps() -> Generator[int, None, list[str]]:
        seen = [os.environ["HOME"]]
        for _ in range(3):
            yield file
            seen.append(os.environ["HOME"])
        return seen

    try:
        seen = together([at_home("/ann", steps()), at_home("/bob", steps())], each)
    finally:
        os.close(file)
    assert seen == [["/ann"] * 4, ["/bob"] * 4]


def test_what_the_disk_answers_comes_to_the_delivery_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")

    def steps() -> Generator[int, None, str]:
        try:
            yield 0
        except OSError as error:
            return f"{os.environ['HOME']}: {error.strerror}"
        return "no error"

    failed = OSError(5, "Input/output error")
    all_steps = [at_home("/ann", steps()), at_home("/bob", steps())]
    assert together(all_steps, lambda descriptors: dict.fromkeys(descriptors, failed)) == [
        "/ann: Input/output error",
        "/bob: Input/output error",
    ]
