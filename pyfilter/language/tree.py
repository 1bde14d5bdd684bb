"""The syntax tree of a rule file: what was written, with its places.

``parse`` makes it, ``check`` reads it, nobody changes it. Every node has a
``span``. The tree keeps everything a user wrote, also what this version does
not do yet: saying so is the checker's business.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One rule file as read: ``name`` as shown to the user, ``text`` decoded, LF line ends."""

    name: str
    text: str = field(repr=False)
    _starts: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        starts = [0]
        position = self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        object.__setattr__(self, "_starts", starts)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line ``number`` (from 1) without its line break."""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    @property
    def lines(self) -> int:
        return len(self._starts)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (excluded) of ``source.text``."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.place(self.start)[0]


@dataclass(frozen=True, slots=True)
class Node:
    span: Span


# ------------------------------------------------------------------ values


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A bare word: a name of the user's, a header's name, a unit, a bare setting value."""

    name: str


@dataclass(frozen=True, slots=True)
class Hole(Node):
    """``{name}`` or ``{name:format}`` inside a text."""

    name: str
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Wild(Node):
    """An unescaped ``*`` or ``?`` inside a text: special only after ``matches``."""

    character: str


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A quoted text, escapes resolved. ``parts`` are in order; neighbouring ``str`` are joined;
    an empty text has no parts. ``long``: written as a triple-quoted text (indentation already gone)."""

    parts: tuple[str | Hole | Wild, ...]
    long: bool = False

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(part for part in self.parts if isinstance(part, Hole))

    @property
    def plain(self) -> str:
        """The text with stars as stars and holes as written: for texts that may have none, and for messages."""
        return "".join(
            part if isinstance(part, str) else part.character if isinstance(part, Wild) else part.span.text
            for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class Regex(Node):
    """``/pattern/flags``; ``\\/`` is already a slash."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: int | float


@dataclass(frozen=True, slots=True)
class Quantity(Node):
    """``512 kB``, ``7 days``."""

    number: Number
    unit: Word


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field's name as written, dots included: ``from.domain``."""

    name: str


@dataclass(frozen=True, slots=True)
class Point(Node):
    """A date, a time, or a field as a value, with ``+``/``-`` a duration: ``now + 2 days``."""

    base: Word | Field  # Word for a literal date or time, its text in .name
    kind: Literal["date", "time", "field"]
    shift: Literal["+", "-"] | None = None
    by: Quantity | None = None


Value = Text | Number | Quantity | Point | Word


# -------------------------------------------------------------- conditions


@dataclass(frozen=True, slots=True)
class HeaderField(Node):
    """``header NAME`` as the subject of a test."""

    name: Word | Text


@dataclass(frozen=True, slots=True)
class EnvironmentField(Node):
    name: Word


@dataclass(frozen=True, slots=True)
class CommandField(Node):
    arguments: tuple[Text, ...]


Subject = Field | HeaderField | EnvironmentField | CommandField

