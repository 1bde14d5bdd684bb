"""While rules have errors the last good ones file, keep and mark; all else becomes keep."""

from __future__ import annotations

import pytest

from pyfilter.agent import PROBLEM_HEADER
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Question, Unknown
from pyfilter.language.compiling import compile_sources
from pyfilter.language.loading import Loaded
from pyfilter.language.tree import Source
from pyfilter.meanwhile import meanwhile, what_becomes_of_mail
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

MESSAGE = Message.from_bytes(b"Return-Path: <ann@x.example>\nFrom: ann@x.example\nTo: me@y.example\n\nx\n")
PROBLEM = "~/.pyfilterrc:1:1: error[E101]: x"
EDIT = ("add", PROBLEM_HEADER, PROBLEM)


def broken(rules: str | None, policy: str = "last-good") -> Loaded:
    """Broken rules; ``rules``: the last good ones."""
    compiled = compile_sources([Source("/rules", f"set broken-rules = {policy}\n{rules or ''}")], look_for_files=False)
    assert compiled.program is not None, compiled.problem
    return Loaded(None, PROBLEM, compiled.settings, "", compiled.program if rules is not None else None)


def planned(loaded: Loaded, asked: list[str] | None = None) -> Plan:
    def answer(question: Question, *_: object) -> object:
        if asked is not None:
            asked.append(question.kind)
        return Unknown("nobody is there")

    return meanwhile(loaded, MESSAGE, Envelope.of_archive(MESSAGE), answer=answer)


PLANS = {
    'file into "X"': ("filed", {"X": ""}, []),
    'mark read; file into "X"': ("filed", {"X": "S"}, []),
    "keep": ("kept", {"INBOX": ""}, []),
    "mark flagged; keep": ("kept", {"INBOX": "F"}, []),
    "mark read, flagged; unmark read; discard": ("kept", {"INBOX": "F"}, ["discard"]),
    "discard # on purpose\n": ("kept", {"INBOX": ""}, ["discard"]),
    'reject "no"': ("kept", {"INBOX": ""}, ["reject"]),
    'defer "later"': ("kept", {"INBOX": ""}, ["defer"]),
    'forward to "a@b.example"': ("kept", {"INBOX": ""}, ["forward"]),
    'copy to "a@b.example"': ("kept", {"INBOX": ""}, ["copy-to"]),
    'pipe to "/bin/cat"': ("kept", {"INBOX": ""}, ["pipe"]),
    'copy into "A"; file into "B"': ("filed", {"B": "", "INBOX": ""}, ["copy"]),
    'forward to "a@b.example" and continue; file into "B"': ("filed", {"B": "", "INBOX": ""}, ["forward"]),
    'forward to "a@b.example" and continue; keep': ("kept", {"INBOX": ""}, ["forward"]),
    'reply "away"': ("kept", {"INBOX": ""}, []),
    'reply "away"; file into "X"': ("filed", {"X": ""}, []),
    'add header "X-A" "b"; log "c"; file into "X"': ("filed", {"X": ""}, []),
    'notify "/bin/true"; stop': ("kept", {"INBOX": ""}, []),
    'pass through "/bin/cat"; file into "X"': ("filed", {"X": ""}, []),
    "scan with spamd": ("kept", {"INBOX": ""}, []),
}


@pytest.mark.parametrize("actions", PLANS)
def test_only_filing_keeping_and_marking_is_done(actions: str) -> None:
    plan = planned(broken(f'rule "x" {{ {actions} }}\n'))
    outcome, filings, left = PLANS[actions]
    assert (plan.outcome, plan.filings()) == (outcome, filings)
    assert {action.verb for action in plan.actions} <= {"file", "keep", "mark", "unmark"}
    assert all(copy == (filings[folder], (EDIT,), None) for folder, copy in plan.copies().items())
    notes = [f"the rules do not check: {PROBLEM}", "the last rules without errors decided"]
    assert plan.notes[: 2 + len(left)] == [*notes, *[f"kept instead of {verb}" for verb in left]]
    assert plan.envelope is not None
    assert plan.recipient == "me@y.example" or plan.envelope.recipient is None


def test_a_scanner_is_asked_and_no_program() -> None:
    asked: list[str] = []
    plan = planned(
        broken(
            'list l from command "/bin/ls"\n'
            'rule "a" { when command "/bin/true" succeeds; file into "A" }\n'
            'rule "b" { when from in l; file into "B" }\n'
            'rule "c" { when spam; file into "C" }\n'
            'rule "d" { pass through "/bin/cat"; file into "D" }\n'
        ),
        asked,
    )
    assert asked == ["spamd"]
    assert plan.filings() == {"D": ""}


def test_a_scanner_that_is_required_puts_nothing_off() -> None:
    plan = planned(broken('set spamd.required = yes\nrule "c" { when spam; file into "C" }\n'))
    assert (plan.outcome, plan.filings()) == ("kept", {"INBOX": ""})
    assert "kept instead of defer" in plan.notes


POLICIES = [
    ("last-good", 'rule "x" { file into "X" }\n', "filed", {"X": ""}),
    ("last-good", None, "kept", {"INBOX": ""}),
    ("inbox", 'rule "x" { file into "X" }\n', "kept", {"INBOX": ""}),
    ("defer", 'rule "x" { file into "X" }\n', "deferred", {}),
]
SENTENCES = [
    "the last rules without errors decide; they file, keep and mark, and all else becomes keep",
    "mail is kept in the inbox",
    "mail is kept in the inbox",
    "mail waits in the queue of the mail server",
]


@pytest.mark.parametrize(("row", "sentence"), list(zip(POLICIES, SENTENCES, strict=True)))
def test_what_each_policy_does_and_says(row: tuple[str, str | None, str, dict[str, str]], sentence: str) -> None:
    policy, rules, outcome, filings = row
    loaded = broken(rules, policy)
    plan = planned(loaded)
    assert (plan.outcome, plan.filings()) == (outcome, filings)
    assert plan.notes[0] == f"the rules do not check: {PROBLEM}"
    assert plan.envelope is not None
    assert what_becomes_of_mail(loaded) == sentence
