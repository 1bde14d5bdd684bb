"""One message for one recipient, from rules to the log: what every way in does (mda.py, server/worker.py).

In: message, envelope, the loaded rules, the user's home. Out: an Outcome. Decided first, then carried out; what execute
says stands: nothing that goes wrong behind it (the memory, the log) changes it.

Imports only what a delivery needs; tests/test_imports.py holds the list.
"""

from __future__ import annotations

import time

from pyfilter import deadline, log
from pyfilter.status import DEFERRED, DELIVERED, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.journal_file import JournalFile
    from pyfilter.delivery.together import Steps
    from pyfilter.engine.plan import Plan
    from pyfilter.engine.questions import Question
    from pyfilter.language.loading import Loaded
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

__all__ = ["deliver", "identity", "plan_of", "report", "steps", "tell"]


def deliver(message: Message, envelope: Envelope, loaded: Loaded, home: str, started: float) -> Outcome:
    """Deliver it; ``started``: when it came, by the monotonic clock. Raises what nobody foresaw: the mail must wait."""
    from pyfilter.delivery.together import alone

    return alone(steps(message, envelope, loaded, home, started))


def steps(
    message: Message, envelope: Envelope, loaded: Loaded, home: str, started: float, journal: JournalFile | None = None
) -> Steps[Outcome]:
    """The same, with stops where it waits for the disk (delivery/together.py); ``journal``: the file of one that a
    process has in hand already."""
    from pyfilter.delivery import execute

    # a scanner or a program that the rules ask may take its time, too
    deadline.begin(max(1, int(float(str(loaded.settings["deadline"])) - (time.monotonic() - started))))
    plan = plan_of(message, envelope, loaded)
    outcome = yield from execute.steps(plan, message, home, journal)
    tell(plan, message, outcome, loaded, home, started)
    return outcome


def tell(plan: Plan, message: Message, outcome: Outcome, loaded: Loaded, home: str, started: float) -> None:
    """What is left when the plan is carried out: the log, the memory, a notice where the rules have errors. It raises
    nothing: the mail lies in its folder, and to say 75 now would bring it again, for ever."""
    setting = str(plan.settings["log"] or "")
    try:
        if outcome.status is not DEFERRED:
            for action in plan.actions:
                if action.verb == "log":
                    log.write(f"{action.text} ({identity(message)})", home, setting)
        if plan.remembers and outcome.status is DELIVERED:
            from pyfilter.services.memory import remember

            plan.notes += filter(None, [remember(plan, message, home)])
        log.write(_line(plan, message, outcome, time.monotonic() - started), home, setting)
        if loaded.program is None and outcome.status is DELIVERED:
            from pyfilter.delivery.notice import notice
            from pyfilter.meanwhile import what_becomes_of_mail

            if failed := notice(loaded.problem, loaded.remedy, what_becomes_of_mail(loaded), plan, home):
                log.write(failed, home, setting)
    except BaseException as error:
        report(error, home, outcome.status.word)


def plan_of(message: Message, envelope: Envelope, loaded: Loaded) -> Plan:
    """What the rules say, within the CPU that they may take; where pyfilter itself fails, or they take too much, the
    message is kept. Raises the machine's trouble, which passes: OSError, MemoryError, Refused."""
    from pyfilter.agent import decide, undecided
    from pyfilter.language.files import Refused

    try:
        try:
            deadline.watch()
            if loaded.program is not None:
                return decide(loaded.program, message, envelope, answer=_answer)
            from pyfilter.meanwhile import meanwhile

            return meanwhile(loaded, message, envelope, answer=_answer)
        finally:
            deadline.unwatch()
    except deadline.TooMuchWork as error:
        deadline.unwatch()  # it may have come in the midst of the first one
        return undecided(str(error), loaded.settings, envelope)
    except (OSError, MemoryError, Refused):
        raise  # the machine's trouble, which passes
    except Exception as error:  # a mistake of pyfilter's own: the next try would end like this one
        plan = undecided(f"pyfilter could not ask the rules: {_place(error)}", loaded.settings, envelope)
        plan.notes = [_unforeseen(error)]
        return plan


def _answer(question: Question, message: Message, envelope: Envelope, settings: dict[str, object]) -> object:
    from pyfilter.services.answers import answer

    return answer(question, message, envelope, settings, keeps=True)


def _line(plan: Plan, message: Message, outcome: Outcome, seconds: float) -> str:
    """The log's line for one delivery."""
    from pyfilter.message.message import Unreadable

    try:
        written = next(iter(message.raw_values("from")), b"")[:1000]
        sender = b" ".join(written.split())[:200].decode("utf-8", "replace")
    except Unreadable as error:
        sender = f"somebody ({error})"
    by = f' by rule "{plan.rule}"' if plan.rule is not None else " by no rule"
    where = ", ".join([*plan.filings(), *_targets(plan)])
    what = f"{plan.outcome} {where}".strip() + by if outcome.status is not DEFERRED else f"deferred: {outcome.detail}"
    details = [*plan.notes, outcome.detail] if outcome.status is not DEFERRED and outcome.detail else plan.notes
    notes = "".join(f"; {note}" for note in details)
    return f"{identity(message)} from {sender[:100]}: {what}, {seconds * 1000:.0f} ms{notes}"


def _targets(plan: Plan) -> list[str]:
    """Addresses and programs that got the message."""
    return [
        target[:100]
        for action in plan.actions
        if action.verb in ("forward", "copy-to", "pipe")
        for target in (action.arguments[:1] if action.verb == "pipe" else action.arguments)
    ]


def identity(message: Message) -> str:
    """The message-id as one word: with blanks in it a stranger could write the rest of a log line."""
    words = message.message_id[:1000].split()
    return words[0][:200] if words else "no message-id"


def report(error: BaseException, home: str, word: str = DEFERRED.word) -> None:
    """Log ``error``; where even that fails, how the delivery ends says enough."""
    try:
        log.write(f"{word}: {_unforeseen(error)}", home)
    except BaseException:
        return


def _unforeseen(error: BaseException) -> str:
    """What the log says: the sentence of an error that speaks for itself, else its kind and the way to it."""
    from pyfilter.language.files import Refused

    if isinstance(error, (Refused, EOFError)):
        return str(error)
    return f"{type(error).__name__}: {error} (unforeseen; {' < '.join(_places(error))})"


def _place(error: BaseException) -> str:
    """Its kind and where it came up; not its text, which may quote what the message says."""
    return f"{type(error).__name__} at {_places(error)[0]}"


def _places(error: BaseException) -> list[str]:
    """The innermost first, since a log line may be cut."""
    places = []
    frame = error.__traceback__
    while frame is not None:
        places.append(f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}")
        frame = frame.tb_next
    return places[::-1]
