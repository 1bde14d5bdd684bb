"""A remedy that names what this version does not do yet says so at once, not in the next run."""

from __future__ import annotations

import re

from pyfilter.language.slips import TEXT
from pyfilter.language.vocabulary import ACTIONS, FIELDS, STATEMENTS

_WORDS = re.compile(r"[A-Za-z][\w.-]*")


def not_yet(written: str) -> str:
    """A line or two about the first thing in ``written`` that is not built, or nothing."""
    bare = re.sub(TEXT, " ", written)
    for verb, action in ACTIONS.items():
        if not action.built and re.match(rf"{verb}(?![\w.-])", bare):
            return _line(verb, action.meanwhile)
    words = _WORDS.findall(bare)
    for word, statement in STATEMENTS.items():
        if not statement.built and word in words[:2]:
            return _line(word, statement.meanwhile)
    if words and words[0] in ("file", "copy", "set", "list", "let", "rule", "mark"):
        return ""
    for word in words:
        field = FIELDS.get(word) or FIELDS.get(word.partition(".")[0])
        if field and not field.built:
            return _line(word, field.meanwhile)
    return ""


def _line(name: str, meanwhile: str) -> str:
    return f"`{name}` is not in this version" + (f";\nuntil then: {meanwhile}" if meanwhile else "")
