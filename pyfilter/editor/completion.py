"""What can be written at a place: the words of the language that fit there, and names of the user's.

In: a ``Standing`` (standing.py), the readings of the program and the folders that exist. Out:
``Offer``s, each replacing the half-typed word. Words come from the vocabulary table and only
those of this version; whether one fits the grammar says the parser, whether it fits the field
before it the kinds of the table.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from pyfilter.editor import names
from pyfilter.editor.completion_texts import begins, folder_offers, in_text
from pyfilter.editor.offer import Offer, every_field, one_line
from pyfilter.editor.reading import Reading
from pyfilter.editor.standing import Standing
from pyfilter.language import files
from pyfilter.language.check_headers import WELL_KNOWN
from pyfilter.language.lalr import keywords
from pyfilter.language.tree import Define, ListDefinition
from pyfilter.language.vocabulary import (
    ACTIONS,
    CONDITION_WORDS,
    FIELDS,
    FLAGS,
    RELATIONS,
    SETTINGS,
    STATEMENTS,
    TEXTUAL,
    UNITS,
    WORDS,
    field_kind,
)

__all__ = ["Offer", "begins", "offers"]


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
        return list(in_text(here, reading, program, home))
    return list({(offer.label, offer.kind): offer for offer in _in_code(here, program, home)}.values())


# -------------------------------------------------------------------- in code


def _in_code(here: Standing, program: list[Reading], home: str) -> Iterator[Offer]:
    covered: set[str] = set()  # keywords that were offered as part of a phrase
    if not here.tokens:
        yield from _beginnings(here, covered)
    if here.block in ("list",):
        return
    if here.last == "EXPECT" or here.ends_with("EXPECT", "NOT"):
        covered |= here.expected - {"NOT"}
        yield from _verbs(keywords().get(type, "") for type in here.expected)
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
        yield Offer(word, "statement", row.doc, row.example, f"{word} ")
    if here.block == "test":
        for word in sorted(first & {"message", "given", "expect"}):
            yield Offer(word, "statement", "", "", f"{word} ")
    if here.block in ("rule", "action"):
        yield from _verbs(first)
        if here.above and (here.above[0] in _CONDITIONS or here.above[0] in ("and", "or")):
            for word in ("and", "or", "and not"):
                yield Offer(word, "word", CONDITION_WORDS[word.split()[-1]], "", f"{word} ")


def _verbs(words: Iterable[str]) -> Iterator[Offer]:
    """The actions that begin with one of these words."""
    first = set(words)
    for verb, row in ACTIONS.items():
        if verb.split()[0] in first:
            yield Offer(verb, "action", row.doc, row.example, verb if row.example == verb else f"{verb} ")


def _fields_and_conditions(here: Standing, program: list[Reading]) -> Iterator[Offer]:
    for name, kind, doc in every_field():
        yield Offer(name, "field", doc, kind, f"{name} " if name in ("header", "environment", "command") else name)
    for name, made in names.definitions(program).items():
        if isinstance(made[0], Define):
            yield Offer(name, "condition", detail=one_line(made[0].condition.span.text))
    for word in ("not", "any", "all", "none", "at least"):
        if _terminal(word) in here.expected:
            written = f"{word} {{" if word in ("any", "all", "none") else f"{word} "
            yield Offer(word, "word", CONDITION_WORDS[word], "", written)


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
        if kind is not None and kind not in row.kinds:
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
        yield from folder_offers(program, home, '"')
    elif here.last in ("INCLUDE", "OPTIONAL"):
        yield from _shipped()
    elif here.last == "SET":
        for setting in SETTINGS.values():
            if here.block == "":
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
                yield Offer(name, "list", detail=one_line(made[0].span.text))
    elif "WORD" in here.expected and first in ("MARK", "UNMARK"):
        for flag in FLAGS.values():
            yield Offer(flag.word, "flag", flag.doc)
    elif here.last == "DO":
        for name, made in names.definitions(program).items():
            if names.KINDS[type(made[0])] == "action":
                yield Offer(name, "action", detail=one_line(made[0].span.text))
    elif here.last == "NUMBER" and "WORD" in here.expected:
        yield from _units(here)
    else:
        yield from _words_of_kind(here, types)


def _shipped() -> Iterator[Offer]:
    """The rule files that come with pyfilter."""
    try:
        found = sorted(os.listdir(files.shipped()))
    except OSError:
        return
    for name in found:
        if name.endswith(".rules"):
            yield Offer(f"<{name.removesuffix('.rules')}>", "file", detail="comes with pyfilter")


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
            wanted = "bytes" if kind == "bytes" else "" if kind is None else "seconds"
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
    if here.last in ("COMPARE", "BETWEEN", "IS") and types[-2:-1] == ("FIELD",):
        yield from _fields_like(here.tokens[-2][1])
    place = next((number for number in range(len(types) - 1, -1, -1) if types[number] == "IS"), -1)
    between = types[place + 1 :]
    if place > 0 and types[place - 1] == "FIELD" and (not between or between[-1] in ("NOT", "EXACTLY", "COMMA")):
        for word in WORDS.get(field_kind(here.tokens[place - 1][1]) or "", ()):
            yield Offer(word, "value")


def _fields_like(name: str) -> Iterator[Offer]:
    """What a field may be compared with: others of its kind, of those that are numbers or times."""
    kind = field_kind(name)
    if kind is None or kind in TEXTUAL or kind in WORDS or kind in ("bytes", "count"):
        return
    for other, kind_of_other, doc in every_field():
        if kind_of_other == kind and other != name:
            yield Offer(other, "field", doc, kind)


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
