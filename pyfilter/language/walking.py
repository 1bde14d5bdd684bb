"""Walking the tree of a rule file."""

from __future__ import annotations

from collections.abc import Iterator

from pyfilter.language.tree import Node

__all__ = ["below", "children"]

_NAMES: dict[type, tuple[str, ...]] = {}


def children(node: Node) -> Iterator[Node]:
    """The nodes right below ``node``, in order as written."""
    kind = type(node)
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(name for name in kind.__dataclass_fields__ if name != "span")
    for name in names:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for piece in value:
                if isinstance(piece, Node):
                    yield piece


def below(node: Node) -> Iterator[Node]:
    """``node`` and all nodes in it."""
    yield node
    for child in children(node):
        yield from below(child)
