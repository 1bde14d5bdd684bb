"""From the parser's branches to the tree of tree.py.

In: the branch the parser built for a whole file. Out: the items of the file.
What is wrong inside a text (escapes, holes, see texts.py) goes into the list
of problems.

``BUILDERS`` has a row for each grammar rule that makes a node: declarations,
rules and tests here, the rest in build_conditions.py and build_actions.py.
"""

from __future__ import annotations

import re

from pyfilter.language import build_actions, build_conditions, tree
from pyfilter.language.builder import Branch, Build, Builder, is_type, named, node_of, spelled
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.texts import NAME, text
from pyfilter.language.tree import Source, Span


def items(source: Source, branch: Branch, problems: list[Diagnostic]) -> tuple[tree.Item, ...]:
    return tuple(Builder(source, problems, BUILDERS).all(branch))


# ------------------------------------------------------------ declarations


def _include(b: Builder, branch: Branch) -> tree.Include:
    path = branch.children[-1]
    shipped = is_type(path, "SHIPPED")
    return tree.Include(
        b.span(branch),
        path=path[1:-1] if shipped else b.leaf(path).plain,
        shipped=shipped,
        optional=is_type(branch.children[0], "OPTIONAL"),
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
        otherwise=b.token_span(rest[0]) if is_type(rest[0], "ELSE") else None,
    )


def _test_def(b: Builder, branch: Branch) -> tree.TestBlock:
    name, *inside = branch.children
    built = [b.build(child) for child in inside]
    return tree.TestBlock(
        b.span(branch),
        name=b.leaf(name).plain,
        head=Span(b.source, branch.meta.start_pos, name.end_pos),
        messages=tuple(child for child in built if isinstance(child, tree.Text)),
        givens=tuple(child for child in built if isinstance(child, tree.Given)),
        expects=tuple(child for child in built if isinstance(child, tree.Expect)),
        broken=tuple(child for child in built if isinstance(child, tree.Broken)),
    )


def _message(b: Builder, branch: Branch) -> tree.Text:
    token = branch.children[0]
    return text(b.source, token.start_pos, token.end_pos, b.problems, verbatim=True)


def _expect(b: Builder, branch: Branch) -> tree.Expect:
    by = named(branch, "by")
    action = named(branch, "action")
    return tree.Expect(
        b.span(branch),
        action=b.build(action),
        negated=is_type(branch.children[0], "NOT"),
        by=b.leaf(by.children[0]) if by else None,
    )


BUILDERS: dict[str, Build] = {
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
    "when": node_of(tree.When),
    "test_def": _test_def,
    "message": _message,
    "given": node_of(tree.Given),
    "expect": _expect,
    **build_conditions.BUILDERS,
    **build_actions.BUILDERS,
}
