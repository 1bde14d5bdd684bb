"""``pyfilter serve``: the server that speaks LMTP (server/serving.py).

It delivers to the user who starts it, by the rules in their home, or to virtual users, or to those of the system. Ends
with 0 when it was told to end (SIGTERM, Ctrl-C); with 2 where it cannot begin.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from pyfilter import log
from pyfilter.cli.status import DONE, FAILED
from pyfilter.cli.terminal import complain
from pyfilter.services.shared import VARIABLE

if TYPE_CHECKING:
    from pyfilter.server.handing_over import Clerks
    from pyfilter.server.passwd import Account

# who speaks with clients for the users of the system: a user for nothing else, as Postfix and Dovecot have theirs. As
# nobody run other daemons, which would share what each of them falls to.
RUN_AS = "pyfilter"

HELP = """Speak LMTP, and deliver what comes by the rules of those who get it.

A server decides and files many messages a second where a program for each message would start an
interpreter each time. Postfix speaks with it over a socket (docs/postfix.md):

\b
  mailbox_transport = lmtp:unix:private/pyfilter

What `pyfilter-deliver` (mailbox_command) gets for whoever starts this is handed to it, too.

Every message is on disk before it is acknowledged. Rules that change hold for the next message.
Ctrl-C or SIGTERM ends it: what is being delivered is ended first.

\b
Whose mail it is:
  --users one       all of it is yours (the default)
  --users virtual   yours are the files, and --map says in which home each address has them
  --users system    each user of the system has it; root starts the server, which speaks with
                    clients as --run-as, and delivers as the user

Where several hosts have the same mail, --state names a Redis or Valkey server in which each finds what
the others have done (docs/two-hosts.md). An address with a password goes into PYFILTER_STATE instead:
everybody on the machine sees a command line.

\b
Examples:
  pyfilter serve                                 at ~/.local/state/pyfilter/lmtp
  pyfilter serve --lmtp unix:/run/mail/ann       at another socket; Postfix must be able to open it
  pyfilter serve --lmtp 127.0.0.1:2424           over TCP: whoever reaches it can deliver
  pyfilter serve --users virtual --map /etc/dovecot/users --lmtp unix:/run/mail/lmtp
  pyfilter serve --lmtp 192.0.2.7:2424 --state redis://192.0.2.9/0
  pyfilter serve --users system --lmtp unix:/var/spool/postfix/private/pyfilter --socket-owner postfix

