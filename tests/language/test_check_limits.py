"""Limits of a rule file: each is a diagnostic, none an exception, and the limit itself is still allowed."""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.language.check import check
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.parse import parse
from pyfilter.language.tree import (
    Action,
    Field,
    File,
    Let,
    Not,
    Place,
    Relation,
    Rule,
    Source,
    Span,
    Test,
    Text,
    When,
    Word,
)

SOURCE = Source("~/.pyfilterrc", "keep\n")


def span() -> Span:
    return Span(SOURCE, 0, 4)


KEEP = Action(span(), "keep", span())
COPY = Action(span(), "copy into", span(), (Place(span(), "inbox"),))
EXISTS = Test(span(), Field(span(), "subject"), Relation(span(), "exists"))


def problems(*items: Rule | Let) -> list[Diagnostic]:
    return check([File(SOURCE, items)])[1]


def test_rules() -> None:
    rules = [Rule(span(), f"r{n}", span(), (When(span(), EXISTS), COPY)) for n in range(limits.RULES)]
    assert problems(*rules) == []
    (problem,) = problems(*rules, Rule(span(), "one more", span(), (KEEP,)), Rule(span(), "two more", span(), (KEEP,)))[
        :1
    ]
    assert (problem.code, problem.message, problem.help) == (
        "E320",
        "there are too many rules",
        "one program holds at most 10,000 rules",
    )


def nested(depth: int) -> Rule:
    rule = Rule(span(), "innermost", span(), (KEEP,))
    for number in range(depth - 1):
        rule = Rule(span(), f"r{number}", span(), (rule,))
    return rule


def test_depth_of_rules() -> None:
    assert problems(nested(limits.RULE_DEPTH)) == []
    (problem,) = problems(nested(limits.RULE_DEPTH + 1))
    assert (problem.code, problem.message, problem.help) == (
        "E320",
        "rules are nested too deeply",
        "at most 16 rules stand inside each other",
    )


def denied(times: int) -> Rule:
    condition: Not | Test = EXISTS
    for _ in range(times):
        condition = Not(span(), condition)
    return Rule(span(), "not", span(), (When(span(), condition), KEEP))


def test_depth_of_conditions() -> None:
    assert problems(denied(limits.CONDITION_DEPTH)) == []
    (problem,) = problems(denied(limits.CONDITION_DEPTH + 1))
    assert (problem.code, problem.message) == ("E321", "this condition is nested too deeply")


@pytest.mark.parametrize("more", [0, 1])
def test_length_of_a_text(more: int) -> None:
    let = Let(span(), Word(span(), "long"), Text(span(), ("x" * (limits.LET_CHARACTERS + more),)))
    assert [problem.code for problem in problems(let)] == ["E209"] * more


def test_texts_that_double_each_other() -> None:
    """Thirty lines that would make eight gigabytes."""
    lines = ['let t0 = "0123456789"', *(f'let t{n} = "{{t{n - 1}}}{{t{n - 1}}}"' for n in range(1, 30))]
    file, _ = parse(Source("~/.pyfilterrc", "\n".join(lines)))
    assert [problem.message for problem in check([file])[1]] == ["this text grows too long"]


def test_texts_that_insert_each_other_in_a_long_chain() -> None:
    lines = [f'let t{n} = "{{t{n + 1}}}"' for n in range(3000)]
    file, _ = parse(Source("~/.pyfilterrc", "\n".join([*lines, 'let t3000 = "x"'])))
    program, found = check([file])
    assert program is None
    assert {problem.message for problem in found} == {"texts insert each other too deeply"}


def test_a_long_folder_through_a_text() -> None:
    place = Place(span(), "folder", Text(span(), ("x" * (limits.COMPONENT_BYTES - 1),)))
    rule = Rule(span(), "r", span(), (Action(span(), "file into", span(), (place,)),))
    assert problems(rule) == []
    place = Place(span(), "folder", Text(span(), ("x" * limits.COMPONENT_BYTES,)))
    rule = Rule(span(), "r", span(), (Action(span(), "file into", span(), (place,)),))
    assert [(problem.code, problem.label) for problem in problems(rule)] == [("E305", "256 bytes on disk")]
