"""Walking the tree of a rule file: what stands at a character, and everything below a node."""

from __future__ import annotations

from collections.abc import Iterator

from pyfilter.editor.reading import Reading
from pyfilter.language.tree import Node

__all__ = ["below", "chain", "children"]

_NAMES: dict[type, tuple[str, ...]] = {}


def children(node: Node) -> Iterator[Node]:
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


def chain(reading: Reading, offset: int) -> list[Node]:
    """The nodes around a character, outermost first; the place behind a node's last character is still its own."""
    base, file = reading.piece(offset)
    here = offset - base
    found: list[Node] = []
    candidates: list[Node] = list(file.items)
    while candidates:
        # of two that touch at this place the later one
        inside = [node for node in candidates if node.span.start <= here <= node.span.end]
        if not inside:
            break
        found.append(inside[-1])
        candidates = list(children(inside[-1]))
    return found
