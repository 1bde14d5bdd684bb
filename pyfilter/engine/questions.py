"""What the engine asks of the world.

The engine does no I/O. Where a decision needs something that does not stand in
the message, ``evaluate`` returns a Question; the agent answers it and evaluates
again with the answer among the facts. An answer of None means *unknown*: the
world could not say, and the condition is neither true nor false.

====== ======================= ===========================================
kind   argument                answer
====== ======================= ===========================================
list   path of the list file   frozenset of its entries, folded, or None
====== ======================= ===========================================
"""

from __future__ import annotations

__all__ = ["Facts", "Question"]


class Question:
    """``kind`` and ``argument`` identify it; equal questions have one answer."""

    __slots__ = ("argument", "kind")

    def __init__(self, kind: str, argument: str) -> None:
        self.kind = kind
        self.argument = argument

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and (self.kind, self.argument) == (other.kind, other.argument)

    def __hash__(self) -> int:
        return hash((self.kind, self.argument))

    def __repr__(self) -> str:
        return f"Question({self.kind!r}, {self.argument!r})"


Facts = dict[Question, object]
