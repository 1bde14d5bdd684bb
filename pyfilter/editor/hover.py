"""What is told of the word under the pointer: the vocabulary table's text, or what a name of the user's stands for.

In: the nodes around a place. Out: Markdown, empty where nothing is to be said.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pyfilter.editor import names
from pyfilter.editor.nodes import chain
from pyfilter.editor.reading import Reading
from pyfilter.language.codes import CODES
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.excerpt import harmless
from pyfilter.language.tree import (
    Action,
    ActionDefinition,
    Chain,
    CommandField,
    Define,
    EnvironmentField,
    Field,
    Group,
    HeaderField,
    Hole,
    Include,
    Let,
    ListDefinition,
    Node,
    Not,
    Quantity,
    Relation,
    Rule,
    Setting,
    TestBlock,
    When,
    Word,
)
from pyfilter.language.vocabulary import (
    ACTIONS,
    CONDITION_WORDS,
    FIELDS,
    FLAGS,
    PARTS,
    RELATIONS,
    SETTINGS,
    STATEMENTS,
    UNITS,
)

__all__ = ["explained", "told"]

# lines of a definition that are shown
_LINES = 12

_MARKUP = re.compile(r"[\\`*_\[\](){}<>!#|~]")
_BACKQUOTES = re.compile(r"`+")


def told(reading: Reading, offset: int, program: list[Reading]) -> str:
    nodes = chain(reading, offset)
    base = reading.piece(offset)[0]
    for place in range(len(nodes) - 1, -1, -1):
        node = nodes[place]
        around = nodes[place - 1] if place else None
        tell = _TELLERS.get(type(node))
        if tell is not None:
            text = tell(node, around, offset - base, program)
            if text:
                return text
    return ""


def explained(diagnostics: list[Diagnostic]) -> str:
    """What `pyfilter explain` says of each code, once."""
    codes = dict.fromkeys(diagnostic.code for diagnostic in diagnostics if diagnostic.code in CODES)
    return "\n\n---\n\n".join(f"**{code}: {CODES[code][0]}**\n\n{_as_written(CODES[code][1])}" for code in codes)


def _as_written(text: str) -> str:
    """An explanation, whose rules stand indented, with its line breaks kept."""
    return _fenced(text, "text")


# ------------------------------------------------------------- the kinds of nodes


def _field(node: Field, around: Node | None, at: int, program: list[Reading]) -> str:
    if isinstance(around, Setting):
        return _setting(node.name)
    made = names.definitions(program).get(node.name)
    if made and isinstance(made[0], Define):
        return _definition(made[0])
    return _named_field(node.name)


def _named_field(name: str) -> str:
    row = FIELDS.get(name)
    if row is not None:
        parts = ", ".join(f"`.{part}`" for part in row.parts)
        return _entry(name, f"field, {row.kind}", row.doc, row.example, f"Parts: {parts}" if parts else "")
    base, _, part = name.rpartition(".")
    row = FIELDS.get(base)
    if row is None or part not in row.parts:
        return ""
    doc = next((piece.doc for piece in PARTS if piece.name == part), "")
    return _entry(name, "field", f"{row.doc}; `.{part}`: {doc}" if doc else row.doc, "")


def _named(name: str) -> Callable[..., str]:
    """A field that bears a name or a program behind its word."""
    return lambda node, around, at, program: _named_field(name)


def _setting(name: str) -> str:
    row = SETTINGS.get(name)
    if row is None:
        return ""
    default = row.unset if row.default is None else {True: "yes", False: "no"}.get(row.default, str(row.default))  # type: ignore[call-overload]
    choices = f"Choices: {', '.join(f'`{word}`' for word in row.choices)}\n\n" if row.choices else ""
    return _entry(name, "setting", row.doc, row.example, f"{choices}Default: `{default}`")


def _relation(node: Relation, around: Node | None, at: int, program: list[Reading]) -> str:
    row = RELATIONS[node.word]
    name = node.operator or ("not " if node.negated else "") + node.word
    return _entry(name, "relation", f"holds if the field: {row.doc}", row.example)


def _action(node: Action, around: Node | None, at: int, program: list[Reading]) -> str:
    row = ACTIONS.get(node.verb)
    if row is None:
        return ""
    ends = "Ends the filtering" + (", unless `and continue` stands behind it." if row.continuable else ".")
    return _entry(node.verb, "action", row.doc, row.example, ends if row.ends or row.stops else "")


def _word(node: Word, around: Node | None, at: int, program: list[Reading]) -> str:
    match around:
        case Action(verb="mark" | "unmark") if node.name in FLAGS:
            return _entry(node.name, "flag", FLAGS[node.name].doc)
        case Action(verb="do") | Relation(word="in"):
            made = names.definitions(program).get(node.name)
            return _definition(made[0]) if made else ""
        case Let() | ListDefinition() | Define() | ActionDefinition():
            return _definition(around)
        case Quantity() if node.name in UNITS:
            return _unit(around)
        case Chain() | Not():
            return _entry(node.name, "word", CONDITION_WORDS.get(node.name, ""))
    return ""


def _quantity(node: Quantity, around: Node | None, at: int, program: list[Reading]) -> str:
    return _unit(node)


def _unit(node: Quantity) -> str:
    row = UNITS.get(node.unit.name)
    if row is None:
        return ""
    amount = node.number.value * row.factor
    return _entry(node.span.text, "quantity", f"{amount:,.0f} {row.kind}")


def _hole(node: Hole, around: Node | None, at: int, program: list[Reading]) -> str:
    found = names.occurrences(program)
    here = next((one for one in found if one.span.source is node.span.source and _inside(one, at)), None)
    if here is None:
        return _named_field(node.name)
    given = next((one for one in found if one.key == here.key and one.defines), here)
    if given.kind == "capture":
        text = given.node.span.text if given.node is not None else ""
        return _entry(node.name, "capture", "what this pattern captures", text)
    return _definition(given.node) if given.node is not None else ""


def _inside(one: names.Occurrence, at: int) -> bool:
    return one.span.start - 1 <= at <= one.span.end + 1


def _definition(node: Node) -> str:
    kind = names.KINDS.get(type(node), "")
    lines = node.span.text.split("\n")
    more = ["…"] if len(lines) > _LINES else []
    name = getattr(node, "name", None)
    return _entry(name.name if isinstance(name, Word) else "", f"{kind} of yours", "", "\n".join(lines[:_LINES] + more))


def _statement(word: str) -> Callable[..., str]:
    """A statement is told of at its own words alone, not at everything in it."""

    def tell(node: Node, around: Node | None, at: int, program: list[Reading]) -> str:
        if at > node.span.start + len(word):
            return ""
        row = STATEMENTS.get(word)
        return _entry(word, "statement", row.doc, row.example) if row else ""

    return tell


def _group(node: Group, around: Node | None, at: int, program: list[Reading]) -> str:
    return _entry(node.kind, "word", CONDITION_WORDS[node.kind]) if at <= node.span.start + len(node.kind) else ""


def _not(node: Not, around: Node | None, at: int, program: list[Reading]) -> str:
    return _entry("not", "word", CONDITION_WORDS["not"]) if at <= node.span.start + 3 else ""


_TELLERS: dict[type, Callable[..., str]] = {
    Field: _field,
    HeaderField: _named("header"),
    EnvironmentField: _named("environment"),
    CommandField: _named("command"),
    Relation: _relation,
    Action: _action,
    Word: _word,
    Quantity: _quantity,
    Hole: _hole,
    Group: _group,
    Not: _not,
    When: _statement("when"),
    Rule: _statement("rule"),
    Setting: _statement("set"),
    Let: _statement("let"),
    ListDefinition: _statement("list"),
    Define: _statement("define"),
    ActionDefinition: _statement("action"),
    Include: _statement("include"),
    TestBlock: _statement("test"),
}


def _entry(name: str, kind: str, doc: str, example: str = "", more: str = "") -> str:
    pieces = [f"**{_plain(name)}** — {kind}"]
    if doc:
        pieces.append(doc)
    if more:
        pieces.append(more)
    if example:
        pieces.append(_fenced(example, "pyfilter"))
    return "\n\n".join(pieces)


# a rule file may come from a stranger: no word of it becomes a link or a picture that an editor would fetch


def _plain(name: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", harmless(name))


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, _BACKQUOTES.findall(text)), default=0))
    lines = "\n".join(harmless(line) for line in text.split("\n"))
    return f"{fence}{language}\n{lines}\n{fence}"
