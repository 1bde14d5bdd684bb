"""Golden cases: rules and a message in, the plan in words out (tests/cases/*.case).

A case is a text of sections, each headed by a line ``=== name``: ``rules``, ``message``, perhaps
``sender``, ``recipient``, ``facts`` (see ``fact_of``), then ``plan``: what ``plan.explain()`` must say, to the
letter.

``PYFILTER_REWRITE=1 pytest tests/engine/test_cases.py`` writes the plans anew; read the diff before
committing it.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import pytest

from pyfilter.agent import decide
from pyfilter.engine.evaluate import evaluate
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Facts, Question, Unknown
from pyfilter.engine.trace import explain
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import Program
from pyfilter.language.tree import Source
from pyfilter.language.vocabulary import ACTIONS
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services import answers

DIRECTORY = Path(__file__).parent.parent / "cases"
CALENDAR = frozenset({"clock", "local", "moment"})
CASES = sorted(DIRECTORY.glob("*.case"))


def sections(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("=== "):
            name = line[4:].strip()
            found[name] = ""
        else:
            found[name] += line
    return found


def program_of(text: str) -> Program:
    compiled = compile_sources([Source(str(DIRECTORY / "rules"), text)])
    assert compiled.program is not None, compiled.diagnostics
    return compiled.program


def fact_of(line: str) -> tuple[Question, object]:
    """A line of ``facts``: who answers, and what.

    ``unread blocked.txt`` (a list file beside the cases), ``given spam.score 7.5``, ``spamd yes 7.5 of 5.0 A,B``,
    ``dkim pass friend.example, fail other.example``, ``pass 1 cat -u = X-Clean: yes\\n\\nbody`` (its
    number, the arguments, what the program prints), ``command wanted -q = yes``, ``lister 3600 book = a@x.example,
    b@x.example``, ``seen 604800 = no`` (a number of seconds), and of each service ``unknown the reason``, where it was
    asked.
    Of the calendar, whatever the zone of this machine: ``clock 2026-11-24 23:30+01:00``, that it is so late,
    ``local 2026-07-01 00:00+02:00`` and ``moment 2026-07-01 00:00+02:00``, what it shows at that moment.
    """
    kind, _, rest = line.partition(" ")
    if kind == "unread":
        return Question("list", str(DIRECTORY / rest)), Unknown(f"list file {rest} cannot be read")
    if kind == "given":
        key, _, value = rest.partition(" ")
        return Question("given", key), (value,)
    if kind == "pass":
        arguments, _, printed = rest.partition(" = ")
        question = Question(kind, arguments.replace(" ", "\0"))
        if printed.startswith("unknown "):
            return question, Unknown(printed.removeprefix("unknown "))
        return question, printed.replace("\\n", "\n").encode()
    if kind in ("command", "lister", "seen"):
        arguments, _, said = rest.partition(" = ")
        question = Question(kind, arguments.replace(" ", "\0"))
        if said.startswith("unknown "):
            return question, Unknown(said.removeprefix("unknown "))
        return question, frozenset(said.split(", ")) if kind == "lister" else said == "yes"
    if rest.startswith("unknown "):
        return Question(kind), Unknown(rest.removeprefix("unknown "))
    if kind in CALENDAR:
        at = datetime.fromisoformat(rest)
        ahead = at.utcoffset()
        assert ahead is not None
        seconds = int(at.timestamp())
        if kind == "moment":
            return Question(kind, f"{at:%Y-%m-%d %H:%M:%S}"), seconds
        shown = (seconds, *at.timetuple()[:7], int(ahead.total_seconds()))
        return Question(kind, "" if kind == "clock" else str(seconds)), shown
    if kind == "dkim":
        return Question(kind), tuple(tuple(pair.split()) for pair in rest.split(", ") if pair)
    verdict, score, _, threshold, *tests = rest.split()
    names = tuple(tests[0].split(",")) if tests else ()
    return Question(kind), Verdict(kind, verdict == "yes", float(score), float(threshold), names)


def answer(question: Question, message: Message, envelope: Envelope, settings: dict[str, object]) -> object:
    """The world's answer where ``facts`` has none; what depends on the moment or the zone must stand there."""
    assert question.kind not in CALENDAR, f"{question} is not among the facts"
    return answers.answer(question, message, envelope, settings)


def data_of(plan: Plan) -> list[object]:
    actions = [
        (a.verb, a.folder, a.flags, a.edits, a.base, a.arguments, a.text, a.subject, a.every, a.rule, a.line)
        for a in plan.actions
    ]
    return [plan.outcome, plan.rule, plan.line, actions, plan.notes]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    parts = sections(path.read_text("utf-8"))
    program = program_of(parts["rules"])
    message = Message.from_bytes(parts["message"].encode("utf-8", "surrogateescape"))
    envelope = Envelope.of_archive(
        message, sender=parts.get("sender", "").strip() or None, recipient=parts.get("recipient", "").strip() or None
    )
    facts: Facts = dict(fact_of(line) for line in parts.get("facts", "").splitlines())
    plan = decide(program, message, envelope, facts, trace=True, answer=answer)
    said = explain(plan).replace(f"{DIRECTORY}/", "") + "\n"
    if os.environ.get("PYFILTER_REWRITE"):
        text = path.read_text("utf-8").partition("=== plan\n")[0]
        path.write_text(text + "=== plan\n" + said, "utf-8")
    assert said == parts.get("plan")

    # the rules that cannot match are not asked without a trace; the plan is the same
    swift = evaluate(program, message, envelope, facts)
    assert isinstance(swift, Plan)
    assert data_of(swift) == data_of(plan)


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


def test_every_verb_has_a_case() -> None:
    rules = "\n".join(sections(path.read_text("utf-8"))["rules"] for path in CASES)
    assert [verb for verb in ACTIONS if not re.search(rf"(?m)(?:^|[;{{])\s*{verb}(?![\w-])", rules)] == []
