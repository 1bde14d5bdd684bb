"""Every field with every relation that fits it: one test that holds, and a near miss that does not.

The message below has all fields; what others answer is given. The vocabulary says which fields, parts and relations
there are: a word that gets none of its tests here fails the last test.
"""

from __future__ import annotations

import pytest

from pyfilter.agent import decide
from pyfilter.engine.questions import Question
from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.language.vocabulary import FIELDS, NUMERIC, RELATIONS, TEMPORAL, TEXTUAL, WORDS, field_kind
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict

MESSAGE = Message.from_bytes(
    b"Return-Path: <ann+bounce@sender.example>\n"
    b"From: Ann Lee <ann+work@from.example>\n"
    b"To: Me Too <me+box@to.example>\n"
    b"Cc: Third One <third+x@cc.example>\n"
    b"Bcc: Fourth One <fourth+y@bcc.example>\n"
    b"Reply-To: Back Again <back+z@reply.example>\n"
    b"Subject: Monthly invoice\n"
    b"X-Odd: an odd value\n"
    b"List-Id: News of us <news.lists.example>\n"
    b"Message-ID: <17@from.example>\n"
    b"In-Reply-To: <16@from.example>\n"
    b"Date: Sat, 21 Nov 2026 12:00:00 +0000\n"
    b"Precedence: bulk\n"
    b"MIME-Version: 1.0\n"
    b"Content-Type: multipart/mixed; boundary=b\n"
    b"\n"
    b"--b\nContent-Type: text/html\n\n<p>The amount</p>\n"
    b"--b\nContent-Type: application/pdf; name=bill.pdf\n\n0123456789\n--b--\n"
)
ENVELOPE = Envelope(
    sender="ann+bounce@sender.example", recipient="me+box@to.example", environment={"LOGNAME": "ann the first"}
)
# Tuesday, 24 November 2026, 12:00:00 UTC
NOW = 1795521600


def calendar(seconds: int) -> tuple[int, ...]:
    import time

    at = time.gmtime(seconds)
    return (seconds, *at[:7], 0)


def answer(question: Question, *_: object) -> object:
    import calendar as calendars
    import time

    match question.kind:
        case "clock":
            return calendar(NOW)
        case "local":
            return calendar(int(question.argument))
        case "moment":
            return calendars.timegm(time.strptime(question.argument, "%Y-%m-%d %H:%M:%S"))
        case "spamd":
            return Verdict("spamd", True, 7.5, 5.0, ("BAYES_99",))
        case "seen" | "command":
            return True
    raise AssertionError(question)


GIVEN = {"dkim": ["pass"], "dkim.domain": ["from.example"], "spf": ["fail"], "dmarc": ["pass"]}

# field that holds a text -> a value of it
TEXTS = {
    "sender": "ann+bounce@sender.example", "sender.address": "ann+bounce@sender.example", "sender.local": "ann+bounce",
    "sender.domain": "sender.example", "sender.extension": "bounce",
    "recipient": "me+box@to.example", "recipient.address": "me+box@to.example", "recipient.local": "me+box",
    "recipient.domain": "to.example", "recipient.extension": "box",
    "from": "Ann Lee", "from.address": "ann+work@from.example", "from.local": "ann+work", "from.domain": "from.example",
    "from.extension": "work", "from.name": "Ann Lee", "from.text": "Ann Lee <ann+work@from.example>",
    "to": "me+box@to.example", "to.address": "me+box@to.example", "to.local": "me+box", "to.domain": "to.example",
    "to.extension": "box", "to.name": "Me Too", "to.text": "Me Too <me+box@to.example>",
    "cc": "third+x@cc.example", "cc.address": "third+x@cc.example", "cc.local": "third+x", "cc.domain": "cc.example",
    "cc.extension": "x", "cc.name": "Third One", "cc.text": "Third One <third+x@cc.example>",
    "bcc": "fourth+y@bcc.example", "bcc.address": "fourth+y@bcc.example", "bcc.local": "fourth+y",
    "bcc.domain": "bcc.example", "bcc.extension": "y", "bcc.name": "Fourth One",
    "bcc.text": "Fourth One <fourth+y@bcc.example>",
    "reply-to": "back+z@reply.example", "reply-to.address": "back+z@reply.example", "reply-to.local": "back+z",
    "reply-to.domain": "reply.example", "reply-to.extension": "z", "reply-to.name": "Back Again",
    "reply-to.text": "Back Again <back+z@reply.example>",
    "to-or-cc": "third+x@cc.example", "to-or-cc.address": "third+x@cc.example", "to-or-cc.local": "third+x",
    "to-or-cc.domain": "cc.example", "to-or-cc.extension": "x", "to-or-cc.name": "Third One",
    "to-or-cc.text": "Third One <third+x@cc.example>",
    "destination": "third+x@cc.example", "subject": "Monthly invoice", "header X-Odd": "an odd value",
    "any-header": "an odd value", "list-id": "news.lists.example", "list-id.text": "News of us <news.lists.example>",
    "message-id": "<17@from.example>", "thread": "<16@from.example>", "body": "The amount",
    "body.raw": MESSAGE.raw[MESSAGE.body_start :].decode(), "body.html": "<p>The amount</p>",
    "attachment": "bill.pdf", "attachment.name": "bill.pdf", "attachment.type": "application/pdf",
    "headers.raw": MESSAGE.raw[: MESSAGE.header_end].decode(), "message.raw": MESSAGE.raw.decode(),
    "spam.tests": "BAYES_99", "dkim.domain": "from.example", "environment LOGNAME": "ann the first",
}  # fmt: skip

