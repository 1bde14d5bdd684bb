"""The system's rules and the user's: one program, one space of names, the user's settings above."""

from __future__ import annotations

import marshal

from pyfilter.language.check import check
from pyfilter.language.diagnostics import render
from pyfilter.language.parse import parse
from pyfilter.language.tree import File, Source


def files(system: str, user: str) -> list[File]:
    return [parse(Source(name, text))[0] for name, text in (("/etc/pyfilterrc", system), ("~/.pyfilterrc", user))]


def test_rules_of_the_system_are_asked_first() -> None:
    program, found = check(files('rule "a" { when cc exists; keep }', 'rule "b" { when to exists; keep }'))
    assert found == []
    assert program is not None
    assert program["files"] == ("/etc/pyfilterrc", "~/.pyfilterrc")
    rules = program["rules"]
    assert isinstance(rules, tuple)
    assert [marshal.loads(rule)[0] for rule in rules] == ["a", "b"]


def test_problems_stand_in_the_order_of_the_files() -> None:
    _, found = check(files('\n\nrule "a" { when cc; keep }', 'rule "b" { when to; keep }'))
    assert [problem.span.source.name for problem in found] == ["/etc/pyfilterrc", "~/.pyfilterrc"]


def test_a_setting_stands_once_in_each_file() -> None:
    program, found = check(files("set deadline = 1 minute", "set deadline = 2 minutes"))
    assert found == []
    assert program is not None
    settings = program["settings"]
    assert isinstance(settings, dict)
    assert settings["deadline"] == 120


def test_a_name_is_defined_once_in_both() -> None:
    _, found = check(files('list friends = "a@x.example"', '\nlist friends = "b@x.example"'))
    assert "\n".join(render(problem) for problem in found) == (
        "error[E203]: `friends` is defined twice\n"
        " --> ~/.pyfilterrc:2:6\n"
        "  |\n"
        '2 | list friends = "b@x.example"\n'
        "  |      ^^^^^^^ here again\n"
        " ::: /etc/pyfilterrc:1:6\n"
        "  |\n"
        '1 | list friends = "a@x.example"\n'
        "  |      ------- first here\n"
        "  = help: a name means one thing in all rule files: `friends` is one of /etc/pyfilterrc,\n"
        "          give this one another name"
    )


def test_no_files_at_all() -> None:
    program, found = check([])
    assert found == []
    assert program is not None
    assert program["rules"] == ()
