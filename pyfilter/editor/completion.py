"""What can be written at a place: the words of the language that fit there, and names of the user's.

In: a ``Standing`` (standing.py), the readings of the program and the folders that exist. Out:
``Offer``s, each replacing the half-typed word. Words come from the vocabulary table and only
those of this version; whether one fits the grammar says the parser, whether it fits the field
before it the kinds of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyfilter.editor import folders, names
from pyfilter.editor.reading import Reading
from pyfilter.editor.standing import Standing
from pyfilter.language.check_headers import WELL_KNOWN
from pyfilter.language.lalr import keywords
from pyfilter.language.parse import parse
from pyfilter.language.tree import Define, Let, ListDefinition, Rule, Source, When
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
    WORDS,
    field_kind,
)

__all__ = ["Offer", "begins", "offers"]


@dataclass(frozen=True, slots=True)
class Offer:
    """``kind``: field, relation, action, statement, word, unit, setting, value, flag, header, folder, list, text,
    condition, capture, rule; ``written``: what is put in place of the half-typed word."""

    label: str
    kind: str
    doc: str = ""
    detail: str = ""
    written: str = ""


# relation of the table -> how it is denied
_DENIED = {
    "is": "is not",
    "in": "not in",
    "contains": "does not contain",
    "starts with": "does not start with",
    "ends with": "does not end with",
    "matches": "does not match",
    "exists": "does not exist",
}
_COMPARISONS = ("<", "<=", ">", ">=", "==")
# words of the grammar that stand in no row of the table, where they can stand
_CONDITION_STARTS = frozenset(("FIELD", "HEADER"))
# verb -> what may stand behind it: kind of offer and words
_AFTER = {
    ("SCAN", "WITH"): ("spamd", "rspamd"),
    ("VERIFY",): ("dkim",),
}
# statements that stand outside of rules, in a rule, in a test
_STATEMENTS_IN = {
    "": ("rule", "set", "list", "let", "define", "action", "include", "test"),
    "rule": ("when", "rule"),
    "action": (),
}
_CONDITIONS = frozenset(("when", "given", "define"))
_CONDITION_WORDS = frozenset(word.upper() for word in _CONDITIONS)


def offers(here: Standing, reading: Reading, program: list[Reading], home: str) -> list[Offer]:
    if here.within == "comment":
        return []
    if here.within == "text":
        return list(_in_text(here, reading, program, home))
    return list({(offer.label, offer.kind): offer for offer in _in_code(here, program, home)}.values())


def begins(here: Standing) -> int:
    """The first character that an offer replaces."""
    hole = _open_hole(here.partial) if here.within == "text" else None
    return here.start if hole is None else here.start + len(here.partial) - len(hole)


# ------------------------------------------------------------------- in texts


def _in_text(here: Standing, reading: Reading, program: list[Reading], home: str) -> Iterator[Offer]:
    hole = _open_hole(here.partial)
    types = tuple(type for type, _ in here.tokens)
    if hole is not None:
        if "MATCHES" not in types[-4:]:
            end = here.start + len(here.partial)
            closing = "" if reading.text[end : end + 1] == "}" else "}"
            yield from _holes(reading.text[here.begins : end - len(hole)], here.depth, program, closing)
        return
    if types[-2:] in (("FILE", "INTO"), ("COPY", "INTO")):
        yield from _folders(program, home, "")
    elif types[-1:] == ("BY",):
        for _, item in _rules(program):
            yield Offer(item.name, "rule")


def _open_hole(written: str) -> str | None:
    """What is typed of a hole behind its brace; None outside of one."""
    bare = written.replace("\\\\", "··").replace("\\{", "··").replace("\\}", "··")
    start = bare.rfind("{")
    if start < 0 or "}" in bare[start:] or "\n" in bare[start:]:
        return None
    return written[start + 1 :]


def _holes(above: str, depth: int, program: list[Reading], closing: str) -> Iterator[Offer]:
    for name in _captures(above, depth):
        yield Offer(name, "capture", "", "captured in this rule", name + closing)
    for name, made in names.definitions(program).items():
        if isinstance(made[0], Let):
            yield Offer(name, "text", "", _one_line(made[0].text.span.text), name + closing)
    for name, kind, doc in _every_field():
        if kind in ("text", "addresses", "bytes", "count", "points", "date", "duration", "time", "word"):
            yield Offer(name, "field", doc, kind, name + closing)


def _captures(above: str, depth: int) -> list[str]:
    """What the rules around capture, innermost first: of the text up to here, with everything closed."""
    closed = f'{above}}}"\n' + "}\n" * depth
    inside = len(above)
    found: list[str] = []
    rules = [item for item in parse(Source("", closed))[0].items if isinstance(item, Rule)]
    while around := next((rule for rule in rules if rule.span.start <= inside <= rule.span.end), None):
        for when in around.body:
            if isinstance(when, When):
                found[:0] = [name for name, _ in names.captured(when)]
        rules = [inner for inner in around.body if isinstance(inner, Rule)]
    return list(dict.fromkeys(found))


def _folders(program: list[Reading], home: str, quote: str) -> Iterator[Offer]:
    existing = folders.in_maildir(program, home)
    for name in existing:
        yield Offer(f"{quote}{name}{quote}", "folder", detail="a folder of your Maildir")
    for name in folders.in_rules(program):
        if name not in existing:
            yield Offer(f"{quote}{name}{quote}", "folder", detail="named in a rule")


def _rules(program: list[Reading]) -> Iterator[tuple[Reading, Rule]]:
    for reading in program:
        waiting = [item for item in reading.items if isinstance(item, Rule)]
        for rule in waiting:
            yield reading, rule
            waiting += [inner for inner in rule.body if isinstance(inner, Rule)]


# -------------------------------------------------------------------- in code


def _in_code(here: Standing, program: list[Reading], home: str) -> Iterator[Offer]:
    covered: set[str] = set()  # keywords that were offered as part of a phrase
    if not here.tokens:
        yield from _beginnings(here, covered)
    if here.block in ("list",):
        return
    in_condition = bool(here.expected >= _CONDITION_STARTS) and here.last != "SET"
    if in_condition:
        covered |= {"HEADER", "ENVIRONMENT", "COMMAND", "ALL", "ANY", "NONE", "AT", "NOT"}
        yield from _fields_and_conditions(here, program)
    if _awaits_relation(here):
        covered |= {"DOES", "NOT", "COMPARE", "IS", "IN"} | {_terminal(word) for word in RELATIONS}
        yield from _relations(_kind_before(here))
    yield from _values(here, program, home, covered)
    yield from _words(here, covered)


def _beginnings(here: Standing, covered: set[str]) -> Iterator[Offer]:
    """At the beginning of a statement."""
    words = keywords()
    first = {words[type] for type in here.expected if type in words}
    covered |= here.expected & words.keys()
    for word in _STATEMENTS_IN.get(here.block, ()):
        row = STATEMENTS[word]
        if row.built:
            yield Offer(word, "statement", row.doc, row.example, f"{word} ")
    if here.block == "test":
        for word in sorted(first & {"message", "given", "expect"}):
            yield Offer(word, "statement", "", "", f"{word} ")
    if here.block in ("rule", "action"):
        yield from _verbs(first)
        if here.above and (here.above[0] in _CONDITIONS or here.above[0] in ("and", "or")):
            for word in ("and", "or", "and not"):
                yield Offer(word, "word", CONDITION_WORDS[word.split()[-1]], "", f"{word} ")


def _verbs(first: Iterable[str]) -> Iterator[Offer]:
    for verb, row in ACTIONS.items():
        if row.built and verb.split()[0] in first:
            yield Offer(verb, "action", row.doc, row.example, verb if row.example == verb else f"{verb} ")


def _fields_and_conditions(here: Standing, program: list[Reading]) -> Iterator[Offer]:
    for name, kind, doc in _every_field():
        yield Offer(name, "field", doc, kind, f"{name} " if name in ("header", "environment", "command") else name)
    for name, made in names.definitions(program).items():
        if isinstance(made[0], Define) and STATEMENTS["define"].built:
            yield Offer(name, "condition", detail=_one_line(made[0].condition.span.text))
    for word in ("not", "any", "all", "none", "at least"):
        if _terminal(word) in here.expected:
            written = f"{word} {{" if word in ("any", "all", "none") else f"{word} "
            yield Offer(word, "word", CONDITION_WORDS[word], "", written)


def _every_field() -> Iterator[tuple[str, str, str]]:
    docs = {part.name: part.doc for part in PARTS}
    for row in FIELDS.values():
        if not row.built:
            continue
        yield row.name, row.kind, row.doc
        for part in row.parts:
            name = f"{row.name}.{part}"
            yield name, field_kind(name) or "", docs.get(part, "")


def _awaits_relation(here: Standing) -> bool:
    return "CONTAINS" in here.expected and "EXISTS" in here.expected


def _kind_before(here: Standing) -> str | None:
    """The kind of the field that stands last; None if it is none."""
    type, written = here.tokens[-1]
    if type == "FIELD":
        return field_kind(written)
    for word, back in (("HEADER", 2), ("ENVIRONMENT", 2), ("COMMAND", 2)):
        if len(here.tokens) >= back and here.tokens[-back][0] == word:
            return FIELDS[word.lower()].kind
    return None


def _relations(kind: str | None) -> Iterator[Offer]:
    for word, row in RELATIONS.items():
        if not row.built or (kind is not None and kind not in row.kinds):
            continue
        if word == "compare":
            for sign in _COMPARISONS:
                yield Offer(sign, "relation", row.doc, row.example, f"{sign} ")
            continue
        alone = word in ("exists", "passes", "fails", "succeeds")
        yield Offer(word, "relation", row.doc, row.example, word if alone else f"{word} ")
        if word in _DENIED:
            denied = _DENIED[word]
            yield Offer(denied, "relation", f"not: {row.doc}", "", denied if alone else f"{denied} ")


def _values(here: Standing, program: list[Reading], home: str, covered: set[str]) -> Iterator[Offer]:
    """What stands behind a word that awaits something of its own."""
    tokens = here.tokens
    types = tuple(type for type, _ in tokens)
    first = types[0] if types else ""
    if here.ends_with("FILE", "INTO") or here.ends_with("COPY", "INTO"):
        yield Offer("inbox", "folder", detail="the inbox")
        covered |= {"INBOX", "MBOX", "MH"}
        yield from _folders(program, home, '"')
    elif here.last == "SET":
        for setting in SETTINGS.values():
            if setting.built and here.block == "":
                yield Offer(setting.name, "setting", setting.doc, setting.example, f"{setting.name} = ")
        if here.block == "":
            covered.add("HEADER")
    elif first == "SET" and here.last == "EQUAL" and len(tokens) > 2:
        yield from _choices(tokens[1][1])
    elif "WORD" in here.expected and here.last == "HEADER":
        for header in WELL_KNOWN:
            yield Offer(header, "header")
    elif "WORD" in here.expected and _after_in(types):
        for name, made in names.definitions(program).items():
            if isinstance(made[0], ListDefinition):
                yield Offer(name, "list", detail=_one_line(made[0].span.text))
    elif "WORD" in here.expected and first in ("MARK", "UNMARK"):
        for flag in FLAGS.values():
            yield Offer(flag.word, "flag", flag.doc)
    elif here.last == "DO":
        for name, made in names.definitions(program).items():
            if names.KINDS[type(made[0])] == "action":
                yield Offer(name, "condition", detail=_one_line(made[0].span.text))
    elif here.last == "NUMBER" and "WORD" in here.expected:
        yield from _units(here)
    else:
        yield from _words_of_kind(here, types)


def _after_in(types: tuple[str, ...]) -> bool:
    """Behind `in` and behind the commas after it."""
    place = len(types) - 1
    while place > 0 and types[place] in ("COMMA", "WORD", "STRING"):
        place -= 1
    return place >= 0 and types[place] == "IN" and types[-1] in ("IN", "COMMA")


def _choices(setting: str) -> Iterator[Offer]:
    row = SETTINGS.get(setting)
    if row is None:
        return
    words = WORDS["truth"] if row.kind == "yes-no" else row.choices
    for word in words:
        yield Offer(word, "value", detail=row.doc)
    if not words:
        value = row.example.partition("= ")[2]
        yield Offer(value, "value", row.doc, "an example")


def _units(here: Standing) -> Iterator[Offer]:
    wanted = ""
    for type, written in reversed(here.tokens):
        if type == "FIELD":
            kind = SETTINGS[written].kind if written in SETTINGS else field_kind(written)
            wanted = "bytes" if kind == "bytes" else "seconds" if kind in ("duration", "date", "truth") else ""
            if kind in ("count", "points", "number"):
                return
            break
        if type in ("WITHIN", "EVERY"):
            wanted = "seconds"
            break
    for word, row in UNITS.items():
        if wanted in ("", row.kind):
            yield Offer(word, "unit", detail=f"{row.factor:,} {row.kind}")


def _words_of_kind(here: Standing, types: tuple[str, ...]) -> Iterator[Offer]:
    """Behind `is`: the words that the field can be; behind a verb: what it takes."""
    for verbs, words in _AFTER.items():
        if types[-len(verbs) :] == verbs and "WORD" in here.expected:
            for word in words:
                yield Offer(word, "value")
    place = next((number for number in range(len(types) - 1, -1, -1) if types[number] == "IS"), -1)
    between = types[place + 1 :]
    if place > 0 and types[place - 1] == "FIELD" and (not between or between[-1] in ("NOT", "EXACTLY", "COMMA")):
        for word in WORDS.get(field_kind(here.tokens[place - 1][1]) or "", ()):
            yield Offer(word, "value")


def _words(here: Standing, covered: set[str]) -> Iterator[Offer]:
    """Words of the grammar that nothing above offered: `into`, `with`, `and`, `exactly` …"""
    words = keywords()
    for type in sorted((here.expected & words.keys()) - covered):
        word = words[type]
        if word == "and" and here.tokens[0][0] not in _CONDITION_WORDS and here.block in ("rule", "action"):
            if _after_action(here):
                yield Offer("and continue", "word", "the filtering goes on", "", "and continue")
        else:
            yield Offer(word, "word", CONDITION_WORDS.get(word, ""), "", f"{word} ")


def _after_action(here: Standing) -> bool:
    return bool(here.tokens) and any(
        here.tokens[0][1] == verb.split()[0] for verb, row in ACTIONS.items() if row.ends and row.continuable
    )


def _terminal(phrase: str) -> str:
    """The grammar's name of a phrase's first word."""
    return phrase.split()[0].upper()


def _one_line(text: str, most: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
