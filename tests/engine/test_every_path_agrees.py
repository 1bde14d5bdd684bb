"""A decision is one: with the index or with every rule asked, now or again, for any rules and any mail.

The rules are written as text, from every field, relation and action of this version, and go through the
real checker, so that its index is what is tested. Words are chosen to meet and to trip: letters whose
folding is longer or shorter, accents that combine, a Kelvin sign, white space, encoded words.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.engine import warm
from pyfilter.engine.evaluate import candidates, evaluate
from pyfilter.engine.fields import Case
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Facts, Question, Unknown
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import Program
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict

WORDS = (
    "a", "boss", "Boss", "BOSS", "J\u030c", "\u01f0", "j", "stra\u00dfe", "STRASSE", "\u0130", "i", "i\u0307", "\u212a",
    "k", "\u017f", "s", "e\u0301", "\u00e9", "E", "\ufb01", "fi", "[x]", "x y", "corp.example", "ann@corp.example",
    "Ann <ann@corp.example>", "list.corp.example", "12", "box", "..", "/", "~x",
)  # fmt: skip
TEXT_FIELDS = (
    "subject", "header X-Odd", "any-header", "list-id", "list-id.text", "message-id", "from", "from.address",
    "from.domain", "from.name", "from.local", "from.extension", "from.text", "to-or-cc", "destination", "cc.domain",
    "sender", "sender.domain", "recipient", "recipient.extension", "recipient.local", "environment LOGNAME",
)  # fmt: skip
LISTS = """\
set trusted-authserv = "mx.example"
list mine = "ann@corp.example", "@corp.example", "boss"
list words { "a"; "J\u030c"; "stra\u00dfe" }
list filed from "filed.txt"
define known as any { from in mine; not spam; unsaid }
define unsaid as subject does not exist
action aside { mark read; do along }
action along { copy into "{from.domain}" }
"""
FILED = "filed.txt"


def quoted(text: str) -> str:
    for character in '\\"{}*?':
        text = text.replace(character, "\\" + character)
    return f'"{text}"'


words = st.sampled_from(WORDS)
texts = st.lists(words, min_size=1, max_size=3).map(lambda found: ", ".join(quoted(word) for word in found))
fields = st.sampled_from(TEXT_FIELDS)
exactly = st.sampled_from(("", "", " exactly"))
glob_pieces = st.lists(
    st.one_of(words.map(lambda word: quoted(word)[1:-1]), st.sampled_from("*?")), min_size=1, max_size=4
)
regexes = st.sampled_from(
    (
        "boss", "b.ss", "(?i)boss", "bo+s+", "^a", "s$", "str(a|o)", "stra\u00dfe|k", "k", "fi", "[^a-z]",
        "e\u0301", "x{2}y?", "(?P<cap>[a-z]+)@", "corp\\\\.example", "\\\\bbox\\\\b",
    )
)  # fmt: skip

tests = st.one_of(
    st.builds(
        "{} {}{} {}".format,
        fields,
        st.sampled_from(("is", "contains", "starts with", "ends with", "is not", "does not contain")),
        exactly,
        texts,
    ),
    st.builds('{} matches{} "{}"'.format, fields, exactly, glob_pieces.map("".join)),
    st.builds("{} matches{} /{}/{}".format, fields, exactly, regexes, st.sampled_from(("", "s", "m"))),
    st.builds("{} {}".format, fields, st.sampled_from(("exists", "does not exist"))),
    st.builds(
        "{} {} {}".format,
        fields,
        st.sampled_from(("in", "not in")),
        st.sampled_from(("mine", "words", "filed", '"a", "boss"')),
    ),
    st.builds("size {} {}".format, st.sampled_from(("<", "<=", ">", ">=")), st.sampled_from(("1 kB", "3 kB", "3 KiB"))),
    st.builds("to.count {} {}".format, st.sampled_from(("<", "<=", ">", ">=", "==")), st.integers(0, 3)),
    # what others are asked for
    st.sampled_from(
        (
            "spam", "spam is no", "spam is not yes", "spam.score >= spam.threshold", "spam.score between -1 and 6",
            'spam.tests is "a"', "dkim passes", "dkim fails", "dkim does not exist", 'dkim.domain is "corp.example"',
            "spf is pass", "spf fails", "dmarc is fail, none", 'subject is "{spam.score}"',
            'from contains "{dkim.domain}"',
        )
    ),
    st.sampled_from(("known", "unsaid")),
)  # fmt: skip


def grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        some.map(lambda found: "(" + " and ".join(found) + ")"),
        some.map(lambda found: "(" + " or ".join(found) + ")"),
        inner.map("not ({})".format),
        st.builds(
            lambda head, found: f"{head} {{ {'; '.join(found)} }}",
            st.sampled_from(("any", "all", "none", "at least 2 of")),
            some,
        ),
    )


conditions = st.recursive(tests, grouped, max_leaves=5)
folders = st.sampled_from(
    (
        '"A"',
        '"A/B"',
        '"{spam}/{spam.score}"',
        '"J\u030c"',
        "inbox",
        '"{from.domain}"',
        '"x/{subject}"',
        '"{hole}"',
        '"{hole}-{from.name}"',
    )
)
actions = st.one_of(
    st.builds("file into {}{}".format, folders, st.sampled_from(("", " and continue"))),
    st.builds("copy into {}".format, folders),
    st.sampled_from(
        (
            "keep", "keep and continue", "discard # on purpose", "discard and continue # on purpose",
            "mark read", "mark flagged, answered", 'reject "no {subject}"', 'defer "later"', 'log "{hole} {from}"',
            "scan", "scan with rspamd", "verify dkim", "do aside",
        )
    ),
)  # fmt: skip


@st.composite
def rules(draw: st.DrawFn, depth: int = 0) -> str:
    """One rule; `{hole}` is always filled, by the rule itself."""
    name = draw(st.integers(0, 999))
    body = draw(st.one_of(st.lists(actions, min_size=1, max_size=3), st.just(["stop"])))
    if depth < 2 and body != ["stop"] and draw(st.integers(0, 3)) == 0:
        nested = chained(draw(st.lists(st.tuples(rules(depth + 1), st.booleans()), min_size=1, max_size=2)))
        body.insert(draw(st.integers(0, len(body))), "    " + nested.rstrip().replace("\n", "\n    "))
    if any("{hole}" in statement for statement in body):
        field = draw(st.sampled_from(("subject", "from", "list-id", "recipient.extension")))
        when = f'    when {field} matches "{{hole}}" or "*{{hole}}{quoted(draw(words))[1:-1]}"\n'
    else:
        when = ""
    if not when or draw(st.booleans()):
        when += f"    when {draw(conditions)}\n" if draw(st.integers(0, 5)) else ""
    return f'rule "r{name}" {{\n{when}' + "\n".join(body) + "\n}\n"


def chained(found: list[tuple[str, bool]]) -> str:
    """Rules below each other; those with True follow the one above by `else`."""
    return "".join(
        rule.replace(" {", " else {", 1) if follows and number else rule for number, (rule, follows) in enumerate(found)
    )


rulebooks = st.builds(
    lambda settings, found: settings + LISTS + chained(found),
    st.sampled_from(
        ("", "", "set spam.source = rspamd\n", "set spam.source = headers\n", "set spamd.required = yes\n")
    ),
    st.lists(st.tuples(rules(), st.booleans()), min_size=1, max_size=5),
)


def encoded(word: str) -> bytes:
    return b"=?utf-8?Q?" + "".join(f"={byte:02X}" for byte in word.encode()).encode() + b"?="


values = st.lists(
    st.one_of(
        words.map(lambda word: word.encode()), words.map(encoded), st.sampled_from((b"\xff", b"a\tb", b"=?x?", b"\x00"))
    ),
    min_size=0,
    max_size=3,
).map(b" ".join)
NAMES = (
    b"Received",
    b"Subject",
    b"Subject",
    b"X-Odd",
    b"From",
    b"From",
    b"To",
    b"Cc",
    b"List-Id",
    b"Message-ID",
    b"Resent-To",
)
addresses = st.sampled_from(
    (b"ann@corp.example", b"Boss <boss@corp.example>", b'"k" <a+box@list.corp.example>', b"<>", b"broken", b"a@x, b@y")
)
results = st.sampled_from(
    (
        b"Authentication-Results: mx.example; dkim=pass header.d=corp.example; spf=fail smtp.mailfrom=x\n",
        b"Authentication-Results: mx.example; dkim=fail; dmarc=none\n",
        b"X-Spam-Status: Yes, score=7 required=5 tests=a\n",
    )
)
header_lines = st.one_of(
    st.builds(b"%b: %b\n".__mod__, st.tuples(st.sampled_from(NAMES), st.one_of(values, addresses))), results
)
PAST_A_LIMIT = (
    b"",
    b"",
    b"",
    b"Subject: " + b"=?utf-8?Q?a?= " * (limits.ENCODED_WORDS + 1) + b"\n",
    b"X: y\n" * (limits.HEADER_FIELDS + 1),
)
messages = st.builds(
    lambda lines, bomb, body: Message.from_bytes(b"".join(lines) + bomb + b"\n" + body),
    st.lists(header_lines, max_size=6),
    st.sampled_from(PAST_A_LIMIT),
    st.sampled_from((b"", b"body\n", b"x" * 3000)),
)
envelopes = st.builds(
    Envelope,
    st.sampled_from((None, "", "boss@corp.example", "k@x")),
    st.sampled_from((None, "me+box@list.corp.example", "me+../../etc@x", "me@x")),
    st.sampled_from((None, "box", "J\u030c")),
    st.just({"LOGNAME": "ann"}),
)
lists = st.sampled_from(
    (Unknown("the list is away"), frozenset(), frozenset({"boss", "@corp.example"}), frozenset({"a", "k"}))
)
verdicts = st.sampled_from(
    (
        Unknown("nobody is there"),
        Unknown("nobody was asked", asked=False),
        Verdict("x", True, 7.5, 5.0, ("a", "B")),
        Verdict("x", False, 0.0, None),
        Verdict("x", False, 0.0, skipped="too large"),
    )
)
signatures = st.sampled_from(
    (Unknown("no DNS"), (), (("pass", "corp.example"), ("fail", "x")), (("fail", "corp.example"),))
)
answers = st.fixed_dictionaries(
    {
        Question("list", "/" + FILED): lists,
        Question("spamd"): verdicts,
        Question("rspamd"): verdicts,
        Question("dkim"): signatures,
    }
)


def compiled(text: str) -> Program:
    made = compile_sources([Source("/rules", text)], look_for_files=False)
    assert made.program is not None, text + "\n".join(str(problem.message) for problem in made.diagnostics)
    return made.program


def told(plan: Plan | Question) -> list[object]:
    """All that a delivery does by."""
    assert isinstance(plan, Plan)
    actions = [(a.verb, a.folder, a.flags, a.text, a.rule, a.line, a.file) for a in plan.actions]
    return [plan.outcome, plan.rule, plan.line, plan.file, actions, plan.notes, plan.copies()]


BOUNDED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@BOUNDED
@given(rulebooks, messages, envelopes, answers)
def test_asking_only_candidates_changes_nothing(text: str, message: Message, envelope: Envelope, facts: Facts) -> None:
    program = compiled(text)
    swift = evaluate(program, message, envelope, facts)
    assert told(swift) == told(evaluate(program, message, envelope, facts, trace=True))
    assert told(swift) == told(evaluate(program, message, envelope, facts))


@BOUNDED
@given(rulebooks, st.lists(messages, min_size=1, max_size=4), envelopes, answers)
def test_a_process_that_stays_decides_alike(text: str, mail: list[Message], envelope: Envelope, facts: Facts) -> None:
    program = compiled(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(warm, "FEW", 0)  # every table an automaton
        stays = warm.warmed(program)
    for message in mail:
        assert told(evaluate(stays, message, envelope, facts)) == told(evaluate(program, message, envelope, facts))


@BOUNDED
@given(st.lists(conditions, min_size=2, max_size=4), messages, envelopes, answers)
def test_else_says_what_not_says(asked: list[str], message: Message, envelope: Envelope, facts: Facts) -> None:
    """But of rules that could not be decided, which `else` passes over without a word."""
    chain = [f'rule r{number} {{ when {test}; copy into "F{number}" }}\n' for number, test in enumerate(asked)]
    denied = [
        f"rule r{number} {{ when {' and '.join([*(f'not ({above})' for above in asked[:number]), f'({test})'])}\n"
        f'copy into "F{number}" }}\n'
        for number, test in enumerate(asked)
    ]
    by_else = evaluate(compiled(LISTS + chained([(rule, True) for rule in chain])), message, envelope, facts)
    by_not = evaluate(compiled(LISTS + "".join(denied)), message, envelope, facts)
    assert isinstance(by_else, Plan)
    assert isinstance(by_not, Plan)
    assert by_else.filings() == by_not.filings()


@BOUNDED
@given(rulebooks, messages, envelopes)
def test_the_same_questions_are_asked(text: str, message: Message, envelope: Envelope) -> None:
    program = compiled(text)
    swift = evaluate(program, message, envelope, {})
    slow = evaluate(program, message, envelope, {}, trace=True)
    assert isinstance(swift, Question) == isinstance(slow, Question)
    if isinstance(swift, Question):
        assert swift == slow


@BOUNDED
@given(rulebooks, messages, envelopes, answers)
def test_every_plan_is_one_that_can_be_carried_out(
    text: str, message: Message, envelope: Envelope, facts: Facts
) -> None:
    plan = evaluate(compiled(text), message, envelope, facts)
    assert isinstance(plan, Plan)
    verbs = [action.verb for action in plan.actions]
    if plan.outcome in ("filed", "kept"):
        assert plan.filings()
    else:
        assert {"discarded": "discard", "rejected": "reject", "deferred": "defer"}[plan.outcome] in verbs
    if plan.outcome == "deferred":
        assert plan.filings() == {}
    if "defer" in verbs:
        assert plan.outcome == "deferred"
    if "reject" in verbs and "defer" not in verbs:
        assert plan.outcome == "rejected"


def test_the_index_spares_most_rules() -> None:
    """So that the agreement above is not one of every rule being asked on both sides."""
    text = "".join(f'rule "r{n}" {{ when subject is "s{n}"\nfile into "F{n}" }}\n' for n in range(200))
    message = Message.from_bytes(b"Subject: s7\n\n")
    program = compiled(text)
    assert candidates(program, Case(message, Envelope(), {})) == [7]
    plan = evaluate(program, message, Envelope(), {}, trace=True)
    assert isinstance(plan, Plan) and plan.trace is not None
    assert len(plan.trace) == 8, "with a trace every rule up to the one that took it was asked"


def test_many_texts_in_one_field_are_one_automaton() -> None:
    text = "".join(
        f'rule "r{n}" {{ when subject contains "w{n}."\nfile into "F{n}" }}\n'
        f'rule "x{n}" {{ when subject matches /w{n}[.]z/\nfile into "X{n}" }}\n'
        for n in range(100)
    )
    program = compiled(text)
    stays = warm.warmed(program)
    tables = stays["index"]["part"].values()  # type: ignore[index]
    assert [type(table).__name__ for table in tables] == ["Automaton"] * 2
    for subject in (b"w7.z and w70.", b"w99", b"nothing", b""):
        case = Case(Message.from_bytes(b"Subject: " + subject + b"\n\n"), Envelope(), {})
        assert candidates(stays, case) == candidates(program, case)
    bomb = b"Subject: " + b"=?utf-8?Q?a?= " * (limits.ENCODED_WORDS + 1) + b"\n\n"
    hidden = Case(Message.from_bytes(bomb), Envelope(), {})
    assert candidates(stays, hidden) == candidates(program, hidden) == list(range(200))
