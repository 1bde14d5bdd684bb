"""What a wrong field is told: the word that was probably meant, and the line to write."""

from __future__ import annotations

from pyfilter.language.check_headers import WELL_KNOWN
from pyfilter.language.check_names import Names
from pyfilter.language.check_report import Report, backquoted, nearest, on_one_line
from pyfilter.language.tree import ActionDefinition, Define, Field, Test, Word
from pyfilter.language.vocabulary import (
    ACTIONS,
    FIELDS,
    PARTS,
    RESERVED,
    field_names,
)
from pyfilter.language.vocabulary_rows import FieldRow
from pyfilter.message.envelope import ENVIRONMENT

__all__ = ["no_field", "variable"]

# field -> what people call it
_CALLED = {
    "recipient": (
        "rcpt rcpt-to envelope.to envelope.recipient envelope-to envelope.rcpt delivered-to envelope "
        "envelope-recipient x-original-to"
    ),
    "sender": "envelope.from envelope.sender envelope-from envelope-sender mail-from return-path",
    "subject": "title topic",
    "from": "author",
    "from.address": "address",
    "from.domain": "domain",
    "to-or-cc": "to-cc tocc recipients cc-or-to",
    "size": "length filesize bytes larger smaller bigger",
    "list-id": "list mailing-list",
    "message-id": "msgid mid",
    "recipient.extension": "extension detail tag plus",
    "any-header": "headers",
    "environment": "env",
    "attachment.name": "filename file-name attachment-name attachment.filename",
    "attachment": "has-attachment",
    "attachments": "attachments.count attachments.length attachment.count number-of-attachments",
    "body": "text content message",
    "age": "older newer",
    "weekday": "day date.weekday",
    "spam": "junk",
    "spam.score": "spam-score score",
}
_HABITS = {word: field for field, words in _CALLED.items() for word in words.split()}

# what people call a part -> the part
_PART_HABITS = {
    "addr": "address", "email": "address", "mail": "address", "user": "local", "username": "local", "login": "local",
    "localpart": "local", "mailbox": "local", "host": "domain", "hostname": "domain", "detail": "extension",
    "tag": "extension", "subaddress": "extension", "phrase": "name", "realname": "name", "raw": "text", "value": "text",
}  # fmt: skip

# what people ask where no condition is needed
_ALWAYS = frozenset(("true", "yes", "always", "everything", "anything", "all-mail", "any-message"))
_ALL_FIELDS = frozenset(field_names())
_HEADERS = frozenset(header.casefold() for header in WELL_KNOWN)


def variable(name: Word, report: Report) -> None:
    """Warn of a variable that no mail server passes."""
    if name.name in ENVIRONMENT:
        return
    meant = nearest(name.name.upper(), ENVIRONMENT)
    help = "the variables are those of local(8): `RECIPIENT`, `CLIENT_ADDRESS`, `SASL_USERNAME` …"
    if meant:
        help = f"did you mean `environment {meant}`?"
    report.add("W306", f"`environment {name.name}` is never there", name.span, "no mail server passes it", help)


def no_field(node: Test, subject: Field, names: Names, report: Report) -> None:
    """``subject`` is no field of this version."""
    name = subject.name
    if names.unread(name):
        return  # its definition is reported already
    report.add(
        "E201", f"there is no field `{name}`", subject.span, "not a field of a message", _meant(node, subject, names)
    )


def _meant(node: Test, subject: Field, names: Names) -> str:
    """The first remedy that fits, from certain to vague."""
    name = subject.name
    plain = name.casefold().replace("_", "-")
    if name in ("header", "environment"):
        return f"name it: `{FIELDS[name].example}`"
    if node.relation is None and (told := _yours(name, names)):
        return told
    if plain in _ALWAYS:
        return "a rule without `when` takes every message: leave the line out"
    if plain in _ALL_FIELDS:
        return f"did you mean `{plain}`?"
    if plain in _HABITS:
        return f"did you mean `{_HABITS[plain]}`?"
    base, _, part = name.rpartition(".")
    if base.casefold() == "header":
        return f"did you mean `header {part}`?"
    if base in FIELDS:
        return _parts(FIELDS[base], part)
    if plain in _HEADERS or plain.startswith("x-"):
        return f"a header is asked by the word `header`: `header {on_one_line(node.span.text)}`"
    if isinstance(names.defined.get(name), Define):
        return f"`{name}` is a condition: it stands alone, `when {name}`"
    if name in names.defined:
        return f"`{name}` is a name of yours; a condition begins with a field: `from in {name}`"
    if name in ACTIONS or name.split(".")[0] in RESERVED:
        return f"`{name}` is no field; a condition begins with one: `from`, `subject`, `size` …"
    guess = nearest(name, field_names())
    if guess:
        return f"did you mean `{guess}`?"
    header = nearest(name, WELL_KNOWN)
    if header:
        return f"did you mean `header {header}`?"
    return f"fields are `from`, `to`, `subject`, `size` …; any other header is asked by `header {name}`"


def _yours(name: str, names: Names) -> str:
    """What is told of a bare word that is the name of a list or a text, or nearly."""
    if names.list_named(name):
        return f"`{name}` is a list: write `from in {name}`"
    if names.let_named(name):
        return f'`{name}` is a text: write `from is "{{{name}}}"`'
    if isinstance(names.defined.get(name), ActionDefinition):
        return f"`{name}` is a sequence of actions: write `do {name}` below the conditions"
    guess = nearest(name, [known for known, found in names.defined.items() if isinstance(found, Define)])
    if guess:
        return f"did you mean the condition `{guess}`?"
    guess = nearest(name, names.lists)
    return f"did you mean the list `{guess}`? Write `from in {guess}`" if guess else ""


def _parts(row: FieldRow, part: str) -> str:
    if not row.parts:
        return f"`{row.name}` has no parts"
    guess = _PART_HABITS.get(part.casefold(), nearest(part, row.parts))
    if guess in row.parts:
        return f"did you mean `{row.name}.{guess}`?"
    parts = [piece.name for piece in PARTS if piece.name in row.parts] or list(row.parts)
    return f"the parts are {backquoted([f'{row.name}.{piece}' for piece in parts])}"
