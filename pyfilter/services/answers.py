"""Who answers which Question: one row a kind; the module is imported when it is first asked.

A service is a function that takes an Inquiry and returns the answer, or Unknown with the reason, within its own time.
One whose library cannot be loaded, or that fails as nobody foresaw, is Unknown too: else the same message would be put
off at each attempt, and bounce in the end.
"""

from __future__ import annotations

from pyfilter.engine.questions import Question, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

__all__ = ["OUTSIDE", "SERVICES", "SHARED", "Inquiry", "answer"]

# kind -> (module, function)
SERVICES = {
    "list": ("pyfilter.services.lists", "read"),
    "spamd": ("pyfilter.services.spamd", "check"),
    "rspamd": ("pyfilter.services.rspamd", "check"),
    "dkim": ("pyfilter.services.dkim", "verify"),
    "seen": ("pyfilter.services.memory", "seen"),
    "command": ("pyfilter.services.commands", "succeeds"),
    "pass": ("pyfilter.services.commands", "passed"),
    "lister": ("pyfilter.services.commands", "entries"),
    "clock": ("pyfilter.services.clock", "now"),
    "local": ("pyfilter.services.clock", "local"),
    "moment": ("pyfilter.services.clock", "moment"),
}

# kinds whose answer does not depend on the message
SHARED = frozenset({"list", "lister", "clock", "local", "moment"})

# kinds that ask beyond this machine's files, run something, or remember deliveries: `pyfilter test` does not, unless it
# is told to
OUTSIDE = frozenset({"spamd", "rspamd", "dkim", "seen", "command", "pass", "lister"})


class Inquiry:
    """What a service may look at. ``argument``: the question's. ``settings``: the program's. ``keeps``: may it keep
    what it finds for later deliveries? A delivery may, who only looks what would happen may not."""

    __slots__ = ("argument", "envelope", "keeps", "message", "settings")

    def __init__(
        self,
        argument: str,
        message: Message,
        envelope: Envelope,
        settings: dict[str, object],
        *,
        keeps: bool = False,
    ) -> None:
        self.argument = argument
        self.message = message
        self.envelope = envelope
        self.settings = settings
        self.keeps = keeps


def answer(
    question: Question,
    message: Message,
    envelope: Envelope,
    settings: dict[str, object],
    *,
    keeps: bool = False,
) -> object:
    """The world's answer to ``question``, or Unknown."""
    try:
        module, function = SERVICES[question.kind]
        __import__(module)
        from sys import modules

        return getattr(modules[module], function)(
            Inquiry(question.argument, question.message or message, envelope, settings, keeps=keeps)
        )
    except Exception as error:
        return Unknown(f"{question.kind} could not be asked, which nobody foresaw ({type(error).__name__}: {error})")
