"""A server for all users of the system, which root starts: two processes, a *front* and a *broker*.

The front speaks with clients, and so runs as a user who owns nothing (``runs_as``); the broker stays root, and starts
workers for it (broker.py). What falls to a hostile client has no right to read a home, and cannot trace the workers.

Out: the exit status; with the front both end. The sockets are root's work, as they may lie where only root can write.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from pyfilter.server.accounts import Accounts
from pyfilter.server.broker import Broker
from pyfilter.server.dropping import Failed, drop
from pyfilter.server.passwd import Account
from pyfilter.server.pool import Pool
from pyfilter.server.serving import serve

__all__ = ["serve_system"]


def serve_system(
    ends: list[socket.socket],
    runs_as: Account,
    workers: int,
    delimiter: str,
    note: Callable[[str], None],
    ready: Callable[[], None],
    metrics: socket.socket | None = None,
) -> int:
    """Serve at ``ends`` until a signal says otherwise. Raises OSError where the front cannot be started."""
    front_end, broker_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    front = os.fork()
    if not front:
        status = 1
        try:
            broker_end.close()
            _front(ends, front_end, runs_as, workers, delimiter, note, ready, metrics)
            status = 0
        except Failed as error:
            note(str(error))
        finally:
            os._exit(status)
    front_end.close()
    for end in (*ends, *([metrics] if metrics else [])):
        end.close()
    return Broker(broker_end, front, runs_as.uid, 2 * workers, note).run()


def _front(
    ends: list[socket.socket],
    broker: socket.socket,
    runs_as: Account,
    workers: int,
    delimiter: str,
    note: Callable[[str], None],
    ready: Callable[[], None],
    metrics: socket.socket | None,
) -> None:
    os.chdir("/")
    drop(runs_as.name, runs_as.uid, runs_as.gid)
    os.environ.pop("NOTIFY_SOCKET", None)  # systemd listens to the broker
    accounts = Accounts(broker, delimiter)

    def both_ready() -> None:
        ready()
        accounts.ready()

    serve(ends, Pool(accounts.begin, workers, note, is_shared=True), accounts, note, both_ready, metrics=metrics)
