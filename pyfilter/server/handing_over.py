"""The socket at which the launcher hands mail over, and the clerks who take it there.

Mail that comes by the mail server's command takes the warm way here: the launcher (launcher/handover.c) looks for
``~/.local/state/pyfilter/socket`` before it starts an interpreter, and a clerk (clerk.py) takes the message from it.
The server itself is not in the way between them: it opens the socket, starts clerks, starts others when they end, and
ends them.

- There are as many as limits.CLERKS. While all are busy a launcher waits, and delivers by itself before long.
- The socket is 0600 in the user's own directory. One that is left over from a server that died is taken away, one of a
  server that lives is not: that one goes on, and this server is for LMTP alone. Which of the two it is, a lock on the
  directory says; where there are no such locks, whether anybody listens.

Sources: unix(7); flock(2).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

from pyfilter import limits, ownership
from pyfilter.server.starting import INHERITED, OPTIONS

__all__ = ["Clerks", "Counter", "open_counter"]

DIRECTORY = ".local/state/pyfilter"
NAME = "socket"
# launchers that wait while all clerks are busy
BACKLOG = 16
# seconds before a clerk that ended in trouble is started again
PAUSE = 1.0
BOOT = "import sys; sys.path[:] = {path!r}; from pyfilter.server.clerk import main; main({life}, {listener}, {home!r})"


class Counter:
    """The socket, and the lock that says that a server has it."""

    def __init__(self, home: str, end: socket.socket, lock: int) -> None:
        self.home = home
        self.end = end
        self._lock = lock

    def close(self) -> None:
        """Whoever has called gets no answer, and delivers by himself."""
        self.end.close()
        if self._lock >= 0:
            try:
                os.unlink(NAME, dir_fd=self._lock)
            except OSError:
                pass
            os.close(self._lock)
            self._lock = -1


def open_counter(home: str) -> Counter | None:
    """None where another server has it. Raises OSError."""
    directory = ownership.directory(home, DIRECTORY)
    end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mask = os.umask(0o177)
    try:
        place = f"/proc/self/fd/{directory}/{NAME}"  # a socket's path has 107 characters at most
        if not _is_free(directory, place):
            end.close()
            os.close(directory)
            return None
        try:
            os.unlink(NAME, dir_fd=directory)
        except FileNotFoundError:
            pass
        end.bind(place)
        end.listen(BACKLOG)
        end.setblocking(False)
    except BaseException as error:
        end.close()
        os.close(directory)
        if isinstance(error, OSError):
            error.filename = f"{home}/{DIRECTORY}/{NAME}"
        raise
    finally:
        os.umask(mask)
    return Counter(home, end, directory)


def _is_free(directory: int, place: str) -> bool:
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network disk
        return not _somebody_listens(place)
    return True


def _somebody_listens(place: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.setblocking(False)
        try:
            asking.connect(place)
        except BlockingIOError:  # it has much to do
            return True
        except OSError:  # nothing there, nobody there, or no such socket
            return False
    return True


class Clerk:
    """One process. It ends when ``life`` is closed."""

    def __init__(self, counter: Counter) -> None:
        self.life, other = socket.socketpair()
        listener = counter.end.fileno()
        with other:
            script = BOOT.format(path=sys.path, life=other.fileno(), listener=listener, home=counter.home)
            self.process = subprocess.Popen(
                [sys.executable, *OPTIONS, script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno(), listener],
                env={"HOME": counter.home, **{name: os.environ[name] for name in INHERITED if name in os.environ}},
                start_new_session=True,
            )


class Clerks:
    """``note``: who hears of trouble."""

    def __init__(self, counter: Counter, note: Callable[[str], None], size: int = limits.CLERKS) -> None:
        self._counter = counter
        self._note = note
        self._size = size
        self._clerks: set[Clerk] = set()
        self._is_closed = False

    def open(self) -> None:
        """Start them; within the event loop."""
        self._loop = asyncio.get_running_loop()
        for _ in range(self._size):
            self._begin()

    async def close(self, seconds: float) -> None:
        """Nobody is served any more but those who are being served; they have ``seconds``."""
        self._is_closed = True
        for clerk in self._clerks:
            self._loop.remove_reader(clerk.life)
            clerk.life.close()
        self._counter.end.shutdown(socket.SHUT_RDWR)  # who calls now is told at once
        until = self._loop.time() + seconds
        while self._loop.time() < until and any(clerk.process.poll() is None for clerk in self._clerks):
            await asyncio.sleep(0.02)
        for clerk in self._clerks:
            if clerk.process.poll() is None:
                os.killpg(clerk.process.pid, signal.SIGKILL)
                clerk.process.wait()
        self._counter.close()

    def _begin(self) -> None:
        if self._is_closed:
            return
        try:
            clerk = Clerk(self._counter)
        except OSError as error:
            self._note(f"nobody can be started to take mail of the launcher: {error.strerror}; trying again")
            self._loop.call_later(PAUSE, self._begin)
            return
        self._clerks.add(clerk)
        self._loop.add_reader(clerk.life, self._ended, clerk)

    def _ended(self, clerk: Clerk) -> None:
        self._loop.remove_reader(clerk.life)
        clerk.life.close()
        self._clerks.discard(clerk)
        status = clerk.process.wait()  # it has closed its end: nothing else it does takes time
        if status == 0:
            self._begin()
            return
        self._note(f"who takes mail of the launcher ended with {status}; what it was at stays with the mail server")
        self._loop.call_later(PAUSE, self._begin)
