"""What is filed of a message that rules change: which edits, made to what, and what others are asked of."""

from __future__ import annotations

from pyfilter import limits
from pyfilter.engine.evaluate import evaluate
from pyfilter.engine.plan import Action, Plan
from pyfilter.engine.questions import Facts, Question, Unknown
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import Program
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict

MESSAGE = Message.from_bytes(b"From: Ann <ann@corp.example>\nSubject: dinner\nX-Old: 1\n\nbody\n")
SPAM = {Question("spamd"): Verdict("spamd", True, 7.0, 5.0, ())}


def program_of(text: str) -> Program:
    compiled = compile_sources([Source("rules", text)], look_for_files=False)
    assert compiled.program is not None, compiled.diagnostics
    return compiled.program


def decided(text: str, facts: Facts | None = None) -> Plan | Question:
    return evaluate(program_of(text), MESSAGE, Envelope.of_archive(MESSAGE), facts or {})


def plan_of(text: str, facts: Facts | None = None) -> Plan:
    plan = decided(text, facts)
    assert isinstance(plan, Plan)
    return plan


def filings(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.verb in ("file", "copy", "keep", "forward", "copy-to", "pipe")]


def test_what_a_rule_files_carries_the_header_that_stands_when_it_ends() -> None:
    plan = plan_of('rule a { copy into "A"; add header X-A "1" }\nrule b { add header X-B "2"; file into "B" }')
    assert [action.edits for action in filings(plan)] == [
        (("add", "X-A", "1"),),
        (("add", "X-A", "1"), ("add", "X-B", "2")),
    ]


def test_what_is_sent_carries_the_header_too() -> None:
    plan = plan_of(
        'rule a { add header X-A "1"; copy to "a@x.example"; pipe to "cat" and continue; forward to "b@x.example" }'
    )
    assert [(action.verb, action.edits) for action in filings(plan)] == [
        ("copy-to", (("add", "X-A", "1"),)),
        ("pipe", (("add", "X-A", "1"),)),
        ("forward", (("add", "X-A", "1"),)),
    ]


def test_the_implicit_keep_carries_it() -> None:
    plan = plan_of('rule a { set header Subject "{subject}!" }')
    (kept,) = filings(plan)
    assert kept.edits == (("remove", "subject", ""), ("add", "Subject", "dinner!"))


def test_rules_have_the_last_word_on_the_lines_of_a_verdict() -> None:
    plan = plan_of('rule a { remove header "X-Spam-*" }\nrule b { when spam; file into "spam" }', SPAM)
    (filed,) = filings(plan)
    assert filed.edits[0] == ("remove", "x-spam-*", "")
    assert filed.edits[-1] == ("remove", "x-spam-*", "")
    assert ("add", "X-Spam-Flag", "YES") in filed.edits


def test_a_header_has_no_second_line_whatever_a_message_puts_into_it() -> None:
    message = Message.from_bytes(b"Subject: =?utf-8?q?a=0D=0AX-Evil:_1?=\n\n")
    plan = evaluate(program_of('rule a { add header X-A "{subject}" }'), message, Envelope.of_archive(message), {})
    assert isinstance(plan, Plan)
    (_, _, text) = plan.actions[0].edits[0]
    assert text == "a X-Evil: 1"


def test_rules_that_are_no_candidates_become_ones_when_the_header_changes() -> None:
    """The index is of the message as it came; without a trace only candidates are asked."""
    plan = plan_of(
        'rule a { when subject is "dinner"; set header Subject "lunch" }\n'
        'rule b { when subject is "dinner"; file into "Wrong" }\n'
        'rule c { when subject is "lunch"; file into "Right" }'
    )
    assert plan.filings() == {"Right": ""}


def test_what_goes_past_the_limit_is_not_changed_and_that_is_said() -> None:
    lines = "\n".join(f'add header X-{number} "1"' for number in range(limits.HEADER_EDITS + 1))
    plan = plan_of(f"rule a {{\n{lines}\n}}")
    (kept,) = filings(plan)
    assert len(kept.edits) == limits.HEADER_EDITS
    assert plan.notes == ['rule "a" changes no header: one message gets at most 200 changes']


# ------------------------------------------------------------------ pass through

PASS = 'rule a { add header X-A "1"; copy into "A" }\nrule b { pass through "clean" "{subject}" }\n'
AFTER = 'rule c { when header X-New exists; add header X-C "3"; file into "C" }'
ASKED = Question("pass", "1\0clean\0dinner")


def test_a_program_gets_the_message_as_it_stands() -> None:
    question = decided(PASS)
    assert question == ASKED and isinstance(question, Question) and question.message is not None
    assert question.message.raw == b"X-A: 1\n" + MESSAGE.raw


def test_what_a_program_prints_is_what_later_rules_change_and_file() -> None:
    printed = b"X-New: 1\nSubject: clean\n\nbody\n"
    copied, filed = filings(plan_of(PASS + AFTER, {ASKED: printed}))
    assert (copied.base, copied.edits) == (None, (("add", "X-A", "1"),))
    assert (filed.folder, filed.base, filed.edits) == ("C", printed, (("add", "X-C", "3"),))


def test_a_program_that_fails_leaves_the_message_as_it_was() -> None:
    plan = plan_of(PASS + AFTER, {ASKED: Unknown("clean ended with 1")})
    _, kept = filings(plan)
    assert (kept.folder, kept.base, kept.edits) == ("INBOX", None, (("add", "X-A", "1"),))
    assert plan.notes == ["clean ended with 1"]


def test_the_second_pass_is_another_question() -> None:
    twice = 'rule a { pass through "clean" }\nrule b { pass through "clean" }'
    first = {Question("pass", "1\0clean"): b"X-New: 1\n\n"}
    question = decided(twice, first)
    assert question == Question("pass", "2\0clean") and isinstance(question, Question)
    assert question.message is not None and question.message.raw == b"X-New: 1\n\n"


def test_a_header_that_a_program_writes_vouches_for_nobody() -> None:
    plan = plan_of(
        'set trusted-authserv = "mx.example.org"\nrule a { pass through "clean" }\n'
        'rule b { when dkim passes; file into "Wrong" }',
        {Question("pass", "1\0clean"): b"Authentication-Results: mx.example.org; dkim=pass header.d=x.example\n\n"},
    )
    assert plan.filings() == {"INBOX": ""}
