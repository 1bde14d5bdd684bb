"""Words of the language that this version does not build yet.

They are rows like all others, so that a rule that uses one is told exactly
that, and not that the word does not exist. A word that gets built moves to
``vocabulary.py``.
"""

from __future__ import annotations

from pyfilter.language.vocabulary_rows import ActionRow, FieldRow, SettingRow


def _field(name: str, kind: str, doc: str, example: str, meanwhile: str = "", parts: tuple[str, ...] = ()) -> FieldRow:
    return FieldRow(name, kind, doc, example, parts, built=False, meanwhile=meanwhile)


LATER_FIELDS = (
    _field(
        "headers.raw",
        "text",
        "the header lines as procmail sees them; for imported rules",
        "headers.raw matches /^Precedence:/m",
        "ask one header: `header NAME matches …`",
    ),
    _field("message.raw", "text", "the whole message, undecoded; for imported rules", 'message.raw contains "…"'),
    _field("body", "text", "the text of the message, decoded", 'body contains "amount due"', parts=("raw", "html")),
    _field(
        "attachment",
        "text",
        "each attachment",
        "attachment exists",
        'ask the header: `header Content-Type starts with "multipart/mixed"`',
        ("name", "type", "size"),
    ),
    _field("attachments", "count", "how many attachments there are", "attachments > 3"),
)


LATER_ACTIONS: tuple[ActionRow, ...] = ()
LATER_SETTINGS: tuple[SettingRow, ...] = ()
