"""From the parser's branches to the nodes of conditions and of the values in them."""

from __future__ import annotations

from typing import Any

from pyfilter.language import tree
from pyfilter.language.builder import Branch, Build, Builder, is_type, node_of


def _chain(b: Builder, branch: Branch) -> tree.Chain:
    built = b.all(branch)
    return tree.Chain(b.span(branch), operands=tuple(built[::2]), operators=tuple(built[1::2]))


def _group(b: Builder, branch: Branch) -> tree.Group:
    first, *rest = branch.children
    if is_type(first, "NUMBER"):
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
        if is_type(child, "NOT"):
            negated = True
        elif is_type(child, "EXACTLY"):
            exactly = True
        elif is_type(child, "COMPARE"):
            operator = str(child)
        else:
            built = b.build(child)
            values.extend(built if isinstance(built, tuple) else (built,))
    return tree.Relation(b.span(branch), word, tuple(values), negated, exactly, operator)


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


# grammar rule -> what makes its node
BUILDERS: dict[str, Build] = {
    "chain": _chain,
    "paren": node_of(tree.Paren),
    "negation": node_of(tree.Not),
    "group": _group,
    "score": _score,
    "weight": lambda b, branch: tree.Weight(b.span(branch), *b.all(branch)),
    "test": _test,
    "header": node_of(tree.HeaderField),
    "environment": node_of(tree.EnvironmentField),
    "command": _command,
    "denied": _denied,
    **dict.fromkeys(RELATIONS, _relation),
    "strings": _values,
    "values": _values,
    "patterns": _values,
    "quantity": _quantity,
    "point": _point,
}
