"""P15: mutated rule files. Whatever is wrong with the rules is said, and no mail is lost for it.

Each file that a mutation makes is compiled as a delivery compiles it. Either there are rules, which decide every
message, or there are errors, and the mail lies where the last good rules file it, in the inbox, or waits, as
`set broken-rules` says. Nothing else ever comes out: no exception, no diagnostic that cannot be shown, no plan without
a folder. 1,000 files; 10,000 with TORTURE=1.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from random import Random

from pyfilter.agent import decide
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Question, Unknown
from pyfilter.language.codes import CODES
from pyfilter.language.compiling import compile_sources
from pyfilter.language.diagnostics import as_json, render, short
from pyfilter.language.lint import lint
from pyfilter.language.loading import Loaded
from pyfilter.language.tree import Source
from pyfilter.meanwhile import meanwhile
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.trials import run

from .record import record

FILES = 10_000 if os.environ.get("TORTURE") else 1_000
TESTS = Path(__file__).parent.parent
EVERYDAY = (TESTS / "language" / "everyday.rules").read_text("utf-8")
# rules that are right, and rules in which something is wrong
RIGHT = [EVERYDAY, *[path.read_text("utf-8").split("=== ")[1][6:] for path in sorted((TESTS / "cases").glob("*.case"))]]
WRONG = [path.read_bytes().decode() for path in sorted((TESTS / "language" / "golden").rglob("*.rules"))]
# a text is cut into these: words, quoted texts, patterns, single characters, white space
PIECES = re.compile(r'"(?:\\.|[^"\\\n])*"|/(?:\\.|[^/\n])+/[a-z]*|[\w.-]+|\s+|.', re.DOTALL)
STRANGE = [
    "\0",
    "\ufeff",
    "\u202e",
    "\x1b[2J",
    "“",
    "é",
    "日",
    "\ud800",
    '"""',
    "{",
    "}",
    "\\",
    "9" * 30,
    "{{{{",
    "((((",
    "#",
]

MAIL = [
    Message.from_bytes(raw)
    for raw in (
        b"From: Olga <olga@family.example>\nTo: me+box@example.org\nSubject: invoice\nMessage-ID: <1@x>\n\nhello\n",
        b"Return-Path: <>\nList-Id: <announce.lists.example.org>\nDate: Tue, 24 Nov 2026 12:00:00 +0100\n\nx\n",
        b"\xff\xfe: \x00\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\n\n--x--\n",
    )
]


def mutated(chance: Random) -> str:
    pieces = PIECES.findall(chance.choice(chance.choice([RIGHT, RIGHT, WRONG])))
    others = PIECES.findall(chance.choice(chance.choice([RIGHT, WRONG])))
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        place = chance.randrange(len(pieces) + 1)
        match chance.randrange(6):
            case 0:
                del pieces[place : place + chance.choice([1, 1, 2, 5])]
            case 1:
                pieces[place:place] = pieces[place : place + chance.choice([1, 3, 10])]
            case 2:
                start = chance.randrange(len(others))
                pieces[place : place + 1] = others[start : start + chance.choice([1, 1, 2, 12])]
            case 3:
                pieces.insert(place, chance.choice(STRANGE))
            case 4 if place + 1 < len(pieces):
                pieces[place], pieces[place + 1] = pieces[place + 1], pieces[place]
            case _:
                whole = "".join(pieces)
                pieces = PIECES.findall(whole[: chance.randrange(len(whole) + 1)]) or [" "]
    return "".join(pieces)


def answer(question: Question, *_: object) -> object:
    return Unknown(f"{question.kind} is not there")


def lies_somewhere(plan: Plan) -> bool:
    """Whether the plan leaves the message in a folder, hands it on, or says what a rule said of it."""
    if plan.outcome in ("filed", "kept"):
        return bool(plan.filings())
    return any(action.verb.startswith(plan.outcome[:4]) for action in plan.actions)


def test_rules_that_are_broken_lose_no_mail() -> None:
    chance = Random(20261124)
    standing = decided = 0
    nowhere: list[tuple[int, Plan]] = []
    good = None  # the last program that checked
    for number in range(FILES):
        text = mutated(chance)
        try:
            compiled = compile_sources([Source("/nowhere/rules", text)], look_for_files=False)
            for problem in compiled.diagnostics:
                assert problem.code in CODES
                assert "\x1b" not in render(problem) + short(problem)
                as_json(problem)
            if compiled.program is None:
                assert any(problem.severity == "error" for problem in compiled.diagnostics)
                for policy in ("last-good", "inbox", "defer"):
                    for message in MAIL:
                        settings = {**compiled.settings, "broken-rules": policy}
                        loaded = Loaded(None, compiled.problem, settings, compiled.remedy, good)
                        plan = meanwhile(loaded, message, Envelope.of_archive(message), answer=answer)
                        decided += 1
                        if (policy, plan.outcome) != ("defer", "deferred") and not (
                            plan.filings() and plan.outcome in ("filed", "kept")
                        ):
                            nowhere.append((number, plan))
                continue
            good = compiled.program
            standing += 1
            lint(compiled.trees)
            for message in MAIL:
                envelope = Envelope.of_archive(message)
                for trace in (False, True):
                    plan = decide(compiled.program, message, envelope, trace=trace, answer=answer)
                    decided += 1
                    if not lies_somewhere(plan):
                        nowhere.append((number, plan))
            list(run(compiled.program, compiled.trials))
        except Exception as error:
            raise AssertionError(f"file {number}: {error!r}\n{text}") from error
    assert nowhere == []
    record("P15", "pyfilter", "mutated rules", files=FILES, standing=standing, messages=decided, nowhere=len(nowhere))
    assert FILES // 20 < standing < FILES // 2, "both kinds come out"
