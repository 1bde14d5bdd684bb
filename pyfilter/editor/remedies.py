"""The remedy of a diagnostic as a change of the text, where it is one replacement and right.

In: a diagnostic, and a way to check a changed text. Out: a ``Remedy`` or None. A help names what
to write in backquotes: "did you mean `subject`?", "write `from is "x"`". It stands for what is underlined, for
that with what stands around it and the remedy repeats, for the rest of the statement or for its whole line. Which
of them it is, nobody has to know: each is tried, and taken if the diagnostic is gone, nothing new is wrong, no word
is cut, and neither a text in quotes nor a comment was lost. A help that leaves a choice is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pyfilter.editor.reading import Reading
from pyfilter.language.diagnostics import Diagnostic

__all__ = ["Remedy", "remedy"]

_WRITTEN = re.compile(r"(?:did you mean|write) `([^`\n]+)`[?;]?(?:\n(?!\s*or\b).*)*")
_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|\S+')
_STATEMENT_END = re.compile(r"[ \t]*(?:[;{}#]|$)")
_WORD = re.compile(r"\w\w")
_TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"')


@dataclass(frozen=True, slots=True)
class Remedy:
    """Put ``written`` in place of the characters ``start`` to ``end``."""

    start: int
    end: int
    written: str


def remedy(
    diagnostic: Diagnostic, reading: Reading, before: list[Diagnostic], check: Callable[[str], list[Diagnostic]]
) -> Remedy | None:
    """``before``: all that is wrong now; ``check``: all that is wrong with another text in the file's place."""
    found = _WRITTEN.fullmatch(diagnostic.help)
    if not found:
        return None
    severity = diagnostic.severity
    wrong = _count(before, severity)
    for change in _candidates(*reading.place(diagnostic.span), found[1], reading.text):
        if _loses(change, reading.text):
            continue
        changed = reading.text[: change.start] + change.written + reading.text[change.end :]
        after = _count(check(changed), severity)
        mended = after.get(diagnostic.code, 0) < wrong.get(diagnostic.code, 0)
        if mended and all(after[code] <= wrong.get(code, 0) for code in after):
            return change
    return None


def _candidates(start: int, end: int, written: str, text: str) -> list[Remedy]:
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = last if last >= 0 else len(text)
    pieces = _PIECE.findall(written)
    before = text.rfind(pieces[0], first, start)
    behind = text.find(pieces[-1], start, last)
    statement = _STATEMENT_END.search(text, start, last)
    starts = ([before] if before >= 0 else []) + [start]
    ends = ([behind + len(pieces[-1])] if behind >= 0 else []) + [end, statement.start() if statement else last]
    line = text[first:last]
    whole = (first + len(line) - len(line.lstrip()), first + len(line.rstrip()))
    places = [(one, other) for one in starts for other in ends if one <= start and end <= other] + [whole]
    return [Remedy(one, other, written) for one, other in dict.fromkeys(places)]


def _loses(change: Remedy, text: str) -> bool:
    """Whether the change would cut a word, or lose a text, a comment or a statement."""
    gone = text[change.start : change.end]
    if _texts(gone) - _texts(change.written) or "\n" in gone:
        return True
    if any(_TEXT.sub("", gone).count(sign) > _TEXT.sub("", change.written).count(sign) for sign in "#;{}"):
        return True
    return any(_WORD.fullmatch(text[max(place - 1, 0) : place + 1]) for place in (change.start, change.end) if place)


def _texts(written: str) -> set[str]:
    return set(_TEXT.findall(written))


def _count(diagnostics: list[Diagnostic], severity: str) -> dict[str, int]:
    """How often each code stands among them. Of an error's remedy warnings do not count: some come only after it."""
    found: dict[str, int] = {}
    for diagnostic in diagnostics:
        if severity == "warning" or diagnostic.severity == "error":
            found[diagnostic.code] = found.get(diagnostic.code, 0) + 1
    return found
