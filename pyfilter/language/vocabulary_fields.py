"""The fields of this version and their parts. See ``vocabulary.py``."""

from __future__ import annotations

from pyfilter.language.vocabulary_rows import FieldRow, PartRow

__all__ = ["FIELD_ROWS", "PARTS"]

_BOX = ("address", "local", "domain", "extension")
_BOXES = (*_BOX, "name", "text", "count")
_DAY = ("year", "month", "day")

PARTS = (
    PartRow("address", "text", "the address alone: `ann+shop@mail.example`"),
    PartRow("local", "text", "what stands before the `@`: `ann+shop`"),
    PartRow("domain", "text", "what stands behind the `@`: `mail.example`"),
    PartRow("extension", "text", "what stands between `+` and `@`: `shop`"),
    PartRow("name", "text", "the name as the sender wrote it, a person's or a file's"),
    PartRow("text", "text", "the whole header, decoded"),
    PartRow("count", "count", "how many addresses there are"),
    PartRow("raw", "text", "the bytes as they came, nothing decoded"),
    PartRow("html", "text", "the source of the parts that are HTML"),
    PartRow("type", "text", "what kind of file it says it is: `image/png`"),
    PartRow("size", "bytes", "its bytes, as they are saved to a disk"),
    PartRow("year", "count", "the year by the local calendar: `2026`"),
    PartRow("month", "count", "the month: `1` to `12`"),
    PartRow("day", "count", "the day of the month: `1` to `31`"),
    PartRow("score", "points", "the points the scanner gave: `7.6`"),
    PartRow("threshold", "points", "the points from which the scanner calls it spam: `5.0`"),
    PartRow("tests", "text", "the name of each test that hit: `BAYES_99`"),
)

FIELD_ROWS = (
    FieldRow(
        "sender",
        "text",
        "the envelope sender, where bounces go (`Return-Path`)",
        'sender.domain is "shop.example"',
        _BOX,
    ),
    FieldRow(
        "recipient",
        "text",
        "the address this copy was sent to (`Delivered-To`); `to` is what stands in the header",
        'recipient.extension is "lists"',
        _BOX,
    ),
    FieldRow("from", "addresses", "who wrote it, as the header says", 'from is "boss@corp.example"', _BOXES),
    FieldRow("to", "addresses", "whom it is written to, as the header says", 'to contains "@lists.example"', _BOXES),
    FieldRow("cc", "addresses", "who got a copy", "cc.count > 20", _BOXES),
    FieldRow("bcc", "addresses", "the Bcc header, which mail that arrives rarely has", "bcc exists", _BOXES),
    FieldRow("reply-to", "addresses", "where answers should go", 'reply-to.domain is "news.example"', _BOXES),
    FieldRow(
        "to-or-cc",
        "addresses",
        "To, Cc, Resent-To and Resent-Cc together",
        'to-or-cc.address is "team@corp.example"',
        _BOXES,
    ),
    FieldRow(
        "destination",
        "addresses",
        "every header that may name a recipient, procmail's `^TO_`; for imported rules",
        'destination contains "bugs@"',
    ),
    FieldRow("subject", "text", "the Subject header, decoded", 'subject starts with "[ports]"'),
    FieldRow(
        "header",
        "text",
        'any header by its name, decoded, every occurrence: `header NAME` or `header "Odd:Name"`',
        "header X-Cron-Env exists",
    ),
    FieldRow("any-header", "text", "each header's text, whatever its name", 'any-header contains "viagra"'),
    FieldRow(
        "list-id",
        "text",
        "what stands inside `<…>` of List-Id; `list-id.text` is the whole header",
        'list-id matches "{list}.lists.example.org"',
        ("text",),
    ),
    FieldRow("message-id", "text", "the Message-ID header", 'message-id ends with "@build.example>"'),
    FieldRow(
        "thread",
        "text",
        "the id of the message and of each it answers, `<…>`: Message-ID, In-Reply-To and References",
        'thread contains "@tickets.example"',
    ),
    FieldRow("size", "bytes", "the size of the message as it came", "size > 10 MB"),
    FieldRow(
        "body",
        "text",
        "the text of each part that is shown as text, decoded, HTML reduced to its text; line breaks and blanks in a "
        "row are one blank",
        'body contains "amount due"',
        ("raw", "html"),
    ),
    FieldRow(
        "attachment",
        "text",
        "each attachment; the bare word is asked with `exists`",
        'attachment.name matches "invoice*.pdf"',
        ("name", "type", "size"),
    ),
    FieldRow("attachments", "count", "how many attachments there are", "attachments > 3"),
    FieldRow(
        "headers.raw",
        "text",
        "the lines of the header as they came, each fold a blank, as procmail looks at them; for imported rules",
        "headers.raw matches /^Precedence: *bulk/m",
    ),
    FieldRow(
        "message.raw", "text", "the whole message as it came; for imported rules", 'message.raw contains "viagra"'
    ),
    FieldRow(
        "spam",
        "truth",
        "the spam scanner's verdict, asked for once, when a rule first needs it (`set spam.source`)",
        "spam",
        ("score", "threshold", "tests"),
        asks=True,
    ),
    FieldRow(
        "dkim",
        "result",
        "was a signature of the message verified; `dkim.domain` holds the domains whose signatures were",
        'dkim.domain is "shop.example"',
        ("domain",),
        asks=True,
    ),
    FieldRow("spf", "result", "may the host that sent it send for the envelope sender's domain", "spf fails"),
    FieldRow(
        "dmarc", "result", "does the address in From stand on a signature or on spf, as its domain asks", "dmarc fails"
    ),
    FieldRow(
        "bulk",
        "truth",
        "mail of lists, newsletters and automatons: List-* and Precedence headers, Auto-Submitted, an empty envelope "
        "sender, reports, daemons and noreply addresses",
        "bulk and not from in family",
    ),
    FieldRow(
        "duplicate",
        "truth",
        "a message with this Message-ID, or the same text where it has none, was delivered to this recipient before: "
        "within 7 days, or `duplicate within` a time",
        "duplicate within 2 weeks",
        asks=True,
    ),
    FieldRow(
        "command",
        "truth",
        "a program, given the message on its standard input, ends with exit status 0; any other is no, and one that "
        "cannot be run or takes too long is unknown. There is no shell",
        'command "is-wanted" "{from.address}" succeeds',
        asks=True,
    ),
    FieldRow(
        "environment", "text", "a variable the mail server passed: `environment NAME`", 'environment LOGNAME is "ann"'
    ),
    FieldRow(
        "date",
        "moment",
        "the moment in the Date header; absent where it names none",
        "date < 2020-01-01",
        _DAY,
        asks=True,
    ),
    FieldRow(
        "age",
        "seconds",
        "how long ago the Date header says it was sent; below nothing if that is still to come",
        "age > 1 year",
        asks=True,
    ),
    FieldRow("now", "moment", "the moment of delivery", "date > now + 2 days", _DAY, asks=True),
    FieldRow("today", "moment", "the day of delivery", "today is 2026-12-24", _DAY, asks=True),
    FieldRow("time", "time", "the time of day at delivery", "time between 22:00 and 6:00", asks=True),
    FieldRow("weekday", "weekday", "the day of the week at delivery", "weekday is saturday, sunday", asks=True),
)
