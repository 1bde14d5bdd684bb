"""From the parser's branches to the tree of tree.py.

In: the branch Lark built for a whole file; a branch's ``data`` names its
grammar rule, a leaf is a ``str`` with ``type``, ``start_pos`` and ``end_pos``.
Out: the items of the file. What is wrong inside a text (escapes, holes, see
texts.py) goes into the list of problems.

``BUILDERS`` has a row for each grammar rule that makes a node, ``VERBS`` for
each action, ``RELATIONS`` for each relation. Lark is not imported here: the
protocol below is all of it that this file knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Protocol

from pyfilter.language import tree
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.texts import NAME, text
from pyfilter.language.tree import Source, Span


class Meta(Protocol):
    start_pos: int
    end_pos: int


class Branch(Protocol):
    data: str
    children: list[Any]

    @property
    def meta(self) -> Meta: ...


def items(source: Source, branch: Branch, problems: list[Diagnostic]) -> tuple[tree.Item, ...]:
    return tuple(Builder(source, problems).all(branch))


class Builder:
    """Carries the source and the problems through the recursion, whose depth parse.py limits."""

    def __init__(self, source: Source, problems: list[Diagnostic]) -> None:
        self.source = source
        self.problems = problems

    def build(self, child: Any) -> Any:
        return self.leaf(child) if isinstance(child, str) else BUILDERS[child.data](self, child)

    def all(self, branch: Branch) -> list[Any]:
        return [self.build(child) for child in branch.children]

    def span(self, branch: Branch) -> Span:
        return Span(self.source, branch.meta.start_pos, branch.meta.end_pos)

    def words(self, branch: Branch, words: str) -> Span:
        """The span of the words a branch begins with, whatever blanks stand between them."""
        found = re.compile(r"\s+".join(words.split())).match(self.source.text, branch.meta.start_pos)
        return Span(self.source, branch.meta.start_pos, found.end() if found else branch.meta.end_pos)

    def token_span(self, token: Any) -> Span:
        return Span(self.source, token.start_pos, token.end_pos)

    def leaf(self, token: Any) -> Any:
        span = self.token_span(token)
        match token.type:
            case "STRING" | "LONG_STRING":
                return text(self.source, span.start, span.end, self.problems)
            case "NUMBER":
                return self.number(token, span)
            case "FIELD":
                return tree.Field(span, spelled(token))
            case "REGEX":
                pattern, _, flags = token[1:].rpartition("/")
                return tree.Regex(span, _ESCAPED.sub(_slash, pattern), flags)
            case _:
                return tree.Word(span, spelled(token))

    def number(self, token: str, span: Span) -> tree.Number:
        if len(token) > LONGEST_NUMBER:
            message = "a number of so many digits cannot be meant"
            self.problems.append(Diagnostic("E113", message, span, help="write it with a larger unit: `10 MB`"))
            return tree.Number(span, 0)
        return tree.Number(span, float(token) if "." in token else int(token))


# characters; a size in bytes needs 15, and Python refuses to read 4300
LONGEST_NUMBER = 18

_ESCAPED = re.compile(r"\\(.)")


def _slash(found: re.Match[str]) -> str:
    return "/" if found[1] == "/" else found[0]


def spelled(written: str) -> str:
    """A name as names are compared: NFC, since editors write one letter in two ways."""
    return unicodedata.normalize("NFC", str(written))


def _is(child: Any, type: str) -> bool:
    return isinstance(child, str) and getattr(child, "type", "") == type


def _named(branch: Branch, data: str) -> Branch | None:
    for child in branch.children:
        if not isinstance(child, str) and child.data == data:
            found: Branch = child
            return found
    return None


# ------------------------------------------------------------ declarations


def _include(b: Builder, branch: Branch) -> tree.Include:
    path = branch.children[-1]
    shipped = _is(path, "SHIPPED")
    return tree.Include(
        b.span(branch),
        path=path[1:-1] if shipped else b.leaf(path).plain,
        shipped=shipped,
        optional=_is(branch.children[0], "OPTIONAL"),
    )


def _setting(b: Builder, branch: Branch) -> tree.Setting:
    name, *values = b.all(branch)
    return tree.Setting(b.span(branch), name, tuple(values))


def _let(b: Builder, branch: Branch) -> tree.Let:
    return tree.Let(b.span(branch), *b.all(branch))


def _list_inline(b: Builder, branch: Branch) -> tree.ListDefinition:
    name, entries = b.all(branch)
    return tree.ListDefinition(b.span(branch), name, "inline", entries)


def _list_block(b: Builder, branch: Branch) -> tree.ListDefinition:
    name, *entries = b.all(branch)
    return tree.ListDefinition(b.span(branch), name, "inline", tuple(entries))


def _list_file(b: Builder, branch: Branch) -> tree.ListDefinition:
    name, path = b.all(branch)
    return tree.ListDefinition(b.span(branch), name, "file", (path,))


def _list_command(b: Builder, branch: Branch) -> tree.ListDefinition:
    name, *rest = b.all(branch)
    every = rest.pop() if isinstance(rest[-1], tree.Quantity) else None
    return tree.ListDefinition(b.span(branch), name, "command", tuple(rest), every)


def _define(b: Builder, branch: Branch) -> tree.Define:
    return tree.Define(b.span(branch), *b.all(branch))


def _action_def(b: Builder, branch: Branch) -> tree.ActionDefinition:
    return tree.ActionDefinition(b.span(branch), *b.all(branch))


def _block(b: Builder, branch: Branch) -> tuple[tree.Statement, ...]:
    return tuple(b.all(branch))


_HEAD = re.compile(rf"(rule|test|list|let|define|action)\s+(?:\"([^\"\n]*)\"|({NAME}))")


def _broken(b: Builder, branch: Branch) -> tree.Broken:
    span = b.token_span(branch.children[0])
    head = _HEAD.match(b.source.text, span.start, span.end)
    return tree.Broken(span, head[1], spelled(head[2] or head[3] or "")) if head else tree.Broken(span)


# ------------------------------------------------------------ rules, tests


def _rule(b: Builder, branch: Branch) -> tree.Rule:
    name, *rest = branch.children
    head = Span(b.source, branch.meta.start_pos, name.end_pos)
    written = b.leaf(name)
    return tree.Rule(
        b.span(branch),
        name=written.name if isinstance(written, tree.Word) else written.plain,
        head=head,
        body=b.build(rest[-1]),
        otherwise=b.token_span(rest[0]) if _is(rest[0], "ELSE") else None,
    )


def _test_def(b: Builder, branch: Branch) -> tree.TestBlock:
    name, *inside = branch.children
    built = [b.build(child) for child in inside]
    messages = [child for child in built if isinstance(child, tree.Text)]
    return tree.TestBlock(
        b.span(branch),
        name=b.leaf(name).plain,
        message=messages[0] if messages else None,
        givens=tuple(child for child in built if isinstance(child, tree.Given)),
        expects=tuple(child for child in built if isinstance(child, tree.Expect)),
        broken=tuple(child for child in built if isinstance(child, tree.Broken)),
    )


def _message(b: Builder, branch: Branch) -> tree.Text:
    token = branch.children[0]
    return text(b.source, token.start_pos, token.end_pos, b.problems, verbatim=True)


def _expect(b: Builder, branch: Branch) -> tree.Expect:
    by = _named(branch, "by")
    action = _named(branch, "action")
    return tree.Expect(
        b.span(branch),
        action=b.build(action),
        negated=_is(branch.children[0], "NOT"),
        by=b.leaf(by.children[0]) if by else None,
    )


# -------------------------------------------------------------- conditions


def _chain(b: Builder, branch: Branch) -> tree.Chain:
    built = b.all(branch)
    return tree.Chain(b.span(branch), operands=tuple(built[::2]), operators=tuple(built[1::2]))


def _group(b: Builder, branch: Branch) -> tree.Group:
    first, *rest = branch.children
    if _is(first, "NUMBER"):
        return tree.Group(b.span(branch), "at least", tuple(b.build(child) for child in rest), b.leaf(first))
    return tree.Group(b.span(branch), first.lower(), tuple(b.build(child) for child in rest))


def _score(b: Builder, branch: Branch) -> tree.Score:
    operator, threshold, *weights = branch.children
    return tree.Score(b.span(branch), str(operator), b.leaf(threshold), tuple(b.build(child) for child in weights))


def _test(b: Builder, branch: Branch) -> tree.Test:
    subject, *relation = b.all(branch)
    return tree.Test(b.span(branch), subject, relation[0] if relation else None)


def _command(b: Builder, branch: Branch) -> tree.CommandField:
    return tree.CommandField(b.span(branch), tuple(b.all(branch)))


def _denied(b: Builder, branch: Branch) -> tree.Relation:
    inner: tree.Relation = b.build(branch.children[0])
    return tree.Relation(b.span(branch), inner.word, inner.values, negated=True, exactly=inner.exactly)


# grammar rule -> (the relation, negated)
RELATIONS: dict[str, tuple[tree.RelationWord, bool]] = {
    "is": ("is", False),
    "contains": ("contains", False),
    "starts": ("starts with", False),
    "ends": ("ends with", False),
    "matches": ("matches", False),
    "exists": ("exists", False),
    "succeeds": ("succeeds", False),
    "passes": ("passes", False),
    "fails": ("fails", False),
    "in": ("in", False),
    "not_in": ("in", True),
    "compare": ("compare", False),
    "within": ("within", False),
    "between": ("between", False),
    # behind `does not`
    "exist": ("exists", False),
    "contain": ("contains", False),
    "start_with": ("starts with", False),
    "end_with": ("ends with", False),
    "match": ("matches", False),
}


def _relation(b: Builder, branch: Branch) -> tree.Relation:
    word, negated = RELATIONS[branch.data]
    values: list[Any] = []
    exactly = False
    operator: str | None = None
    for child in branch.children:
        if _is(child, "NOT"):
            negated = True
        elif _is(child, "EXACTLY"):
            exactly = True
        elif _is(child, "COMPARE"):
            operator = str(child)
        else:
            built = b.build(child)
            values.extend(built if isinstance(built, tuple) else (built,))
    return tree.Relation(b.span(branch), word, tuple(values), negated, exactly, operator)


# ----------------------------------------------------------------- actions

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


# ------------------------------------------------------------------ values


def _values(b: Builder, branch: Branch) -> tuple[Any, ...]:
    return tuple(b.all(branch))


def _quantity(b: Builder, branch: Branch) -> tree.Quantity:
    return tree.Quantity(b.span(branch), *b.all(branch))


def _point(b: Builder, branch: Branch) -> tree.Point:
    base, *shift = branch.children
    kind = _POINTS[base.type]
    if shift:
        return tree.Point(b.span(branch), b.leaf(base), kind, "+" if shift[0] == "+" else "-", b.build(shift[1]))
    return tree.Point(b.span(branch), b.leaf(base), kind)


_POINTS: dict[str, Any] = {"DATE": "date", "TIME": "time", "FIELD": "field"}


def _of(node: Callable[..., Any]) -> Callable[[Builder, Branch], Any]:
    """A node made of its span and its only child."""
    return lambda b, branch: node(b.span(branch), b.build(branch.children[0]))


def _place(kind: Any) -> Callable[[Builder, Branch], tree.Place]:
    return lambda b, branch: tree.Place(b.span(branch), kind, b.leaf(branch.children[0]) if branch.children else None)


BUILDERS: dict[str, Callable[[Builder, Branch], Any]] = {
    "broken": _broken,
    "include": _include,
    "setting": _setting,
    "let": _let,
    "list_inline": _list_inline,
    "list_block": _list_block,
    "list_file": _list_file,
    "list_command": _list_command,
    "define": _define,
    "action_def": _action_def,
    "block": _block,
    "rule": _rule,
    "when": _of(tree.When),
    "test_def": _test_def,
    "message": _message,
    "given": _of(tree.Given),
    "expect": _expect,
    "chain": _chain,
    "paren": _of(tree.Paren),
    "negation": _of(tree.Not),
    "group": _group,
    "score": _score,
    "weight": lambda b, branch: tree.Weight(b.span(branch), *b.all(branch)),
    "test": _test,
    "header": _of(tree.HeaderField),
    "environment": _of(tree.EnvironmentField),
    "command": _command,
    "denied": _denied,
    **dict.fromkeys(RELATIONS, _relation),
    "action": _action,
    "folder": _place("folder"),
    "inbox": _place("inbox"),
    "mbox": _place("mbox"),
    "mh": _place("mh"),
    "every": _every,
    "subject": _clause,
    "away": _clause,
    "strings": _values,
    "values": _values,
    "patterns": _values,
    "quantity": _quantity,
    "point": _point,
}
