"""Problems of a rule file, as data and as text.

A Diagnostic knows its code, severity, place, cause and remedy; ``render``
shows it as text with the line as written and a caret below, ``short`` on one
line for editors, ``as_json`` for programs. All problems of a file come out of
one run; nobody raises at the first.

What is shown of a rule file is made harmless first (excerpt.py): a rule file
may come from a stranger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pyfilter.language.excerpt import excerpt, harmless
from pyfilter.language.tree import Source, Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Note:
    """A further place that belongs to the problem, with a word about it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """``message`` one line, no full stop; ``label`` stands behind the carets (may be empty);
    ``help`` the remedy, the line to write instead where there is one (may have several lines)."""

    code: str  # E201, W301
    message: str
    span: Span
    label: str = ""
    help: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def severity(self) -> Severity:
        return "error" if self.code.startswith("E") else "warning"


# SGR sequences (ECMA-48): bold red, bold yellow, bold blue, bold, back to normal
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "frame": "\x1b[1;34m", "message": "\x1b[1m"}
_PLAIN = "\x1b[0m"


def render(diagnostic: Diagnostic, color: bool = False) -> str:
    """The whole problem as shown to a person; no line break at the end."""

    def painted(text: str, colour: str) -> str:
        return f"{_COLOURS[colour]}{text}{_PLAIN}" if color and text else text

    marks = [_Mark(diagnostic.span, "^", diagnostic.label), *(_Mark(n.span, "-", n.text) for n in diagnostic.notes)]
    gutter = max(len(str(mark.span.line)) for mark in marks)
    bar = " " * gutter + " |"
    severity = diagnostic.severity
    lines = [
        painted(f"{severity}[{diagnostic.code}]", severity) + painted(f": {harmless(diagnostic.message)}", "message")
    ]
    home = diagnostic.span.source
    sources = [home, *dict.fromkeys(mark.span.source for mark in marks if mark.span.source is not home)]
    for source in sources:
        here = [mark for mark in marks if mark.span.source is source]
        arrow = "-->" if source is home else ":::"
        lines.append(painted(" " * gutter + arrow, "frame") + f" {_place(here[0].span)}")
        lines.append(painted(bar, "frame"))
        for number, on_line in _by_line(here):
            shown = excerpt(source.line(number), _first(on_line)[0])
            lines.append(painted(f"{number:>{gutter}} |", "frame") + (f" {shown.text}" if shown.text else ""))
            for mark in on_line:
                left, right = shown.columns(*mark.characters)
                under = mark.sign * (right - left) + (f" {harmless(mark.text)}" if mark.text else "")
                lines.append(
                    painted(bar, "frame") + " " + " " * left + painted(under, severity if mark.sign == "^" else "frame")
                )
    if diagnostic.help:
        if not diagnostic.notes:
            lines.append(painted(bar, "frame"))
        first, *rest = diagnostic.help.split("\n")
        lines.append(painted(" " * gutter + " =", "frame") + f" help: {harmless(first)}")
        lines.extend(" " * (gutter + len(" = help: ")) + harmless(line) for line in rest)
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Mark:
    span: Span
    sign: str
    text: str

    @property
    def characters(self) -> tuple[int, int]:
        """First and last character, from 0, on the span's first line: more lines are not underlined."""
        number, column = self.span.source.place(self.span.start)
        line = self.span.source.line(number)
        length = min(self.span.end - self.span.start, max(len(line.rstrip()) - column + 1, 1))
        return column - 1, column - 1 + length


def _by_line(marks: list[_Mark]) -> list[tuple[int, list[_Mark]]]:
    lines: dict[int, list[_Mark]] = {}
    for mark in sorted(marks, key=lambda mark: mark.span.start):
        lines.setdefault(mark.span.line, []).append(mark)
    return list(lines.items())


def _first(marks: list[_Mark]) -> tuple[int, int]:
    """The mark a long line is cut around: the problem itself, else the leftmost."""
    return next((mark for mark in marks if mark.sign == "^"), marks[0]).characters


def _place(span: Span) -> str:
    line, column = span.source.place(span.start)
    return f"{harmless(span.source.name)}:{line}:{column}"


def short(diagnostic: Diagnostic) -> str:
    """``file:line:column: error[E201]: message``, the form editors jump to."""
    return f"{_place(diagnostic.span)}: {diagnostic.severity}[{diagnostic.code}]: {harmless(diagnostic.message)}"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counts = [(severities.count(kind), kind) for kind in ("error", "warning")]
    words = [f"{count} {kind}" if count == 1 else f"{count} {kind}s" for count, kind in counts if count]
    return ", ".join(words) or "no problems"


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_json_place(diagnostic.span),
        "label": diagnostic.label,
        "help": diagnostic.help,
        "notes": [{"message": note.text, **_json_place(note.span)} for note in diagnostic.notes],
    }


def _json_place(span: Span) -> dict[str, Any]:
    source: Source = span.source
    line, column = source.place(span.start)
    end_line, end_column = source.place(span.end)
    return {"file": source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}
