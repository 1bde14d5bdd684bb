"""Conditions and actions made of others by their names: long chains, circles, and what grows without measure."""

from __future__ import annotations

import marshal
from typing import Any

import pytest

from pyfilter import limits
from pyfilter.language.check import check
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.parse import parse
from pyfilter.language.program import Program
from pyfilter.language.tree import Source


def checked(text: str) -> tuple[Program | None, list[Diagnostic]]:
    file, syntax = parse(Source("rules", text))
    assert syntax == []
    return check([file])


def problems(text: str) -> list[tuple[str, str, int]]:
    return [(problem.code, problem.message, problem.span.line) for problem in checked(text)[1]]


def rule(text: str) -> Any:
    """The first rule of the Program."""
    program, found = checked(text)
    assert program is not None, found
    rules: Any = program["rules"]
    return marshal.loads(rules[0])


@pytest.mark.parametrize("upwards", [True, False])
def test_a_chain_of_names_may_be_as_long_as_it_wants(upwards: bool) -> None:
    """A thousand definitions, each made of the next: nothing calls itself."""
    defines = [f"define c{n} as c{n + 1}\n" for n in range(1200)]
    actions = [f"action a{n} {{ do a{n + 1} }}\n" for n in range(1200)]
    lines = [*defines, "define c1200 as size > 1 MB\n", *actions, "action a1200 { keep }\n"]
    text = "".join(lines if upwards else reversed(lines))
    made = rule("rule x { when c0; do a0 }\n" + text)
    assert made[3][:3] == ("compare", "size", (">", 1_000_000))
    assert [action[0] for action in made[4]] == ["keep"]


def test_conditions_that_double_each_other_come_to_an_end() -> None:
    doubling = "define c0 as size > 1 MB\n" + "".join(f"define c{n + 1} as c{n} and c{n}\n" for n in range(60))
    found = problems(doubling + "rule x { when c60; keep }\n")
    assert [code for code, _, _ in found] == ["E209"]
    assert found[0][1] == "conditions insert each other without measure"


def test_actions_that_double_each_other_come_to_an_end() -> None:
    doubling = "action a0 { mark read }\n" + "".join(f"action a{n + 1} {{ do a{n}; do a{n} }}\n" for n in range(60))
    found = problems(doubling + "rule x { do a60; keep }\n")
    assert found == [("E209", "action `a7` grows too long", 8)]


def test_a_sequence_has_at_most_so_many_actions() -> None:
    actions = 'log "x"\n' * limits.SEQUENCE_ACTIONS
    assert problems(f"action a {{\n{actions}}}\nrule x {{ do a; keep }}\n") == []
    assert problems(f'action a {{\n{actions}log "x"\n}}\nrule x {{ do a; keep }}\n') == [
        ("E209", "action `a` grows too long", 1)
    ]


def test_all_that_define_inserts_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DEFINED_TESTS", 4)
    text = (
        "define two as size > 1 MB and size < 2 MB\nrule x { when two; copy into inbox }\nrule y { when two; keep }\n"
    )
    assert [found for found in problems(text) if found[0] == "E209"] == []
    assert problems(text + "rule z { when two; keep }\n")[-1] == (
        "E209",
        "conditions insert each other without measure",
        4,
    )


def test_all_that_do_inserts_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DONE_ACTIONS", 4)
    text = 'action two { mark read; log "x" }\nrule x { do two }\nrule y { do two }\n'
    assert problems(text) == []
    assert problems(text + "rule z { do two }\n")[0] == ("E209", "actions do each other without measure", 4)


def test_what_a_name_stands_for_counts_in_how_deep_a_condition_is() -> None:
    half = limits.CONDITION_DEPTH // 2
    deep = "not (" * half + "size > 1 MB" + ")" * half
    text = f"define deep as {deep}\nrule x {{ when {{}}; keep }}\n"
    assert problems(text.replace("{}", "not " * half + "deep")) == []
    assert problems(text.replace("{}", "not " * (half + 1) + "deep")) == [
        ("E321", "this condition is nested too deeply", 2)
    ]


def test_each_circle_is_told_once_and_what_is_made_of_it_is_not() -> None:
    text = (
        "define a as b\ndefine b as a or c\ndefine c as c\ndefine d as a and not c\n"
        "action e { do f }\naction f { do e }\naction g { do f; keep }\n"
        "rule x { when d; do g }\nrule y { when size > 1 MB and a; do e }\n"
    )
    assert problems(text) == [
        ("E208", "`a` is made of itself", 1),
        ("E208", "`c` is made of itself", 3),
        ("E208", "`e` is made of itself", 5),
    ]


def test_a_hundred_circles_are_enough() -> None:
    text = "".join(f"define a{n} as b{n}\ndefine b{n} as a{n}\n" for n in range(300))
    assert len(problems(text + "rule x { when a299; keep }\n")) == limits.PROBLEMS


def test_the_name_of_a_field_is_the_field() -> None:
    assert problems("define subject as size > 1 MB\nrule x { when subject exists; keep }\n") == [
        ("E204", "a condition cannot be called `subject`", 1)
    ]


def test_names_of_lists_go_on_behind_or_and_names_of_conditions_do_not() -> None:
    text = 'list a = "x@x.example"\nlist b = "y@y.example"\ndefine c as size > 1 MB\n'
    assert rule(text + "rule x { when from in a or b or c; keep }\n")[3] == (
        "or",
        ("in", "from", (("a", "b"), frozenset(), ()), 1),
        ("compare", "size", (">", 1_000_000), 0),
    )


def test_what_a_condition_captures_holds_in_the_rule_and_in_what_it_does() -> None:
    text = (
        'define tagged as subject matches "[{tag}] *"\n'
        'action archive { copy into "Archive/{tag}" }\n'
        'rule x { when tagged; do archive; file into "{tag}" }\n'
    )
    assert [action[:3] for action in rule(text)[4]] == [
        ("copy", "folder", ("Archive/", ("capture", "tag"))),
        ("file", "folder", (("capture", "tag"),)),
    ]


def test_definitions_judge_themselves_where_no_rule_uses_them() -> None:
    assert problems('define a as subjcet exists\naction b { mark sene; file into "x/../y" }\n') == [
        ("E201", "there is no field `subjcet`", 1),
        ("E308", "there is no flag `sene`", 2),
        ("E305", "a folder cannot lie above the Maildir", 2),
    ]


def test_else_counts_the_rules_it_follows() -> None:
    text = "".join(
        f"rule r{n}{' else' if follows else ''} {{ when size > {9 - n} MB; keep }}\n"
        for n, follows in enumerate([False, True, True, False, True])
    )
    program, found = checked(text)
    assert program is not None, found
    rules: Any = program["rules"]
    assert [marshal.loads(made)[5] for made in rules] == [0, 1, 2, 0, 1]


def test_behind_what_could_not_be_read_else_is_not_judged() -> None:
    file, syntax = parse(Source("rules", "rule a { when ( }\nrule b else { when size > 1 MB; keep }\n"))
    assert syntax
    assert check([file])[1] == []


def test_an_else_that_follows_no_rule_is_not_told_that_it_can_never_run_as_well() -> None:
    text = 'rule a { log "a" }\nlet x = "y"\nrule b else { when subject is "{x}"; keep }\n'
    assert problems(text) == [("E314", "`else` follows no rule", 3)]
