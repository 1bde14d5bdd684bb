"""Rule files in another language: procmail's or Sieve's, known by how they begin.

One error for the whole file: every line of it would be one.
"""

from __future__ import annotations

import re

from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.tree import Source, Span

_SIEVE = re.compile(r"require[ \t\n]*[\[\"]")
_BLANK = re.compile(r"\ufeff?(?:[ \t\r\n]*(?:#[^\n]*|/\*.*?\*/))*[ \t\r\n]*", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*[ \t]*=[^\n]*\n")


def other_language(source: Source) -> Diagnostic | None:
    """procmail's or Sieve's language: one error for the whole file."""
    text = source.text
    position = 0
    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        assigned = _ASSIGNMENT.match(text, position)
        if not assigned:
            break
        position = assigned.end()
    end = text.find("\n", position)
    line = Span(source, position, end if end >= 0 else len(text))
    if _SIEVE.match(text, position):
        return _foreign(line, "Sieve")
    if text.startswith(":0", position):
        return _foreign(line, "procmail")
    return None


def _foreign(line: Span, name: str) -> Diagnostic:
    return Diagnostic(
        "E100", f"this looks like {name}", line, "",
        "pyfilter has rules of its own; a later version translates such a file with `pyfilter import`.\n"
        'A rule looks like this: `rule "lists" { when list-id exists; file into "Lists" }`'
        + ("\ndocs/procmail.md says what stands for what" if name == "procmail" else ""),
    )  # fmt: skip
