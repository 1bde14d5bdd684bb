"""Texts with holes: what `{name}` stands for, and stars where they mean nothing.

In: a ``Text`` of the tree and the ``Scope`` it stands in. Out: a template as the
Program keeps it: a ``str``, or a tuple of ``str``, ("capture", name) and
("field", key, format). A `let` is inserted here. None where something was
reported.

A hole is looked for in this order: what the conditions above it captured, a
`let`, a field. Nothing else may stand in it, and a name that some ways through
the conditions leave unset may not either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pyfilter import limits
from pyfilter.language.check_names import Names, too_long
from pyfilter.language.check_report import Report, nearest
from pyfilter.language.diagnostics import Note
from pyfilter.language.tree import Hole, Span, Text, Wild
from pyfilter.language.vocabulary import FIELDS, PARTS, field_kind, field_names

__all__ = ["Lowered", "Part", "Scope", "Template", "Texts", "joined"]

Part = str | tuple[str, str] | tuple[str, str, str | None]
Template = str | tuple[Part, ...]
# kind -> field -> its format where none is written
FORMATS: dict[str, dict[str, str]] = {
    "moment": {"today": "%Y-%m-%d"}, "time": {"time": "%H:%M"}, "seconds": {"age": ""},
}  # fmt: skip
# letter of a format -> what it writes, the same in every locale (engine/moments.py)
LETTERS = {
    "Y": "2026", "y": "26", "m": "month", "d": "day", "H": "hour", "M": "minute", "S": "second", "b": "Nov",
    "a": "Tue", "A": "Tuesday",
}  # fmt: skip
# a condition, an action or a rule as the Program keeps it (see program.py)
Lowered = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which captures hold at a place.

    ``sure``: name -> where it is captured. ``maybe``: name -> where, and why it may be unset.
    ``forgiven``: names of conditions that are reported already.
    """

    sure: dict[str, Span] = field(default_factory=dict)
    maybe: dict[str, tuple[Span, str]] = field(default_factory=dict)
    forgiven: frozenset[str] = frozenset()

    def then(self, other: Scope) -> Scope:
        """Both conditions hold."""
        sure = {**self.sure, **other.sure}
        maybe = {name: why for name, why in {**self.maybe, **other.maybe}.items() if name not in sure}
        return Scope(sure, maybe, self.forgiven | other.forgiven)

    @staticmethod
    def some(branches: list[Scope], least: int, why: str) -> Scope:
        """At least ``least`` of ``branches`` hold: sure is what so many of them must capture."""
        sure: dict[str, Span] = {}
        maybe: dict[str, tuple[Span, str]] = {}
        forgiven: frozenset[str] = frozenset()
        for branch in branches:
            forgiven |= branch.forgiven
            for name, span in branch.sure.items():
                if sum(name in other.sure for other in branches) > len(branches) - least:
                    sure.setdefault(name, span)
                else:
                    maybe.setdefault(name, (span, why))
            for name, cause in branch.maybe.items():
                maybe.setdefault(name, cause)
        return Scope(sure, {name: cause for name, cause in maybe.items() if name not in sure}, forgiven)

    def denied(self) -> Scope:
        """The condition does not hold: nothing is captured."""
        maybe = {name: (span, "stands under `not`") for name, span in self.sure.items()}
        return Scope({}, {**self.maybe, **maybe}, self.forgiven)


