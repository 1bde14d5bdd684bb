"""THE TABLE: every word of the rule language, one row each.

The checker looks words up here, the reference in docs/language.md is made from
it (see ``reference.py``), remedies are guessed from it.

Kinds of fields, which decide what relations fit and what they take:

=========  =====================================================================
text       texts: is, contains, starts with, ends with, matches, in, exists
addresses  the same, held against each mailbox's address, name and both
bytes      a number with a unit of size: < <= > >= ==, is, between
count      a number without a unit: < <= > >= ==, is, between
points     the same, may be negative and broken; also compared with another field of points
truth      yes or no: the bare field, is
result     a word of WORDS: the bare field (pass), is, passes, fails, exists
moment     a day or a moment (check_dates.py): < <= > >= ==, is, between, exists
time       a 24-hour time: < <= > >= ==, is, between
seconds    a number with a unit of time: < <= > >= ==, is, between, within, exists
weekday    a word of WORDS, never alone: is
=========  =====================================================================
"""

from __future__ import annotations

from pyfilter.language.vocabulary_actions import ACTION_ROWS, FLAGS
from pyfilter.language.vocabulary_fields import FIELD_ROWS, PARTS
from pyfilter.language.vocabulary_rows import (
    ActionRow,
    FieldRow,
    FlagRow,
    RelationRow,
    SettingRow,
    StatementRow,
    UnitRow,
)
from pyfilter.language.vocabulary_settings import SETTING_ROWS

__all__ = [
    "ACTIONS",
    "CONDITION_WORDS",
    "FIELDS",
    "FLAGS",
    "NUMERIC",
    "PARTS",
    "RELATIONS",
    "RESERVED",
    "SETTINGS",
    "STATEMENTS",
    "TEMPORAL",
    "TEXTUAL",
    "UNITS",
    "WORDS",
    "FlagRow",
    "UnitRow",
    "field_kind",
    "field_names",
]

TEXTUAL = frozenset({"text", "addresses"})
NUMERIC = frozenset({"bytes", "count", "points"})
TEMPORAL = frozenset({"moment", "time", "seconds"})

# kind -> the words it can be, and what the bare field asks
WORDS: dict[str, tuple[str, ...]] = {
    "truth": ("yes", "no"),
    # RFC 8601, section 2.7
    "result": ("pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"),
    "weekday": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
}


FIELDS: dict[str, FieldRow] = {row.name: row for row in FIELD_ROWS}

# --------------------------------------------------------------- relations

_ANY_KIND = TEXTUAL | NUMERIC | TEMPORAL | frozenset(WORDS)
RELATIONS: dict[str, RelationRow] = {
    row.word: row
    for row in (
        RelationRow("is", _ANY_KIND, "equal, whatever the case of the letters", 'from is "boss@corp.example"'),
        RelationRow("contains", TEXTUAL, "stands somewhere in it", 'subject contains "invoice", "bill"'),
        RelationRow("starts with", TEXTUAL, "begins like this", 'subject starts with "DenyHosts Report"'),
        RelationRow("ends with", TEXTUAL, "ends like this", 'from.domain ends with ".example"'),
        RelationRow(
            "matches",
            TEXTUAL,
            '`"…*…"` is held against the whole (`*` any run, `?` one character, `{name}` captures a run); '
            "`/…/` is searched in it (RE2 syntax, `(?P<name>…)` captures)",
            'subject matches "[{tag}] *"',
        ),
        RelationRow(
            "exists", TEXTUAL | {"result", "moment", "seconds"}, "the message has it", "header X-Cron-Env exists"
        ),
        RelationRow("in", TEXTUAL, "stands in a list: by name, or texts", "from in family"),
        RelationRow(
            "compare",
            NUMERIC | TEMPORAL,
            "`<`, `<=`, `>`, `>=`, `==`: a size, a count, points, an age, a moment, a time",
            "spam.score >= spam.threshold",
        ),
        RelationRow("passes", frozenset({"result"}), "one result is `pass`", "dkim passes"),
        RelationRow("fails", frozenset({"result"}), "a result is `fail` and none is `pass`", "dmarc fails"),
        RelationRow(
            "between", NUMERIC | TEMPORAL, "from the first to the second, both included", "size between 1 MB and 5 MB"
        ),
        RelationRow(
            "within", frozenset({"seconds"}), "not longer ago than this; also behind `duplicate`", "age within 7 days"
        ),
        RelationRow("succeeds", frozenset(), "the program's exit status is 0", 'command "check" succeeds'),
    )
}

ACTIONS: dict[str, ActionRow] = {row.verb: row for row in ACTION_ROWS}

