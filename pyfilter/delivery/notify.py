"""Tell a person that mail has come: `notify "program arguments"`.

In: the plan, one action, the message, the home. Out: "" or one sentence for the log. The mail is filed already, and
stays filed whatever happens here.

An attempt to deliver that comes after one that was killed tells nobody again (journal.py).

The program gets nothing on its standard input and, in its environment, PYFILTER_FROM, PYFILTER_SUBJECT and
PYFILTER_FOLDER: each one line of printable text, cut at limits.SUBJECT_CHARACTERS. They are never arguments, for they
are a stranger's words.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.delivery import submit
from pyfilter.message.message import Unreadable
from pyfilter.services import child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.journal import Journal
    from pyfilter.engine.plan import Action, Plan
    from pyfilter.message.message import Message

__all__ = ["notify"]


def notify(plan: Plan, action: Action, message: Message, home: str, journal: Journal) -> str:
    """Run the program; "" or what went wrong."""
    what = "\0".join((action.verb, action.rule or "", *action.arguments)).encode("utf-8", "surrogateescape")
    if journal.was_sent(what):
        return ""
    program, *rest = action.arguments
    done = child.run(
        (submit.path_of(program, home), *rest),
        (),
        environment={
            "HOME": home,
            "PYFILTER_FROM": _line(_first(message, "from")),
            "PYFILTER_SUBJECT": _line(_first(message, "subject")),
            "PYFILTER_FOLDER": _line(", ".join(plan.filings())),
        },
        deadline_seconds=limits.NOTIFY_SECONDS,
        output_limit=limits.CHILD_COMPLAINT_BYTES,
        directory=home,
    )
    journal.told(what)
    failed = submit.failure(program, done)
    return f'`notify` of rule "{action.rule}": {failed}' if failed else ""


def _first(message: Message, name: str) -> str:
    try:
        return next(iter(message.values(name)), "")
    except Unreadable:
        return ""


def _line(text: str) -> str:
    printable = "".join([character if character.isprintable() else " " for character in text[: 4 * _MOST]])
    return " ".join(printable.split())[:_MOST]


_MOST = limits.SUBJECT_CHARACTERS
