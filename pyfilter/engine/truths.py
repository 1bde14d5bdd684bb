"""What is or is not so: `bulk`, `duplicate`, `command "…" succeeds`.

``read`` gives the values of the fields of TRUTHS (fields.py), each "yes" or "no":

========= ==========================================================================================
bulk      what stands in the message as it is now, and the envelope sender (message/bulk.py)
duplicate a Question of the memory of deliveries, how many seconds back: "seen". What a test supposes of
          `duplicate` is so whatever the time.
command   a Question of a program, asked once a message for each program with its arguments: it is given the message
          as it stands when the first test asks
========= ==========================================================================================

``seen`` is what a trace says of one: why a message is bulk mail.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.engine.holes import argument
from pyfilter.engine.questions import Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.engine.fields import Case

__all__ = ["read", "seen", "succeeds"]

WORDS = {True: "yes", False: "no"}


def read(field: str, more: str, case: Case) -> list[str]:
    """The values of ``field``. Raises what ``Case.fact`` raises."""
    return [WORDS[_FIELDS[field](more, case)]]


def succeeds(case: Case, templates: tuple[Any, ...]) -> bool:
    """Does the program end with exit status 0? Raises what ``Case.fact`` raises."""
    if case.is_given("command"):
        return case.values("command") == ["yes"]
    changed = None if case.message is case.received else case.message
    return bool(case.fact(Question("command", "\0".join(arguments(case, templates)), changed)))


def arguments(case: Case, templates: tuple[Any, ...]) -> tuple[str, ...]:
    """The program and its arguments, filled; a note tells what was taken away."""
    made = []
    for template in templates:
        text, note = argument(template, case)
        made.append(text)
        if note:
            case.notes[note] = None
    return tuple(made)


def seen(field: str, value: str, case: Case) -> str:
    """``yes, Precedence: bulk``"""
    return f"{value}, {_sign(case)}" if field == "bulk" and value == "yes" and _sign(case) else value


def _sign(case: Case) -> str:
    from pyfilter.message.bulk import bulk

    return bulk(case.message, case.envelope)


def _bulk(more: str, case: Case) -> bool:
    return bool(_sign(case))


def _duplicate(seconds: str, case: Case) -> bool:
    if seconds and case.is_given("duplicate"):
        return case.values("duplicate") == ["yes"]
    return bool(case.fact(Question("seen", seconds or str(limits.DUPLICATE_SECONDS))))


_FIELDS: dict[str, Callable[[str, Case], bool]] = {"bulk": _bulk, "duplicate": _duplicate}
