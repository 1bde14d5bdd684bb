"""The actions of this version, and the flags of `mark`. See ``vocabulary.py``."""

from __future__ import annotations

from pyfilter.language.vocabulary_rows import ActionRow, FlagRow

__all__ = ["ACTION_ROWS", "FLAGS"]

ACTION_ROWS = (
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
    ActionRow(
        "forward to",
        "sends it on to an address, or to several, and keeps nothing",
        'forward to "me@phone.example"',
        ends=True,
    ),
    ActionRow(
        "pipe to",
        "hands it to a program, which takes it; no shell runs it, and what a message says is an argument of its own",
        'pipe to "store-ticket" "{from.address}"',
        ends=True,
    ),
    ActionRow("copy into", "files a copy and goes on", 'copy into "Archive"'),
    ActionRow("copy to", "sends a copy to an address, or to several, and goes on", 'copy to "me@phone.example"'),
    ActionRow(
        "reply",
        "answers it, to each sender once in so many days (seven); the text may stand in a `file`",
        'reply every 7 days subject "Away" "I am away."',
    ),
    ActionRow("mark", "sets flags on what this rule or a later one files", "mark read, flagged"),
    ActionRow("unmark", "takes flags off again", "unmark read"),
    ActionRow(
        "add header",
        "puts a header above what this rule or a later one files; later rules see it",
        'add header X-Rule "shops"',
    ),
    ActionRow(
        "set header",
        "the same, in the place of all headers of that name",
        'set header Subject "[shop] {subject}"',
    ),
    ActionRow(
        "remove header",
        'takes all headers of that name out; `"X-Advert-*"` all that begin so',
        "remove header X-Advert",
    ),
    ActionRow(
        "pass through",
        "hands it to a program, and goes on with what that prints; if it fails, with the message as it was",
        'pass through "clean-subject"',
    ),
    ActionRow(
        "notify", "runs a program that tells you of it; what comes of that is only logged", 'notify "notify-send Mail"'
    ),
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
