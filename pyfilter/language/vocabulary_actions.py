"""The actions of this version, and the flags of `mark`. See ``vocabulary.py``."""

from __future__ import annotations

from pyfilter.language.vocabulary_rows import ActionRow, FlagRow

__all__ = ["BUILT_ACTIONS", "FLAGS"]

BUILT_ACTIONS = (
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
        "asks the spam scanner now; `scan with rspamd` or `scan with spamd` says whose verdict `spam` is from here on",
        "scan with rspamd",
    ),
    ActionRow(
        "verify",
        "verifies the DKIM signatures now, for hosts whose mail server does not",
        "verify dkim",
    ),
    ActionRow("do", "does the actions that `action` named", "do archive"),
    ActionRow("stop", "asks no further rules; what is not filed is kept in the inbox", "stop", stops=True),
)

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
