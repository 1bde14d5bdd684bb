"""The broker: the one process of root's where the users of the system get mail. It knows who they are and starts their
workers; it sees no message, no rule and no client.

The server that speaks with clients (the *front*) is another process, of a user who owns nothing. It asks over a socket,
one packet a question, words with NUL between them:

====================== ==============================================================================
the front asks         the broker
====================== ==============================================================================
``find ID NAME…``      ``ID here NAME``: the first of these that there is; ``ID absent``, ``ID root``,
                       ``ID homeless``, ``ID unsure``
``begin ID NAME``      ``ID begun PID`` and our end of the worker's socket; ``ID failed WHY``
``bury PID``           nothing: kills that worker, where it still lives
``ready``              nothing: systemd is told
====================== ==============================================================================

Rules

- A worker is begun for a user and becomes that user for good (dropping.py) before a program is run in it; where that
  fails it ends. No worker serves a second user. Root gets none, nor does the user whom the front runs as.
- There are no more than twice as many workers as the front was told to have.
- What the front says is not believed: a packet that is no question ends it, and with it the server.
- The front ends: so does the broker, and what workers are left is killed. SIGTERM, SIGINT and SIGHUP go to the front.

Sources: unix(7), SCM_RIGHTS; pidfd_open(2); sd_notify(3).
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from array import array
from collections.abc import Callable, Sequence

from pyfilter.server.dropping import Failed, drop
from pyfilter.server.manager import tell_manager
from pyfilter.server.passwd import Account, look_up
from pyfilter.server.starting import BOOT, OPTIONS

__all__ = ["QUESTION_BYTES", "Broker"]

QUESTION_BYTES = 4096
# homes of accounts that are nobody's who reads mail: Debian Policy, section 9.2.3, and what others have
HOMELESS = frozenset({"", "/", "/dev/null", "/nonexistent", "/var/empty"})
# seconds that workers have when the front is gone: those that have nothing to do end at once
FAREWELL = 2.0
# where a worker finds its end of the socket
DESCRIPTOR = 3
# of our own environment, for local time and for programs that rules run
INHERITED = ("LANG", "TZ")
PATH = "/usr/bin:/bin"


class Distrusted(Exception):
    """The front said what it never says."""


class Broker:
    """``end``: the socket to the front; ``front``: its process; ``runs_as``: its uid; ``most``: workers at once."""

    def __init__(self, end: socket.socket, front: int, runs_as: int, most: int, note: Callable[[str], None]) -> None:
        self._end = end
        self._front = front
        self._runs_as = runs_as
        self._most = most
        self._note = note
        self._workers: dict[int, int] = {}  # process -> descriptor that says when it has ended
        self._signals: list[int] = []

    def run(self) -> int:
        """Serve the front until it ends; its exit status."""
        watched = os.pidfd_open(self._front)
        awake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for caught in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(caught, lambda number, frame: self._signals.append(number))
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        poll.register(watched, select.POLLIN)
        poll.register(awake, select.POLLIN)
        is_alive = True
        while is_alive:
            ready = {file for file, _ in poll.poll(1000)}
            if awake in ready:
                os.read(awake, 512)
            for number in self._signals:
                self._signal_front(signal.SIGHUP if number == signal.SIGHUP else signal.SIGTERM)
            self._signals.clear()
            if self._end.fileno() in ready and not self._serve():
                poll.unregister(self._end)
            is_alive = watched not in ready
            self._reap()
        _, status = os.waitpid(self._front, 0)
        self._see_off()
        return os.waitstatus_to_exitcode(status)

    def _serve(self) -> bool:
        """One question; False where there are no more."""
        try:
            packet = self._end.recv(QUESTION_BYTES)
            if not packet:
                return False
            self._answer(packet.decode("utf-8").split("\0"))
        except (Distrusted, UnicodeDecodeError):
            self._note("the front says what it never says, and is ended")
        except OSError as error:
            self._note(f"the front does not hear its broker ({error.strerror}), and is ended")
        else:
            return True
        self._signal_front(signal.SIGKILL)
        return False

    def _answer(self, words: list[str]) -> None:
        match words:
            case ["find", number, *names] if names:
                self._say(number, *self._find(names))
            case ["begin", number, name]:
                self._begin(number, name)
            case ["bury", process]:
                self._bury(process)
            case ["ready"]:
                tell_manager("READY=1\nSTATUS=delivering")
            case _:
                raise Distrusted

    def _say(self, *words: str, files: Sequence[int] = ()) -> None:
        packet = "\0".join(words).encode("utf-8", "replace")
        # not socket.send_fds, which passes the flags over (Python 3.11) and would wait
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", files))] if files else []
        self._end.sendmsg([packet], rights, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    # ------------------------------------------------------------------ users

    def _find(self, names: list[str]) -> tuple[str, ...]:
        try:
            account = next(filter(None, map(look_up, filter(_is_name, names))), None)
        except OSError as error:
            self._note(f"users cannot be looked up: {error.strerror}")
            return ("unsure",)
        if account is None or account.uid == self._runs_as:
            return ("absent",)
        if account.uid == 0:
            return ("root",)
        return ("homeless",) if account.home in HOMELESS else ("here", account.name)

    # ------------------------------------------------------------------ workers

    def _begin(self, number: str, name: str) -> None:
        if len(self._workers) >= self._most:
            self._say(number, "failed", "there are too many workers")
            return
        try:
            account = look_up(name) if _is_name(name) else None
            if account is None or account.uid in (0, self._runs_as):
                self._say(number, "failed", "there is no such user")
                return
            ours, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours, other:
                process = os.fork()
                if not process:
                    _become(account, other)
                self._workers[process] = os.pidfd_open(process)
                self._say(number, "begun", str(process), files=[ours.fileno()])
        except BlockingIOError:
            raise
        except OSError as error:
            self._say(number, "failed", error.strerror or "it cannot be started")

    def _bury(self, process: str) -> None:
        if process.isascii() and process.isdigit() and int(process) in self._workers:
            _kill(int(process))

    def _reap(self) -> None:
        for process in list(self._workers):
            ended, _ = os.waitpid(process, os.WNOHANG)
            if ended:
                os.close(self._workers.pop(process))

    def _see_off(self) -> None:
        until = time.monotonic() + FAREWELL
        while self._workers and (left := until - time.monotonic()) > 0:
            poll = select.poll()
            for file in self._workers.values():
                poll.register(file, select.POLLIN)
            poll.poll(int(left * 1000) + 1)
            self._reap()
        for process, file in self._workers.items():
            _kill(process)
            os.waitpid(process, 0)
            os.close(file)
        self._workers.clear()

    def _signal_front(self, number: int) -> None:
        try:
            os.kill(self._front, number)
        except ProcessLookupError:
            return


def _is_name(name: str) -> bool:
    """Whether a user may be called so; what begins with "-" or holds "/" or ":" is nobody's name."""
    return 0 < len(name) <= 256 and name.isprintable() and name[0] != "-" and not set(name) & set("/:, ")


