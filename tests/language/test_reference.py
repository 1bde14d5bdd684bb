"""docs/language.md says what the vocabulary table says, and its examples are rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pyfilter.language import vocabulary
from pyfilter.language.check import check
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.parse import parse
from pyfilter.language.reference import reference
from pyfilter.language.tree import Source

DOCUMENT = Path(__file__).parents[2] / "docs" / "language.md"
NAMES = 'list family = "olga@family.example"\naction archive { copy into "Archive" }\n'
TRUST = 'set trusted-authserv = "mx.example.org"\n'


def problems(text: str) -> list[Diagnostic]:
    file, syntax = parse(Source("language.md", text))
    return syntax + check([file], home="/home/ann", look_for_files=False)[1]


def test_the_document_is_what_the_table_makes_of_itself() -> None:
    assert DOCUMENT.read_text("utf-8") == reference()


def test_the_rules_in_its_text_are_right() -> None:
    found = re.findall(r"```\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(found) == 2
    assert [problems(rules) for rules in found] == [[], []]


# what the example of a row stands in
FRAMES = {
    "FIELDS": TRUST + "rule x {{ when {}; keep }}",
    "RELATIONS": TRUST + "rule x {{ when {}; keep }}",
    "ACTIONS": "rule x {{ {}\n}}",
    "SETTINGS": "{}",
    "STATEMENTS": "{}",
}
ROWS = [
    pytest.param(row, frame, id=f"{table.lower()}: {name}")
    for table, frame in FRAMES.items()
    for name, row in getattr(vocabulary, table).items()
]


@pytest.mark.parametrize(("row", "frame"), ROWS)
def test_an_example_is_a_rule(row: Any, frame: str) -> None:
    found = problems(NAMES + frame.format(row.example))
    assert found == []


@pytest.mark.parametrize("row", [row for row in vocabulary.FIELDS.values() if row.parts], ids=lambda row: row.name)
def test_every_part_of_a_field_can_be_asked(row: Any) -> None:
    for part in row.parts:
        kind = vocabulary.field_kind(f"{row.name}.{part}")
        relation = {"count": "> 1", "points": "> 1", "bytes": "> 1 kB"}.get(str(kind), 'is "x"')
        found = problems(TRUST + f"rule x {{ when {row.name}.{part} {relation}; keep }}")
        assert {problem.code for problem in found} == set()
