"""What a wrong relation, value or list is told: the cause and the line to write instead."""

from __future__ import annotations

import re

from pyfilter.language.check_names import Names
from pyfilter.language.check_report import Report, backquoted, nearest, on_one_line
from pyfilter.language.tree import Define, Number, Point, Quantity, Regex, Relation, Test, Text, Value, Word
from pyfilter.language.vocabulary import FIELDS, NUMERIC, RELATIONS, TEMPORAL, WORDS, field_kind

# `… or cc contains "x"` behind a field without a relation
_SEVERAL = re.compile(
    r"[ \t]+(or|and)[ \t]+((?:header[ \t]+)?[\w.-]+)[ \t]+"
    r"((?:is|in|does|not|contains|starts|ends|matches|exists)\b(?:(?!\b(?:and|or)\b)[^\n;#{}])*[^\s;#{}])"
    r"(?=[ \t]*(?:[\n;#{}]|$|and\b|or\b))"
)
# what other languages write behind `is` to ask whether a field is there
_ABSENT = frozenset({"absent", "blank", "empty", "missing", "none", "nothing", "null", "undefined", "unset"})
# kind of time -> what is asked of it most
_TIMES = {
    "moment": "is 2026-12-24`, or another comparison: `{} > now - 2 days",
    "time": "between 22:00 and 6:00",
    "seconds": "> 1 year`, or another comparison: `{} within 7 days",
    "weekday": "is saturday",
}
_PRESENT = frozenset({"defined", "given", "present", "set", "there"})

__all__ = ["bare", "list_in_quotes", "misfit", "never", "no_list", "unquoted"]

# --------------------------------------------------------------- relations


def bare(node: Test, key: str, report: Report) -> None:
    """A field without a relation."""
    kind = field_kind(key)
    subject = on_one_line(node.subject.span.text)
    if several := _SEVERAL.match(node.span.source.text, node.span.end):
        join, other, rest = several.groups()
        help = f"write `({subject} {rest} {join} {other} {rest})`"
        if {subject, other} == {"to", "cc"} and join == "or":
            help = f"write `to-or-cc {rest}`"
        report.add("E131", "one field a condition", node.span, "a relation is missing behind it", help)
        return
    if kind in NUMERIC:
        help = f"write `{subject} > {'1 MB' if kind == 'bytes' else '1'}`, or another comparison"
    elif kind in _TIMES:
        help = f"write `{subject} {_TIMES[kind].format(subject)}`"
    else:
        help = f'write `{subject} exists`, `{subject} is "…"`, `{subject} contains "…"` or another relation'
    report.add("E213", f"what about `{subject}`?", node.span, "a relation is missing behind it", help)


def misfit(node: Test, key: str, kind: str, report: Report) -> None:
    """The relation does not fit the field."""
    relation = node.relation
    assert relation is not None
    shown = relation.operator or relation.word
    subject = on_one_line(node.subject.span.text)
    first = relation.values[0] if relation.values else None
    if kind in NUMERIC:
        fitting = "`<`, `<=`, `>`, `>=`, `==` and `between`"
        if kind == "points":
            fitting += ": `spam.score > 5`"
        if relation.word == "exists":
            help = f"every message has one: `{subject} > {'1 MB' if kind == 'bytes' else '0'}`"
        else:
            help = f"numbers take {fitting}"
        report.add("E214", f"`{shown}` does not fit `{subject}`", relation.span, f"`{subject}` is a number", help)
        return
    if kind in TEMPORAL or kind == "weekday":
        words = [row.word for row in RELATIONS.values() if kind in row.kinds and row.word != "compare"]
        help = _timely(key, relation) or f"write {backquoted(words, 'or')}: `{FIELDS[key].example}`"
        report.add("E214", f"`{shown}` does not fit `{subject}`", relation.span, "", help)
        return
    if kind in WORDS:
        report.add("E214", f"`{shown}` does not fit `{subject}`", relation.span, "", _wordy(subject, kind, relation))
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
    report.add(
        "E214", f"`{shown}` does not fit `{subject}`", relation.span, f"`{subject}` is a text", _textual(subject)
    )


def _timely(key: str, relation: Relation) -> str:
    """What says the same of a day of the week, or of the Date header; empty: nothing does."""
    said = [on_one_line(value.span.text).lower() for value in relation.values]
    if key == "date" and relation.word == "within":
        return f"write `age within {said[0]}`"
    days = WORDS["weekday"]
    if key != "weekday" or relation.word != "between" or not set(said) <= set(days):
        return ""
    first, last = (days.index(day) for day in said)
    span = [days[(first + more) % 7] for more in range((last - first) % 7 + 1)]
    return f"write `weekday is {', '.join(span)}`"


def _textual(subject: str) -> str:
    words = [row.word for row in RELATIONS.values() if "text" in row.kinds]
    return f'texts take {backquoted(words)}: `{subject} contains "…"`'


