"""Patterns: what a glob matches and captures, what is wrong with a regular expression, and where."""

from __future__ import annotations

import sys

import pytest

from pyfilter.language.forms import fold, plain
from pyfilter.language.patterns import glob, glob_literal, match_glob, regex, regex_problem, search_regex
from pyfilter.language.tree import Hole, Source, Span, Wild

SPAN = Span(Source("x", "x"), 0, 1)


def made(written: str, exactly: bool = False) -> tuple[object, ...]:
    """A glob from a short hand: `*`, `?`, and a capital letter for a hole of that name."""
    parts: list[str | Hole | Wild] = []
    for character in written:
        if character in "*?":
            parts.append(Wild(SPAN, character))
        elif character.isupper():
            parts.append(Hole(SPAN, character))
        elif parts and isinstance(parts[-1], str):
            parts[-1] += character
        else:
            parts.append(character)
    return glob(tuple(parts), exactly)


@pytest.mark.parametrize(
    ("written", "value", "captured"),
    [
        ("abc", "abc", {}),
        ("abc", "abcd", None),
        ("a*", "a", {}),
        ("*c", "abc", {}),
        ("*b*", "abc", {}),
        ("a?c", "abc", {}),
        ("a?c", "ac", None),
        ("?", "", None),
        ("*", "", {}),
        ("", "", {}),
        ("", "a", None),
        ("X", "", None),
        ("X", "abc", {"X": "abc"}),
        ("X.lists.example.org", "talk.lists.example.org", {"X": "talk"}),
        ("X.lists.example.org", ".lists.example.org", None),
        ("[X]*", "[tag] subject [more]", {"X": "tag"}),
        ("X-Y", "a-b-c", {"X": "a", "Y": "b-c"}),
        ("*-Y", "a-b-c", {"Y": "b-c"}),
        ("X*", "abc", {"X": "abc"}),
        ("XY", "abc", {"X": "ab", "Y": "c"}),
        ("aXa", "aa", None),
        ("aXa", "aaa", {"X": "a"}),
        ("a*a", "a", None),
        ("ab*ba", "aba", None),
        ("*a\nb*", "xa\nby", {}),
    ],
)
def test_globs(written: str, value: str, captured: dict[str, str] | None) -> None:
    found = match_glob(made(written), value)
    assert (None if found is None else {name: value[start:end] for name, start, end in found}) == captured


def test_a_glob_is_compared_in_a_form() -> None:
    assert match_glob(made("stra\u00dfe*"), fold("STRASSE 5")) == ()
    assert match_glob(made("stra\u00dfe*", exactly=True), plain("Strasse 5")) is None
    assert match_glob(made("e\u0301"), fold("\u00c9")) == ()


@pytest.mark.parametrize(("written", "literal"), [("a*bcd?ef", "bcd"), ("*", ""), ("X", ""), ("ab?c*", "ab")])
def test_the_longest_run_is_the_literal(written: str, literal: str) -> None:
    assert glob_literal(made(written)) == literal


HANG = "is not supported: there is no look-ahead and no look-behind, so that no pattern can hang"


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a[b", ("the `[` in `[b` is never closed", 1)),
        ("a(b", ("a `(` is never closed", 1)),
        ("(a)(b", ("a `(` is never closed", 3)),
        ("a)b", ("this `)` closes nothing", 1)),
        ("[)](a))b", ("this `)` closes nothing", 6)),
        ("*a", ("nothing stands before `*` that could be repeated", 0)),
        ("a**", ("`**` repeats a repetition", 1)),
        ("a{1001}", ("`{1001}` repeats too often (the most is 1000)", 1)),
        ("[z-a]", ("`z-a` is not a range: the lower character stands first", 1)),
        ("x[[:foo:]]", ("`[:foo:]` is not a class of characters", 2)),
        ("\\pX", ("`\\pX` is not a class of characters", 0)),
        ("(a)\\1", ("`\\1` means nothing in a pattern (there are no back-references)", 3)),
        ("a\\", ("a lone backslash ends the pattern", 1)),
        ("(?=a)b", (f"`(?=` {HANG}", 0)),
        ("x(?<!a)b", (f"`(?<!` {HANG}", 1)),
        ("(?P<x)a", ("`(?P<x)a` does not name a capture: write `(?P<name>…)`", 0)),
        ("\ud800", ("it holds half a character (a lone surrogate)", 0)),
        ("(?P<x>a|b)+$", None),
        ("", None),
    ],
)
def test_what_is_wrong_with_a_regular_expression(pattern: str, problem: tuple[str, int] | None) -> None:
    assert regex_problem(pattern, "") == problem


def test_flags() -> None:
    assert regex_problem("a", "ims") is None
    cause = (
        "`x` is not a flag: there are i (any case, the default), s (`.` also matches a line break) "
        "and m (`^` and `$` match at each line)"
    )
    assert regex_problem("ab", "x") == (cause, 2)
    assert regex("a", "", False)[0] == "(?i)a"
    assert regex("a", "sm", False)[0] == "(?ims)a"
    assert regex("a", "i", True)[0] == "a", "`exactly` asks for more than i, which is the default"


def test_nothing_is_written_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """RE2 would complain there, and a mail server reads it."""
    regex_problem("(", "")
    sys.stderr.flush()
    assert capfd.readouterr().err == ""


def test_captures() -> None:
    pattern, _, names = regex("(?P<a>x+)|(?P<b>y+)", "", False)
    assert search_regex(pattern, names, "..yy") == {"b": "yy"}, "what took no part is not captured"
    assert search_regex(pattern, names, "..") is None


def test_a_pattern_typed_with_a_combining_accent_meets_the_letter() -> None:
    pattern, _, names = regex("caf(?P<e>e\u0301)", "", False)
    assert search_regex(pattern, names, plain("CAFE\u0301")) == {"e": "\u00c9"}
