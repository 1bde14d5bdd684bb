"""pyfilter: a mail filter that replaces procmail. The library::

    from pyfilter import Envelope, Message, Rules

    rules = Rules.load("~/.pyfilterrc")                  # raises RulesError with all diagnostics
    raw = open("mail.eml", "rb").read()
    plan = rules.decide(Message.from_bytes(raw), Envelope(sender="a@x", recipient="me+lists@y"))
    print(plan.explain())                                # why, in words; plan.actions, plan.trace as data
    outcome = plan.deliver()                             # what `pyfilter-deliver` does

Every name is imported when it is first used: a delivery pays for what it needs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.library import Decision, Rules, RulesError
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message
    from pyfilter.status import Outcome

__version__ = "0.1.0"

__all__ = ["Decision", "Envelope", "Message", "Outcome", "Rules", "RulesError", "__version__"]

_HOME = {
    "Decision": "pyfilter.library",
    "Envelope": "pyfilter.message.envelope",
    "Message": "pyfilter.message.message",
    "Outcome": "pyfilter.status",
    "Rules": "pyfilter.library",
    "RulesError": "pyfilter.library",
}


def __getattr__(name: str) -> object:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module 'pyfilter' has no attribute {name!r}")
    __import__(module)
    from sys import modules

    return getattr(modules[module], name)
