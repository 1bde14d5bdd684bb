"""What the engine asks of the world, and what it is told.

The engine does no I/O. Where a decision needs something that does not stand in
the message, ``evaluate`` returns a Question; the agent answers it and evaluates
again with the answer among the facts. An answer of Unknown means that the world
could not say: the condition is neither true nor false.

======= ======================= =================================================
kind    argument                answer
======= ======================= =================================================
list    path of the list file   frozenset of its entries, folded
lister  seconds, NUL, arguments the same, of a program's output (`list … from command`), which hold so many seconds
        with NUL between
spamd   ""                      Verdict (message/verdict.py) of SpamAssassin
rspamd  ""                      Verdict of rspamd
dkim    ""                      ((result, domain), …): one pair for each signature,
                                the result a word of RFC 8601, section 2.7.1
seen    seconds                 True if a message with this identity was delivered within so many seconds, else False
command arguments, NUL between  True if the program ended with exit status 0, else False
pass    number of the pass, NUL, the message (bytes) that the program printed
        arguments, NUL between
clock   ""                      what the local calendar shows now: (seconds since 1970, year, month, day, hour, minute,
                                second, weekday from Monday = 0, seconds ahead of UTC)
local   seconds since 1970      the same of that moment
moment  YYYY-MM-DD HH:MM:SS     the seconds since 1970 of that local date and time
given   key of a field          (text, …): the field's values, whatever the message says;
                                nobody is asked for it
======= ======================= =================================================
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.message import Message

__all__ = ["Facts", "Question", "Stale", "Unknown"]


class Question:
    """``kind`` and ``argument`` identify it; equal questions have one answer. ``message``: what a program is given,
    where actions have changed it; None: the message as it came."""

    __slots__ = ("argument", "kind", "message")

    def __init__(self, kind: str, argument: str = "", message: Message | None = None) -> None:
        self.kind = kind
        self.argument = argument
        self.message = message

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and (self.kind, self.argument) == (other.kind, other.argument)

    def __hash__(self) -> int:
        return hash((self.kind, self.argument))

    def __repr__(self) -> str:
        return f"Question({self.kind!r}, {self.argument!r})"


class Unknown:
    """An answer that nobody could give. ``why``: a sentence for the log. ``asked``: was the world asked at
    all? `required` services put a message off only if they were."""

    __slots__ = ("asked", "why")

    def __init__(self, why: str, *, asked: bool = True) -> None:
        self.why = why
        self.asked = asked

    def __repr__(self) -> str:
        return f"Unknown({self.why!r}, asked={self.asked})"


class Stale:
    """An ``answer`` that was given before, since nobody can give a new one. ``why``: a sentence for the log."""

    __slots__ = ("answer", "why")

    def __init__(self, answer: object, why: str) -> None:
        self.answer = answer
        self.why = why


Facts = dict[Question, object]
