"""What a wrong field, relation or value is told: cause and the line to write instead."""

from __future__ import annotations

import re

from pyfilter.language.check_headers import WELL_KNOWN
from pyfilter.language.check_names import Names
from pyfilter.language.check_report import Report, backquoted, nearest, on_one_line
from pyfilter.language.tree import Field, Point, Quantity, Regex, Span, Test, Text, Value, Word
from pyfilter.language.vocabulary import (
    ACTIONS, FIELDS, NUMERIC, PARTS, RELATIONS, RESERVED, FieldRow, field_kind, field_names,
)  # fmt: skip

__all__ = [
    "bad_pattern", "bare", "later", "later_field", "misfit", "named_groups", "no_field", "no_list", "unquoted",
]  # fmt: skip

NOT_BUILT = "part of the language, but not built yet"

# what people call a field -> its name
_HABITS = {
    "rcpt": "recipient", "rcpt-to": "recipient", "envelope.to": "recipient", "envelope.recipient": "recipient",
    "envelope-to": "recipient", "envelope.rcpt": "recipient", "delivered-to": "recipient",
    "envelope": "recipient", "envelope-recipient": "recipient", "x-original-to": "recipient",
    "envelope.from": "sender", "envelope.sender": "sender", "envelope-from": "sender", "envelope-sender": "sender",
    "mail-from": "sender", "return-path": "sender",
    "title": "subject", "topic": "subject", "author": "from", "address": "from.address", "domain": "from.domain",
    "to-cc": "to-or-cc", "tocc": "to-or-cc", "recipients": "to-or-cc", "cc-or-to": "to-or-cc",
    "length": "size", "filesize": "size", "bytes": "size", "larger": "size", "smaller": "size", "bigger": "size",
    "list": "list-id", "mailing-list": "list-id", "msgid": "message-id", "mid": "message-id",
    "extension": "recipient.extension", "detail": "recipient.extension", "tag": "recipient.extension",
    "plus": "recipient.extension", "headers": "any-header", "env": "environment",
    "filename": "attachment.name", "file-name": "attachment.name", "attachment-name": "attachment.name",
    "attachment.filename": "attachment.name", "has-attachment": "attachment",
    "text": "body", "content": "body", "message": "body", "older": "age", "newer": "age", "day": "weekday",
    "date.weekday": "weekday", "junk": "spam", "spam-score": "spam.score", "score": "spam.score",
}  # fmt: skip


def later_field(row: FieldRow, name: str, span: Span, report: Report) -> None:
    """A field that is not in this version."""
    help = f"until then: {row.meanwhile}" if row.meanwhile else ""
    report.add("E400", f"`{name}` is not in this version", span, NOT_BUILT, help)


def later(name: str, span: Span, report: Report) -> bool:
    """Report ``name`` if it is a field of a later version."""
    row = FIELDS.get(name) or FIELDS.get(name.rpartition(".")[0])
    if row is None or row.built:
        return False
    later_field(row, name, span, report)
    return True


def no_field(node: Test, subject: Field, names: Names, report: Report) -> None:
    """``subject`` is no field of this version."""
    name = subject.name
    if names.unread(name) or later(name, subject.span, report):
        return
    report.add(
        "E201", f"there is no field `{name}`", subject.span, "not a field of a message", _meant(node, subject, names)
    )


def _meant(node: Test, subject: Field, names: Names) -> str:
    name = subject.name
    if node.relation is None:
        told = _meant_without_relation(name, names)
        if told:
            return told
    plain = name.casefold().replace("_", "-")
    if name in ("header", "environment"):
        return f"name it: {backquoted([FIELDS[name].example])}"
    habit = _HABITS.get(plain)
    if habit is None:
        base, _, part = name.rpartition(".")
        row = FIELDS.get(base)
        if row is not None:
            return _parts(row, part)
        header = next((known for known in WELL_KNOWN if known.casefold() == plain), None)
        if header or (plain.startswith("x-") and plain not in FIELDS):
            return f"a header is asked by the word `header`: `header {on_one_line(node.span.text)}`"
        habit = nearest(name, [*field_names(), *WELL_KNOWN])
        if habit in WELL_KNOWN:
            habit = f"header {habit}"
    if habit:
        return f"did you mean `{habit}`?"
    if name in names.defined:
        return f"`{name}` is a name of yours; a condition begins with a field: `from in {name}`"
    if name in ACTIONS or name.split(".")[0] in RESERVED:
        return f"`{name}` is no field; a condition begins with one: `from`, `subject`, `size` …"
    return f'a header of this name is asked by `header {name}`;\nfields are {backquoted(["from", "to", "subject", "size"])} and so on'


def _meant_without_relation(name: str, names: Names) -> str:
    if names.list_named(name):
        return f"`{name}` is a list: `from in {name}`; of several lists each stands after its own `in`"
    if names.let_named(name):
        return f'`{name}` is a text: `from is "{{{name}}}"`'
    guess = nearest(name, names.lists)
    return f"did you mean the list `{guess}`? Write `from in {guess}`" if guess else ""


def _parts(row: FieldRow, part: str) -> str:
    if not row.parts:
        return f"`{row.name}` has no parts"
    guess = nearest(part, row.parts)
    if guess:
        return f"did you mean `{row.name}.{guess}`?"
    parts = [piece.name for piece in PARTS if piece.name in row.parts] or list(row.parts)
    return f"the parts are {backquoted([f'{row.name}.{piece}' for piece in parts])}"