def _kill(process: int) -> None:
    """With what it started: the worker leads its group. It was not waited for, so that the number is its own."""
    for kill in (os.killpg, os.kill):
        try:
            kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _become(account: Account, end: socket.socket) -> None:
    """In the child: never returns. Of this process nothing stays but what is named here."""
    try:
        os.setsid()
        for caught in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(caught, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.chdir("/")
        os.umask(0o077)
        nowhere = os.open("/dev/null", os.O_RDWR)
        end_there = os.dup2(end.fileno(), max(end.fileno(), nowhere, DESCRIPTOR) + 1)
        for number in range(3):
            os.dup2(nowhere, number)
        os.dup2(end_there, DESCRIPTOR)
        os.closerange(DESCRIPTOR + 1, os.sysconf("SC_OPEN_MAX"))
        drop(account.name, account.uid, account.gid)
        script = BOOT.format(path=sys.path, descriptor=DESCRIPTOR, home=account.home)
        environment = {"HOME": account.home, "LOGNAME": account.name, "USER": account.name, "PATH": PATH}
        environment |= {name: os.environ[name] for name in INHERITED if name in os.environ}
        os.execve(sys.executable, [sys.executable, *OPTIONS, script], environment)
    except (OSError, Failed):
        pass
    finally:
        os._exit(1)
