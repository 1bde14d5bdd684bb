"""THE TABLE: every word of the rule language, one row each.

The checker looks words up here, the reference in docs/language.md is made from
it (see ``reference.py``), remedies are guessed from it. A row that is not
``built`` is part of the language but not of this version: the checker says so
(E400) and, with ``meanwhile``, what can be done until then.

Kinds of fields, which decide what relations fit and what they take:

=========  =====================================================================
text       texts: is, contains, starts with, ends with, matches, in, exists
addresses  the same, held against each mailbox's address, name and both
bytes      a number with a unit of size: < <= > >= ==, is, between
count      a number without a unit: < <= > >= ==, is, between
points     the same, may be negative and broken; also compared with another field of points
truth      yes or no: the bare field, is
result     a word of WORDS: the bare field (pass), is, passes, fails, exists
others     belong to fields of later versions
=========  =====================================================================
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.language.vocabulary_fields import BUILT_FIELDS, PARTS
from pyfilter.language.vocabulary_later import LATER_ACTIONS, LATER_FIELDS, LATER_SETTINGS, LATER_STATEMENTS
from pyfilter.language.vocabulary_rows import (
    ActionRow,
    FieldRow,
    FlagRow,
    RelationRow,
    SettingRow,
    StatementRow,
    UnitRow,
)

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

# kind -> the words it can be, and what the bare field asks
WORDS: dict[str, tuple[str, ...]] = {
    "truth": ("yes", "no"),
    # RFC 8601, section 2.7
    "result": ("pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"),
}


FIELDS: dict[str, FieldRow] = {row.name: row for row in (*BUILT_FIELDS, *LATER_FIELDS)}

# --------------------------------------------------------------- relations

_ANY_KIND = TEXTUAL | NUMERIC | frozenset(WORDS)
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
        RelationRow("exists", TEXTUAL | {"result"}, "the message has it", "header X-Cron-Env exists"),
        RelationRow("in", TEXTUAL, "stands in a list: by name, or texts", "from in family"),
        RelationRow(
            "compare", NUMERIC, "`<`, `<=`, `>`, `>=`, `==`: a size, a count, points", "spam.score >= spam.threshold"
        ),
        RelationRow("passes", frozenset({"result"}), "one result is `pass`", "dkim passes"),
        RelationRow("fails", frozenset({"result"}), "a result is `fail` and none is `pass`", "dmarc fails"),
        RelationRow("between", NUMERIC, "from the first to the second, both included", "size between 1 MB and 5 MB"),
        RelationRow("within", frozenset(), "not longer ago than this", "duplicate within 7 days", built=False),
        RelationRow("succeeds", frozenset(), "the program's exit status is 0", 'command "check" succeeds', built=False),
    )
}

# ----------------------------------------------------------------- actions

ACTIONS: dict[str, ActionRow] = {
    row.verb: row
    for row in (
        ActionRow(
            "file into",
            "files it into a folder, which is made if it is missing",
            'file into "Cron/DenyHosts"',
            ends=True,
        ),
        ActionRow("keep", "files it into the inbox", "keep", ends=True),
        ActionRow("discard", "throws it away for good, without a word", "discard # on purpose", ends=True),
        ActionRow(
            "reject",
            "refuses it: the sender gets it back with the reason",
            'reject "this address is closed"',
            ends=True,
            continuable=False,
        ),
        ActionRow(
            "defer",
            "leaves it in the mail server's queue, which tries again later",
            'defer "closed for the weekend"',
            ends=True,
            continuable=False,
        ),
        ActionRow("copy into", "files a copy and goes on", 'copy into "Archive"'),
        ActionRow("mark", "sets flags on what this rule or a later one files", "mark read, flagged"),
        ActionRow("log", "writes a line to the log", 'log "from {from.address}"'),
        ActionRow(
            "scan",
            "asks the spam scanner now; `scan with rspamd` or `scan with spamd` says whose verdict `spam` is from "
            "here on",
            "scan with rspamd",
        ),
        ActionRow(
            "verify",
            "verifies the DKIM signatures now, for hosts whose mail server does not",
            "verify dkim",
        ),
        ActionRow("stop", "asks no further rules; what is not filed is kept in the inbox", "stop", stops=True),
        *LATER_ACTIONS,
    )
}

FLAGS: dict[str, FlagRow] = {
    row.word: row
    for row in (
        FlagRow("read", "S", "shown as read"),
        FlagRow("seen", "S", "the same as `read`"),
        FlagRow("flagged", "F", "shown with a star or a flag"),
        FlagRow("starred", "F", "the same as `flagged`"),
        FlagRow("answered", "R", "shown as answered"),
        FlagRow("draft", "D", "shown as a draft"),
    )
}

# ---------------------------------------------------------------- settings


def _scanner(name: str, address: str) -> tuple[SettingRow, ...]:
    """The settings that every scanner has."""
    return (
        SettingRow(
            f"{name}.address",
            "address",
            address,
            f'where {name} listens: a host and its port, `"unix:/…"` a socket, `"tls:…"` with encryption',
            f'set {name}.address = "unix:/run/{name}.sock"',
        ),
        SettingRow(
            f"{name}.timeout",
            "duration",
            30,
            f"how long to wait for {name}; then `spam` is unknown",
            f"set {name}.timeout = 10 seconds",
        ),
        SettingRow(
            f"{name}.max-size",
            "bytes",
            500_000,
            "larger mail is not scanned and counts as not spam",
            f"set {name}.max-size = 1 MB",
        ),
        SettingRow(
            f"{name}.required",
            "yes-no",
            False,
            f"leave mail in the queue while {name} cannot be asked, rather than go on without its verdict",
            f"set {name}.required = yes",
        ),
    )


SETTINGS: dict[str, SettingRow] = {
    row.name: row
    for row in (
        SettingRow(
            "maildir",
            "path",
            "~/Maildir",
            "the Maildir that holds the inbox and all folders",
            'set maildir = "~/.maildir"',
        ),
        SettingRow(
            "layout",
            "choice",
            "maildir++",
            "how folders lie on disk: `.Cron.DenyHosts/` inside the Maildir",
            "set layout = maildir++",
            choices=("maildir++",),
            later=("fs",),
        ),
        SettingRow("create-folders", "yes-no", True, "make folders that are missing", "set create-folders = no"),
        SettingRow(
            "subscribe",
            "yes-no",
            True,
            "subscribe to folders that were made (Dovecot's `subscriptions` file)",
            "set subscribe = no",
        ),
        SettingRow(
            "durable",
            "choice",
            "full",
            "what is on disk before the mail counts as delivered: file and directory, the file, nothing",
            "set durable = full",
            choices=("full", "file", "none"),
        ),
        SettingRow(
            "deadline",
            "duration",
            limits.DEADLINE_SECONDS,
            "after this time a delivery gives up and the mail server tries again; below Postfix's `command_time_limit`",
            "set deadline = 2 minutes",
        ),
        SettingRow("log", "path", None, "the log file", 'set log = "~/mail.log"', unset="the system's log"),
        SettingRow(
            "broken-rules",
            "choice",
            "inbox",
            "what happens to mail while the rules have errors: `inbox` keeps it there, `defer` leaves it in the queue",
            "set broken-rules = defer",
            choices=("inbox", "defer"),
            later=("last-good",),
        ),
        SettingRow(
            "spam.source",
            "choice",
            "spamd",
            "whose verdict `spam` is: that of `spamd` or `rspamd`, which are asked, or what a scanner in front has "
            "written into the message's `headers`",
            "set spam.source = headers",
            choices=("spamd", "rspamd", "headers"),
        ),
        *_scanner("spamd", "127.0.0.1:783"),
        SettingRow(
            "spamd.user",
            "text",
            None,
            "whose SpamAssassin preferences count",
            'set spamd.user = "ann"',
            unset="the user's own",
        ),
        SettingRow("spamd.compress", "yes-no", False, "send mail to spamd compressed", "set spamd.compress = yes"),
        SettingRow(
            "spamd.certificates",
            "path",
            None,
            "the certificates that are trusted of an address with `tls:`, a PEM file",
            'set spamd.certificates = "/etc/ssl/spamd.pem"',
            unset="the system's",
        ),
        *_scanner("rspamd", "127.0.0.1:11333"),
        SettingRow(
            "trusted-authserv",
            "texts",
            None,
            "the names under which your own servers write Authentication-Results; no others count",
            'set trusted-authserv = "mx.example.org"',
        ),
        SettingRow(
            "trusted-hops",
            "number",
            1,
            "how many `Received` lines on top are your own servers'; what stands below the last of them a stranger "
            "can have written",
            "set trusted-hops = 2",
        ),
        *LATER_SETTINGS,
    )
}

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
            "names a list of addresses, domains (`@example.org`) or texts, here or in a file with one a line",
            'list shops = "orders@shop.example", "@books.example"',
        ),
        StatementRow("let", "names a text; `{name}` inserts it", 'let team = "Work/Team"'),
        *LATER_STATEMENTS,
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
    if row is not None and row.built:
        return row.kind
    base, _, part = name.rpartition(".")
    row = FIELDS.get(base)
    if row is None or not row.built or part not in row.parts:
        return None
    return next(piece.kind for piece in PARTS if piece.name == part)


def field_names() -> list[str]:
    """Every field with every part, also of later versions: what a misspelt word may have meant."""
    return [name for row in FIELDS.values() for name in (row.name, *(f"{row.name}.{part}" for part in row.parts))]
