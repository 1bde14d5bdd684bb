"""What a rule file holds, as an editor's outline: rules with those inside them, names, settings, tests."""

from __future__ import annotations

from dataclasses import dataclass

from pyfilter.editor.names import KINDS, uncovered
from pyfilter.editor.reading import Reading
from pyfilter.language.check_report import name_of
from pyfilter.language.tree import (
    Action,
    ActionDefinition,
    Define,
    Include,
    Item,
    Let,
    ListDefinition,
    Rule,
    Setting,
    Span,
    TestBlock,
)

__all__ = ["Entry", "outline"]


@dataclass(frozen=True, slots=True)
class Entry:
    """``kind``: rule, list, text, condition, action, setting, include, test; ``detail``: what a rule does."""

    name: str
    kind: str
    detail: str
    span: Span
    head: Span
    inside: tuple[Entry, ...] = ()


def outline(reading: Reading) -> list[Entry]:
    return [entry for item in reading.items if (entry := _entry(item)) is not None]


def _entry(item: Item) -> Entry | None:
    match item:
        case Rule():
            inside = tuple(entry for inner in item.body if isinstance(inner, Rule) and (entry := _entry(inner)))
            does = ", ".join(_on_one_line(inner.span.text) for inner in item.body if isinstance(inner, Action))
            return Entry(item.name, "rule", does, item.span, uncovered(name_of(item)), inside)
        case Let() | ListDefinition() | Define() | ActionDefinition():
            return Entry(item.name.name, KINDS[type(item)], "", item.span, item.name.span)
        case Setting():
            value = ", ".join(value.span.text for value in item.values)
            return Entry(item.name.name, "setting", value, item.span, item.name.span)
        case Include():
            return Entry(item.path, "include", "", item.span, item.span)
        case TestBlock():
            return Entry(item.name, "test", "", item.span, Span(item.span.source, item.span.start, item.span.start + 4))
    return None


def _on_one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
