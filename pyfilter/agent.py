"""The loop for every way in: ask the engine, answer its questions, until there is a Plan.

``decide`` makes the Plan that ``delivery.execute`` carries out and ``pyfilter test`` prints: there is no
other. ``undecided`` is the Plan for a message with which right rules did not come to an end; that for mail whose rules
do not check is made in meanwhile.py.
"""

from __future__ import annotations

from pyfilter.engine.evaluate import evaluate
from pyfilter.engine.plan import INBOX, Action, Plan
from pyfilter.engine.questions import Question, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from pyfilter.engine.questions import Facts
    from pyfilter.language.program import Program
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

    Answer = Callable[[Question, Message, Envelope, dict[str, object]], object]

__all__ = ["PROBLEM_HEADER", "decide", "undecided"]

PROBLEM_HEADER = "X-Pyfilter-Problem"


def decide(
    program: Program,
    message: Message,
    envelope: Envelope,
    facts: Facts | None = None,
    *,
    trace: bool = False,
    given: Mapping[str, Sequence[str]] | None = None,
    answer: Answer | None = None,
) -> Plan:
    """The Plan for one message. ``facts`` may be shared by many: answers that do not depend on the message are
    put there. ``given``: the values of fields, whatever the message or the world says. ``answer`` is asked in
    the world's place."""
    known: Facts = dict(facts or {})
    for key, values in (given or {}).items():
        known[Question("given", key)] = tuple(values)
    settings: Any = program["settings"]
    while True:
        step = evaluate(program, message, envelope, known, trace=trace)
        if isinstance(step, Plan):
            step.envelope = envelope
            step.remembers = bool(program.get("remembers"))
            return step
        from pyfilter.services import answers

        found = known[step] = (answer or answers.answer)(step, message, envelope, settings)
        unasked = isinstance(found, Unknown) and not found.asked  # that is to be told of each message
        if facts is not None and step.kind in answers.SHARED and not unasked:
            facts[step] = found


def undecided(problem: str, settings: dict[str, object], envelope: Envelope) -> Plan:
    """The Plan for a message with which right rules did not come to an end: the inbox, with the problem in a header,
    whatever `broken-rules` says, for the next try would end like this one."""
    plan = Plan(settings)
    plan.envelope = envelope
    plan.notes.append(problem)
    plan.actions.append(Action("keep", folder=INBOX, edits=(("add", PROBLEM_HEADER, problem),)))
    return plan
