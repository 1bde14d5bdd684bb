"""The server: sockets, workers, signals, and an end that loses nothing.

``serve`` runs until SIGTERM or SIGINT: no new connection is taken, what is being delivered is ended and answered, every
client hears 421, and the sockets are gone. Rules, and what they include, are looked at with every message
(server/worker.py), as is a map of users with every recipient: nothing has to be reloaded, and SIGHUP says to look
again.

- A Unix socket is 0660 in whatever directory it lies in; one that is left over from a server that died is taken away,
  one that a server listens at is not. TCP only where it is asked for.
- Sockets of systemd (LISTEN_FDS) are taken where no address is given; systemd is told READY, STOPPING and what is going
  on (NOTIFY_SOCKET).
- More connections than descriptors: the one that has been idle for longest is sent away.

Sources: sd_listen_fds(3); unix(7).
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import stat
from collections.abc import Callable

from pyfilter import limits
from pyfilter.lmtp import replies
from pyfilter.server import handing_over
from pyfilter.server.connection import Connection, Desk
from pyfilter.server.heap import settle
from pyfilter.server.manager import tell_manager
from pyfilter.server.pool import Pool
from pyfilter.server.residents import Residents

__all__ = ["Refused", "serve"]

# the first descriptor that systemd hands over: sd_listen_fds(3)
FIRST_DESCRIPTOR = 3
# seconds between two looks at who is idle
LOOK_AGAIN = 5.0
# of the descriptors there may be: workers, logs, what Python opens now and then
KEPT_DESCRIPTORS = 128
# connections that are taken at once: those who are there have their turn in between; as many may be closing
AT_ONCE = 50


class Refused(Exception):
    """The server cannot begin; the text says why, and what to do."""


def listen(address: str, owner: tuple[int, int] | None = None) -> socket.socket:
    """``unix:PATH`` or ``HOST:PORT``; ``owner``: user and group of the Unix socket. Raises Refused."""
    if address.startswith("unix:"):
        return _listen_at(os.path.expanduser(address.removeprefix("unix:")), owner)
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise Refused(f"{address!r} is no address: unix:PATH or HOST:PORT")
    host = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, _, _, place = found[0]
        end = socket.socket(family, kind)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end.bind(place)
        end.listen(limits.LMTP_BACKLOG)
    except (OSError, OverflowError) as error:
        raise Refused(f"cannot listen at {address}: {error}") from None
    return end


def _listen_at(path: str, owner: tuple[int, int] | None) -> socket.socket:
    end = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o117)
    try:
        if _is_left_over(path):
            os.unlink(path)
        end.bind(path)
        if owner is not None:
            os.chown(path, *owner, follow_symlinks=False)
        end.listen(limits.LMTP_BACKLOG)
    except OSError as error:
        end.close()
        raise Refused(f"cannot listen at {path}: {error.strerror or error}") from None
    finally:
        os.umask(mask)
    return end


def _is_left_over(path: str) -> bool:
    """A socket at which nobody listens. What is no socket stays, and bind fails."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(path)
    except FileNotFoundError:
        return False
    except ConnectionRefusedError:
        return True
    raise Refused(f"another server listens at {path}")


def handed_over() -> list[socket.socket]:
    """The sockets that systemd hands over."""
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return []
    count = int(os.environ.pop("LISTEN_FDS", "0"))
    ends = [socket.socket(fileno=FIRST_DESCRIPTOR + number) for number in range(count)]
    for end in ends:
        os.set_inheritable(end.fileno(), False)
    return ends


def serve(
    ends: list[socket.socket],
    pool: Pool,
    residents: Residents,
    note: Callable[[str], None],
    ready: Callable[[], None],
    most_bytes: int = limits.LMTP_MESSAGE_BYTES,
    clerks: handing_over.Clerks | None = None,
    metrics: socket.socket | None = None,
) -> None:
    """Serve at ``ends`` until a signal says otherwise; ``ready`` is called when it does. Files of Unix sockets stay:
    those that systemd handed over are its own. ``clerks``: who take mail of the launcher. ``metrics``: where figures
    are shown."""
    most = _raise_descriptors()
    settle()
    asyncio.run(_Server(ends, pool, residents, most_bytes, note, most, clerks, metrics).run(ready))


