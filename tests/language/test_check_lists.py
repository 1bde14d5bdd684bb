"""Lists in files: where they are looked for, and what is said when they cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.language.check import check
from pyfilter.language.loading import load
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source

RULE = 'rule "blocked" { when from in blocked; file into "Blocked" }\n'


def found(home: Path, name: str, written: str) -> list[str]:
    file, syntax = parse(Source(name, f'list blocked from "{written}"\n{RULE}'))
    assert syntax == []
    return [f"{problem.code} {problem.message}: {problem.label}" for problem in check([file], home=str(home))[1]]


@pytest.mark.parametrize(
    ("name", "written", "path"),
    [
        ("~/.pyfilterrc", "blocked.txt", "blocked.txt"),
        ("~/.config/pyfilter/rules", "blocked.txt", ".config/pyfilter/blocked.txt"),
        ("~/.config/pyfilter/rules", "../blocked.txt", ".config/blocked.txt"),
        ("~/.config/pyfilter/rules", "~/blocked.txt", "blocked.txt"),
        ("/etc/pyfilterrc", "~/blocked.txt", "blocked.txt"),
    ],
)
def test_a_path_begins_at_the_rule_file(tmp_path: Path, name: str, written: str, path: str) -> None:
    assert found(tmp_path, name, written) == [
        f"E310 the list's file cannot be read: no such file or directory: {tmp_path / path}"
    ]
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("a@b.example\n")
    assert found(tmp_path, name, written) == []


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "blocked.txt").mkdir()
    assert found(tmp_path, "~/.pyfilterrc", "blocked.txt") == [
        f"E310 the list's file cannot be read: it is not a file: {tmp_path}/blocked.txt"
    ]


def test_a_file_past_the_limit(tmp_path: Path) -> None:
    with (tmp_path / "blocked.txt").open("wb") as file:
        file.truncate(limits.LIST_BYTES + 1)
    assert found(tmp_path, "~/.pyfilterrc", "blocked.txt") == [
        f"E310 the list's file cannot be read: it is larger than 16 MiB: {tmp_path}/blocked.txt"
    ]


def test_a_delivery_goes_on_with_a_missing_list(tmp_path: Path) -> None:
    """The list is unknown then; the rules are not broken, and nothing of it stays in the cache."""
    rules = tmp_path / ".pyfilterrc"
    rules.write_text(f'list blocked from "blocked.txt"\n{RULE}')
    rules.chmod(0o600)
    loaded = load(str(tmp_path))
    assert loaded.problem == ""
    assert loaded.program is not None
    assert loaded.program["lists"] == {"blocked": (None, str(tmp_path / "blocked.txt"))}
