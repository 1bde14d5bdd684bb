"""The table against the parts that read it."""

from __future__ import annotations

from typing import Any

import pytest

from pyfilter.engine import fields as engine
from pyfilter.engine.plan import OUTCOMES
from pyfilter.language import build_actions, build_conditions
from pyfilter.language.vocabulary import ACTIONS, FIELDS, PARTS, RELATIONS, RESERVED, SETTINGS, field_kind


def test_every_action_the_parser_knows_has_a_row_and_no_other() -> None:
    assert set(build_actions.VERBS.values()) == set(ACTIONS)


def test_every_relation_the_parser_knows_has_a_row_and_no_other() -> None:
    assert {word for word, _ in build_conditions.RELATIONS.values()} == set(RELATIONS)


# parts that are read in one way, whatever the field
PLAIN = ("text", "count", "year", "month", "day")


@pytest.mark.parametrize("row", list(FIELDS.values()), ids=lambda row: row.name)
def test_the_engine_reads_every_field_of_this_version(row: Any) -> None:
    if row.name in ("header", "environment"):
        return  # named one by one
    asked = engine.JUDGED_FIELDS | engine.TIME_FIELDS | engine.TRUTHS
    known = {*engine.FIELDS, *engine.ADDRESS_FIELDS, *engine.ENVELOPE_FIELDS, *asked}
    assert row.name in known
    for part in row.parts:
        assert part in engine.ADDRESS_PARTS or part in PLAIN or f"{row.name}.{part}" in known


def test_every_part_is_described() -> None:
    described = {part.name for part in PARTS}
    for row in FIELDS.values():
        assert set(row.parts) <= described


def test_actions_that_end_are_those_of_the_plan() -> None:
    verbs = {row.verb.split()[0] for row in ACTIONS.values() if row.ends}
    assert verbs == set(OUTCOMES)


def test_kinds_of_fields() -> None:
    assert field_kind("from") == "addresses"
    assert field_kind("from.domain") == "text"
    assert field_kind("from.count") == "count"
    assert field_kind("size") == "bytes"
    assert field_kind("sender.name") is None
    assert (field_kind("body"), field_kind("attachment.size"), field_kind("headers.raw")) == ("text", "bytes", "text")
    assert field_kind("subjcet") is None


def test_settings_have_a_default_of_their_kind() -> None:
    for row in SETTINGS.values():
        if row.kind == "choice":
            assert row.default in row.choices
        if row.kind == "yes-no":
            assert isinstance(row.default, bool)


def test_words_of_the_examples_are_reserved() -> None:
    assert {"rule", "when", "from", "file", "into", "starts", "with", "at", "least", "inbox"} <= RESERVED
    assert "compare" not in RESERVED
    assert "family" not in RESERVED
