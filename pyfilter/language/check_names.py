"""Names: what `list`, `let`, `define` and `action` define, in all files.

A name holds in the whole program, also above its line and in the other file,
and means one thing. Names of a list, a text, a condition and an action share
one space; fields and words of the language cannot be taken.

Texts of `let` are resolved here: a hole in one is another `let` or a field.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.language.check_report import Report
from pyfilter.language.diagnostics import Note
from pyfilter.language.tree import ActionDefinition, Broken, Define, File, Let, ListDefinition, Span
from pyfilter.language.vocabulary import ACTIONS, FIELDS, RESERVED, SETTINGS

__all__ = ["Names", "collect"]

Definition = Let | ListDefinition | Define | ActionDefinition
_KINDS = {Let: "text", ListDefinition: "list", Define: "condition", ActionDefinition: "action"}


class Names:
    """``defined``: name -> its definition; ``broken``: names whose definition could not be read.
    ``used``: words of the language that need a setting -> where they stand first."""

    def __init__(self) -> None:
        self.defined: dict[str, Definition] = {}
        self.broken: set[str] = set()
        self.used: dict[str, Span] = {}

    def use(self, word: str, span: Span) -> None:
        """Remember where a field (its part does not matter) or a verb is used."""
        self.used.setdefault(word.partition(".")[0], span)

    def let_named(self, name: str) -> Let | None:
        found = self.defined.get(name)
        return found if isinstance(found, Let) else None

    def list_named(self, name: str) -> ListDefinition | None:
        found = self.defined.get(name)
        return found if isinstance(found, ListDefinition) else None

    @property
    def lets(self) -> list[str]:
        return [name for name, found in self.defined.items() if isinstance(found, Let)]

    @property
    def lists(self) -> list[str]:
        return [name for name, found in self.defined.items() if isinstance(found, ListDefinition)]

    def unread(self, name: str) -> bool:
        """Whether a definition of ``name`` could not be read: that is reported already, its uses are not."""
        return name in self.broken


def collect(files: list[File], report: Report) -> Names:
    """All names of ``files``, each problem with them reported."""
    names = Names()
    for file in files:
        for item in file.items:
            if isinstance(item, Broken) and item.name:
                names.broken.add(item.name)
            if isinstance(item, Let | ListDefinition | Define | ActionDefinition):
                _define(item, names, report)
    return names


def _define(item: Definition, names: Names, report: Report) -> None:
    name = item.name.name
    kind = _KINDS[type(item)]
    before = names.defined.get(name)
    if before is not None:
        same = type(before) is type(item)
        report.add(
            "E203",
            f"`{name}` is defined twice" if same else f"`{name}` is a {_KINDS[type(before)]} already",
            item.name.span,
            "here again" if same else f"here a {kind}",
            "a name means one thing: give one of the two another name"
            if before.name.span.source is item.name.span.source
            else f"a name means one thing in all rule files: `{name}` is one of {before.name.span.source.name},\n"
            "give this one another name",
            [Note(before.name.span, "first here")],
        )
        return
    names.defined[name] = item
    taken = _taken(name)
    if taken:
        report.add(
            "E204",
            f"a {kind} cannot be called `{name}`",
            item.name.span,
            f"`{name}` is {taken}",
            f"give it another name, `my-{name}`",
        )


def _taken(name: str) -> str:
    if name in FIELDS:
        return "a field of a message"
    if name in SETTINGS:
        return "a setting"
    if name in ACTIONS:
        return "an action"
    if name in RESERVED:
        return "a word of the language"
    return ""


def capture_clash(name: str, names: Names) -> str:
    """What a capture called ``name`` would collide with, in words; empty if nothing."""
    if name in FIELDS or name.rpartition(".")[0] in FIELDS:
        return "a field of a message"
    if names.let_named(name):
        return "a text that `let` names"
    if name in SETTINGS:
        return "a setting"
    return ""


def too_long(text: str, span: Span, report: Report) -> bool:
    """Texts that insert texts can grow without measure."""
    if len(text) <= limits.LET_CHARACTERS:
        return False
    report.add(
        "E209",
        "this text grows too long",
        span,
        "",
        f"with what its holes insert a text has at most {limits.LET_CHARACTERS} characters",
    )
    return True
