"""What a slip gets back, word for word: golden/syntax/NAME.rules beside NAME.txt.

A changed text is a changed golden file: write the new ones with
``PYTHONPATH=. python tests/language/test_syntax_golden.py`` and read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyfilter.language import (
    slips_action,
    slips_borrowed,
    slips_condition,
    slips_relation,
    slips_statement,
    slips_text,
)
from pyfilter.language.codes import CODES
from pyfilter.language.diagnostics import Diagnostic, render, summary
from pyfilter.language.lalr import tables
from pyfilter.language.parse import parse
from pyfilter.language.slips import Slip
from pyfilter.language.tree import Source

CASES = sorted(Path(__file__).with_name("golden").joinpath("syntax").glob("*.rules"))
NAMES = [path.stem for path in CASES]


def problems(path: Path) -> list[Diagnostic]:
    return parse(Source("~/.pyfilterrc", path.read_bytes().decode()))[1]


def said(path: Path) -> str:
    found = problems(path)
    return "\n\n".join([*(render(problem) for problem in found), summary(found)]) + "\n"


@pytest.mark.parametrize("path", CASES, ids=NAMES)
def test_a_slip_gets_the_right_line_back(path: Path) -> None:
    assert said(path) == path.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("path", CASES, ids=NAMES)
def test_every_problem_has_a_place_and_an_explained_code(path: Path) -> None:
    found = problems(path)
    assert found
    assert {problem.code for problem in found} <= CODES.keys()
    for problem in found:
        assert 0 <= problem.span.start <= problem.span.end <= len(problem.span.source.text)


def test_no_text_names_a_token_of_the_grammar() -> None:
    names = {term.name for term in tables().terminals} | {"$END", "EOF", "BROKEN", "Token"}
    # SQL-like capitals that a rule in a golden file may hold are words of the user, not ours
    ours = {name for name in names if len(name) > 2}
    for path in CASES:
        for problem in problems(path):
            text = f"{problem.message} {problem.label} {problem.help}"
            written = path.read_text("utf-8")
            said = set(re.findall(r"[$_A-Z]{3,}", text))
            assert not {word for word in said & ours if word not in written}, text


def test_every_row_of_the_tables_of_slips_is_shown_by_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that nothing shows may be dead: another one above it takes all that it is for."""
    used: set[int] = set()
    fits = Slip.fits

    def noted(self: Slip, before: str, rest: str) -> tuple[dict[str, str], int, int] | None:
        found = fits(self, before, rest)
        if found:
            used.add(id(self))
        return found

    monkeypatch.setattr(Slip, "fits", noted)
    for path in CASES:
        problems(path)
    tables = (slips_statement, slips_borrowed, slips_relation, slips_condition, slips_action, slips_text)
    rows = [row for table in tables for row in table.SLIPS] + list(slips_relation.LATE)
    assert [(row.code, row.message, row.here) for row in rows if id(row) not in used] == []


if __name__ == "__main__":
    for case in CASES:
        case.with_suffix(".txt").write_text(said(case), "utf-8")
