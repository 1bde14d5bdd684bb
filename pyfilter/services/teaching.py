"""spamd is taught one message: what `pyfilter learn` and `pyfilter watch --learn` do with each.

In: the settings, the message as it lies there, "spam", "ham" or "forget". Out: LEARNT, KNOWN or LARGE (larger than
`spamd.max-size`). The X-Spam-… lines that a delivery put above it are not told: what spamd said itself is nothing to
learn from. Errors: connection.Failed, with a whole sentence.
"""

from __future__ import annotations

from typing import Any

from pyfilter.message.editing import edited
from pyfilter.message.message import Message
from pyfilter.services import spamd

__all__ = ["KNOWN", "LARGE", "LEARNT", "teach"]

LEARNT, KNOWN, LARGE = "learnt", "known", "large"

# what is taken out before a message is told
VERDICT_LINES = (("remove", "x-spam-*", ""),)


def teach(settings: dict[str, Any], message: Message, what: str) -> str:
    """Tell spamd what the message is."""
    data = b"".join(edited(message, VERDICT_LINES))
    if len(data) > settings["spamd.max-size"]:
        return LARGE
    return LEARNT if spamd.tell(settings, data, what) else KNOWN
