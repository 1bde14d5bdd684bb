"""``pyfilter serve``: the server that speaks LMTP (server/serving.py).

It delivers to the user who starts it, by the rules in their home, or to virtual users, or to those of the system. Ends
with 0 when it was told to end (SIGTERM, Ctrl-C); with 2 where it cannot begin.
"""

from __future__ import annotations

import os
import socket

import click

from pyfilter import log
from pyfilter.cli.status import DONE, FAILED
from pyfilter.cli.terminal import complain

HELP = """Speak LMTP, and deliver what comes by the rules of those who get it.

A server decides and files many messages a second where a program for each message would start an
interpreter each time. Postfix speaks with it over a socket (docs/postfix.md):

\b
  mailbox_transport = lmtp:unix:private/pyfilter

Every message is on disk before it is acknowledged. Rules that change hold for the next message.
Ctrl-C or SIGTERM ends it: what is being delivered is ended first.

\b
Whose mail it is:
  --users one       all of it is yours (the default)
  --users virtual   yours are the files, and --map says in which home each address has them
  --users system    each user of the system has it; root starts the server, which speaks with
                    clients as --run-as, and delivers as the user

\b
Examples:
  pyfilter serve                                 at ~/.local/state/pyfilter/lmtp
  pyfilter serve --lmtp unix:/run/mail/ann       at another socket; Postfix must be able to open it
  pyfilter serve --lmtp 127.0.0.1:2424           over TCP: whoever reaches it can deliver
  pyfilter serve --users virtual --map /etc/dovecot/users --lmtp unix:/run/mail/lmtp

Ends with 0; with 2 if it cannot listen there.
"""


@click.command(name="serve", help=HELP, short_help="Speak LMTP, and deliver what comes.")
@click.option("--lmtp", "addresses", metavar="unix:PATH|HOST:PORT", multiple=True, help="Where; may be given again.")
@click.option("--users", type=click.Choice(["one", "virtual"]), default="one", help="Whose mail it is.")
@click.option("--map", "map_path", metavar="FILE", help="For virtual users: lines as in /etc/passwd, name and home.")
@click.option("--delimiter", default="+", metavar="CHARACTER", help='What begins an address\' extension; "": nothing.')
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that deliver; without it two a processor.")
def command(addresses: tuple[str, ...], users: str, map_path: str | None, delimiter: str, workers: int | None) -> int:
    from pyfilter.language.files import Refused as Distrusted
    from pyfilter.language.files import check_home
    from pyfilter.server import mapping
    from pyfilter.server.pool import Pool
    from pyfilter.server.residents import Everybody, Residents
    from pyfilter.server.serving import Refused, handed_over, listen, serve
    from pyfilter.server.starting import Own

    if (users == "virtual") != (map_path is not None):
        raise click.UsageError("`--users virtual` and `--map FILE` go together")
    if len(delimiter) > 1:
        raise click.UsageError("`--delimiter` is one character")
    home = os.path.expanduser("~")

    def note(text: str) -> None:
        log.write(text, home)
        if users != "one":
            complain(f"pyfilter serve: {text}")

    residents: Residents = Everybody()
    try:
        if map_path is not None:
            residents = mapping.Mapped(os.path.abspath(map_path), delimiter, note)
        else:
            check_home(home)
        ends = [] if addresses else handed_over()
        is_handed_over = bool(ends)
        if not ends:
            ends = [listen(address) for address in addresses or (_own_socket(home),)]
    except (Refused, Distrusted, mapping.Refused) as error:
        complain(f"pyfilter serve: {error}")
        return FAILED
    shown = ", ".join(str(end.getsockname()) for end in ends)

    def ready() -> None:
        click.echo(f"pyfilter serve: LMTP at {shown}; Ctrl-C ends it")

    made = [end.getsockname() for end in ends if not is_handed_over and end.family == socket.AF_UNIX]
    pool = Pool(Own(home if users == "one" else "").begin, workers or 2 * (os.cpu_count() or 1), note)
    serve(ends, pool, residents, note, ready)
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
