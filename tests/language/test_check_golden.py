"""What the checker says, word for word: golden/check/NAME.rules beside NAME.txt.

A changed text is a changed golden file: write the new one with
``python tests/language/test_check_golden.py`` and read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pyfilter.language.check import check
from pyfilter.language.codes import CODES
from pyfilter.language.diagnostics import Diagnostic, render
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source

CASES = sorted(Path(__file__).with_name("golden").joinpath("check").glob("*.rules"))


def problems(path: Path) -> list[Diagnostic]:
    source = Source("/home/ann/.pyfilterrc", path.read_text("utf-8"))
    file, syntax = parse(source)
    assert syntax == [], "a case of the checker must parse"
    return check([file], home="/home/ann")[1]


def said(path: Path) -> str:
    return "\n\n".join(render(problem) for problem in problems(path)) + "\n"


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_the_checker_says_this(path: Path) -> None:
    assert said(path) == path.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_every_code_is_explained(path: Path) -> None:
    found = problems(path)
    assert found, "a case without a problem shows nothing"
    assert {problem.code for problem in found} <= CODES.keys()


if __name__ == "__main__":
    for case in CASES:
        case.with_suffix(".txt").write_text(said(case), "utf-8")
