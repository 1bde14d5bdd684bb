"""What ``pyfilter-deliver`` hands over: the socket at which it asks, and the messages it brings.

Mail that comes by the mail server's command takes the warm way here: the launcher (launcher/handover.c, which has the
packet's form) looks for ``~/.local/state/pyfilter/socket`` before it starts an interpreter. A worker delivers as
mda.py would have (server/as_command.py), and the launcher ends with what comes of it.

Rules

- A message is *taken* by reading the token beside it, and the launcher tries to read it, too, when it gets impatient:
  whoever has read it delivers, and nobody else. Before that anything may be refused, by closing the connection;
  the launcher delivers by itself then. From then on there is an answer; where none comes, the mail is tried again.
- Nothing is taken of another user, of another version of pyfilter, for another home or another time zone than the
  server's, without seals, without a byte or of more than limits.MESSAGE_BYTES; and no more than
  limits.HANDED_OVER at once.
- The socket is 0600 in the user's own directory. One that is left over from a server that died is taken away, one that
  a server listens at is not: that one goes on, and this server is for LMTP alone.

Sources: unix(7); eventfd(2); fcntl(2), file seals.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
from collections.abc import Callable

import pyfilter
from pyfilter import limits, ownership
from pyfilter.server.jobs import SEALS, Job, Letter
from pyfilter.server.request import read
from pyfilter.status import DELIVERED, REJECTED, Outcome

__all__ = ["Desk", "listen"]

DIRECTORY = ".local/state/pyfilter"
NAME = "socket"
PACKET_BYTES = 32 << 10  # as in launcher/handover.c
# the message and the token
DESCRIPTORS = 2
# seconds that a connection may say nothing; the launcher sends at once
SILENCE_SECONDS = 5
# seconds until we try again when there are no descriptors left
PAUSE = 1.0
# versions of launchers that the log tells of
MOST_NOTED = 10

CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid
TOKEN_BYTES = 8


def listen(home: str) -> socket.socket | None:
    """A socket in ``home``; None where another server has it. Raises OSError."""
    directory = ownership.directory(home, DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)  # of two servers that begin, the second finds the first
        place = f"/proc/self/fd/{directory}/{NAME}"  # a socket's path has 107 characters at most
        end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mask = os.umask(0o177)
        try:
            if _somebody_listens(place):
                end.close()
                return None
            try:
                os.unlink(NAME, dir_fd=directory)
            except FileNotFoundError:
                pass
            end.bind(place)
            end.listen(limits.LMTP_BACKLOG)
            end.setblocking(False)
        except BaseException:
            end.close()
            raise
        finally:
            os.umask(mask)
    finally:
        os.close(directory)
    return end


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


class Desk:
    """Where launchers come to. ``deliver``: a Future of the outcomes of a job; ``note``: who hears of trouble."""

    def __init__(
        self,
        end: socket.socket,
        home: str,
        deliver: Callable[[Job], asyncio.Future[list[Outcome]]],
        note: Callable[[str], None],
    ) -> None:
        self._end = end
        self._home = home
        self._deliver = deliver
        self._note = note
        self._uid = os.geteuid()
        self._others: set[str] = set()  # versions that were noted
        self._silent: dict[socket.socket, asyncio.TimerHandle] = {}
        self._taken = 0

    def open(self) -> None:
        """Take what comes; within the event loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._end, self._accept)

    def close(self) -> None:
        """Take nothing more."""
        self._loop.remove_reader(self._end)
        self._end.close()
        for end in list(self._silent):
            self._send_away(end)

    @property
    def descriptors(self) -> int:
        """As many as it needs: of each launcher the connection, its message and its token."""
        return 3 * limits.HANDED_OVER

    def remove(self) -> None:
        """Take the socket away."""
        try:
            os.unlink(f"{self._home}/{DIRECTORY}/{NAME}")
        except OSError:
            return

    @property
    def is_busy(self) -> bool:
        """Is anything being delivered?"""
        return self._taken > 0

    # ------------------------------------------------------------------ a launcher

    def _accept(self) -> None:
        try:
            end, _ = self._end.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:
            self._note(f"cannot talk with pyfilter-deliver: {error.strerror}; it delivers by itself meanwhile")
            self._loop.remove_reader(self._end)
            self._loop.call_later(PAUSE, self._go_on)
            return
        _, uid, _ = CREDENTIALS.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        if uid != self._uid or self._taken + len(self._silent) >= limits.HANDED_OVER:
            end.close()
        elif not self._hear(end):
            self._silent[end] = self._loop.call_later(SILENCE_SECONDS, self._send_away, end)
            self._loop.add_reader(end, self._hear_at_last, end)

    def _go_on(self) -> None:
        if self._end.fileno() >= 0:
            self._loop.add_reader(self._end, self._accept)

    def _hear_at_last(self, end: socket.socket) -> None:
        self._silent.pop(end).cancel()
        self._loop.remove_reader(end)
        self._hear(end)

    def _send_away(self, end: socket.socket) -> None:
        self._silent.pop(end).cancel()
        self._loop.remove_reader(end)
        end.close()

    def _hear(self, end: socket.socket) -> bool:
        """Read what it wants; False if it has said nothing so far."""
        try:
            packet, control, flags, _ = end.recvmsg(
                PACKET_BYTES, socket.CMSG_SPACE(4 * DESCRIPTORS), socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return False
        except OSError:
            end.close()
            return True
        files = _descriptors(control)
        if len(files) == DESCRIPTORS and not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            self._consider(end, packet, *files)
            return True
        for file in files:
            os.close(file)
        end.close()
        return True

    def _consider(self, end: socket.socket, packet: bytes, message: int, token: int) -> None:
        size = 0
        try:
            if self._suits(packet):
                size = _size(message)
            is_taken = size > 0 and len(os.read(token, TOKEN_BYTES)) == TOKEN_BYTES
        except OSError:  # the launcher has read the token, or it is none
            is_taken = False
        os.close(token)
        if not is_taken:
            os.close(message)
            end.close()
            return
        self._taken += 1
        letter = Letter.of_file(message, size)
        future = self._deliver(Job("", ("",), letter, asked=packet))
        future.add_done_callback(lambda done: self._answer(end, letter, done.result()))

    def _suits(self, packet: bytes) -> bool:
        request = read(packet)
        if request is None:
            return False
        if request.version != pyfilter.__version__:
            if request.version not in self._others and len(self._others) < MOST_NOTED:
                self._others.add(request.version)
                self._note(
                    f"the launcher of pyfilter {request.version[:100]} delivers by itself, for this server is of "
                    f"{pyfilter.__version__}: start it anew"
                )
            return False
        environment = request.environment
        return environment.get("HOME") == self._home and environment.get("TZ", "") == os.environ.get("TZ", "")

    def _answer(self, end: socket.socket, letter: Letter, outcomes: list[Outcome]) -> None:
        self._taken -= 1
        letter.close()
        with end:
            try:
                end.send(_answer(outcomes[0]), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except OSError:  # it is gone: the mail comes again, and the journal knows
                return


def _descriptors(control: list[tuple[int, int, bytes]]) -> list[int]:
    found: list[int] = []
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found += struct.unpack(f"{len(data) // 4}i", data[: len(data) // 4 * 4])
    return found


def _size(message: int) -> int:
    """Of a file in memory that nobody can change any more; 0 for what is not delivered. Raises OSError where it is no
    such file."""
    if fcntl.fcntl(message, fcntl.F_GET_SEALS) & SEALS != SEALS:
        return 0
    size = os.fstat(message).st_size
    return size if size <= limits.MESSAGE_BYTES else 0


def _answer(outcome: Outcome) -> bytes:
    if outcome.status is DELIVERED:
        return b"0 2.0.0 delivered\n"
    if outcome.status is REJECTED:
        return f"{REJECTED.exit} {outcome.reply()}\n".encode("utf-8", "replace")
    return b"75\n"
