"""What the user's moves teach spamd, one message at a time (services/teaching.py).

In: folder and name of a message that somebody has moved, "spam" or "ham". Out: a word and a sentence; a message that
has been moved on meanwhile is "skipped", and teaches by its next move. Its flags may have changed. The verdict that
`pyfilter test --scan` has kept of it is dropped.

Errors: none; "failed" with the reason.
"""

from __future__ import annotations

import os
import stat

from pyfilter import limits, log
from pyfilter.message.message import Message
from pyfilter.services.connection import Failed
from pyfilter.services.teaching import teach as tell
from pyfilter.services.verdicts import Verdicts
from pyfilter.watch import names

__all__ = ["teach"]


def teach(folder: bytes, name: bytes, kind: str, home: str, settings: dict[str, object]) -> tuple[str, str]:
    """``kind``: "spam" or "ham"."""
    try:
        descriptor = os.open(_path(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "skipped", "it is not there any more"
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size <= limits.MESSAGE_BYTES:
            return "skipped", "it is no message"
        message = Message.from_bytes(file.read())
    try:
        word = tell(settings, message, kind)
    except Failed as failure:
        return "failed", str(failure)
    with Verdicts(home) as kept:
        kept.forget(message.raw)
    identity = (message.message_id.split() or ["no message-id"])[0][:200]
    said = {"learnt": f"learnt as {kind}", "known": f"{kind}, known already"}.get(word, "too large to be learnt")
    log.write(f"{identity}: {said}, for it was moved", home, str(settings["log"] or ""))
    return word, ""


def _path(folder: bytes, name: bytes) -> bytes:
    """Where it lies now. Raises OSError."""
    own = names.key(name)
    for place in (b"new", b"cur"):
        directory = os.path.join(folder, place)
        for found in os.listdir(directory):
            if names.key(found) == own:
                return os.path.join(directory, found)
    raise FileNotFoundError