class Texts:
    """Makes templates; keeps what each `let` stands for. ``programs``: what texts name as one (check_programs.py):
    behind which words, where, and the program. ``home`` stands for `~`, None for that of whoever runs this; ``look``:
    are files looked for that texts name?"""

    def __init__(self, names: Names, report: Report, home: str | None = None, look: bool = True) -> None:
        self.names = names
        self.report = report
        self.home = home
        self.look = look
        self.programs: list[tuple[str, Span, str]] = []
        self._lets: dict[str, Template | None] = {}

    def check_lets(self) -> None:
        """Report what is wrong with each `let`, used or not."""
        for name in self.names.lets:
            self._let(name, ())

    def template(self, text: Text, scope: Scope, *, captures: str = "") -> Template | None:
        """The template of ``text``; stars are plain. ``captures``: how `matches` would say what the
        text's place says without capturing, for the remedy of a hole that names nothing."""
        made = self._resolve(text, scope, (), captures)
        return None if made is None else joined(made)

    def literal(self, text: Text, what: str) -> str | None:
        """A text in which only a `let` without fields may stand; ``what`` it is, for the error."""
        made = self.template(text, Scope())
        if made is None or isinstance(made, str):
            return made
        hole = text.holes[0]
        self.report.add("E210", f"{what} cannot depend on a message", hole.span, "known only when mail arrives")
        return None

    def _resolve(self, text: Text, scope: Scope, inside: tuple[str, ...], captures: str) -> list[Part] | None:
        made: list[Part] = []
        whole = True
        for part in text.parts:
            if isinstance(part, str):
                made.append(part)
            elif isinstance(part, Wild):
                made.append(part.character)
            else:
                filled = self._hole(part, scope, inside, captures)
                if filled is None:
                    whole = False
                else:
                    made.extend(filled)
        return made if whole else None

    def _hole(self, hole: Hole, scope: Scope, inside: tuple[str, ...], captures: str) -> Iterable[Part] | None:
        name = hole.name
        filled: Iterable[Part]
        if name in scope.sure:
            filled = (("capture", name),)
        elif self.names.let_named(name):
            let = self._let(name, inside)
            if let is None:
                return None
            filled = (let,) if isinstance(let, str) else let
        elif field_kind(name) and name not in ("header", "environment"):
            self.names.use(name, hole.span)
            value = self._field(hole)
            if value is None:
                return None
            filled = value
        else:
            self._unset(hole, scope, captures, bool(inside))
            return None
        if hole.format is not None and not any(part[:2] == ("field", name) for part in filled):
            self.report.add(
                "E211",
                f"`{name}` is no date",
                hole.span,
                "a format stands only behind a date",
                f"write `{{{name}}}`",
            )
            return None
        return filled

    def _field(self, hole: Hole) -> Iterable[Part] | None:
        """The value of a field; a moment in its format, which is ISO where none is written."""
        kind = field_kind(hole.name)
        if kind not in FORMATS or (kind == "seconds" and hole.format is not None):
            if hole.format is None:
                return (("field", hole.name, None),)
            return (hole.name,)  # reported below
        form = hole.format or FORMATS[kind].get(hole.name, "%Y-%m-%d %H:%M")
        for piece in form.split("%")[1:]:
            if piece[:1] not in LETTERS:
                letters = ", ".join(f"`%{letter}` {what}" for letter, what in LETTERS.items())
                self.report.add(
                    "E211", f"`%{piece[:1]}` formats nothing", hole.span, "", f"the letters are {letters}"
                )  # fmt: skip
                return None
        return (("field", hole.name, form),)

    def _let(self, name: str, inside: tuple[str, ...]) -> Template | None:
        if name in self._lets:
            return self._lets[name]
        let = self.names.let_named(name)
        assert let is not None
        if name in inside:
            chain = " → ".join((*inside[inside.index(name) :], name))
            self.report.add("E208", f"`{name}` is made of itself", let.name.span, "", f"the circle is {chain}")
            return None
        if len(inside) >= limits.LET_DEPTH:
            self.report.add(
                "E209",
                "texts insert each other too deeply",
                let.name.span,
                "",
                f"at most {limits.LET_DEPTH} `let`s stand inside each other",
            )
            self._lets[name] = None
            return None
        made = self._resolve(let.text, Scope(), (*inside, name), "")
        template = None if made is None else joined(made)
        if template is not None:
            length = template if isinstance(template, str) else "".join(str(part) for part in template)
            if too_long(length, let.text.span, self.report):
                template = None
        self._lets[name] = template
        return template

    # ------------------------------------------------------------ what a wrong hole is told

    def _unset(self, hole: Hole, scope: Scope, captures: str, in_let: bool) -> None:
        name = hole.name
        if name in scope.forgiven or self.names.unread(name):
            return
        if name in scope.maybe:
            span, why = scope.maybe[name]
            self.report.add(
                "E206",
                f"`{{{name}}}` may be unset here",
                hole.span,
                "not every message that comes here has it",
                "capture it in a condition that always holds, or file this in a rule of its own",
                [Note(span, f"captured here, which {why}")],
            )
            return
        if self._is_no_part(hole):
            return
        fields = () if in_let else (n for n in field_names() if field_kind(n))
        guess = nearest(name, [*scope.sure, *self.names.lets, *fields])
        label = "no capture, no `let` and no field has this name"
        if name in self.names.defined:
            label = "not a text"
            help = f'a hole takes what `matches "…{{{name}}}…"` captured, a `let` or a field'
        elif guess:
            help = f"did you mean `{{{guess}}}`?"
        elif captures:
            label = "only `matches` captures"
            help = f"write {captures}"
        elif in_let:
            help = "a `let` holds in the whole file: only other `let`s and fields can stand in it"
        else:
            help = (
                f'capture it in this rule\'s condition, `subject matches "{{{name}}} *"`,\n'
                f'or name a text: `let {name} = "…"`'
            )
        self.report.add("E205", f"nothing sets `{{{name}}}`", hole.span, label, help)

    def _is_no_part(self, hole: Hole) -> bool:
        """A field with a part that it has not, or without what names its value; parts of a date without the date."""
        base, _, part = hole.name.rpartition(".")
        row = FIELDS.get(hole.name) or FIELDS.get(base)
        if hole.name in ("year", "month", "day"):
            help = f"write `{{today.{hole.name}}}`, of the day of delivery, or `{{date.{hole.name}}}`"
            self.report.add("E205", f"nothing sets `{{{hole.name}}}`", hole.span, "of which day?", help)
            return True
        if row is None:
            return False
        if hole.name in ("header", "environment"):
            self.report.add(
                "E205",
                f"`{{{hole.name}}}` names no value",
                hole.span,
                "which one?",
                f'capture it: `{hole.name} NAME matches "{{text}}"`, then write `{{text}}`',
            )
            return True
        parts = [piece.name for piece in PARTS if piece.name in row.parts]
        has = "it has none" if not parts else "it has ." + ", .".join(parts)
        has += f"; a format writes the rest: `{{{base}:%H}}`" if row.kind == "moment" else ""
        self.report.add("E205", f"`{base}` has no part `{part}`", hole.span, "", has)
        return True


def joined(parts: Iterable[Part]) -> Template:
    """Neighbouring texts made one; a template that is one text is that text."""
    made: list[Part] = []
    for part in parts:
        if isinstance(part, str) and made and isinstance(made[-1], str):
            made[-1] += part
        elif part != "":
            made.append(part)
    if not made:
        return ""
    first = made[0]
    return first if len(made) == 1 and isinstance(first, str) else tuple(made)
