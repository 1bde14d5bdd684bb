"""The words of the language in classes, as an editor colours them; made from the vocabulary table.

``CLASSES[class]``: its words, a phrase with single blanks. The grammars of editors (textmate.py,
vim.py) are made from them, so that a word that the table gets is coloured wherever it was left
to the table. Words that stand in no row (`given`, `of`, `exactly`) are listed here; a test
holds that the grammar has no further ones.
"""

from __future__ import annotations

from pyfilter.language.vocabulary import (
    ACTIONS,
    CONDITION_WORDS,
    FLAGS,
    RELATIONS,
    SETTINGS,
    STATEMENTS,
    UNITS,
    WORDS,
    field_names,
)

__all__ = ["CLASSES", "HEADER_VERBS"]

# what a relation becomes when it is denied, and the words around values
_DENIED = (
    "is not", "not in", "does not contain", "does not start with", "does not end with", "does not match",
    "does not exist", "exactly",
)  # fmt: skip
_CLAUSES = (
    "given", "expect", "message", "by", "as", "every", "optional", "with", "and continue", "if", "of", "score",
)  # fmt: skip

# verbs that a header's name follows
HEADER_VERBS = tuple(verb for verb in ACTIONS if verb.endswith(" header"))

CLASSES: dict[str, tuple[str, ...]] = {
    "statement": tuple(STATEMENTS),
    "clause": _CLAUSES,
    "condition": tuple(CONDITION_WORDS),
    "relation": (*(word for word in RELATIONS if word != "compare"), *_DENIED),
    "field": tuple(field_names()),
    "action": tuple(ACTIONS),
    "flag": tuple(FLAGS),
    "setting": tuple(SETTINGS),
    "unit": tuple(UNITS),
    "value": tuple(
        dict.fromkeys(
            (
                "inbox", "mbox", "mh",
                *(word for words in WORDS.values() for word in words),
                *(word for row in SETTINGS.values() for word in row.choices),
            )
        )
    ),
}  # fmt: skip