def _raise_descriptors() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.LMTP_CONNECTIONS + KEPT_DESCRIPTORS
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most, soft)


class _Server:
    def __init__(
        self,
        ends: list[socket.socket],
        pool: Pool,
        residents: Residents,
        most_bytes: int,
        note: Callable[[str], None],
        descriptors: int,
        clerks: handing_over.Clerks | None,
        metrics: socket.socket | None,
    ) -> None:
        self._ends = ends
        self._metrics = metrics
        self._clerks = clerks
        self._pool = pool
        self._residents = residents
        self._desk = Desk(socket.gethostname() or "localhost", most_bytes, pool.submit, residents, note, pool.withdraw)
        self._most = max(1, min(limits.LMTP_CONNECTIONS, descriptors - KEPT_DESCRIPTORS - pool.size))
        self._stopped = asyncio.Event()

    async def run(self, ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped.set)
        loop.add_signal_handler(signal.SIGHUP, self._residents.look_again)
        self._residents.start(self._stopped.set)
        self._pool.start()
        servers = [await self._open(end) for end in self._ends]
        if self._metrics is not None:
            servers.append(await self._show(self._metrics))
        if self._clerks:
            self._clerks.open()
        ready()
        tell_manager("READY=1\nSTATUS=delivering")
        watching = asyncio.create_task(self._watch())
        await self._stopped.wait()
        tell_manager("STOPPING=1")
        watching.cancel()
        self._desk.is_closing = True
        for server in servers:
            server.close()
        for connection in list(self._desk.open):
            connection.close(replies.SHUTTING_DOWN)
        closing = [self._pool.close(limits.LMTP_CLOSING_SECONDS)]
        if self._clerks:
            closing.append(self._clerks.close(limits.LMTP_CLOSING_SECONDS))
        await asyncio.gather(*closing)
        while self._desk.open and any(connection.is_busy for connection in self._desk.open):
            await asyncio.sleep(0.02)

    async def _open(self, end: socket.socket) -> asyncio.AbstractServer:
        loop = asyncio.get_running_loop()
        if end.family == socket.AF_UNIX:
            server = await loop.create_unix_server(self._accept, sock=end, backlog=AT_ONCE)
        else:
            server = await loop.create_server(self._accept, sock=end, backlog=AT_ONCE)
        end.listen(limits.LMTP_BACKLOG)  # which asyncio has lowered
        return server

    async def _show(self, end: socket.socket) -> asyncio.AbstractServer:
        from pyfilter.server.metrics import REQUEST_BYTES, Metrics

        now = {
            "workers": ("Workers there are.", lambda: float(self._pool.workers)),
            "open_connections": ("Connections there are.", lambda: float(len(self._desk.open))),
            "held_bytes": ("Bytes of messages that are coming or being delivered.", lambda: float(self._desk.held)),
        }
        shown = Metrics(self._desk.tally, now)
        if end.family == socket.AF_UNIX:
            return await asyncio.start_unix_server(shown.serve_one, sock=end, limit=REQUEST_BYTES)
        return await asyncio.start_server(shown.serve_one, sock=end, limit=REQUEST_BYTES)

    def _accept(self) -> Connection:
        if len(self._desk.open) >= self._most:
            idle = next((connection for connection in self._desk.open if not connection.is_busy), None)
            if idle is not None:
                idle.send_away(replies.TOO_SLOW)
        return Connection(self._desk)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            oldest = loop.time() - limits.LMTP_IDLE_SECONDS
            for connection in [one for one in self._desk.open if not one.is_busy and one.heard < oldest]:
                connection.close(replies.TOO_SLOW)
