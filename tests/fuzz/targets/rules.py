"""Rule files (language/): all that is wrong is said and lies in the text; what is right decides every message, and
is formatted to what means the same."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from pyfilter.agent import decide
from pyfilter.engine import evaluate, trace
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Question, Unknown
from pyfilter.language import check, lower, parse, reader
from pyfilter.language.codes import CODES
from pyfilter.language.compiling import compile_sources
from pyfilter.language.decoding import decoded
from pyfilter.language.diagnostics import Diagnostic, as_json, render, short
from pyfilter.language.format import formatted
from pyfilter.language.lint import lint
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

LONGEST = 300
FIELDS = ()
MODULES = (check, evaluate, lower, parse, reader, trace)  # to be instrumented
LANGUAGE = Path(__file__).parents[2] / "language"
GRAMMAR = Path(reader.__file__).with_name("grammar.lark").read_text("utf-8")
EVERYDAY = (LANGUAGE / "everyday.rules").read_text("utf-8")
WORDS = (
    *sorted({word.encode() for word in re.findall(r'"([^"\\\s]+)"', GRAMMAR)}),
    *sorted({word.encode() for word in re.findall(r"[a-z][a-z-]{2,}", EVERYDAY)})[:200],
    b'rule "x" { ', b' file into "X"', b"when ", b" }\n", b'"', b'"""', b"{", b"}", b"(", b")", b"/x/i", b"#", b"\n",
    b"from in ", b"score {", b"10 kB", b"3 days", b"2026-02-30", b"25:00", b"{subject}", b"\xef\xbb\xbf", b"\xff",
    b"\0",
)  # fmt: skip
# rules that are right, of the golden cases; and such as are wrong in one place
CASES = [path.read_text("utf-8").split("=== ")[1][6:] for path in sorted((LANGUAGE.parent / "cases").glob("*.case"))]
WRONG = [path.read_bytes() for path in sorted((LANGUAGE / "golden").rglob("*.rules"))]
SEEDS = (
    b'rule "lists" { when list-id matches "{list}.*"; file into "lists/{list}" }\n',
    b'list vips = "@example.com", "anna@example.org"\nrule v { when from in vips or not bulk; mark flagged; keep }\n',
    b'set durable = none\nrule s {\n    when size > 10 kB and subject contains "a", "b"\n    discard\n}\n',
    b'define big as size > 1 MB\nrule b { when big; forward to "a@example.org" }\nrule c { when spam; stop }\n',
    b'action tidy { mark read; add header X-A "{subject}" }\nrule t { when subject matches /a+(?P<b>c)/i; do tidy }\n',
    b'rule r { when score >= 4 { 2 if subject is "a"; 3 if bulk }; reject "no" }\n',
    *(case.encode() for case in CASES),
    *WRONG,
)
SEEDS = tuple(seed for seed in SEEDS if len(seed) <= LONGEST)
# of each text; more take time and find nothing new
SHOWN = 3
MAIL = [
    Message.from_bytes(raw)
    for raw in (
        b"From: Olga <olga@family.example>\nTo: me+box@example.org\nSubject: invoice\nMessage-ID: <1@x>\n\nhello\n",
        b"Return-Path: <>\nList-Id: <announce.lists.example.org>\nDate: Tue, 24 Nov 2026 12:00:00 +0100\n\nx\n",
    )
]
os.chdir(tempfile.mkdtemp(prefix="pyfilter-fuzz-"))  # `include "x"` finds nothing


def answer(question: Question, *_: object) -> object:
    return Unknown(f"{question.kind} is not there")


def examine(data: bytes) -> None:
    source, found = decoded("rules", data)
    compiled = compile_sources([source], found, look_for_files=False)
    for problem in compiled.diagnostics[:SHOWN]:
        lies_inside(problem, source)
    if compiled.program is None:
        assert any(problem.severity == "error" for problem in compiled.diagnostics)
    else:
        lint(compiled.trees)
        for message in MAIL:
            plan = decide(compiled.program, message, Envelope.of_archive(message), trace=True, answer=answer)
            assert lies_somewhere(plan)
    if not any(problem.code.startswith("E1") for problem in compiled.diagnostics):
        unchanged_in_meaning(source)


def lies_inside(problem: Diagnostic, source: Source) -> None:
    assert problem.code in CODES
    assert problem.span.source is not source or 0 <= problem.span.start <= problem.span.end <= len(source.text)
    shown = render(problem) + short(problem)
    assert not any(character < " " and character != "\n" for character in shown)
    as_json(problem)


def lies_somewhere(plan: Plan) -> bool:
    """Whether the plan leaves the message in a folder, hands it on, or says what a rule said of it."""
    if plan.outcome in ("filed", "kept"):
        return bool(plan.filings())
    return any(action.verb.startswith(plan.outcome[:4]) for action in plan.actions)


def unchanged_in_meaning(source: Source) -> None:
    written, problems = formatted(source)
    if written is None:
        assert problems, "formatting lost a comment or changed what the rules mean"
        return
    again, problems = formatted(Source(source.name, written))
    assert again == written and not problems, "formatting twice changes the text again"
