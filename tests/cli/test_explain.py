"""``pyfilter explain``: every code has its text."""

from collections.abc import Callable
from typing import Any

import pytest

from pyfilter.language.codes import CODES

Run = Callable[..., Any]


def test_a_code_with_its_explanation(run: Run) -> None:
    ended = run("explain", "E223")
    title, text = CODES["E223"]
    assert (ended.status, ended.out, ended.err) == (0, f"E223: {title}\n\n{text}\n", "")


@pytest.mark.parametrize("written", ["e223", "[E223]", "error[E223]"])
def test_as_it_stands_in_a_diagnostic(run: Run, written: str) -> None:
    assert run("explain", written).out == run("explain", "E223").out


def test_several(run: Run) -> None:
    ended = run("explain", "E201", "W310")
    assert ended.out == run("explain", "E201").out + "\n" + run("explain", "W310").out


def test_all_are_listed(run: Run) -> None:
    lines = run("explain").out.splitlines()
    assert lines == [f"{code}  {title}" for code, (title, _) in sorted(CODES.items())]
    assert len(lines) > 80


def test_one_that_is_not_there(run: Run) -> None:
    ended = run("explain", "EE201", "W310")
    assert ended.status == 2
    assert ended.out == run("explain", "W310").out
    assert ended.err == "pyfilter explain: there is no code EE201: did you mean E201?\n"
    assert run("explain", "nonsense").err == (
        "pyfilter explain: there is no code NONSENSE: `pyfilter explain` lists them\n"
    )
