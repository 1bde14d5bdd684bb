"""What stands at a character: the nodes of the tree around it."""

from __future__ import annotations

from pyfilter.editor.reading import Reading
from pyfilter.language.tree import Node
from pyfilter.language.walking import children

__all__ = ["chain"]


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
