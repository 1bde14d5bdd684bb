"""Places as editors count them: UTF-16 units, UTF-8 bytes, characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter.editor.positions import Positions

TEXT = 'let a = "😀é"\n\nlet b\n'


@pytest.mark.parametrize(
    ("units", "column"), [("utf-16", 12), ("utf-8", 15), ("utf-32", 11)], ids=["utf-16", "utf-8", "utf-32"]
)
def test_a_column_behind_an_emoji(units: str, column: int) -> None:
    offset = TEXT.index("é") + 1
    assert Positions(TEXT, units).place(offset) == (0, column)
    assert Positions(TEXT, units).offset(0, column) == offset


def test_within_an_emoji_is_before_it() -> None:
    assert Positions(TEXT).offset(0, 10) == TEXT.index("😀")


def test_places_that_are_not_there() -> None:
    positions = Positions(TEXT)
    assert positions.offset(0, 99) == TEXT.index("\n")
    assert positions.offset(99, 0) == len(TEXT)
    assert positions.offset(-1, 5) == 0
    assert positions.place(999) == (3, 0)
    assert Positions("").offset(0, 0) == 0


def test_signs_that_are_no_line_ends() -> None:
    text = "a\u2028b\x0cc\x85d\ne"
    assert Positions(text).place(text.index("d")) == (0, 6)
    assert Positions(text).place(text.index("e")) == (1, 0)


def test_a_lone_surrogate_counts_one() -> None:
    assert Positions("\ud800x").place(1) == (0, 1)


@given(st.text(), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_there_and_back(text: str, units: str) -> None:
    positions = Positions(text, units)
    for offset in range(len(text) + 1):
        assert positions.offset(*positions.place(offset)) == offset
