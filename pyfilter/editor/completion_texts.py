"""What can be written inside quotes: folders, holes, rule files, names of rules.

In: a ``Standing`` within a text (standing.py), the readings of the program. Out: ``Offer``s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from pyfilter.editor import folders, names
from pyfilter.editor.offer import Offer, every_field, one_line
from pyfilter.editor.reading import Reading
from pyfilter.editor.standing import Standing
from pyfilter.language.parse import parse
from pyfilter.language.tree import Let, Rule, Source, When

__all__ = ["begins", "folder_offers", "in_text"]


def begins(here: Standing) -> int:
    """The first character that an offer replaces."""
    hole = _open_hole(here.partial) if here.within == "text" else None
    return here.start if hole is None else here.start + len(here.partial) - len(hole)


def in_text(here: Standing, reading: Reading, program: list[Reading], home: str) -> Iterator[Offer]:
    """Inside quotes: holes, folders, files, names of rules, by what stands before the text."""
    hole = _open_hole(here.partial)
    types = tuple(type for type, _ in here.tokens)
    if hole is not None:
        if "MATCHES" not in types[-4:]:
            end = here.start + len(here.partial)
            closing = "" if reading.text[end : end + 1] == "}" else "}"
            yield from _holes(reading.text[here.begins : end - len(hole)], here.depth, program, closing)
        return
    if types[-2:] in (("FILE", "INTO"), ("COPY", "INTO")):
        yield from folder_offers(program, home, "")
    elif types[-1:] in (("INCLUDE",), ("OPTIONAL",)):
        yield from _rule_files(reading.name)
    elif types[-1:] == ("BY",):
        for rule in _rules(program):
            yield Offer(rule.name, "rule")


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
            yield Offer(name, "text", "", one_line(made[0].text.span.text), name + closing)
    for name, kind, doc in every_field():
        if kind not in ("truth", "result"):  # yes or no, which nobody inserts
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


def _rule_files(path: str) -> Iterator[Offer]:
    """The rule files beside one that includes."""
    try:
        found = sorted(os.listdir(os.path.dirname(path)))
    except OSError:
        return
    for name in found:
        if name.endswith(".rules") and name != os.path.basename(path):
            yield Offer(name, "file")


def folder_offers(program: list[Reading], home: str, quote: str) -> Iterator[Offer]:
    """The folders of the Maildir, then others that rules name."""
    existing = folders.in_maildir(program, home)
    for name in existing:
        yield Offer(f"{quote}{name}{quote}", "folder", detail="a folder of your Maildir")
    for name in folders.in_rules(program):
        if name not in existing:
            yield Offer(f"{quote}{name}{quote}", "folder", detail="named in a rule")


def _rules(program: list[Reading]) -> Iterator[Rule]:
    for reading in program:
        waiting = [item for item in reading.items if isinstance(item, Rule)]
        for rule in waiting:
            yield rule
            waiting += [inner for inner in rule.body if isinstance(inner, Rule)]