Ends with 0; with 2 if it cannot listen there.
"""


@click.command(name="serve", help=HELP, short_help="Speak LMTP, and deliver what comes.")
@click.option("--lmtp", "addresses", metavar="unix:PATH|HOST:PORT", multiple=True, help="Where; may be given again.")
@click.option("--users", type=click.Choice(["one", "virtual", "system"]), default="one", help="Whose mail it is.")
@click.option("--map", "map_path", metavar="FILE", help="For virtual users: lines as in /etc/passwd, name and home.")
@click.option("--delimiter", default="+", metavar="CHARACTER", help='What begins an address\' extension; "": nothing.')
@click.option("--run-as", metavar="USER", help="Who speaks with clients for the users of the system: `pyfilter`.")
@click.option("--socket-owner", metavar="USER", help="Whose a Unix socket is that root makes: `postfix`.")
@click.option("--state", envvar=VARIABLE, metavar="redis://HOST/0", help="Where several hosts share what they did.")
@click.option("--metrics", metavar="unix:PATH|HOST:PORT", help="Where Prometheus finds figures, over HTTP.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that deliver; without it two a processor.")
def command(
    addresses: tuple[str, ...],
    users: str,
    map_path: str | None,
    delimiter: str,
    run_as: str | None,
    socket_owner: str | None,
    state: str | None,
    metrics: str | None,
    workers: int | None,
) -> int:
    from pyfilter.language.files import Refused as Distrusted
    from pyfilter.server import mapping, serving

    if (users == "virtual") != (map_path is not None):
        raise click.UsageError("`--users virtual` and `--map FILE` go together")
    if run_as is not None and users != "system":
        raise click.UsageError("`--run-as` goes with `--users system`")
    if state and users == "system":
        raise click.UsageError(
            "`--state` goes with `--users one` and `virtual`: workers of the system's users, who can read what theirs "
            "know, would have the key to the state of all"
        )
    if len(delimiter) > 1:
        raise click.UsageError("`--delimiter` is one character")
    home = os.path.expanduser("~")

    def note(text: str) -> None:
        log.write(text, home if users == "one" else "")
        if users != "one":
            complain(f"pyfilter serve: {text}")

    made: list[str] = []
    try:
        if state:
            _share(state)
        shows = _shows(metrics, made) if metrics else None
        start = _starter(users, home, map_path, run_as, delimiter, workers or 2 * (os.cpu_count() or 1), note, shows)
        ends = [] if addresses else serving.handed_over()
        if not ends:
            places = addresses or (_own_socket(home, users),)
            ends = [serving.listen(address, _owner(socket_owner)) for address in places]
            made += [end.getsockname() for end in ends if end.family == socket.AF_UNIX]
    except (serving.Refused, Distrusted, mapping.Refused) as error:
        complain(f"pyfilter serve: {error}")
        return FAILED
    shown = ", ".join(str(end.getsockname()) for end in ends)

    def ready() -> None:
        click.echo(f"pyfilter serve: LMTP at {shown}; Ctrl-C ends it")

    status = start(ends, ready)
    for path in made:
        os.unlink(path)
    return status


def _share(state: str) -> None:
    """Have workers keep their state there; of a server that is away only tell. Raises Refused."""
    from pyfilter.server.serving import Refused

    try:
        from pyfilter.services.redis_server import RedisServer
    except ImportError:
        raise Refused("--state needs the library redis: pip install 'pyfilter-mail[redis]'") from None
    try:
        server = RedisServer(state)
    except ValueError as error:
        raise Refused(f"--state: {error}") from None
    try:
        server.ask("PING")
    except OSError as error:
        complain(f"pyfilter serve: {server.name}: {error.strerror}; mail is delivered all the same")
    server.close()
    os.environ[VARIABLE] = state


# what serves at sockets until the end, given somebody to tell that it does; the status to end with
Start = Callable[[list[socket.socket], Callable[[], None]], int]


def _starter(
    users: str,
    home: str,
    map_path: str | None,
    run_as: str | None,
    delimiter: str,
    workers: int,
    note: Callable[[str], None],
    shows: socket.socket | None,
) -> Start:
    """Raises Refused, of one kind or another, where these users cannot be served."""
    from pyfilter.language.files import check_home
    from pyfilter.server.mapping import Mapped
    from pyfilter.server.pool import Pool
    from pyfilter.server.residents import Everybody, Residents
    from pyfilter.server.serving import serve
    from pyfilter.server.starting import Own
    from pyfilter.server.system import serve_system

    if users == "system":
        front = _account(run_as or RUN_AS)

        def for_all(ends: list[socket.socket], ready: Callable[[], None]) -> int:
            return FAILED if serve_system(ends, front, workers, delimiter, note, ready, shows) else DONE

        return for_all
    residents: Residents = Everybody()
    if map_path is not None:
        residents = Mapped(os.path.abspath(map_path), delimiter, note)
    else:
        check_home(home)

    def for_one(ends: list[socket.socket], ready: Callable[[], None]) -> int:
        pool = Pool(Own(home if users == "one" else "").begin, workers, note)
        clerks = _clerks(home, note) if users == "one" else None
        serve(ends, pool, residents, note, ready, clerks=clerks, metrics=shows)
        return DONE

    return for_one


def _clerks(home: str, note: Callable[[str], None]) -> Clerks | None:
    """Who take what `pyfilter-deliver` hands over; without them it delivers by itself."""
    from pyfilter.server.handing_over import Clerks, open_counter

    try:
        counter = open_counter(home)
    except OSError as error:
        complain(f"pyfilter serve: pyfilter-deliver delivers by itself: {error.filename}: {error.strerror}")
        return None
    if counter is None:
        complain("pyfilter serve: pyfilter-deliver hands its mail to the server that runs already")
        return None
    return Clerks(counter, note)


def _shows(address: str, made: list[str]) -> socket.socket:
    """Where figures are shown; ``made`` has the file of its socket, too. Raises Refused."""
    from pyfilter.server import metrics, serving

    if not metrics.is_installed():
        raise serving.Refused("--metrics needs the library prometheus_client: pip install 'pyfilter-mail[metrics]'")
    end = serving.listen(address)
    if end.family == socket.AF_UNIX:
        made.append(end.getsockname())
    return end


def _account(name: str) -> Account:
    """Of whom the front runs as. Raises Refused."""
    from pyfilter.server.passwd import look_up
    from pyfilter.server.serving import Refused

    if os.geteuid() != 0:
        raise Refused("only root can serve the users of the system; --users one is for you alone")
    account = look_up(name)
    if account is None:
        raise Refused(
            f"there is no user {name} to speak with clients as: useradd --system --no-create-home "
            f"--shell /usr/sbin/nologin {name}"
        )
    if account.uid == 0:
        raise Refused(f"{name} is root, and who speaks with clients must not be")
    return account


def _owner(name: str | None) -> tuple[int, int] | None:
    """Raises Refused."""
    from pyfilter.server.passwd import look_up
    from pyfilter.server.serving import Refused

    if name is None:
        return None
    account = look_up(name)
    if account is None:
        raise Refused(f"there is no user {name} to own the socket")
    return account.uid, account.gid


def _own_socket(home: str, users: str) -> str:
    """In a directory that is made where it is missing, and that nobody else can reach."""
    from pyfilter import ownership
    from pyfilter.language.files import Refused

    if users == "system":
        raise Refused("for the users of the system it must be told where to listen: --lmtp unix:PATH")
    try:
        os.close(ownership.directory(home, ".local/state/pyfilter"))
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from None
    return f"unix:{home}/.local/state/pyfilter/lmtp"
