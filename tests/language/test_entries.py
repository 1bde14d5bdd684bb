"""What one entry of a list stands for."""

from __future__ import annotations

import pytest

from pyfilter.language.entries import entry


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ann@mail.example", "ann@mail.example"),
        ("  Ann@Mail.Example  ", "ann@mail.example"),
        ("@Mail.Example", "@mail.example"),
        ("Ann Other <ann@mail.example>", "ann@mail.example"),
        ('"Other, Ann" < ann@mail.example >', "ann@mail.example"),
        ("<ann@mail.example>", "ann@mail.example"),
        ("Ann Other\tann@mail.example\tfrom the address book", "ann@mail.example"),
        ("ann@mail.example\tAnn Other", "ann@mail.example"),
        ("one\ttwo", "one"),
        ("Weiß", "weiss"),
        ("a > b", "a > b"),
        ("a >", "a >"),
        ("", ""),
        ("<>", ""),
    ],
)
def test_entry(written: str, meant: str) -> None:
    assert entry(written) == meant
