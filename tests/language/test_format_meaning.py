"""The Program of a formatted file is that of the file as it was, but for the lines where things stand."""

from __future__ import annotations

import marshal
import re
from pathlib import Path
from typing import Any

import pytest

from pyfilter.language import format as formatting
from pyfilter.language.compiling import compile_sources
from pyfilter.language.format import formatted
from pyfilter.language.tree import Source

CHECKOUT = Path(__file__).parents[2]
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CASE = re.compile(r"^=== rules\n(.*?)^=== ", re.MULTILINE | re.DOTALL)


def read(paths: list[Path], part: re.Pattern[str] | None = None) -> list[tuple[str, str]]:
    """Name and text of each file, or of each part of it."""
    found = []
    for path in paths:
        text = path.read_text("utf-8")
        for number, written in enumerate(part.findall(text) if part else [text]):
            found.append((f"{path.relative_to(CHECKOUT)}:{number}", written))
    return found


FAMILIES = {
    "golden": read(sorted((CHECKOUT / "tests" / "language").rglob("*.rules"))),
    "cases": read(sorted((CHECKOUT / "tests" / "cases").glob("*.case")), CASE),
    "manual": read([CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))], FENCE),
    "shipped": read(sorted((CHECKOUT / "rules").glob("*.rules"))),
}
# how many of each check; fewer would mean that nothing is compared any more
LEAST = {"golden": 12, "cases": 100, "manual": 40, "shipped": 6}


def meaning(text: str) -> dict[str, Any] | None:
    """The Program without lines and excerpts; None if the rules do not check."""
    program = compile_sources([Source(str(CHECKOUT / "rules" / "x.rules"), text)], look_for_files=False).program
    if program is None:
        return None
    rules = [_rule(marshal.loads(rule)) for rule in program["rules"]]
    return {**program, "rules": rules, "excerpts": len(marshal.loads(program["excerpts"]))}


def _rule(rule: tuple[Any, ...]) -> tuple[Any, ...]:
    name, _, file, condition, body, chain = rule
    return name, file, condition, [_statement(statement) for statement in body], chain


def _statement(statement: tuple[Any, ...]) -> tuple[Any, ...]:
    if statement[0] == "rule":
        return ("rule", _rule(statement[1]))
    return (*statement[:-2], statement[-1])


def differing(texts: list[tuple[str, str]]) -> tuple[int, list[str]]:
    """How many of the texts check, and the names of those that mean something else when they are formatted."""
    checked, wrong = 0, []
    for name, text in texts:
        before = meaning(text)
        if before is not None:
            checked += 1
            written, _ = formatted(Source("x.rules", text))
            if written is None or meaning(written) != before:
                wrong.append(name)
    return checked, wrong


@pytest.mark.parametrize("family", FAMILIES)
def test_the_program_is_the_same(family: str) -> None:
    checked, wrong = differing(FAMILIES[family])
    assert wrong == []
    assert checked >= LEAST[family]


SLIPS = [
    ("of a text", 'is "a"', 'is "A b"'),
    ("of a folder", 'into "A/b"', 'into "A"'),
    ("of a name", 'rule "one"', 'rule "two"'),
    ("of an order", "mark as read\n    keep", "keep\n    mark as read"),
    ("of an end", "and continue", ""),
]


@pytest.mark.parametrize(("written", "slip"), [slip[1:] for slip in SLIPS], ids=[slip[0] for slip in SLIPS])
def test_a_slip_would_be_seen(written: str, slip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'rule "one" { when subject is "a"; file into ".A.b/" and continue; mark as read; keep }\n'
    text = text.replace("; ", "\n")
    assert differing([("x", text)]) == (1, [])
    run = formatting._Writer.run
    monkeypatch.setattr(formatting._Writer, "run", lambda writer: run(writer).replace(written, slip))
    monkeypatch.setattr(formatting, "_same", lambda left, right: True)
    assert differing([("x", text)]) == (1, ["x"])
