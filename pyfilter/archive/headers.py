"""Which headers stored mail has, for the checker: is a header misspelt that the user's mail has?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pyfilter.archive.sources import Found, Item
from pyfilter.message.message import Message, Unreadable

__all__ = ["count"]


def count(items: Iterable[Item]) -> dict[str, int]:
    """{name in lower case: in how many of the messages it stands}; what cannot be read is passed over."""
    found: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Found):
            try:
                found.update({field.name for field in Message.from_bytes(item.data).fields if field.name})
            except Unreadable:
                continue
    return dict(found)
