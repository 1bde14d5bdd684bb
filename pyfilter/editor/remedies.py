"""The remedy of a diagnostic as a change of the text, where it is one replacement and right.

In: a diagnostic, and a way to check a changed text. Out: a ``Remedy`` or None. A help names what
to write in backquotes: "did you mean `subject`?", "write `from is "x"`". It may stand for what is
underlined or for its whole line; which of them it is, nobody has to know: each is tried, and
taken if the diagnostic is gone, nothing new is wrong, and no text in quotes was lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyfilter.editor.reading import Reading
from pyfilter.language.diagnostics import Diagnostic

__all__ = ["Remedy", "remedy"]

_WRITTEN = re.compile(r"^(?:did you mean|write) `([^`\n]+)`")
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
    found = _WRITTEN.match(diagnostic.help)
    if not found:
        return None
    errors = _count(before)
    for change in _candidates(*reading.place(diagnostic.span), found[1], reading.text):
        lost = _texts(reading.text[change.start : change.end]) - _texts(change.written)
        if lost:
            continue
        changed = reading.text[: change.start] + change.written + reading.text[change.end :]
        after = _count(check(changed))
        if (
            all(after[key] <= errors.get(key, 0) for key in after)
            and after.get(diagnostic.code, 0) < errors[diagnostic.code]
        ):
            return change
    return None


def _candidates(start: int, end: int, written: str, text: str) -> Iterator[Remedy]:
    yield Remedy(start, end, written)
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    line = text[first : last if last >= 0 else len(text)]
    indented = first + len(line) - len(line.lstrip())
    yield Remedy(indented, first + len(line.rstrip()), written)


def _texts(written: str) -> set[str]:
    return set(_TEXT.findall(written))


def _count(diagnostics: list[Diagnostic]) -> dict[str, int]:
    found: dict[str, int] = {}
    for diagnostic in diagnostics:
        found[diagnostic.code] = found.get(diagnostic.code, 0) + 1
    return found