SETTINGS: dict[str, SettingRow] = {row.name: row for row in SETTING_ROWS}

# ------------------------------------------------------- statements, units

STATEMENTS: dict[str, StatementRow] = {
    row.word: row
    for row in (
        StatementRow(
            "rule",
            "a name, conditions and actions; rules may stand inside rules",
            'rule "cron" { when header X-Cron-Env exists; file into "Cron" }',
        ),
        StatementRow(
            "when",
            "the condition of a rule; several lines must all hold",
            'rule "big" { when size > 10 MB; file into "Big" }',
        ),
        StatementRow("set", "a setting", 'set maildir = "~/.maildir"'),
        StatementRow(
            "list",
            "names a list of addresses, domains (`@example.org`) or texts, here, in a file with one a line, or as a "
            'program prints them: `list family from command "addresses" every 1 hour` (the default)',
            'list shops = "orders@shop.example", "@books.example"',
        ),
        StatementRow("let", "names a text; `{name}` inserts it", 'let team = "Work/Team"'),
        StatementRow(
            "test",
            "a message with what must happen to it; `pyfilter check` tries it",
            'test "a note is kept" { message "Subject: a note"; expect keep }',
        ),
        StatementRow(
            "define",
            "names a condition, which stands alone where a condition stands: `when work and not spam`",
            'define work as from.domain is "corp.example"',
        ),
        StatementRow(
            "action",
            "names a sequence of actions, which `do` does",
            'action put-by { mark read; copy into "Archive" }',
        ),
        StatementRow(
            "include",
            "reads further rule files here: one, all of a pattern in the order of their names, or `<name>`, which "
            "comes with pyfilter; `include optional` may be missing",
            'include "rules.d/*.rules"',
        ),
        StatementRow(
            "else",
            "a rule that is asked only if the one directly before it, and those that one follows, did not match",
            'rule "big" { when size > 9 MB; file into "Big" }; rule "rest" else { keep }',
        ),
    )
}

CONDITION_WORDS = {
    "and": "both hold",
    "or": "one of them holds; `and` and `or` in one condition need parentheses",
    "not": "the one condition, parenthesis or group after it does not hold",
    "any": "`any { … }`: at least one of the lines holds",
    "all": "`all { … }`: every line holds",
    "none": "`none { … }`: no line holds",
    "at least": "`at least 2 of { … }`: so many lines hold",
}

UNITS: dict[str, UnitRow] = {
    word: row
    for row in (
        UnitRow(("kB",), "bytes", 1000),
        UnitRow(("MB",), "bytes", 1000**2),
        UnitRow(("GB",), "bytes", 1000**3),
        UnitRow(("KiB",), "bytes", 1024),
        UnitRow(("MiB",), "bytes", 1024**2),
        UnitRow(("GiB",), "bytes", 1024**3),
        UnitRow(("second", "seconds"), "seconds", 1),
        UnitRow(("minute", "minutes"), "seconds", 60),
        UnitRow(("hour", "hours"), "seconds", 3600),
        UnitRow(("day", "days"), "seconds", 86400),
        UnitRow(("week", "weeks"), "seconds", 7 * 86400),
        UnitRow(("month", "months"), "seconds", 30 * 86400),
        UnitRow(("year", "years"), "seconds", 365 * 86400),
    )
    for word in row.words
}

# words that a list, let, define or action cannot be called
RESERVED = frozenset(
    word
    for phrase in (
        *FIELDS,
        *RELATIONS,
        *ACTIONS,
        *SETTINGS,
        *STATEMENTS,
        *CONDITION_WORDS,
        "of",
        "if",
        "exactly",
        "as",
        "inbox",
        "mbox",
        "mh",
        "every",
        "optional",
        "yes",
        "no",
        "given",
        "expect",
        "message",
        "by",
        "continue",
        "score",
        "does",
        "exist",
        "match",
        "contain",
        "start",
        "end",
    )
    for word in (phrase, *phrase.split())
    if word != "compare"
)


def field_kind(name: str) -> str | None:
    """The kind of a field of this version by its full name, part included; None where there is none."""
    row = FIELDS.get(name)
    if row is not None:
        return row.kind
    base, _, part = name.rpartition(".")
    row = FIELDS.get(base)
    if row is None or part not in row.parts:
        return None
    return next(piece.kind for piece in PARTS if piece.name == part)


def field_names() -> list[str]:
    """Every field with every part: what a misspelt word may have meant."""
    return [name for row in FIELDS.values() for name in (row.name, *(f"{row.name}.{part}" for part in row.parts))]