# field that holds a number -> its value, one below and one above it, as they are written
NUMBERS = {
    **{f"{name}.count": ("1", "0", "2") for name in ("from", "to", "cc", "bcc", "reply-to")},
    "to-or-cc.count": ("2", "1", "3"),
    "size": (f"{len(MESSAGE.raw) / 1000} kB", "100 kB", "200 kB"),
    "attachment.size": ("0.01 kB", "0.009 kB", "0.011 kB"),
    "attachments": ("1", "0", "2"),
    "spam.score": ("7.5", "7.4", "7.6"),
    "spam.threshold": ("5", "4.9", "5.1"),
    "date": ("2026-11-21", "2026-11-20", "2026-11-22"),
    "date.year": ("2026", "2025", "2027"), "date.month": ("11", "10", "12"), "date.day": ("21", "20", "22"),
    "age": ("3 days", "2 days", "4 days"),
    "now": ("2026-11-24", "2026-11-23", "2026-11-25"),
    "now.year": ("2026", "2025", "2027"), "now.month": ("11", "10", "12"), "now.day": ("24", "23", "25"),
    "today": ("2026-11-24", "2026-11-23", "2026-11-25"),
    "today.year": ("2026", "2025", "2027"), "today.month": ("11", "10", "12"), "today.day": ("24", "23", "25"),
    "time": ("12:00", "11:59", "12:01"),
}  # fmt: skip
NUMBERS["size"] = (NUMBERS["size"][0], f"{(len(MESSAGE.raw) - 1) / 1000} kB", f"{(len(MESSAGE.raw) + 1) / 1000} kB")

# word that a field is, and one that it is not
STATES = {
    "spam": ("yes", "no"), "bulk": ("yes", "no"), "duplicate": ("yes", "no"),
    "dkim": ("pass", "fail"), "spf": ("fail", "pass"), "dmarc": ("pass", "none"), "weekday": ("tuesday", "sunday"),
}  # fmt: skip


def quoted(text: str) -> str:
    made = text.replace("\\", "\\\\").replace('"', '\\"').replace("{", "\\{").replace("}", "\\}").replace("*", "\\*")
    return '"' + made.replace("?", "\\?").replace("\n", " ") + '"'


