"""What the parts of the checker share: the report they write into, and guesses.

A part never raises for a bad rule. It reports, returns None for what it could
not make, and its caller goes on with the next piece, so that one run shows all
problems. What is already reported is not reported again for its consequences.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pyfilter.language.diagnostics import Diagnostic, Note
from pyfilter.language.tree import Rule, Span

__all__ = ["Report", "backquoted", "first_word", "name_of", "nearest", "on_one_line"]


class Report:
    """The diagnostics so far. One place gets one diagnostic of a code.

    ``using``: where what is judged now is used, of pieces that stand elsewhere (`do`); a note tells it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, int], Diagnostic] = {}
        self.using: Note | None = None

    def add(
        self, code: str, message: str, span: Span, label: str = "", help: str = "", notes: Iterable[Note] = ()
    ) -> None:
        key = (code, id(span.source), span.start, span.end)
        told = tuple(notes) if self.using is None else (*notes, self.using)
        self._found.setdefault(key, Diagnostic(code, message, span, label, help, told))

    def told(self, code: str, span: Span) -> bool:
        """Whether this was reported of this place."""
        return (code, id(span.source), span.start, span.end) in self._found

    @property
    def failed(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self._found.values())

    def sorted(self, sources: list[int], *others: Report) -> list[Diagnostic]:
        """With those of ``others``, by file, in the order of ``sources`` (their ids), then by place."""
        order = {source: number for number, source in enumerate(sources)}
        return sorted(
            [problem for report in (self, *others) for problem in report._found.values()],
            key=lambda d: (order.get(id(d.span.source), 0), d.span.start, d.span.end, d.code),
        )


def name_of(rule: Rule) -> Span:
    """Where a rule's name stands."""
    head = rule.head.text
    start = len(head) - len(head.removeprefix("rule").lstrip())
    return Span(rule.head.source, rule.head.start + start, rule.head.end)


def first_word(span: Span, word: str) -> Span:
    """The ``word`` with which ``span`` begins."""
    return Span(span.source, span.start, span.start + len(word))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None. Case and `_` for `-` are forgiven first."""
    choices = list(known)
    plain = word.casefold().replace("_", "-")
    for choice in choices:
        if choice.casefold() == plain:
            return choice
    lowered = {choice.casefold(): choice for choice in choices}
    found = get_close_matches(plain, lowered, n=1, cutoff=0.7)
    return lowered[found[0]] if found else None


def backquoted(words: Iterable[str], last: str = "and") -> str:
    """`a`, `b` and `c`"""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"


def on_one_line(text: str) -> str:
    """A piece of a rule file as one line: continued lines joined, comments between them gone.
    Line breaks inside quotes cannot be (long texts stand in no condition)."""
    if "\n" not in text:
        return text
    lines = (_without_comment(line).strip() for line in text.split("\n"))
    return " ".join(line for line in lines if line)


def _without_comment(line: str) -> str:
    """A `#` outside of quotes and of `/…/` begins a comment."""
    fence = ""
    position = 0
    while position < len(line):
        character = line[position]
        if character == "\\":
            position += 1
        elif fence:
            fence = "" if character == fence else fence
        elif character == "#":
            return line[:position]
        elif character in '"/':
            fence = character
        position += 1
    return line
