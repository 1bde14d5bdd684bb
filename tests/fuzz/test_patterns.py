"""Patterns against slow references, with texts that trip: accents, letters that grow when folded, repetitions."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter.language import patterns
from pyfilter.language.forms import fold, plain
from pyfilter.language.patterns import glob, glob_literal, match_glob, regex, search_regex
from pyfilter.language.tree import Hole, Source, Span, Wild

SPAN = Span(Source("x", "x"), 0, 1)
LETTERS = "aabAB.-@ J\u030c\u01f0\u00df\u0130\u0131\u212ak\u017fs\ufb01\u00e9e\u0301\n"
BOUNDED = settings(max_examples=400, deadline=None)

Part = str | Hole | Wild
parts = st.lists(
    st.one_of(
        st.text(LETTERS, min_size=1, max_size=3),
        st.sampled_from("*?").map(lambda character: Wild(SPAN, character)),
        st.just("hole"),
    ),
    max_size=6,
)
subjects = st.text(LETTERS, max_size=14)


def numbered(found: list[Part]) -> tuple[Part, ...]:
    """Each hole with a name of its own."""
    return tuple(Hole(SPAN, f"h{n}", None) if part == "hole" else part for n, part in enumerate(found))


def reference(found: tuple[Part, ...], exactly: bool) -> re.Pattern[str]:
    """The same glob for `re`: every run as short as can be."""
    form = plain if exactly else fold
    written = ""
    for part in found:
        if isinstance(part, Hole):
            written += f"(?P<{part.name}>.+?)"
        elif isinstance(part, Wild):
            written += ".*?" if part.character == "*" else "."
        else:
            written += re.escape(form(part))
    return re.compile(written, re.DOTALL)


@BOUNDED
@given(parts, subjects, st.booleans())
def test_a_glob_agrees_with_the_reference(found: list[Part], subject: str, exactly: bool) -> None:
    pieces = numbered(found)
    value = (plain if exactly else fold)(subject)
    captured = match_glob(glob(pieces, exactly), value)
    expected = reference(pieces, exactly).fullmatch(value)
    assert (captured is None) == (expected is None)
    if captured is None or expected is None:
        return
    assert [name for name, _, _ in captured] == [part.name for part in pieces if isinstance(part, Hole)]
    assert all(start < end for _, start, end in captured), "a hole takes at least one character"
    gaps = [isinstance(part, Hole) or (isinstance(part, Wild) and part.character == "*") for part in pieces]
    if not any(one and other for one, other in pairwise(gaps)):
        assert {name: value[start:end] for name, start, end in captured} == expected.groupdict()


@BOUNDED
@given(parts, subjects, st.booleans())
def test_the_literal_of_a_glob_stands_in_every_match(found: list[Part], subject: str, exactly: bool) -> None:
    pattern = glob(numbered(found), exactly)
    value = (plain if exactly else fold)(subject)
    if match_glob(pattern, value) is not None:
        assert glob_literal(pattern) in value


class Counting(str):
    """A text that counts the characters looked at."""

    looked = 0

    def find(self, text: str, start: int = 0, end: int | None = None) -> int:
        found = str.find(self, text, start)
        Counting.looked += (found if found >= 0 else len(self)) - start + len(text)
        return found

    def startswith(self, text: str, start: int = 0, end: int | None = None) -> bool:
        Counting.looked += len(text)
        return str.startswith(self, text, start)


def steps(pattern: tuple[Any, ...], value: str) -> int:
    Counting.looked = 0
    match_glob(pattern, Counting(value))
    return Counting.looked


def test_a_glob_takes_steps_in_proportion_to_the_value() -> None:
    """The patterns that make a backtracking matcher hang."""
    star, one = Wild(SPAN, "*"), Wild(SPAN, "?")
    for pieces in (
        (star, "a") * 20 + (star, "b"),
        ("a", star) * 20 + ("b",),
        (star, "a", one, "a", star, "b"),
        (star, "a", one, one, "b", star, "c"),
        (Hole(SPAN, "h", None), "a", one) * 5 + (star, "x"),
        (star, one) * 30,
    ):
        pattern = glob(pieces, True)
        counted = [steps(pattern, "a" * size) for size in (1000, 2000, 4000)]
        assert counted[0] <= 8 * 1000
        assert counted[1] <= 2.2 * counted[0] + 100
        assert counted[2] <= 2.2 * counted[1] + 100


@BOUNDED
@given(parts, subjects, st.booleans())
def test_what_re2_finds_of_a_glob_is_what_is_found_place_by_place(
    found: list[Part], subject: str, exactly: bool
) -> None:
    """Past patterns.PLACES, which no short text reaches: here the second place is searched for already."""
    pattern = glob(numbered(found), exactly)
    value = (plain if exactly else fold)(subject)
    expected = match_glob(pattern, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns, "PLACES", 1)
        assert match_glob(pattern, value) == expected


def test_a_block_that_could_begin_everywhere_is_found_behind_thousands_of_places() -> None:
    star, one = Wild(SPAN, "*"), Wild(SPAN, "?")
    pattern = glob((star, "a", one, "a", one, "[.", star, "c"), True)
    for before in ("é", "\ud800"):
        value = before + "a" * 30_000 + "x[.ac"
        assert match_glob(pattern, value) == ()
        assert match_glob(pattern, value.replace("[.", "[x")) is None
    holes = glob((Hole(SPAN, "h", None), "a", one, "b", star), True)
    assert match_glob(holes, "é" + "a" * 30_000 + "xb") == (("h", 0, 30_000),)


# ------------------------------------------------------------------------ regexes

ATOMS = (
    ("a", "a"), ("k", "\u212a"), ("K", "k"), ("s", "\u017f"), ("S", "s"), ("\\.", "."), (".", "\u00e9"), ("[a-c]", "b"),
    ("[]x]", "]"), ("[^]x]", "q"), ("[[:alpha:]]", "z"), ("[\\]k]", "k"),
    ("\\d", "7"), ("\\w", "w"), ("\\-", "-"), ("\u00e9", "\u00c9"),
    ("\\pL", "\u01f0"), ("\\x41", "a"), ("\\Qa.b\\E", "a.b"), ("\\Q|\\E", "|"), ("\\141", "a"), ("^", ""), ("$", ""),
    ("\\b", ""),
    ("a{,2}", "a{,2}"), ("{", "{"),
)  # fmt: skip
QUANTIFIERS = (
    ("", 1), ("", 1), ("*", 0), ("*", 2), ("+", 1), ("+?", 3), ("?", 0), ("??", 1), ("{2}", 2), ("{0}", 0),
    ("{0,3}", 0), ("{1,}", 4),
)  # fmt: skip

Pair = tuple[str, str]  # a pattern, and a text that it may match


def repeated(pair: Pair, quantifier: tuple[str, int]) -> Pair:
    pattern, text = pair
    return pattern + quantifier[0], text * quantifier[1]


def joined(pairs: list[Pair]) -> Pair:
    return "".join(pattern for pattern, _ in pairs), "".join(text for _, text in pairs)


def around(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    opening = st.sampled_from(("(", "(?:", "(?i:", "(?s)(", "(?i)(", "(?-i:"))
    return st.one_of(
        st.lists(st.builds(repeated, inner, st.sampled_from(QUANTIFIERS)), min_size=1, max_size=4).map(joined),
        st.builds(lambda head, pair: (f"{head}{pair[0]})", pair[1]), opening, inner),
        st.builds(lambda one, other: (f"{one[0]}|{other[0]}", other[1]), inner, inner),
        st.builds(lambda one, other: (f"{one[0]}|{other[0]}", one[1]), inner, inner),
    )


regexes = st.recursive(st.sampled_from(ATOMS), around, max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(
    regexes,
    st.text(LETTERS, max_size=3),
    st.text(LETTERS, max_size=3),
    st.booleans(),
    st.sampled_from(("", "i", "s", "m")),
)
def test_the_required_literal_is_required(pair: Pair, before: str, behind: str, exactly: bool, flags: str) -> None:
    """Without it a message would be passed over that the pattern matches."""
    written, text = pair
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(written, options)
    except re2.error:
        return
    pattern, literal, names = regex(written, flags, exactly)
    for subject in (before + text + behind, (before + text + behind).upper(), text):
        value = plain(subject)
        if literal is not None and search_regex(pattern, names, value) is not None:
            assert literal in (value if exactly else value.casefold())


def test_literals_are_found() -> None:
    """So that what is above is not true of no literal at all."""
    assert [regex(pattern, "", False)[1] for pattern in ("Boss", "order #[0-9]+ of", "(a|b)cde", "a|b", "x*")] == [
        "boss",
        "order #",
        "cde",
        None,
        None,
    ]
    assert regex("Boss", "", True)[1] == "Boss"
    assert regex("(?i)Boss", "", True)[1] is None, "the pattern itself loosens exactly"


@BOUNDED
@given(st.text(LETTERS + "\ud800", max_size=12))
def test_both_forms_are_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert plain(plain(text)) == plain(text)
    assert fold(plain(text)) == fold(text)


def test_half_a_character_matches_nothing_and_breaks_nothing() -> None:
    pattern, _, names = regex("(?P<a>b+)", "", False)
    assert search_regex(pattern, names, "\ud800bb") == {"a": "bb"}
