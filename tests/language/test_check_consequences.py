"""What is reported once is not reported again for its consequences, also where the parser reported it."""

from __future__ import annotations

import pytest

from pyfilter.language.check import check
from pyfilter.language.diagnostics import short
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source


def problems(text: str) -> list[str]:
    file, syntax = parse(Source("r", text))
    return [short(problem) for problem in syntax + check([file])[1]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # the definition is wrong, its uses are not
        ('list famly = a, b\nrule x { when from in famly; keep }', "E1"),
        ('let place = bar\nrule x { file into "{place}" }', "E1"),
        ('let place = "{plaice}"\nrule x { file into "{place}" }', "E205"),
        ('let one = "{two}"\nlet two = "{one}"\nrule x { file into "{one}/{two}" }', "E208"),
        ('list subject = "a"\nrule x { when from in subject; keep }', "E204"),
        ('define work as frm is "a"\nrule x { when work; keep }', "E201"),
        # the condition is wrong, the holes it would fill are not
        ('rule x {\n when list-id matchs "{list}.x"\n file into "{list}"\n}', "E1"),
        ('rule x { when lst-id matches "{list}.x"; file into "{list}" }', "E201"),
        ('rule x { when subject matches /(?P<list>a/; file into "{list}" }', "E220"),
        ('rule x { when subject matches "{size}"; file into "{size}" }', "E207"),
        ('rule x { when subject starts with "[{p}]"; file into "{p}" }', "E205"),
        ('rule x { when subject matches "{p}" and size > 1 MB or cc exists; file into "{p}" }', "E212"),
        ('rule x { when subject > "{p}"; file into "{p}" }', "E214"),
        ('rule x { when at least 3 of { subject matches "{p}"; cc exists }; file into "{p}" }', "E222"),
        ('rule x { when score > 2 { 3 if subject matches "{p}" }; file into "{p}" }', "E206"),
        # a rule that lost its action to an error does something
        ("rule x { when cc exists; forward }", "E1"),
        ("rule x { when cc exists; do it }", "E225"),
        # the condition and the actions of a rule whose head is missing
        ('when cc exists\nmark read\nfile into "a"', "E309"),
    ],
)  # fmt: skip
def test_one_cause_one_report(text: str, code: str) -> None:
    found = problems(text)
    assert len(found) == 1, found
    assert f"[{code}" in found[0]


def test_all_causes_in_one_run() -> None:
    text = (
        'list family = "a"\n'
        "set maildr = no\n"
        'rule "one" { when subjcet is "x" and from in famly and subject matches /[/; mark raed; file into "a.b/{x}" }\n'
        'rule "two" { discard; when size > 10M }\n'
    )
    file, syntax = parse(Source("r", text))
    assert syntax == []
    assert [(problem.code, problem.span.text) for problem in check([file])[1]] == [
        ("E221", "maildr"),
        ("E201", "subjcet"),
        ("E202", "famly"),
        ("E220", "["),
        ("E308", "raed"),
        ("E205", "{x}"),
        ("W310", "discard"),
        ("E311", "when"),
        ("E216", "M"),
    ]
