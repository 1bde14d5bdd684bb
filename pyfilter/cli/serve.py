"""``pyfilter serve``: the server that speaks LMTP (server/serving.py).

It delivers to the user who starts it, by the rules in their home. Ends with 0 when it was told to end (SIGTERM,
Ctrl-C); with 2 where it cannot begin.
"""

from __future__ import annotations

import os
import socket

import click

from pyfilter import limits, log
from pyfilter.cli.status import DONE, FAILED
from pyfilter.cli.terminal import complain

HELP = """Speak LMTP, and deliver what comes by the rules of whoever starts this.

A server decides and files many messages a second where a program for each message would start an
interpreter each time. Postfix speaks with it over a socket (docs/postfix.md):

\b
  mailbox_transport = lmtp:unix:private/pyfilter

Every message is on disk before it is acknowledged. Rules that change hold for the next message.
Ctrl-C or SIGTERM ends it: what is being delivered is ended first.

\b
Examples:
  pyfilter serve                                 at ~/.local/state/pyfilter/lmtp
  pyfilter serve --lmtp unix:/run/mail/ann       at another socket; Postfix must be able to open it
  pyfilter serve --lmtp 127.0.0.1:2424           over TCP: whoever reaches it can deliver

Ends with 0; with 2 if it cannot listen there.
"""


@click.command(name="serve", help=HELP, short_help="Speak LMTP, and deliver what comes.")
@click.option("--lmtp", "addresses", metavar="unix:PATH|HOST:PORT", multiple=True, help="Where; may be given again.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that deliver; without it two a processor.")
def command(addresses: tuple[str, ...], workers: int | None) -> int:
    from pyfilter.language.files import Refused as Distrusted
    from pyfilter.language.files import check_home
    from pyfilter.server.serving import Refused, handed_over, listen, serve

    home = os.path.expanduser("~")
    try:
        check_home(home)
        ends = [] if addresses else handed_over()
        is_handed_over = bool(ends)
        if not ends:
            ends = [listen(address) for address in addresses or (_own_socket(home),)]
    except (Refused, Distrusted) as error:
        complain(f"pyfilter serve: {error}")
        return FAILED
    shown = ", ".join(str(end.getsockname()) for end in ends)

    def note(text: str) -> None:
        log.write(text, home)

    def ready() -> None:
        click.echo(f"pyfilter serve: LMTP at {shown}; Ctrl-C ends it")

    workers = workers or 2 * (os.cpu_count() or 1)
    made = [end.getsockname() for end in ends if not is_handed_over and end.family == socket.AF_UNIX]
    serve(ends, home, workers, limits.LMTP_MESSAGE_BYTES, lambda recipient: True, note, ready)
    for path in made:
        os.unlink(path)
    return DONE


def _own_socket(home: str) -> str:
    """In a directory that is made where it is missing, and that nobody else can reach."""
    from pyfilter import ownership
    from pyfilter.language.files import Refused

    try:
        os.close(ownership.directory(home, ".local/state/pyfilter"))
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from None
    return f"unix:{home}/.local/state/pyfilter/lmtp"
