"""A `test` block, checked: the message, what is given, what is expected.

``check_trials.py`` makes them, ``pyfilter/trials.py`` runs them. They are no part of the Program: a delivery does not
need them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyfilter.language.tree import Span

__all__ = ["Expected", "Stated", "Trial"]


@dataclass(frozen=True, slots=True)
class Expected:
    """``expect [not] ACTION [by "rule"]``. ``verb``: as in engine/plan.py. What is None may be anything.
    ``doers``: the rule of ``by``; without it those that have such an action, to be named if none of them did it.

    ``folder``: as Action.folder; ``flags``: letters; ``header``: its name in lower case; ``arguments``: addresses, or a
    program with its arguments; ``text``: a reason, a header's value, the text of a reply or of a log line."""

    span: Span
    verb: str
    negated: bool = False
    by: str | None = None
    doers: tuple[str, ...] = ()
    folder: str | None = None
    flags: str = ""
    header: str | None = None
    arguments: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """What is given of the clock; None: nothing. ``day``: as ISO writes it; ``minute``: since midnight, by the clock;
    ``after``: seconds after the day begins; ``weekday``: as WORDS has it."""

    day: str | None = None
    minute: int | None = None
    after: int | None = None
    weekday: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """``given``: {key of a field: its values}, as engine/questions.py has it for kind "given"; ``commands``: {a program
    with its arguments, NUL between: does it succeed?}; ``sender``, ``recipient``: of the envelope, None: not given;
    ``clock``: what of it is given, None: nothing."""

    name: str
    span: Span
    message: bytes
    given: dict[str, tuple[str, ...]]
    commands: dict[str, bool]
    sender: str | None
    recipient: str | None
    expected: tuple[Expected, ...]
    clock: Stated | None = None
