"""Names of the user's: where each is given, and where it is used.

In: the readings of one program. Out: an ``Occurrence`` for each place of a name. Names of
lists, texts (`let`), conditions (`define`), actions and rules hold in the whole program; what a
pattern captures holds in its rule and the rules inside it, so of captures the ``scope`` is the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyfilter.editor.reading import Reading
from pyfilter.language.check_report import name_of
from pyfilter.language.tree import (
    Action,
    ActionDefinition,
    Define,
    Expect,
    Field,
    Hole,
    Let,
    ListDefinition,
    Node,
    Regex,
    Relation,
    Rule,
    Span,
    Test,
    TestBlock,
    Text,
    When,
    Word,
)
from pyfilter.language.walking import children

__all__ = ["KINDS", "Occurrence", "captured", "definitions", "occurrences", "uncovered"]

# definition -> what its name is
KINDS: dict[type, str] = {Let: "text", ListDefinition: "list", Define: "condition", ActionDefinition: "action"}

_GROUP = re.compile(r"\(\?P?<([^\W\d]\w*)>")


@dataclass(frozen=True, slots=True)
class Occurrence:
    kind: str  # of KINDS, or rule, or capture
    name: str
    span: Span
    defines: bool
    scope: int = 0  # of a capture: its rule
    node: Node | None = None  # of a definition: the whole of it

    @property
    def key(self) -> tuple[str, str, int]:
        return self.kind, self.name, self.scope


@dataclass(frozen=True, slots=True)
class _Scope:
    """The rules around, innermost first, each with the names it captures."""

    rules: tuple[tuple[int, frozenset[str]], ...] = ()

    def of(self, name: str) -> int | None:
        return next((rule for rule, names in self.rules if name in names), None)


def definitions(readings: list[Reading]) -> dict[str, list[Let | ListDefinition | Define | ActionDefinition]]:
    """What a name means; more than one where it is given twice."""
    found: dict[str, list[Let | ListDefinition | Define | ActionDefinition]] = {}
    for reading in readings:
        for item in reading.items:
            if isinstance(item, Let | ListDefinition | Define | ActionDefinition):
                found.setdefault(item.name.name, []).append(item)
    return found


def captured(node: Node) -> Iterator[tuple[str, Span]]:
    """The names that the patterns in a condition capture."""
    if isinstance(node, Relation) and node.word == "matches":
        for value in node.values:
            if isinstance(value, Text):
                yield from ((hole.name, _inside(hole)) for hole in value.holes)
            elif isinstance(value, Regex):
                for group in _GROUP.finditer(value.span.text):
                    start = value.span.start
                    yield group[1], Span(value.span.source, start + group.start(1), start + group.end(1))
        return
    for child in children(node):
        yield from captured(child)


def occurrences(readings: list[Reading]) -> list[Occurrence]:
    """Every place of every name of a program."""
    defined = definitions(readings)
    by_kind = {
        kind: {name for name, made in defined.items() if any(type(item) is kind for item in made)} for kind in KINDS
    }
    conditions = {name: made[0] for name, made in defined.items() if isinstance(made[0], Define)}
    found: list[Occurrence] = []

    def visit(node: Node, scope: _Scope) -> None:
        match node:
            case Rule():
                rule(node, scope)
                return
            case Let() | ListDefinition() | Define() | ActionDefinition():
                found.append(Occurrence(KINDS[type(node)], node.name.name, node.name.span, True, node=node))
            case Relation(word="matches"):
                for name, span in captured(node):
                    owner = scope.of(name)
                    found.append(Occurrence("capture", name, span, True, owner or 0, node))
                return
            case Relation(word="in"):
                found.extend(
                    Occurrence("list", value.name, value.span, False)
                    for value in node.values
                    if isinstance(value, Word)
                )
            case Test(subject=Field(), relation=None) if node.span.text in by_kind[Define]:
                found.append(Occurrence("condition", node.span.text, node.span, False))
            case Action(verb="do"):
                found.extend(
                    Occurrence("action", word.name, word.span, False)
                    for word in node.arguments
                    if isinstance(word, Word)
                )
            case Hole():
                hole(node, scope)
            case Expect(by=Text() as by):
                span = Span(by.span.source, by.span.start + 1, by.span.end - 1)
                found.append(Occurrence("rule", by.plain, span, False))
        for child in children(node):
            visit(child, scope)

    def hole(node: Hole, scope: _Scope) -> None:
        owner = scope.of(node.name)
        if owner is not None:
            found.append(Occurrence("capture", node.name, _inside(node), False, owner))
        elif node.name in by_kind[Let]:
            found.append(Occurrence("text", node.name, _inside(node), False))

    def rule(node: Rule, scope: _Scope) -> None:
        found.append(Occurrence("rule", node.name, uncovered(name_of(node)), True, node=node))
        own: set[str] = set()
        used: list[Node] = []
        for statement in node.body:
            if isinstance(statement, When):
                used.append(statement)
                own.update(name for name, _ in captured(statement))
        # a condition that `define` names captures for the rules that use it
        named = {name for when in used for name in _bare_fields(when) if name in conditions}
        inner = _Scope(((id(node), frozenset(own)), *scope.rules))
        for name in named:
            caught = frozenset(text for text, _ in captured(conditions[name]))
            inner = _Scope((*inner.rules[:1], (id(conditions[name]), caught), *inner.rules[1:]))
        for statement in node.body:
            visit(statement, inner)

    for reading in readings:
        for item in reading.items:
            if isinstance(item, Define):
                visit(item, _Scope(((id(item), frozenset(name for name, _ in captured(item))),)))
            else:
                visit(item, _Scope())
            if isinstance(item, TestBlock):
                continue
    return found


def _bare_fields(node: Node) -> Iterator[str]:
    if isinstance(node, Test):
        if node.relation is None and isinstance(node.subject, Field):
            yield node.subject.name
        return
    for child in children(node):
        yield from _bare_fields(child)


def _inside(hole: Hole) -> Span:
    """The name alone, without braces and format."""
    start = hole.span.start + 1
    return Span(hole.span.source, start, start + len(hole.name))


def uncovered(span: Span) -> Span:
    """Without the quotes around it."""
    quoted = span.text[:1] == '"' and span.text[-1:] == '"' and span.end - span.start > 1
    return Span(span.source, span.start + 1, span.end - 1) if quoted else span
