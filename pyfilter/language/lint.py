"""Lints: rules that check, and are probably not what was meant.

In: the trees of rules that check, and what the user has: the folders of the Maildir, the headers of mail. Out:
warnings. A delivery has no use for them; ``pyfilter check`` and editors ask. What the checker warns of in passing
(shadows, empty texts, `discard` …) stands with the word it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyfilter.language.check_folders import shown
from pyfilter.language.check_report import Report
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.files import SYSTEM, comes_with_pyfilter
from pyfilter.language.spelling import SHORTEST, slip
from pyfilter.language.tree import (
    Action,
    ActionDefinition,
    Condition,
    Define,
    Field,
    File,
    HeaderField,
    Hole,
    Let,
    ListDefinition,
    Node,
    Not,
    Place,
    Rule,
    Test,
    Text,
    When,
    Word,
)
from pyfilter.language.walking import below, children

__all__ = ["lint"]

_KINDS: dict[type, tuple[str, str]] = {
    ListDefinition: ("list", "`from in {name}`"),
    Let: ("text", '`file into "{{{name}}}"`'),
    Define: ("condition", "`when {name}`"),
    ActionDefinition: ("sequence of actions", "`do {name}`"),
}


def lint(
    files: list[File], *, folders: Iterable[str] = (), headers: Mapping[str, int] | None = None
) -> list[Diagnostic]:
    """``folders``: those that exist, as a mail client shows them. ``headers``: {name in lower case: in how many
    messages it stands}, of the user's own mail; None: unknown."""
    report = Report()
    nodes = [node for file in files for item in file.items for node in below(item)]
    _unused(files, nodes, report)
    _folders(nodes, sorted(set(folders)), report)
    if headers is not None:
        _headers(nodes, headers, report)
    for file in files:
        for item in file.items:
            if isinstance(item, Rule):
                _answers_forgers(item, False, report)
    return report.sorted([id(file.source) for file in files])


# ------------------------------------------------------------------ names


def _unused(files: list[File], nodes: list[Node], report: Report) -> None:
    """Names that nothing refers to; those of /etc/pyfilterrc are there for whoever wants them."""
    own = {id(node.name) for node in nodes if isinstance(node, ListDefinition | Let | Define | ActionDefinition)}
    used = {node.name for node in nodes if isinstance(node, Word | Field | Hole) and id(node) not in own}
    for file in files:
        if (file.within or file.source).name == SYSTEM or comes_with_pyfilter(file.source.name):
            continue
        for item in file.items:
            if isinstance(item, ListDefinition | Let | Define | ActionDefinition) and item.name.name not in used:
                kind, use = _KINDS[type(item)]
                name = item.name.name
                help = f"leave it out, or use it: {use.format(name=name)}"
                report.add("W320", f"the {kind} `{name}` is not used", item.name.span, "", help)


# ------------------------------------------------------------------ folders and headers


def _folders(nodes: list[Node], existing: list[str], report: Report) -> None:
    known = set(existing)
    for node in nodes:
        if not (isinstance(node, Place) and node.kind == "folder" and node.text is not None) or node.text.holes:
            continue
        name = shown(node.text)
        if name in known or name.lower() == "inbox":
            continue
        meant = next((folder for folder in existing if _confused(name, folder)), None)
        if meant is not None:
            help = f'did you mean `"{meant}"`? If a new folder is meant, make it first'
            report.add("W322", f'there is no folder "{name}", but "{meant}"', node.text.span, "would be made", help)


def _confused(name: str, other: str) -> bool:
    """A letter, or capitals, apart; numbers differ on purpose."""
    if name.casefold() == other.casefold():
        return True
    if min(len(name), len(other)) < SHORTEST or not slip(name.casefold(), other.casefold()):
        return False
    return [c for c in name if c.isdigit()] == [c for c in other if c.isdigit()]


def _headers(nodes: list[Node], seen: Mapping[str, int], report: Report) -> None:
    """Headers that no mail has, a letter away from one that some mail has."""
    for node in nodes:
        if not isinstance(node, HeaderField):
            continue
        written = node.name.plain if isinstance(node.name, Text) else node.name.name
        name = written.lower()
        if name in seen or len(name) < SHORTEST:
            continue
        near = [(count, header) for header, count in seen.items() if slip(name, header)]
        if near:
            count, header = max(near)
            message = f"none of your mail has a header `{written}`"
            report.add("W323", message, node.name.span, f"{count} have `{header}`", f"did you mean `{header}`?")


# ------------------------------------------------------------------ bounces

_VERIFIED = ("dkim", "spf", "dmarc")
_FORGED = ("fail", "softfail", "permerror")


def _answers_forgers(rule: Rule, suspected: bool, report: Report) -> None:
    """`reject` where a condition says that the sender is forged: the bounce goes to whoever was named."""
    suspected = suspected or any(isinstance(item, When) and _suspects(item.condition) for item in rule.body)
    for item in rule.body:
        if isinstance(item, Rule):
            _answers_forgers(item, suspected, report)
        elif suspected and isinstance(item, Action) and item.verb == "reject":
            report.add(
                "W321",
                "`reject` answers somebody who did not write this",
                item.verb_span,
                "the mail is accepted already: its reason goes to the address that was forged",
                'write `file into "spam"`; to refuse such mail, let the mail server do it while the sender is there',
            )


def _suspects(node: Condition) -> bool:
    """Whether the condition holds for spam, or for a sender who is not who he says."""
    return any(_suspicion(test) for test in _asked(node))


def _asked(node: Node) -> Iterator[Test]:
    """The tests that are not under `not`."""
    if isinstance(node, Not):
        return
    if isinstance(node, Test):
        yield node
        return
    for child in children(node):
        yield from _asked(child)


def _suspicion(test: Test) -> bool:
    if not isinstance(test.subject, Field):
        return False
    name, relation = test.subject.name, test.relation
    if name == "spam":
        return relation is None or (not relation.negated and [word.span.text for word in relation.values] == ["yes"])
    if relation is None or relation.negated:
        return False
    if name == "spam.score":
        return relation.operator in (">", ">=")
    words = [word.span.text for word in relation.values]
    return name in _VERIFIED and (relation.word == "fails" or any(word in _FORGED for word in words))