# --------------------------------------------------------------- relations


def bare(node: Test, key: str, report: Report) -> None:
    """A field without a relation."""
    kind = field_kind(key)
    if kind in NUMERIC:
        help = f"write `{key} > {'1 MB' if kind == 'bytes' else '1'}`, or another comparison"
    else:
        help = f'write `{key} exists`, `{key} is "…"`, `{key} contains "…"` or another relation'
    report.add("E213", f"what about `{key}`?", node.span, "a relation is missing behind it", help)


def misfit(node: Test, key: str, kind: str, report: Report) -> None:
    """The relation does not fit the field, or is not in this version."""
    relation = node.relation
    assert relation is not None
    shown = relation.operator or relation.word
    subject = on_one_line(node.subject.span.text)
    first = relation.values[0] if relation.values else None
    if kind in NUMERIC:
        fitting = "`<`, `<=`, `>`, `>=`, `==` and `between`"
        if relation.word == "exists":
            help = f"every message has one: `{subject} > {'1 MB' if kind == 'bytes' else '0'}`"
        else:
            help = f"numbers take {fitting}"
        report.add("E214", f"`{shown}` does not fit `{subject}`", relation.span, f"`{subject}` is a number", help)
        return
    if relation.word == "compare" and relation.operator == "==" and first is not None:
        if isinstance(first, Point) and first.kind == "field" and not field_kind(first.base.name):
            instead = f'is "{first.span.text}"'
        else:
            instead = f"is {first.span.text if isinstance(first, Text | Point) else _quoted(first)}"
        report.add(
            "E214", "`==` compares numbers", relation.span, f"`{subject}` is a text", f"write `{subject} {instead}`"
        )
        return
    report.add("E214", f"`{shown}` does not fit `{subject}`", relation.span, f"`{subject}` is a text", _textual(subject))


def _textual(subject: str) -> str:
    words = [row.word for row in RELATIONS.values() if row.built and "text" in row.kinds]
    return f"texts take {backquoted(words)}: `{subject} contains \"…\"`"


def _quoted(value: Value | Regex) -> str:
    return f'"{on_one_line(value.span.text)}"'


# ------------------------------------------------------------------ values


def unquoted(node: Test, value: Value | Regex, names: Names, report: Report) -> None:
    """Something bare where a text must stand."""
    written = on_one_line(value.span.text)
    relation = node.relation
    assert relation is not None
    if isinstance(value, Point) and value.kind == "field" and value.shift is None:
        name = value.base.name
        if names.unread(name):
            return
        if names.let_named(name):
            report.add(
                "E218", f"`{name}` is a text of yours", value.span, "a text is inserted by a hole",
                f'write `"{{{name}}}"`',
            )  # fmt: skip
            return
        if names.list_named(name):
            subject = on_one_line(node.subject.span.text)
            report.add(
                "E218", f"`{name}` is a list", value.span, "a list stands after `in`",
                f"write `{subject} {'not in' if relation.negated else 'in'} {name}`",
            )  # fmt: skip
            return
    start, end = value.span.start - node.span.start, value.span.end - node.span.start
    text = node.span.text
    what = "a number is compared as a text here" if isinstance(value, Quantity) or written[:1].isdigit() else ""
    report.add(
        "E218", f"`{written}` stands without quotes", value.span, what or "words of your own stand in quotes",
        f'write `{on_one_line(text[:start] + _quoted(value) + text[end:])}`',
    )  # fmt: skip


def no_list(node: Test, value: Word, names: Names, report: Report) -> None:
    """`in NAME` where no list has the name."""
    name = value.name
    subject = on_one_line(node.subject.span.text)
    if names.unread(name):
        return
    if names.let_named(name):
        report.add(
            "E202", f"`{name}` is a text, not a list", value.span, "", f'write `{subject} is "{{{name}}}"`'
        )
        return
    guess = nearest(name, names.lists)
    if guess:
        help = f"did you mean `{guess}`?"
    elif field_kind(name) and name not in ("header", "environment"):
        help = f"`{name}` is a field: write `{subject} is {name}`"
    else:
        help = f'define it: `list {name} = "one@example.org", "@example.com"`\nor from a file, one entry a line: `list {name} from "{name}.txt"`'
    report.add("E202", f"there is no list `{name}`", value.span, "nothing defines it", help)


def bad_pattern(value: Regex, cause: str, offset: int, report: Report) -> None:
    """The caret stands inside the pattern; ``offset`` counts in it with its ``\\/`` resolved."""
    written = value.span.text
    position = 1
    while offset > 0 and position < len(written):
        position += 2 if written.startswith("\\/", position) else 1
        offset -= 1
    place = value.span.start + min(position, len(written) - 1)
    help = "the syntax is RE2's; for simple patterns `matches \"…*…\"` needs none"
    report.add("E220", f"the pattern {_short(written)} is wrong", Span(value.span.source, place, place + 1), cause, help)


def _short(written: str, longest: int = 40) -> str:
    return f"`{written}`" if len(written) <= longest else f"`{written[:longest]}…`"


def named_groups(pattern: str) -> list[str]:
    """Names a pattern that does not compile would capture."""
    return re.findall(r"\(\?P?<(\w+)>", pattern)

