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

from pyfilter import deadline, limits
from pyfilter.delivering import deliver, report
from pyfilter.status import DEFERRED, REJECTED, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

__all__ = ["envelope_of", "main", "options"]

OPTIONS = {"-a": "extension", "-f": "sender", "-d": "recipient", "--rules": "rules"}


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
        report(error, home)
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


def options(arguments: list[str]) -> dict[str, str]:
    """What the command line says. Raises Refused."""
    from pyfilter.language.files import Refused

    found: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name = OPTIONS.get(argument)
        if name is None:
            raise Refused(f"{argument!r} is not an option of a delivery; there are {', '.join(OPTIONS)}")
        value = next(rest, None)
        if value is None:
            raise Refused(f"{argument} needs a value")
        found[name] = value
    return found


def _deliver(arguments: list[str], parent: int, home: str) -> Outcome:
    from pyfilter.language.loading import load
    from pyfilter.message.message import Message

    started = time.monotonic()
    message = Message.from_bytes(_read(parent))
    given = options(arguments)
    loaded = load(home, given.get("rules"))
    return deliver(message, envelope_of(message, os.environ, given), loaded, home, started)


def envelope_of(message: Message, environ: Mapping[str, str], given: dict[str, str]) -> Envelope:
    """Of a message that came by the mail server's command, ``given`` its options."""
    from pyfilter.message.envelope import Envelope

    return Envelope.of_delivery(
        message,
        environ,
        sender=given.get("sender"),
        recipient=given.get("recipient"),
        extension=given.get("extension"),
    )


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
