"""From the parser's branches to the nodes of actions."""

from __future__ import annotations

from typing import Any

from pyfilter.language import tree
from pyfilter.language.builder import Branch, Build, Builder

# grammar rule -> the verb as it is written
VERBS = {
    "file": "file into",
    "keep": "keep",
    "forward": "forward to",
    "pipe": "pipe to",
    "discard": "discard",
    "reject": "reject",
    "defer": "defer",
    "copy_into": "copy into",
    "copy_to": "copy to",
    "reply": "reply",
    "mark": "mark",
    "unmark": "unmark",
    "add_header": "add header",
    "set_header": "set header",
    "remove_header": "remove header",
    "scan": "scan",
    "verify": "verify",
    "pass": "pass through",
    "log": "log",
    "notify": "notify",
    "do": "do",
    "stop": "stop",
}


def _action(b: Builder, branch: Branch) -> tree.Action:
    done = branch.children[0]
    verb = VERBS[done.data]
    arguments: list[tree.Node] = []
    for child in done.children:
        built = b.build(child)
        arguments.extend(built if isinstance(built, tuple) else (built,))
    continues = b.span(branch.children[1]) if len(branch.children) > 1 else None
    return tree.Action(b.span(branch), verb, b.words(branch, verb), tuple(arguments), continues)


def _every(b: Builder, branch: Branch) -> tree.Quantity:
    quantity: tree.Quantity = b.build(branch.children[0])
    return quantity


def _clause(b: Builder, branch: Branch) -> tree.Clause:
    return tree.Clause(b.span(branch), "subject" if branch.data == "subject" else "file", b.leaf(branch.children[0]))


def _place(kind: Any) -> Build:
    return lambda b, branch: tree.Place(b.span(branch), kind, b.leaf(branch.children[0]) if branch.children else None)


# grammar rule -> what makes its node
BUILDERS: dict[str, Build] = {
    "action": _action,
    "folder": _place("folder"),
    "inbox": _place("inbox"),
    "mbox": _place("mbox"),
    "mh": _place("mh"),
    "every": _every,
    "subject": _clause,
    "away": _clause,
}
