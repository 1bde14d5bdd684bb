"""Problems of a rule file, as data.

A Diagnostic knows its code, severity, place, cause and remedy; ``render``
shows it as text with the line as written and a caret below. All problems of a
file come out of one run; nobody raises at the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyfilter.language.tree import Span

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
