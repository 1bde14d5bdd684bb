"""Single sentences of the language's meaning that a plan in words does not show: outcomes, questions, the index."""

from __future__ import annotations

import pytest

from pyfilter.engine.evaluate import candidates, evaluate
from pyfilter.engine.fields import Case
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Facts, Question
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import Program
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

MESSAGE = Message.from_bytes(
    b"Return-Path: <ann+x@corp.example>\nDelivered-To: me@y.example\nReceived: x\n"
    b"From: Ann <ann+x@corp.example>\nTo: me@y.example, you@z.example\nSubject: dinner\n\n"
)
LISTS = 'list mine = "@corp.example"\nlist away from "/away"\n'


def program_of(text: str) -> Program:
    compiled = compile_sources([Source("rules", LISTS + text)], look_for_files=False)
    assert compiled.program is not None, compiled.diagnostics
    return compiled.program


def plan_of(text: str, facts: Facts | None = None) -> Plan:
    plan = evaluate(program_of(text), MESSAGE, Envelope.of_archive(MESSAGE), facts or {})
    assert isinstance(plan, Plan)
    return plan


@pytest.mark.parametrize(
    ("rules", "outcome", "rule"),
    [
        ("", "kept", None),
        ('rule a { copy into "A" }', "kept", None),
        ('rule a { file into "A" }', "filed", "a"),
        ("rule a { keep }", "kept", "a"),
        ("rule a { stop }", "kept", "a"),
        ("rule a { discard }", "discarded", "a"),
        ('rule a { reject "no" }', "rejected", "a"),
        ('rule a { defer "later" }', "deferred", "a"),
        # the one that ended the filtering
        ('rule a { file into "A" and continue }\nrule b { keep }', "kept", "b"),
        ('rule a { file into "A" and continue }\nrule b { discard }', "discarded", "b"),
        ('rule a { file into "A" and continue }\nrule b { stop }', "filed", "b"),
        ('rule a { file into "A" and continue }', "filed", "a"),
        # of the actions of one rule the most cautious stands for all, in either order
        ('rule a { reject "no"; file into "A" }', "rejected", "a"),
        ('rule a { file into "A"; reject "no" }', "rejected", "a"),
        ('rule a { discard; file into "A" }', "filed", "a"),
        ('rule a { defer "later"; reject "no" }', "deferred", "a"),
        # so do those of a rule inside, once the outer one has ended the filtering
        ('rule a {\n    reject "no"\n    rule b { file into "B" }\n}', "rejected", "a"),
        ('rule a {\n    defer "later"\n    rule b { reject "no" }\n}', "deferred", "a"),
        ('rule a {\n    file into "A"\n    rule b { reject "no" }\n}', "rejected", "b"),
        ('rule a {\n    file into "A" and continue\n    rule b { discard }\n}', "discarded", "b"),
    ],
)
def test_the_word_for_the_whole(rules: str, outcome: str, rule: str | None) -> None:
    plan = plan_of(rules)
    assert (plan.outcome, plan.rule) == (outcome, rule)


def test_marks_reach_only_what_is_filed_from_then_on() -> None:
    plan = plan_of('rule a { file into "A" and continue }\nrule b { mark read }\nrule c { copy into "C" }')
    assert plan.filings() == {"A": "", "C": "S"}
    plan = plan_of('rule a { mark read }\nrule b { copy into "B" }')
    assert plan.filings() == {"B": "S", "INBOX": "S"}, "the implicit keep too"


def test_defer_undoes_every_copy() -> None:
    plan = plan_of('rule a { copy into "A" }\nrule b { defer "later" }')
    assert plan.filings() == {}
    assert plan.reason == "later"


# ---------------------------------------------------------------------- questions

AWAY = Question("list", "/away")


@pytest.mark.parametrize(
    "condition",
    [
        "from in away",
        'from in away and subject is "nothing like it"',
        'from in away or subject is "nothing like it"',
        '(from in away and subject is "no") or subject is "nothing like it"',
        'subject is "no" or (from in away and subject is "nothing like it")',
        "not from in away",
        'at least 2 of { subject is "no"; from in away; subject is "never" }',
    ],
)
def test_a_question_is_asked_with_the_index_as_without(condition: str) -> None:
    program = program_of(f'rule a {{ when {condition}\nfile into "A" }}\n')
    for trace in (False, True):
        assert evaluate(program, MESSAGE, Envelope(), {}, trace=trace) == AWAY


