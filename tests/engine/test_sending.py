"""Addresses and arguments that a message fills: one address or none, one argument that is no option."""

from __future__ import annotations

import pytest

from pyfilter.engine.evaluate import evaluate
from pyfilter.engine.plan import Plan
from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message


def plan_of(text: str, value: str) -> Plan:
    compiled = compile_sources([Source("rules", text)], look_for_files=False)
    assert compiled.program is not None, compiled.diagnostics
    message = Message.from_bytes(b"From: ann@corp.example\nX-It: " + value.encode() + b"\n\n")
    plan = evaluate(compiled.program, message, Envelope.of_archive(message), {})
    assert isinstance(plan, Plan)
    return plan


FORWARD = 'rule a { when header X-It matches "{it}"; forward to "{it}" }'


@pytest.mark.parametrize("value", ["b@x.example", "B.C+d@X.example", "b@[192.0.2.1]"])
def test_one_address_is_forwarded_to(value: str) -> None:
    plan = plan_of(FORWARD, value)
    assert (plan.outcome, plan.actions[0].arguments) == ("forwarded", (value,))


@pytest.mark.parametrize(
    "value",
    [
        "b@x.example, c@y.example",
        "b@x.example c@y.example",
        "B <b@x.example>",
        "<b@x.example>",
        "-bfoo@x.example",
        "b",
        "@x.example",
        "|/bin/sh",
        "/etc/passwd",
        ":include:/etc/passwd",
        "b@x.example (c)",
        '"b c"@x.example',
        "b@käse.example",
        "b@x.example;c@y.example",
        "=?utf-8?q?b=40x.example=0Ac=40y.example?=",
        "b" * 250 + "@x.example",
    ],
)
def test_everything_else_is_kept_and_that_is_said(value: str) -> None:
    plan = plan_of(FORWARD, value)
    assert (plan.outcome, plan.filings(), plan.actions[0].arguments) == ("kept", {"INBOX": ""}, ())
    (note,) = plan.notes
    assert note.startswith('kept instead of forwarded by rule "a": ') and note.endswith(" is not one address")


def test_with_and_continue_the_rules_below_are_asked_all_the_same() -> None:
    text = 'rule a { when header X-It matches "{it}"; forward to "{it}" and continue }\nrule b { file into "B" }'
    assert plan_of(text, "none").filings() == {"INBOX": "", "B": ""}


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        ("a b; rm -rf ~", "a b; rm -rf ~"),
        ("--help", "help"),
        ("- -x", " -x"),
        ("$(reboot)", "$(reboot)"),
        ("=?utf-8?q?a=00b?=", "a\ufffdb"),
    ],
)
def test_an_argument_is_one_whatever_is_in_it(value: str, argument: str) -> None:
    plan = plan_of('rule a { when header X-It matches "{it}"; pipe to "cat" "{it}" }', value)
    assert plan.actions[0].arguments == ("cat", argument)


def test_the_lines_of_a_reply_are_those_of_the_rule() -> None:
    text = (
        'rule a { when header X-It matches "{it}"; reply subject "Re: {it}" """\n    Dear {it},\n\n    away.\n    """ }'
    )
    (reply, _) = plan_of(text, "=?utf-8?q?Ann=0ABcc:_x=40y?=").actions
    assert reply.text == "Dear Ann Bcc: x@y,\n\naway.\n"
    assert (reply.subject, reply.every) == ("Re: Ann Bcc: x@y", 7 * 86400)


def test_a_reply_from_a_file_names_the_file() -> None:
    (reply, _) = plan_of('rule a { reply file "/away.txt" every 2 weeks }', "x").actions
    assert (reply.text, reply.arguments, reply.every) == ("", ("/away.txt",), 14 * 86400)


@pytest.mark.parametrize("value", ["mbox:~root", "MH:x", "mbox:/etc/x"])
def test_no_message_names_a_mailbox_outside_of_the_maildir(value: str) -> None:
    plan = plan_of('rule a { when header X-It matches "{it}"; file into "{it}" }', value)
    (folder,) = plan.filings()
    assert folder.lower().startswith(("mbox_", "mh_"))