def _wordy(subject: str, kind: str, relation: Relation) -> str:
    """What is asked of a field whose values are words of the language."""
    if kind == "result":
        return f"write `{subject} passes`, `{subject} fails`, or `{subject} is {backquoted(WORDS[kind], 'or')[1:]}"
    scored = "tests" in FIELDS[subject].parts if subject in FIELDS else False
    if subject == "duplicate" and relation.word == "compare":
        return f"write `duplicate within {on_one_line(relation.values[0].span.text)}`"
    if scored and relation.word in ("passes", "fails"):
        return f"write `{'' if relation.word == 'fails' else 'not '}{subject}`"
    if scored and relation.word == "compare" and relation.operator != "==":
        value = on_one_line(relation.values[0].span.text)
        return f"points are compared: `{subject}.score {relation.operator} {value}`"
    if scored and relation.word in ("contains", "matches", "in", "starts with", "ends with"):
        return (
            f"`{subject}` holds or not: write `{subject}` or `not {subject}`;\n`{subject}.tests` are the tests that hit"
        )
    return f"`{subject}` holds or not: write `{subject}` or `not {subject}`"


def _quoted(value: Value | Regex) -> str:
    return f'"{on_one_line(value.span.text)}"'


# ------------------------------------------------------------------ values


def never(node: Test, key: str, value: Value | Regex, text: str, report: Report) -> None:
    """Warn of a text that the field can never hold, which is what people write who think of the header."""
    relation = node.relation
    assert relation is not None
    subject = on_one_line(node.subject.span.text)
    base, _, part = key.rpartition(".")
    label = help = ""
    if part == "domain" and "@" in text:
        label = "a domain has no `@`"
        help = f"write `{_instead(node, value, chr(34) + text.rpartition('@')[2] + chr(34))}`"
    elif part == "local" and "@" in text:
        label = f"`{key}` ends before the `@`"
        help = f"ask `{base}.address`, or leave out the `@` and what follows"
    elif relation.word != "is":
        return
    elif text.startswith("@") and (
        part == "address" or field_kind(key) == "addresses" or key in ("sender", "recipient")
    ):
        label = "no address begins so"
        field = base if part == "address" else key
        help = f'for everybody there write `{field}.domain is "{text[1:]}"`'
        if key == "destination":
            help = f"write `{subject} ends with {value.span.text}`"
    elif key == "list-id" and text.startswith("<") and text.endswith(">"):
        label = "`list-id` is what stands between `<` and `>`"
        help = f"write `{_instead(node, value, chr(34) + text[1:-1] + chr(34))}`"
    if label:
        report.add("W306", f"`{subject}` never holds this", value.span, label, help)


def list_in_quotes(node: Test, value: Text, text: str, names: Names, report: Report) -> None:
    """Warn of a list's name in quotes behind `in`: a text, which no message holds."""
    if names.list_named(text):
        report.add(
            "W306",
            f"in quotes `{text}` is a text, not the list of this name",
            value.span,
            "",
            f"write `{_instead(node, value, text)}`",
        )


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
            hole = f'"{{{name}}}"'
            report.add(
                "E218",
                f"`{name}` is a text of yours",
                value.span,
                "a text is inserted by a hole",
                f"write `{_instead(node, value, hole)}`",
            )
            return
        if names.list_named(name):
            subject = on_one_line(node.subject.span.text)
            report.add(
                "E218",
                f"`{name}` is a list",
                value.span,
                "a list stands after `in`",
                f"write `{subject} {'not in' if relation.negated else 'in'} {name}`",
            )
            return
    if relation.word == "is" and written.casefold() in _ABSENT | _PRESENT:
        subject = on_one_line(node.subject.span.text)
        present = (written.casefold() in _PRESENT) != relation.negated
        report.add(
            "E130",
            "whether a field is there is asked with `exists`",
            value.span,
            "",
            f"write `{subject} {'exists' if present else 'does not exist'}`",
        )
        return
    number = isinstance(value, Number | Quantity) or written[:1].isdigit()
    report.add(
        "E218",
        f"`{written}` stands without quotes",
        value.span,
        "this field is a text" if number else "words of your own stand in quotes",
        f"write `{_instead(node, value, _quoted(value))}`",
    )


def _instead(node: Test, value: Value | Regex, written: str) -> str:
    """The test with ``written`` in the place of ``value``."""
    text = node.span.text
    start, end = value.span.start - node.span.start, value.span.end - node.span.start
    return on_one_line(text[:start] + written + text[end:])


def no_list(node: Test, value: Word, names: Names, report: Report) -> None:
    """`in NAME` where no list has the name."""
    name = value.name
    subject = on_one_line(node.subject.span.text)
    if names.unread(name):
        return
    if names.let_named(name):
        report.add("E202", f"`{name}` is a text, not a list", value.span, "", f'write `{subject} is "{{{name}}}"`')
        return
    if isinstance(names.defined.get(name), Define):
        help = f"it stands alone: `when {name}`"
        report.add("E202", f"`{name}` is a condition, not a list", value.span, "", help)
        return
    guess = nearest(name, names.lists)
    if guess:
        help = f"did you mean `{guess}`?"
    elif field_kind(name) and name not in ("header", "environment"):
        help = f"`{name}` is a field: write `{subject} is {name}`"
    else:
        help = (
            f'define it: `list {name} = "one@example.org", "@example.com"`\n'
            f'or from a file, one entry a line: `list {name} from "{name}.txt"`'
        )
    report.add("E202", f"there is no list `{name}`", value.span, "nothing defines it", help)