def of_text(field: str, value: str) -> list[tuple[str, str, str]]:
    """(relation, a test that holds, one that does not)."""
    if "\n" in value:  # a text in the rules is one line: pieces of it are asked, not the whole
        first, last = value.split("\n")[0], value.rstrip("\n").split("\n")[-1]
        inside = f"/^{first[:6]}/"
        return [
            ("is", f'{field} is not "x"', f'{field} is "{first}"'),
            ("in", f'{field} not in "x", "y"', f'{field} in "{first}", "x"'),
            ("contains", f"{field} contains {quoted(last)}", f"{field} contains {quoted(last + '~')}"),
            ("starts with", f"{field} starts with {quoted(first)}", f"{field} starts with {quoted('~' + first)}"),
            ("ends with", f'{field} does not end with "~"', f'{field} ends with "~"'),
            ("matches", f"{field} matches {inside}", f"{field} matches /^~~/"),
            ("exists", f"{field} exists", f"{field} does not exist"),
        ]
    middle = value[len(value) // 3 :] if len(value) > 2 else value
    return [
        ("is", f"{field} is {quoted(value.upper())}", f"{field} is exactly {quoted(value.swapcase())}"),
        # an entry of a list is what stands in brackets
        ("in", f'{field} not in "x"', f'{field} in "x"')
        if "<" in value
        else ("in", f"{field} in {quoted('x')}, {quoted(value)}", f"{field} in {quoted(value + '~')}"),
        ("contains", f"{field} contains {quoted(middle)}", f"{field} contains {quoted(middle + '~')}"),
        ("starts with", f"{field} starts with {quoted(value[:2])}", f"{field} starts with {quoted('~' + value)}"),
        ("ends with", f"{field} ends with {quoted(value[-2:])}", f"{field} ends with {quoted(value + '~')}"),
        ("matches", f'{field} matches {quoted(value)[:-2]}*"', f'{field} matches {quoted(value)[:-1]}~*"'),
        ("exists", f"{field} exists", f"{field} does not exist"),
    ]


def of_number(field: str, value: str, below: str, above: str) -> list[tuple[str, str, str]]:
    made = [
        ("compare", f"{field} >= {value} and {field} <= {value}", f"{field} > {value} or {field} < {value}"),
        ("compare", f"{field} > {below} and {field} < {above}", f"{field} < {below} or {field} > {above}"),
        ("is", f"{field} is {value}", f"{field} is {above}"),
        ("between", f"{field} between {below} and {value}", f"{field} between {above} and {above}"),
    ]
    kind = field_kind(field)
    if kind in ("moment", "seconds"):
        made.append(("exists", f"{field} exists", f"{field} does not exist"))
    if kind == "seconds":
        made.append(("within", f"{field} within {above}", f"{field} within {below}"))
    return made


def of_state(field: str, value: str, other: str) -> list[tuple[str, str, str]]:
    made = [("is", f"{field} is {value}", f"{field} is {other}")]
    if field_kind(field) == "truth":
        made.append(("bare", field, f"not {field}"))
    if field_kind(field) == "result":
        passes, fails = (f"{field} passes", f"{field} fails")
        held = value == "pass"
        made += [
            ("bare", field if held else f"not {field}", f"not {field}" if held else field),
            ("passes", passes if held else f"not {passes}", f"not {passes}" if held else passes),
            ("fails", fails if value == "fail" else f"not {fails}", f"not {fails}" if value == "fail" else fails),
            ("exists", f"{field} exists", f"{field} does not exist"),
        ]
    return made


CASES = [
    (field, *case)
    for cases in (
        [(field, of_text(field, value)) for field, value in TEXTS.items()],
        [(field, of_number(field, *values)) for field, values in NUMBERS.items()],
        [(field, of_state(field, *values)) for field, values in STATES.items()],
        [("duplicate", [("within", "duplicate within 2 days", "not duplicate within 2 days")])],
        [("command", [("succeeds", 'command "/bin/true" succeeds', 'not command "/bin/true" succeeds')])],
    )
    for field, several in cases
    for case in several
]


def held(condition: str) -> bool:
    text = f'set trusted-authserv = "mx.example"\nrule "x" {{ when {condition}; file into "X" }}'
    made = compile_sources([Source("rules", text)])
    assert made.program is not None, [problem.message for problem in made.diagnostics]
    plans = [
        decide(made.program, MESSAGE, ENVELOPE, given=GIVEN, answer=answer, trace=trace) for trace in (False, True)
    ]
    assert plans[0].notes == plans[1].notes == [], "everything is known"
    rules = {plan.rule for plan in plans}
    assert len(rules) == 1, "the index and the trace agree"
    return rules == {"x"}


@pytest.mark.parametrize(("field", "relation", "holds", "near"), CASES, ids=[f"{c[0]}: {c[2][:60]}" for c in CASES])
def test_it_holds_and_its_near_miss_does_not(field: str, relation: str, holds: str, near: str) -> None:
    assert held(holds), holds
    assert not held(near), near


def test_every_field_is_asked_with_every_relation_that_fits() -> None:
    wanted = set()
    for row in FIELDS.values():
        for name in (row.name, *(f"{row.name}.{part}" for part in row.parts)):
            kind = field_kind(name)
            wanted |= {(name, word) for word, relation in RELATIONS.items() if kind in relation.kinds}
    known = TEXTUAL | NUMERIC | TEMPORAL | set(WORDS)
    assert {field_kind(row.name) for row in FIELDS.values()} <= known
    asked = {(field.split(" ")[0], relation) for field, relation, *_ in CASES}
    # a program is asked with `succeeds` alone, whatever other truths are asked with
    assert {pair for pair in wanted - asked if pair[0] != "command"} == set()
    assert {relation for _, relation in asked} >= set(RELATIONS)
