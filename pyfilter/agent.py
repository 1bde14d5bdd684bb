"""The loop for every way in: ask the engine, answer its questions, until there is a Plan.

``decide`` makes the Plan that ``delivery.execute`` carries out and ``pyfilter test`` prints: there is no
other. ``unfiltered`` is the Plan for mail whose rules do not check.
"""

from __future__ import annotations

from pyfilter.engine.evaluate import evaluate
from pyfilter.engine.plan import INBOX, Action, Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.engine.questions import Facts
    from pyfilter.language.program import Program
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

__all__ = ["PROBLEM_HEADER", "decide", "unfiltered"]

PROBLEM_HEADER = "X-Pyfilter-Problem"


def decide(
    program: Program, message: Message, envelope: Envelope, facts: Facts | None = None, *, trace: bool = False
) -> Plan:
    """The Plan for one message; ``facts`` (filled as questions are answered) may be shared by many."""
    known: Facts = {} if facts is None else facts
    problems: list[str] = []
    while True:
        step = evaluate(program, message, envelope, known, trace=trace)
        if isinstance(step, Plan):
            step.notes += problems
            return step
        from pyfilter.services.answers import answer

        known[step] = answer(step, problems)


def unfiltered(problem: str, settings: dict[str, object]) -> Plan:
    """The Plan where the rules do not check: the inbox, with the problem in a header; or, where the
    user asked for it (`set broken-rules = defer`), a temporary failure. Never a bounce."""
    plan = Plan(settings)
    plan.notes.append(f"the rules do not check: {problem}")
    if settings["broken-rules"] == "defer":
        plan.outcome = "deferred"
        plan.actions.append(Action("defer", text=""))
        return plan
    plan.headers.append((PROBLEM_HEADER, problem))
    plan.actions.append(Action("keep", folder=INBOX))
    return plan
