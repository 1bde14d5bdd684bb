"""Programs that rules run while they decide: `command "…"`, `pass through "…"`, `list … from command "…"`.

Each is run without a shell (child.py), in the user's home, with SENDER, RECIPIENT and EXTENSION in its environment;
``~/`` before its name stands for the home.

======== ===================================================================================================
succeeds the message on standard input. Exit status 0 is True, any other False. Unknown: it cannot be run, takes
         longer than limits.COMMAND_SECONDS, or a signal ends it; so are 126 and 127, by which a shell
         says that it found no program.
passed   the message on standard input, and what it prints is the message from here on. Unknown, and then the message
         stays as it was: it does not end with 0 in limits.PASS_SECONDS, prints nothing, more than
         limits.PASS_BYTES, or what is no message: it does not begin with a header field, no empty line ends the
         header, or all of the body is gone.
entries  no message. The lines it prints are the entries (lists.py), once it ends with 0. They are kept, and hold for
         the time that the rule says (last_contents.py); when it fails later, what it printed last holds. To print
         nothing where there were entries is to fail; a comment line alone is an empty list. For
         limits.LISTER_FAILED_SECONDS behind a failure deliveries do not run it, and say what was wrong.
======== ===================================================================================================

Errors: none; what goes wrong is Unknown, with a sentence that names the program.
"""

from __future__ import annotations

import os
import time

from pyfilter import limits
from pyfilter.engine.questions import Stale, Unknown
from pyfilter.message.message import Message
from pyfilter.services import child, last_contents, lists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyfilter.message.envelope import Envelope
    from pyfilter.services.answers import Inquiry

__all__ = ["entries", "passed", "succeeds"]


def succeeds(inquiry: Inquiry) -> bool | Unknown:
    """Does the program (``Inquiry.argument``: its arguments, NUL between) end with exit status 0?"""
    argv = inquiry.argument.split("\0")
    done = _run(argv, (inquiry.message.raw,), inquiry.envelope, limits.COMMAND_SECONDS, limits.CHILD_COMPLAINT_BYTES)
    if done.why or done.status in (child.CANNOT_RUN, child.NOT_FOUND):
        return Unknown(f"command {argv[0]}: {_why(done)}")
    return done.status == 0


def passed(inquiry: Inquiry) -> bytes | Unknown:
    """What the program makes of the message. The first of the arguments is the number of the pass."""
    argv = inquiry.argument.split("\0")[1:]
    done = _run(argv, (inquiry.message.raw,), inquiry.envelope, limits.PASS_SECONDS, limits.PASS_BYTES)
    if done.why or done.status:
        wrong = _why(done)
    elif done.cut:
        wrong = f"it printed more than {limits.PASS_BYTES} bytes"
    else:
        wrong = _no_message(done.output, inquiry.message)
    return Unknown(f"pass through {argv[0]}: {wrong}; the message stays as it was") if wrong else done.output


def _no_message(printed: bytes, given: Message) -> str:
    """Why what a program printed cannot take the place of the message; empty if it can."""
    if not printed.strip():
        return "it printed nothing"
    made = Message.from_bytes(printed)
    if not made.fields or not made.fields[0].name:
        return "what it printed does not begin with a header"
    if made.header.excess:
        return f"of what it printed {made.header.excess}"
    if made.header.body == made.header.end:
        return "what it printed ends within the header, or has no empty line behind it"
    if not made.raw[made.header.body :].strip() and given.raw[given.header.body :].strip():
        return "it printed no body"
    return ""


def entries(inquiry: Inquiry) -> frozenset[str] | Stale | Unknown:
    """The entries of the list that a program prints, not older than the seconds that the argument begins with."""
    every, *argv = inquiry.argument.split("\0")
    home = os.path.expanduser("~")
    name = "\0".join(["command", *argv])
    last = last_contents.last(home, name)
    if last is not None and _age(last) < float(every):
        return lists.entries(last.data)
    failed = last_contents.last(home, f"failed {name}") if inquiry.keeps else None
    if failed is not None and _age(failed) < limits.LISTER_FAILED_SECONDS:
        return _away(argv, failed.data.decode("utf-8", "replace"), last)
    done = _run(argv, (), inquiry.envelope, limits.LISTER_SECONDS, limits.LIST_BYTES)
    if done.why or done.status:
        wrong = _why(done)
    elif done.cut:
        wrong = f"it printed more than {limits.LIST_BYTES} bytes"
    elif last is not None and last.data.strip() and not done.output.strip():
        wrong = "it printed nothing"
    else:
        if inquiry.keeps:
            last_contents.keep(home, name, done.output, time.time())
        return lists.entries(done.output)
    if inquiry.keeps:
        last_contents.keep(home, f"failed {name}", wrong.encode("utf-8", "surrogateescape"), time.time())
    return _away(argv, wrong, last)


def _age(contents: last_contents.Contents) -> float:
    """Seconds; those of a time that is still to come are endless."""
    age = time.time() - contents.time
    return age if age >= 0 else float("inf")


def _away(argv: list[str], wrong: str, last: last_contents.Contents | None) -> Stale | Unknown:
    if last is not None:
        return Stale(lists.entries(last.data), f"list from command {argv[0]}: {wrong}; what it printed before holds")
    return Unknown(f"list from command {argv[0]}: {wrong}; the list is unknown")


def _run(argv: list[str], parts: Iterable[bytes], envelope: Envelope, seconds: float, most: int) -> child.Result:
    home = os.path.expanduser("~")
    program = home + argv[0][1:] if argv[0].startswith("~/") else argv[0]
    box = envelope.recipient_box
    return child.run(
        (program, *argv[1:]),
        parts,
        environment={
            "HOME": home,
            "SENDER": envelope.sender or "",
            "RECIPIENT": envelope.recipient or "",
            "EXTENSION": (box.extension if box is not None else None) or "",
        },
        deadline_seconds=seconds,
        output_limit=most,
        directory=home,
    )


def _why(done: child.Result) -> str:
    """What it did, and the last line it said."""
    told = done.why or f"exit status {done.status}"
    said = child.last_line(done.errors)
    return f"{told}; it said: {said}" if said else told
