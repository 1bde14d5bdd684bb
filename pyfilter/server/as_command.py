"""What a worker does with a message that the launcher handed over: what mda.py does, with what it was told.

In: what the launcher asks for (request.py), the message as it came on its standard input, the rules. Out: an Outcome.
The mail server has written its lines above the message already; nothing is added.
"""

from __future__ import annotations

from pyfilter import deadline, delivering
from pyfilter.mda import envelope_of, options
from pyfilter.message.message import Message
from pyfilter.server.request import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.together import Steps
    from pyfilter.server.rulebook import Rulebook
    from pyfilter.status import Outcome

__all__ = ["steps"]


def steps(asked: bytes, raw: bytes, home: str, book: Rulebook, started: float) -> Steps[Outcome]:
    """The delivery, with stops where it waits for the disk. Raises what nobody foresaw, and Refused: the mail must
    wait."""
    request = read(asked)
    if request is None:
        raise ValueError("the launcher asks for nothing")
    deadline.begin_anew(request.seconds)
    message = Message.from_bytes(raw)
    envelope = envelope_of(message, request.environment, options(request.arguments))
    return (yield from delivering.steps(message, envelope, book.read(), home, started, book.journal))