RelationWord = Literal[
    "is", "contains", "starts with", "ends with", "matches", "exists", "succeeds",
    "in", "compare", "within", "between", "passes", "fails",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation(Node):
    """What is asked of a subject. ``negated``: ``is not``, ``not in``, ``does not contain`` …

    ``values``: what it is compared with; for ``in`` Word (a list's name) or Text; for
    ``matches`` Text or Regex; for ``compare`` one Value and ``operator``; for
    ``between`` two; for ``within`` one Quantity; else none.
    """

    word: RelationWord
    values: tuple[Value | Regex, ...] = ()
    negated: bool = False
    exactly: bool = False
    operator: str | None = None  # < <= > >= == of `compare`


@dataclass(frozen=True, slots=True)
class Test(Node):
    """One test; ``relation`` is None for a bare field (``spam``)."""

    __test__ = False  # not a test case of pytest's

    subject: Subject
    relation: Relation | None


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """``a and b or c``: flat, as written; ``operators`` (Word ``and``/``or``) stand between ``operands``."""

    operands: tuple[Condition, ...]
    operators: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Condition


@dataclass(frozen=True, slots=True)
class Paren(Node):
    operand: Condition


@dataclass(frozen=True, slots=True)
class Group(Node):
    """``any { … }`` and its kin; ``count`` only for ``at least``."""

    kind: Literal["any", "all", "none", "at least"]
    operands: tuple[Condition, ...]
    count: Number | None = None


@dataclass(frozen=True, slots=True)
class Weight(Node):
    number: Number
    condition: Condition


@dataclass(frozen=True, slots=True)
class Score(Node):
    operator: str
    threshold: Number
    weights: tuple[Weight, ...]


Condition = Chain | Not | Paren | Group | Score | Test


# ----------------------------------------------------------------- actions


@dataclass(frozen=True, slots=True)
class Place(Node):
    """Where mail is filed: ``"Folder"``, ``inbox``, ``mbox "…"``, ``mh "…"``."""

    kind: Literal["folder", "inbox", "mbox", "mh"]
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class Action(Node):
    """One action. ``verb`` as the user writes it: ``file into``, ``copy to``, ``add header`` …;
    ``verb_span`` its words; ``continues`` the span of ``and continue``.

    ``arguments``: Place for file/copy into; Text… for addresses, programs and texts; Word… for
    flags, header names and ``do``; for ``reply`` its clauses in order as written: Quantity
    (every), Clause (subject), Text.
    """

    verb: str
    verb_span: Span
    arguments: tuple[Node, ...] = ()
    continues: Span | None = None


@dataclass(frozen=True, slots=True)
class Clause(Node):
    """``subject "…"`` of a reply."""

    word: str
    text: Text


# ------------------------------------------------------------ declarations


@dataclass(frozen=True, slots=True)
class Setting(Node):
    name: Field
    values: tuple[Text | Number | Quantity | Word, ...]


@dataclass(frozen=True, slots=True)
class Let(Node):
    name: Word
    text: Text


@dataclass(frozen=True, slots=True)
class ListDefinition(Node):
    """``kind`` inline: ``entries``; file: one entry, the path; command: the arguments, perhaps ``every``."""

    name: Word
    kind: Literal["inline", "file", "command"]
    entries: tuple[Text, ...]
    every: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Define(Node):
    name: Word
    condition: Condition


@dataclass(frozen=True, slots=True)
class ActionDefinition(Node):
    name: Word
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Include(Node):
    path: str
    shipped: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class When(Node):
    """``span`` covers the word and its condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """``span`` covers the whole rule; ``head`` only ``rule "name"``. ``otherwise``: span of ``else``."""

    name: str
    head: Span
    body: tuple[Statement, ...]
    otherwise: Span | None = None


@dataclass(frozen=True, slots=True)
class Given(Node):
    condition: Condition


@dataclass(frozen=True, slots=True)
class Expect(Node):
    action: Action
    negated: bool = False
    by: Text | None = None


@dataclass(frozen=True, slots=True)
class TestBlock(Node):
    """``head`` only ``test "name"``; ``messages``: one, if it is right."""

    __test__ = False

    name: str
    head: Span
    messages: tuple[Text, ...]
    givens: tuple[Given, ...]
    expects: tuple[Expect, ...]
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken(Node):
    """What could not be read; a diagnostic says why. ``word`` and ``name``: of a declaration whose
    head could be read (``list family``, ``define x``, ``rule "spam"``), so that nobody misses the name."""

    word: str | None = None
    name: str | None = None


Item = Broken | Include | Setting | Let | ListDefinition | Define | ActionDefinition | Rule | TestBlock | When | Action
Statement = Item


@dataclass(frozen=True, slots=True)
class File:
    """A parsed rule file: its items in order. Where parsing had to recover a ``Broken`` stands instead
    of what was written, and a diagnostic says so.

    ``within``: of an included file (includes.py), the rule file that it is a part of."""

    source: Source
    items: tuple[Item, ...]
    within: Source | None = None
