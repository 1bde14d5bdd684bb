"""From a text to its formatted self by one edit, which leaves the lines before and behind alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

types = pytest.importorskip("lsprotocol.types", reason="pygls is not installed: pip install 'pyfilter-mail[editor]'")

from pyfilter.editor.reading import Reading  # noqa: E402
from pyfilter.editor.shapes import Sheet, difference  # noqa: E402
from pyfilter.language.tree import File, Source  # noqa: E402


def sheet(text: str) -> Sheet:
    source = Source("x", text)
    return Sheet("file:///x", Reading("x", text, ((0, File(source, ())),), (), {id(source): 0}), "utf-16")


def applied(text: str, edits: list[Any]) -> str:
    for edit in edits:
        of = sheet(text)
        text = text[: of.offset(edit.range.start)] + edit.new_text + text[of.offset(edit.range.end) :]
    return text


LINES = st.lists(st.sampled_from(["", "a", "  a", "😀", "}"]), max_size=6).map("\n".join)


@given(LINES, LINES)
def test_the_edit_makes_the_other_text(before: str, after: str) -> None:
    assert applied(before, difference(sheet(before), after)) == after


def test_only_the_lines_that_differ_are_touched() -> None:
    [edit] = difference(sheet("a\nb\n  c\nd\ne\n"), "a\nb\n    c\nd\ne\n")
    assert (edit.range, edit.new_text) == (types.Range(types.Position(2, 0), types.Position(2, 3)), "    c")


def test_nothing_where_nothing_differs() -> None:
    assert difference(sheet("a\n"), "a\n") == []
