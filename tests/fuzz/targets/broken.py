"""A target that breaks its promise, to see that this is found and said. Not in the table."""

from __future__ import annotations

LONGEST = 20
FIELDS = ()
WORDS = (b"BO", b"MB")
SEEDS = (b"a", b"BO")


def examine(data: bytes) -> None:
    assert b"BOMB" not in data, "it went off"