@pytest.mark.parametrize("condition", ['subject is "no" and from in away', 'subject is "dinner" or from in away'])
def test_what_is_decided_asks_nothing(condition: str) -> None:
    program = program_of(f'rule a {{ when {condition}\nfile into "A" }}\n')
    for trace in (False, True):
        assert isinstance(evaluate(program, MESSAGE, Envelope(), {}, trace=trace), Plan)


# ---------------------------------------------------------------------- the index


@pytest.mark.parametrize(
    "condition",
    [
        "from in mine",
        "from.domain in mine",
        "from.address in mine",
        "sender in mine",
        "sender.domain in mine",
        'from.domain in "@corp.example"',
        'from.domain is "corp.example"',
        'from is "ANN+X@corp.example"',
        'from is "Ann <ann+x@corp.example>"',
        'from.extension is "x"',
        'from.name starts with exactly "An"',
        'to.domain is "no.example", "z.example"',
        'subject contains "inn" and from exists',
        'subject ends with "ner" or subject is "no"',
        'subject starts with "din" or subject contains "zz"',
        'subject matches "d*r"',
        'subject matches "{a}"',
        "subject matches /D.NNER/",
        "subject matches exactly /(?i)DINNER/",
        'not subject is "no"',
        "to.count == 2",
        'none { subject is "a"; subject is "b" }',
        'at least 2 of { subject is "dinner"; from exists; subject is "no" }',
        "size < 1 kB",
    ],
)
def test_a_rule_that_holds_is_a_candidate(condition: str) -> None:
    program = program_of(f'rule a {{ when {condition}\nfile into "A" }}\n')
    envelope = Envelope.of_archive(MESSAGE)
    assert candidates(program, Case(MESSAGE, envelope, {})) == [0]
    plan = evaluate(program, MESSAGE, envelope, {})
    assert isinstance(plan, Plan)
    assert plan.rule == "a"


@pytest.mark.parametrize(
    "condition",
    [
        'subject is "lunch"',
        'subject contains "lunch"',
        'from.domain is "x.example" and subject exists',
        'subject matches "lunch *"',
        "subject matches /lunch [0-9]+/",
        'subject is "lunch" or subject is "breakfast"',
    ],
)
def test_a_rule_that_cannot_hold_is_not_asked(condition: str) -> None:
    program = program_of(f'rule a {{ when {condition}\nfile into "A" }}\n')
    assert candidates(program, Case(MESSAGE, Envelope(), {})) == []


def test_past_a_limit_every_rule_on_that_field_is_asked() -> None:
    program = program_of('rule a { when subject is "lunch"; discard }\nrule b { when subject contains "x"; keep }')
    message = Message.from_bytes(b"X: y\n" * 3000 + b"Subject: a\n\n")
    assert candidates(program, Case(message, Envelope(), {})) == [0, 1]
    plan = evaluate(program, message, Envelope(), {})
    assert isinstance(plan, Plan)
    assert plan.outcome == "kept"
    assert plan.notes == [
        'rule "a" (rules:3) could not be decided and was passed over',
        'rule "b" (rules:4) could not be decided and was passed over',
    ]


def test_what_a_field_past_its_limit_would_fill_is_empty() -> None:
    message = Message.from_bytes(b"X: y\n" * 3000 + b"Subject: a\n\n")
    for rules, filed, text in (
        ('rule a { file into "{subject}" }', {"INBOX": ""}, ""),
        ('rule a { copy into "x/{from.domain}" }', {"INBOX": ""}, ""),
        ('rule a { reject "no {subject}" }', {}, "no"),
    ):
        plan = evaluate(program_of(rules), message, Envelope(), {})
        assert isinstance(plan, Plan)
        assert (plan.filings(), plan.reason) == (filed, text)
