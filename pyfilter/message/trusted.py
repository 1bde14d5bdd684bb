"""The fields that a stranger cannot have written: those above the Received lines of one's own servers.

In: a message, and how many Received lines on top are written by one's own servers (`set trusted-hops`,
default 1). Out: the fields above the last of those lines.

Who hands a message over writes all of its header, Received lines among them, and the server that takes it puts
a Received line on top (RFC 5321, section 4.4). What that server and its helpers find out, they put above that line:
Postfix so stores what a policy server prepends, and what a milter inserts (measured with Postfix 3.7, OpenDKIM 2.11,
OpenDMARC 1.4, policyd-spf 3.0).

Rules

- Fewer Received lines than asked for: the fields above the lowest. Only mail that was made within is so, since
  each server adds one. Without any Received line nothing is believed.
- Broken lines and copied mbox lines have no name; whoever reads the fields passes over them.

Errors: Unreadable where the header goes past a limit before the line is found. Fields past the limit that
stand below it change nothing: nobody can make a verdict unreadable by a long header.
"""

from __future__ import annotations

from pyfilter.message.headers import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.message import Field, Message

__all__ = ["fields"]


def fields(message: Message, hops: int) -> tuple[Field, ...]:
    """The fields above the Received line number ``hops``, counted from the top."""
    found = message.fields
    above = 0
    for place, field in enumerate(found):
        if field.name == "received" and hops > 0:
            above = place
            hops -= 1
            if not hops:
                return found[:above]
    if message.header.excess:
        raise Unreadable(message.header.excess)
    return found[:above]
