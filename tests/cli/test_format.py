"""``pyfilter format`` changes a file in one step, or leaves it alone and says why."""

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

UGLY = 'rule "a" {\nwhen   from is "x@y.example"; file into "A" # why\n}'
FORMATTED = 'rule "a" {\n    when from is "x@y.example"\n    file into "A"  # why\n}\n'


@pytest.fixture
def ugly(home: Path) -> Path:
    path = home / ".pyfilterrc"
    path.write_text(UGLY)
    path.chmod(0o640)
    return path


def test_the_users_file_in_place_with_its_mode(run: Run, ugly: Path) -> None:
    ended = run("format")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert ugly.read_text() == FORMATTED
    assert ugly.stat().st_mode & 0o7777 == 0o640
    assert not list(ugly.parent.glob(".pyfilter-format-*"))


def test_nothing_is_written_where_nothing_changes(run: Run, ugly: Path) -> None:
    ugly.write_text(FORMATTED)
    before = ugly.stat()
    assert run("format", str(ugly)).status == 0
    assert (ugly.stat().st_ino, ugly.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_link_stays_a_link(run: Run, ugly: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.rules"
    os.symlink(ugly, link)
    assert run("format", str(link)).status == 0
    assert link.is_symlink()
    assert ugly.read_text() == FORMATTED


def test_check_names_the_file_and_changes_nothing(run: Run, ugly: Path) -> None:
    ended = run("format", "--check")
    assert (ended.status, ended.out, ended.err) == (1, "~/.pyfilterrc is not formatted\n", "")
    assert ugly.read_text() == UGLY
    ugly.write_text(FORMATTED)
    assert (run("format", "--check").status, run("format", "--check").out) == (0, "")


def test_diff_shows_and_changes_nothing(run: Run, ugly: Path) -> None:
    ended = run("format", "--diff")
    assert ended.status == 1
    assert '-when   from is "x@y.example"; file into "A" # why\n' in ended.out
    assert '+    file into "A"  # why\n' in ended.out
    assert ugly.read_text() == UGLY


def test_a_file_with_errors_is_left_alone(run: Run, ugly: Path) -> None:
    ugly.write_text('rule "a" {\nfile to "x"\n')
    ended = run("format")
    assert (ended.status, ended.out) == (2, "")
    assert "error[E" in ended.err
    assert ended.err.endswith("~/.pyfilterrc is left as it is\n")
    assert ugly.read_text() == 'rule "a" {\nfile to "x"\n'


@pytest.mark.parametrize("option", [(), ("--check",), ("--diff",)])
def test_a_result_that_would_mean_something_else_is_told_and_not_written(
    run: Run, ugly: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    monkeypatch.setattr("pyfilter.language.format._Writer.run", lambda _: FORMATTED.replace("why", "what"))
    ended = run("format", *option)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        "pyfilter: ~/.pyfilterrc: formatted it would not mean the same, so it is left as it is;\n"
        "          this is an error of pyfilter's own: please report it, with the file\n"
    )
    assert ugly.read_text() == UGLY


def test_trees_are_not_taken_for_garbage(run: Run, ugly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enabled = []
    monkeypatch.setattr(
        "pyfilter.language.format.formatted", lambda _: (enabled.append(gc.isenabled()), (FORMATTED, []))[1]
    )
    assert run("format").status == 0
    assert (enabled, gc.isenabled()) == ([False], True)


def test_standard_input_with_the_line_ends_of_windows(process: Run) -> None:
    ended = process("format", "-", stdin=b"\xef\xbb\xbf" + UGLY.replace("\n", "\r\n").encode())
    assert (ended.status, ended.out) in [
        (0, FORMATTED.replace("\n", "\r\n")),
        (0, FORMATTED.replace("\n", "\r\n").encode()),
    ]


def test_a_file_that_is_not_there(run: Run, home: Path) -> None:
    ended = run("format", "none.rules")
    assert (ended.status, ended.out, ended.err) == (2, "", "pyfilter: none.rules: No such file or directory\n")
