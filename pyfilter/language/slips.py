"""What people type first and what they get back: the shape of the table.

A ``Slip`` is a row: where it applies (what stands before the error in its
statement, what stands at it), and the words it gets back. Its rows are in
slips_statement.py (a word that begins a statement), slips_borrowed.py (whole
phrases of other languages), slips_condition.py, slips_relation.py
(between ``when`` and the actions) and slips_text.py (texts, dates, numbers,
actions' arguments). The first row that fits is taken.

``before`` is searched at the end of the statement so far, ``here`` matched
against the rest of the line. Groups of both are put into ``message``,
``label``, ``help`` and ``write`` as ``%(name)s``, with ``block`` what is open
around it. What is underlined is the
group ``at`` of ``here``, else all of it, with ``whole`` from the beginning of
what ``before`` matched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Words = Mapping[str, str]
Template = str | Callable[[Words], str]

# the words an action begins with, where only an action can be meant
ACTIONS = (
    "file|keep|discard|stop|mark|unmark|copy|forward|pipe|reject|defer|reply|log|pass|add|set|remove|scan|notify|do"
)
# a quoted text of one line
TEXT = r'"(?:\\.|[^"\\\n])*"'


@dataclass(frozen=True, slots=True)
class Slip:
    code: str
    message: Template
    here: str = ""
    before: str = ""
    label: Template = ""
    write: Template = ""  # the words to write instead
    help: Template = ""  # a remedy that is more than words to write
    fresh: bool | None = None  # True: only where a statement begins; False: only within one
    expected: str = ""  # only where this word or kind of token may stand
    whole: bool = False
    near: bool = False  # no blank between ``before`` and ``here``

    def fits(self, before: str, rest: str) -> tuple[dict[str, str], int, int] | None:
        """The groups, and the characters to underline relative to the error."""
        at = _compiled(rf"(?i)(?:{self.here})").match(rest)
        blank = "" if self.near else r"\s*"
        behind = _compiled(rf"(?i)(?:{self.before}){blank}\Z").search(before) if self.before else None
        if not at or (self.before and not behind):
            return None
        words = {name: value or "" for name, value in at.groupdict().items()}
        start, end = at.span("at") if words.get("at") else at.span()
        end = start + len(rest[start:end].rstrip())
        if behind:
            words |= {name: value or "" for name, value in behind.groupdict().items()}
            if self.whole:
                start = behind.start() - len(before)
        return words, start, end


def filled(template: Template, words: Words) -> str:
    return template % words if isinstance(template, str) else template(words)


_patterns: dict[str, re.Pattern[str]] = {}


def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first tried: most rows never are."""
    if pattern not in _patterns:
        _patterns[pattern] = re.compile(pattern)
    return _patterns[pattern]


# a folder as people write it behind an action, in whatever quotes or none, perhaps with a word about it
FOLDER = (
    r"(?:(?:the|a|folder|mailbox|label|directory|dir)[ \t]+(?=[^\s#;}]))*"
    rf"(?P<folder>{TEXT}|'[^'\n]*'|“[^”\n]*”|[^\s;}}#{{\"][^\s;}}#{{]*)"
)


def foldered(words: Words) -> str:
    folder = words["folder"] or "…"
    return "inbox" if folder.strip("\"'“”").upper() == "INBOX" else quoted(folder)


def inside(words: Words) -> str:
    """Behind `else if`: its condition, which stands in the rule; behind `else` alone nothing."""
    rest = words["rest"].strip().removesuffix("then").strip()
    asks = words["at"].lower().endswith(("if", "when"))
    return f",\nand in it `when {rest}`" if asks and rest else ""


def quoted(word: str) -> str:
    """A word as a text of the language."""
    return '"' + word.strip("\"'“”„`").replace("\\", "\\\\").replace('"', '\\"') + '"'
