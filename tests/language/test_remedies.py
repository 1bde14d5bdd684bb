"""What a diagnostic says to write is right: put where it belongs, it is read without a problem."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyfilter.language.parse import parse
from pyfilter.language.tree import Source

CASES = sorted(Path(__file__).with_name("golden").joinpath("syntax").glob("*.rules"))

# where a remedy may belong: whole lines first, then pieces of one
PLACES = [
    "{}", "when {}", "{}\n}}", 'rule "r" {{\n{}\n}}', "{} spam }}", "when {} spam }}", "when score >= 5 {{\n{}\n}}",
    "{}\n2 if spam\n}}", 'test "t" {{\n{}\n}}', 'test "t" {{\n{}\nX: y\n"""\n}}', "when spam\n and {}",
    "when from {}", "when spam {} bulk", "when {} spam", "when size {} 1 MB", "when size > {} kB", "when date > {}",
    "when {} exists", 'when {} is "x"', 'when {} from is "x"', "when subject is {}", "when subject matches {}",
    "{} {{\n}}", '{} "x"', "include {}", "pipe to {}", "reply {} \"x\"", "rule {} {{ }}",
    'let a = "{}"', "when (spam {}", "rule a {{ keep {}", 'let a = """x{}',
]  # fmt: skip


def written(path: Path) -> list[str]:
    """Everything this case is told to write, an ellipsis standing for any word."""
    remedies = [problem.help for problem in parse(Source("x", path.read_bytes().decode()))[1]]
    return [
        found.replace("…", "x")
        for remedy in remedies
        for found in re.findall(r"(?:write|mean|line|lines:|and) `([^`]*)`", remedy)
    ]


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_what_is_told_to_be_written_can_be_read(path: Path) -> None:
    for remedy in written(path):
        assert any(parse(Source("x", place.format(remedy)))[1] == [] for place in PLACES), remedy


def test_most_slips_are_told_what_to_write() -> None:
    """Else this file would hold by saying nothing."""
    problems = [problem for path in CASES for problem in parse(Source("x", path.read_bytes().decode()))[1]]
    without = [problem for problem in problems if "`" not in problem.help]
    assert len(without) < len(problems) / 10
