"""One thing that can be written at a place, and what offers are made of everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyfilter.language.vocabulary import FIELDS, PARTS, field_kind

__all__ = ["Offer", "every_field", "one_line"]


@dataclass(frozen=True, slots=True)
class Offer:
    """``kind``: field, relation, action, statement, word, unit, setting, value, flag, header, folder, list, text,
    condition, capture, rule; ``written``: what is put in place of the half-typed word."""

    label: str
    kind: str
    doc: str = ""
    detail: str = ""
    written: str = ""


def every_field() -> Iterator[tuple[str, str, str]]:
    """Name, kind and text of each field of this version, with each part."""
    docs = {part.name: part.doc for part in PARTS}
    for row in FIELDS.values():
        yield row.name, row.kind, row.doc
        for part in row.parts:
            name = f"{row.name}.{part}"
            yield name, field_kind(name) or "", docs.get(part, "")


def one_line(text: str, most: int = 80) -> str:
    """A piece of a rule as one line of a list."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
