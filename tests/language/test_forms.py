"""The forms in which texts are compared bear hostile texts."""

from __future__ import annotations

from itertools import groupby
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter.language.forms import ACCENTS, fold, plain

ACUTE, GRAVE_BELOW, DIALYTIKA_TONOS = "\u0301", "\u0316", "\u0344"


def longest_row(text: str) -> int:
    """Accents in a row, of the canonical decomposition."""
    rows = groupby(normalize("NFD", text), lambda character: bool(combining(character)))
    return max((len(list(row)) for accents, row in rows if accents), default=0)


@pytest.mark.parametrize("form", [plain, fold])
def test_a_subject_of_accents_that_took_minutes_to_put_in_order(form: object) -> None:
    """250,000 acutes and as many graves below, 1 MB: 400 seconds of CPU, past the deadline at every try."""
    assert callable(form)
    assert longest_row(form(ACUTE * 1000 + GRAVE_BELOW * 1000)) == ACCENTS
    assert longest_row(form(("é" + DIALYTIKA_TONOS * 40) * 3)) <= ACCENTS


def test_thirty_accents_are_left_as_they_are() -> None:
    assert plain("x" + ACUTE * 29 + GRAVE_BELOW) == "x" + GRAVE_BELOW + ACUTE * 29
    assert plain("z" + ACUTE * 31) == "ź" + ACUTE * 29 + "\u034f" + ACUTE


@given(st.text(alphabet="aéΐİ\u0301\u0316\u0344\u0345\u034f", max_size=150))
def test_many_accents_and_idempotent_all_the_same(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert fold(fold(text)) == fold(text)
    assert longest_row(fold(text)) <= ACCENTS
