"""The thread a message belongs to: its own id and the ids of what it answers.

In: a message. Out: what stands in Message-ID, In-Reply-To and References, in this order, each id as ``<…>``, each once.

Rules (RFC 5322, section 3.6.4; every leniency is a row of VIOLATIONS.md)

- An id that stands without brackets, with an ``@`` in it, counts too; other words, which people used to write
  into In-Reply-To (``Your message of …``), do not.
- Nothing is decoded but what is no ASCII.

Errors: Unreadable where the header goes past a limit. Time: linear.
"""

from __future__ import annotations

from pyfilter.message import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.message import Message

__all__ = ["ids"]

FIELDS = ("message-id", "in-reply-to", "references")


def ids(message: Message) -> list[str]:
    """Every id of the thread, as far as the message says."""
    found: dict[str, None] = {}
    for name in FIELDS:
        for raw in message.raw_values(name):
            text = words.clean(words.raw_text(words.unfold(raw)))
            for piece in text.replace("<", " <").replace(">", "> ").split():
                bare = piece.strip("<>,;")
                if bare and (piece.startswith("<") or "@" in bare):
                    found[f"<{bare}>"] = None
    return list(found)
