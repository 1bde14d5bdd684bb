"""``--fact NAME=VALUE``: answers that are supposed, in place of the world's.

In: the words of the command line. Out: {field: its values}, what ``Rules.decide`` takes as ``given``. The names
are the fields that others answer for, those whose kind is a row of SHAPES, with their parts; the values are judged by
the kind, so that a slip does not suppose something that can never be.

Errors: click.UsageError, one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches

import click

from pyfilter.language.check_given_times import CLOCK
from pyfilter.language.vocabulary import FIELDS, WORDS, field_kind
from pyfilter.message.verdict import number

__all__ = ["names", "suppose"]


def names() -> list[str]:
    """What can be supposed: spam, spam.score …"""
    rows = [row for row in FIELDS.values() if row.kind in WORDS and row.name not in CLOCK]
    return [name for row in rows for name in (row.name, *(f"{row.name}.{part}" for part in row.parts))]


def suppose(words: Sequence[str]) -> dict[str, list[str]]:
    """The values of fields that ``words`` (NAME=VALUE, …) name."""
    given: dict[str, list[str]] = {}
    for word in words:
        name, equals, value = (piece.strip() for piece in word.partition("="))
        name = name.lower()
        if not equals:
            raise click.UsageError(f"--fact takes NAME=VALUE, like `spam=yes`, which `{word}` is not")
        if name not in names():
            raise click.UsageError(_unknown(name))
        if name in given:
            raise click.UsageError(f"--fact {name} is given twice{_several(name)}")
        given[name] = SHAPES[str(field_kind(name))](name, value)
    return given


def _unknown(name: str) -> str:
    row = FIELDS.get(name.partition(".")[0])
    meant = get_close_matches(name, names(), 1)
    if name in ("sender", "recipient"):
        return f"--fact does not know `{name}`: --{name} names it"
    if row is not None and row.name in CLOCK:
        return f"--fact does not know `{name}`: --now supposes the moment"
    if row is not None and row.kind not in WORDS:
        return f"`{row.name}` stands in the message itself; what can be supposed is {', '.join(names())}"
    if meant:
        return f"--fact does not know `{name}`: did you mean `{meant[0]}`?"
    return f"--fact does not know `{name}`; what can be supposed is {', '.join(names())}"


def _several(name: str) -> str:
    return "" if field_kind(name) in ("truth", "points") else f"; several values are one list: {name}=A,B"


# ------------------------------------------------------------ values by kind


def _one_word(name: str, value: str) -> list[str]:
    return [_word(name, value)]


def _words(name: str, value: str) -> list[str]:
    return [_word(name, piece) for piece in _listed(value)]


def _word(name: str, value: str) -> str:
    known = WORDS[str(field_kind(name))]
    word = value.lower()
    if word in known:
        return word
    meant = MEANT.get(word) or next(iter(get_close_matches(word, known, 1)), None)
    hint = f": did you mean `{meant}`?" if meant in known else ""
    raise click.UsageError(f"--fact {name} takes {', '.join(known[:-1])} or {known[-1]}, not `{value}`{hint}")


def _points(name: str, value: str) -> list[str]:
    try:
        points = float(value) if value.isascii() and "_" not in value else math.nan
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise click.UsageError(f"--fact {name} takes a number of points, like 7.6, not `{value}`")
    return [number(points)]


def _texts(name: str, value: str) -> list[str]:
    pieces = _listed(value)
    for piece in pieces:
        if not piece.isprintable() or " " in piece:
            raise click.UsageError(f"--fact {name} takes words with commas between, not `{value}`")
    return pieces


def _listed(value: str) -> list[str]:
    return [piece for piece in map(str.strip, value.split(",")) if piece]


# words of other programs
MEANT = {"true": "yes", "false": "no", "1": "yes", "0": "no", "spam": "yes", "ham": "no", "ok": "pass"}

# kind of a field or part -> how its values are read
SHAPES: dict[str, Callable[[str, str], list[str]]] = {
    "truth": _one_word,
    "result": _words,
    "points": _points,
    "text": _texts,
}
