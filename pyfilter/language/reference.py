"""The rule language's reference, docs/language.md, made from the vocabulary table.

``python -m pyfilter.language.reference > docs/language.md`` writes it anew; a
test holds that the file says what the table says, and that its examples are
rules of this version.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from pyfilter.language.vocabulary import (
    ACTIONS,
    CONDITION_WORDS,
    FIELDS,
    FLAGS,
    PARTS,
    RELATIONS,
    SETTINGS,
    STATEMENTS,
    UNITS,
)

__all__ = ["reference"]

_OPENING = """\
# The rule language

*Made from the vocabulary table, `pyfilter/language/vocabulary.py`, by
`python -m pyfilter.language.reference > docs/language.md`. Do not edit by hand.*

One lexical rule carries it all: **words of the language are bare, yours are quoted, a pattern is what follows
`matches`, a hole is `{name}`.** Rules are asked in order; the first whose actions take the message ends the
filtering, once all its actions are done. What no rule takes is kept in the inbox.

```
set maildir = "~/Maildir"

list family = "olga@family.example", "@cousins.example"
let lists = "lists"

rule "boss" {                                  # a comment
    when from is "boss@corp.example"
    mark flagged
    file into "Boss"
}

rule "mailing lists" {
    when list-id matches "{list}.lists.example.org"
    rule "announcements" {                     # asked only inside the outer rule
        when subject starts with "[announce]"
        mark read
        file into "{lists}/announce"
    }
    file into "{lists}/{list}"
}

rule "big" {
    when size > 10 MB
     and not (from in family or to-or-cc.count is 1)
    file into "Big"
}
```

`;` and the end of a line separate alike. A line that begins with `and` or `or` continues the one before; a line may
also break behind `,`, `and`, `or` and `(`. In quotes `\\"`, `\\\\`, `\\{`, `\\}`, `\\*` and `\\?` stand for the
character itself. A text between `\"""` and `\"""` may have several lines.
"""

_RELATIONS = """\
Several texts, separated by `,` or `or`, mean any of them. `is not`, `not in`, `does not contain`, `does not exist` and
so on say the same as `not` in front. Letters are compared without regard to case unless `exactly` stands behind the
relation: `subject contains exactly "URGENT"`. A field with several values holds if any of them does.
"""

_HOLES = """\
## Holes

`{name}` in a text is filled by what a pattern above it captured, by a `let`, or by a field: `{from.domain}`. What
comes out of a message is cleaned for its place: in a folder it is one part of the name, in a reason or a log line it
has no line breaks. A hole that some messages would leave unset is an error when the rules are checked.

## Folders

A folder is named as a mail client shows it, `"Cron/DenyHosts"`; `inbox` is the inbox. A dot cannot stand in a name,
since it separates the parts on disk; `".Cron.DenyHosts/"`, as procmail writes it, is understood. Folders that are
missing are made.
"""


def reference() -> str:
    return "\n".join([_OPENING, *_sections(), ""])


def _sections() -> Iterable[str]:
    yield "## Statements\n"
    yield _table(
        ("statement", "what it does", "example"),
        ((f"`{row.word}`", row.doc, f"`{row.example}`") for row in STATEMENTS.values() if row.built),
    )
    yield "## Conditions\n"
    yield _table(("word", "holds if"), ((f"`{word}`", doc) for word, doc in CONDITION_WORDS.items()))
    yield "## Fields\n"
    yield _table(
        ("field", "what it is", "parts", "example"),
        (
            (f"`{row.name}`", row.doc, " ".join(f"`.{part}`" for part in row.parts), f"`{row.example}`")
            for row in FIELDS.values()
            if row.built
        ),
    )
    yield (
        "An address field without a part offers each address in three forms, the address, the name and\n"
        "`Name <address>`, and holds if any of them does.\n"
    )
    yield _table(("part", "what it is"), ((f"`.{row.name}`", row.doc) for row in PARTS))
    yield "## Relations\n"
    yield _table(
        ("relation", "holds if the field", "example"),
        (
            ("a comparison" if row.word == "compare" else f"`{row.word}`", row.doc, f"`{row.example}`")
            for row in RELATIONS.values()
            if row.built
        ),
    )
    yield _RELATIONS
    sizes = ", ".join(f"`{word}` ({row.factor:,} bytes)" for word, row in UNITS.items() if row.kind == "bytes")
    times = ", ".join(f"`{word}`" for word, row in UNITS.items() if row.kind == "seconds" and word.endswith("s"))
    yield f"Sizes have a unit: {sizes}. Times too: {times}, or one of them. Counts have none.\n"
    yield "## Actions\n"
    yield _table(
        ("action", "what it does", "ends the filtering", "example"),
        (
            (f"`{row.verb}`", row.doc, _ends(row.ends, row.continuable, row.stops), f"`{row.example}`")
            for row in ACTIONS.values()
            if row.built
        ),
    )
    yield _table(("flag", "in a mail client"), ((f"`{row.word}`", row.doc) for row in FLAGS.values()))
    yield _HOLES
    yield "## Settings\n"
    yield _table(
        ("setting", "default", "what it is", "example"),
        (
            (f"`{row.name}`", _default(row.default), row.doc, f"`{row.example}`")
            for row in SETTINGS.values()
            if row.built
        ),
    )
    yield (
        "`/etc/pyfilterrc`, where there is one, is asked before a user's own rules. Its names can be used there, and\n"
        "the user's settings win over it.\n"
    )
    yield "## Not in this version\n"
    yield "These words belong to the language; until they are built a rule that uses one is an error (E400).\n"
    later = {
        "fields": (row.name for row in FIELDS.values() if not row.built),
        "actions": (row.verb for row in ACTIONS.values() if not row.built),
        "settings": (row.name for row in SETTINGS.values() if not row.built),
        "values": (f"{row.name} = {value}" for row in SETTINGS.values() for value in row.later),
        "statements": (row.word for row in STATEMENTS.values() if not row.built),
        "relations": (row.word for row in RELATIONS.values() if not row.built),
        "others": ("score", "list … from command", "mbox", "mh"),
    }
    yield _table(("kind", "words"), ((kind, ", ".join(f"`{word}`" for word in words)) for kind, words in later.items()))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_row(head), _row(("---",) * len(head)), *(_row(row) for row in rows), ""]
    return "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _ends(ends: bool, continuable: bool, stops: bool) -> str:
    if stops or (ends and not continuable):
        return "yes"
    return "yes, unless `and continue` stands behind it" if ends else "no"


def _default(value: object) -> str:
    if value is None:
        return "the system's log"
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    if isinstance(value, int):
        return f"`{value} seconds`"
    return f'`"{value}"`' if "/" in str(value) else f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
