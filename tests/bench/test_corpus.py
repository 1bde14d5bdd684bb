"""The mail that is measured with."""

from __future__ import annotations

import statistics

from .corpus import large, number_of, typical


def test_a_number_is_the_same_message_every_time() -> None:
    assert typical(3, 7) == typical(9)[6:]
    assert [number_of(letter.data) for letter in typical(9)] == list(range(1, 10))


def test_messages_have_seven_kilobytes_on_average() -> None:
    letters = typical(500)
    assert 6500 < statistics.fmean(len(letter.data) for letter in letters) < 7500
    assert max(len(line) for letter in letters for line in letter.data.split(b"\n")) < 998
    assert not any(b"\r" in letter.data for letter in letters)


def test_ten_of_a_hundred_are_everyday_mail_and_thirty_are_for_live_rules() -> None:
    kinds = [letter.kind for letter in typical(100)]
    assert (len(kinds) - kinds.count("") - sum(kind.isdigit() for kind in kinds), kinds.count("")) == (10, 60)


def test_a_large_message_has_its_size() -> None:
    letter = large(1_000_000, 3)
    assert abs(len(letter.data) - 1_000_000) < 10_000
    assert number_of(letter.data) == 3
