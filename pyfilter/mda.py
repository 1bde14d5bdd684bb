"""A delivery: message on standard input, exit status 0, 75 or 77.

What ``pyfilter-deliver`` (the launcher) and ``pyfilter deliver`` run. Options: ``-a EXTENSION``,
``-f SENDER``, ``-d RECIPIENT``, ``--rules FILE``. Postfix's local(8) is the model caller.

- The message is read to its end before anything else happens; if the parent went away meanwhile,
  it may be cut short, and nothing is delivered; neither if standard input is empty.
- What execute says stands: nothing that goes wrong behind it (the log) changes the exit status.
- HOME must be a directory of the running user's. Rules that others could have written are refused.
- Whatever is unforeseen is a temporary failure; its traceback goes to the log, never to a sender.
- Nothing but the one line of status.py ever reaches standard output; standard error stays empty.
- A deadline of our own (`set deadline`, deadline.py), since Postfix bounces at its own: SIGALRM ends the process,
  which defers the mail. Once the mail is filed no alarm comes, and what is left to do keeps within that time.
- A message that takes the rules more than limits.DECISION_CPU_SECONDS of CPU is kept in the inbox, which its
  X-Pyfilter-Problem says: it would take as long at the next try.

Imports only what a delivery needs; tests/test_imports.py holds the list.
"""

from __future__ import annotations

import os
import sys
import time

from pyfilter import deadline, limits, log
from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.engine.plan import Plan
    from pyfilter.engine.questions import Question
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

__all__ = ["main"]

OPTIONS = {"-a": "extension", "-f": "sender", "-d": "recipient", "--rules": "rules"}


class Usage(Exception):
    """The command line is wrong; the text says how."""


def main(arguments: list[str], seconds: int = limits.DEADLINE_SECONDS) -> int:
    """Deliver the message on standard input, within ``seconds``: what is left of a delivery's time. Returns the exit
    status; never raises."""
    parent = os.getppid()
    home = ""
    outcome = Outcome(DEFERRED)
    try:
        deadline.begin(seconds)
        home = _home()
        outcome = _deliver(arguments, parent, home)
    except BaseException as error:  # the outermost, an interrupt included: the sender must not bounce for it
        _report(error, home)
    if outcome.status.exit:
        try:
            os.write(1, f"{outcome.reply()}\n".encode("utf-8", "replace"))
        except OSError:
            if outcome.status is REJECTED:  # without its reason a refusal tells the sender nothing
                return DEFERRED.exit
    return outcome.status.exit


def _home() -> str:
    from pyfilter.language.files import Refused, check_home

    home = os.environ.get("HOME", "")
    if not home.startswith("/"):
        raise Refused(f"HOME is {home!r}, which is no absolute path")
    check_home(home)
    return home


def _options(arguments: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name = OPTIONS.get(argument)
        if name is None:
            raise Usage(f"{argument!r} is not an option of a delivery; there are {', '.join(OPTIONS)}")
        value = next(rest, None)
        if value is None:
            raise Usage(f"{argument} needs a value")
        found[name] = value
    return found


def _deliver(arguments: list[str], parent: int, home: str) -> Outcome:
    from pyfilter.delivery.execute import execute
    from pyfilter.message.message import Message

    started = time.monotonic()
    message = Message.from_bytes(_read(parent))
    plan = _plan(_options(arguments), message, home)
    setting = str(plan.settings["log"] or "")
    deadline.begin(max(1, int(float(str(plan.settings["deadline"])) - (time.monotonic() - started))))
    outcome = execute(plan, message, home)
    try:
        if outcome.status is not DEFERRED:
            for action in plan.actions:
                if action.verb == "log":
                    log.write(f"{action.text} ({_identity(message)})", home, setting)
        if plan.remembers and outcome.status is DELIVERED:
            from pyfilter.services.memory import remember

            plan.notes += filter(None, [remember(plan, message, home)])
        log.write(_line(plan, message, outcome, time.monotonic() - started), home, setting)
    except BaseException as error:  # the mail lies in its folder: to say 75 now would bring it again, for ever
        _report(error, home, outcome.status.word)
    return outcome


def _read(parent: int) -> bytes:
    """The whole message. EOF alone does not prove that it is whole: the parent must still be there.

    Nothing at all is no message: a mail server puts the envelope above even an empty one, so the pipe was cut."""
    data = bytearray()
    while chunk := os.read(0, 1 << 20):
        data += chunk
    if os.getppid() != parent:
        raise EOFError("the program that handed the message over is gone: the message may be cut short")
    if not data:
        raise EOFError("standard input is empty: no message was handed over")
    return bytes(data)


def _plan(options: dict[str, str], message: Message, home: str) -> Plan:
    from pyfilter.agent import decide, undecided, unfiltered
    from pyfilter.language.loading import load
    from pyfilter.message.envelope import Envelope

    loaded = load(home, options.get("rules"))
    if loaded.program is None:
        return unfiltered(loaded.problem, loaded.settings)
    envelope = Envelope.of_delivery(
        message,
        os.environ,
        sender=options.get("sender"),
        recipient=options.get("recipient"),
        extension=options.get("extension"),
    )
    try:
        try:
            deadline.watch()
            return decide(loaded.program, message, envelope, answer=_answer)
        finally:
            deadline.unwatch()
    except deadline.TooMuchWork as error:
        deadline.unwatch()  # it may have come in the midst of the first one
        return undecided(str(error), loaded.settings, envelope)


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
    return f"{_identity(message)} from {sender[:100]}: {what}, {seconds * 1000:.0f} ms{notes}"


def _targets(plan: Plan) -> list[str]:
    """Addresses and programs that got the message."""
    return [
        target[:100]
        for action in plan.actions
        if action.verb in ("forward", "copy-to", "pipe")
        for target in (action.arguments[:1] if action.verb == "pipe" else action.arguments)
    ]


def _identity(message: Message) -> str:
    """The message-id as one word: with blanks in it a stranger could write the rest of a log line."""
    words = message.message_id[:1000].split()
    return words[0][:200] if words else "no message-id"


def _report(error: BaseException, home: str, word: str = DEFERRED.word) -> None:
    """Log ``error``; where even that fails, how the delivery ends says enough."""
    try:
        log.write(f"{word}: {_unforeseen(error)}", home)
    except BaseException:
        return


def _unforeseen(error: BaseException) -> str:
    """What the log says: the sentence of an error that speaks for itself, else its kind and the way to it."""
    from pyfilter.language.files import Refused

    if isinstance(error, (Refused, Usage, EOFError)):
        return str(error)
    places = []
    frame = error.__traceback__
    while frame is not None:
        places.append(f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}")
        frame = frame.tb_next
    # the innermost place first, since a log line may be cut
    return f"{type(error).__name__}: {error} (unforeseen; {' < '.join(reversed(places))})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
