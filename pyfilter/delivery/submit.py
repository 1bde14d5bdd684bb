"""Hand a message to the mail server: `forward to`, `copy to`, and what `reply` says.

In: the settings, the envelope sender ("" is the null sender), the addresses, the message in pieces, the home. Out: ""
if the mail server took it for every address, else one sentence for the log.

- ``sendmail -i -f SENDER -- ADDRESS …``, the program of ``set sendmail``. Without ``-i`` a line with a lone dot would
  end the message. ``--``: no address is an option; one that begins with "-" is refused all the same, for not every
  sendmail knows ``--``.
- The message goes without an mbox `From ` line, which sendmail would take for the sender's.
- Only exit status 0 says that it is queued. All others are failures that may pass, permanent ones as well (EX_NOUSER,
  EX_DATAERR …): the mail stays with who holds it, and nobody's bounce comes of a forward.

Sources: sendmail(1) of Postfix; sysexits(3).
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.services import child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["failure", "path_of", "send"]

# sysexits.h, as far as a program that takes mail uses it
EXITS = {
    64: "its command line was refused",
    65: "the message was refused",
    66: "it could not read the message",
    67: "the address is unknown",
    68: "the host is unknown",
    69: "the service is not there",
    70: "an error in the program",
    71: "an error of the system",
    73: "it could not write",
    74: "an error of input or output",
    75: "not now",
    77: "not permitted",
    78: "it is not configured",
    126: "it cannot be run",
    127: "it was not found",
}


def send(
    settings: Mapping[str, object], sender: str, addresses: Sequence[str], parts: Sequence[bytes], home: str
) -> str:
    """Send it; "" or what went wrong."""
    program = path_of(str(settings.get("sendmail") or "/usr/sbin/sendmail"), home)
    for address in addresses:
        if not address or address.startswith("-"):
            return f"{address!r} is no address that can be given to {program}"
    if not addresses:
        return "there is no address to send to"
    for text in (sender, *addresses):
        if not text.isprintable():
            return f"{text!r} has a character that no address has"
    argv = (program, "-i", "-f", sender or "<>", "--", *addresses)
    done = child.run(
        argv,
        parts,
        environment={"HOME": home},
        deadline_seconds=limits.SEND_SECONDS,
        output_limit=limits.CHILD_COMPLAINT_BYTES,
        directory=home,
    )
    return failure(program, done)


def path_of(program: str, home: str) -> str:
    """``~/`` before a program's name stands for the home."""
    return home + program[1:] if program.startswith("~/") else program


def failure(program: str, done: child.Result) -> str:
    """What a log says of a program that did not do what it was asked to; "" where it did."""
    if not done.why and done.status == 0:
        return ""
    words = done.why
    if not words:
        meaning = EXITS.get(done.status)
        words = f"exit status {done.status}" + (f", {meaning}" if meaning else "")
    said = child.last_line(done.errors or done.output)
    return f"{program}: {words}" + (f"; it said: {said}" if said else "")
