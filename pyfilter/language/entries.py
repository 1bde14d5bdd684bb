"""One entry of a list: an address, a domain with its `@`, or any text.

Lists written in the rules and lists read from a file at delivery take the same
forms: ``Name <address>`` gives the address; of a line with tabs (an address
book's ``query`` output) the first column with an ``@`` counts, else the first.
The result is folded, since lists are compared without regard to case.
"""

from __future__ import annotations

from pyfilter.language.forms import fold

__all__ = ["IDENTIFIERS", "entry"]

# fields whose values stand in `<…>`, which an entry leaves out
IDENTIFIERS = frozenset({"message-id", "thread"})


def entry(text: str) -> str:
    """The folded entry that ``text`` stands for; empty if there is none."""
    if "\t" in text:
        columns = text.split("\t")
        text = next((column for column in columns if "@" in column), columns[0])
    text = text.strip()
    if text.endswith(">"):
        opening = text.rfind("<")
        if opening >= 0:
            text = text[opening + 1 : -1].strip()
    return fold(text)
