"""A clerk: a process that takes what the launcher brings, and delivers it as mda.py would have.

In: the launcher's packet (request.py), the message as it came on its standard input, in memory that nobody can change
any more, and a token. Out: one packet, an answer as launcher/handover.c has it. The mail server has written its lines
above the message already; nothing is added.

Rules

- A message is *taken* by reading the token, which the launcher tries to read, too, when it gets impatient: whoever has
  read it delivers, and nobody else. Before that anything may be refused, by closing the connection; the launcher
  delivers by itself then. From then on there is an answer; where none comes, the mail is tried again, and the journal
  (delivery/journal.py) knows what was done.
- Nothing is taken of another user, of another version of pyfilter, for another home or in another time zone than the
  server's; nor what is no message that can no longer change, or one of more than limits.MESSAGE_BYTES.
- Programs that rules run get the variables that they would get of a delivery by itself.
- Each delivery has the time that the launcher has left; the alarm ends the clerk, and the mail is tried again. A clerk
  has limits.MEMORY_BYTES of memory; whatever goes wrong is DEFERRED and logged, and the next message is delivered.
- It ends, after what it is at, when the server is gone or closes its end of ``life``, and after RETIRE messages.

Sources: unix(7); eventfd(2); fcntl(2), file seals; epoll_ctl(2).
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import socket
import struct
import time

import pyfilter
from pyfilter import deadline, limits, log
from pyfilter.bounds import lower
from pyfilter.delivering import report, steps
from pyfilter.delivery.together import alone
from pyfilter.language.files import check_home
from pyfilter.mda import envelope_of, options
from pyfilter.message.message import Message
from pyfilter.server.heap import settle
from pyfilter.server.jobs import SEALS
from pyfilter.server.request import read
from pyfilter.server.rulebook import Rulebook
from pyfilter.services import shared
from pyfilter.services.child import INHERITED
from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.server.request import Request

__all__ = ["main"]

PACKET_BYTES = 32 << 10  # as in launcher/handover.c
# the message and the token
DESCRIPTORS = 2
TOKEN_BYTES = 8
# seconds that a launcher may say nothing; it sends at once
SILENCE_SECONDS = 1
# seconds until we try again when there are no descriptors left
PAUSE = 1.0
# messages that one clerk delivers: what leaks does not pile up
RETIRE = 20_000
# versions of launchers that the log tells of
MOST_NOTED = 10

CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid
ROOM = socket.CMSG_SPACE(4 * DESCRIPTORS)
# as numbers: each use of one of socket's own flags takes Python longer than the call
HEAR = int(socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC)
SAY = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
CUT = int(socket.MSG_TRUNC | socket.MSG_CTRUNC)


def main(life: int, listener: int, home: str) -> None:
    """Serve the launchers that come to ``listener`` with mail for ``home``, as long as the server lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    lower((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, limits.MEMORY_BYTES))
    settle()
    shared.begin(home)
    clerk = _Clerk(home)
    with socket.socket(fileno=listener) as end, select.epoll() as events:
        events.register(life, select.EPOLLIN)
        events.register(end, select.EPOLLIN | select.EPOLLEXCLUSIVE)  # one launcher wakes one clerk
        while clerk.served < RETIRE:
            if any(descriptor == life for descriptor, _ in events.poll()):
                return
            try:
                launcher, _ = end.accept()
            except (BlockingIOError, ConnectionError):  # another clerk was quicker, or it is gone
                continue
            except OSError as error:
                log.write(f"cannot take mail of the launcher: {error.strerror}; it delivers by itself meanwhile", home)
                time.sleep(PAUSE)
                continue
            clerk.serve(launcher)
            _close(launcher.detach())


class _Clerk:
    def __init__(self, home: str) -> None:
        self._home = home
        self._book = Rulebook(home)
        self._uid = os.geteuid()
        self._variables: dict[str, str] = {}  # of those that programs inherit, what they are set to
        self._others: set[str] = set()  # versions that were noted
        self.served = 0

    def serve(self, launcher: socket.socket) -> None:
        started = time.monotonic()
        files: list[int] = []
        try:
            _, uid, _ = CREDENTIALS.unpack(launcher.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
            if uid != self._uid:
                return
            packet, files = _heard(launcher)
            request = read(packet)
            if request is None or len(files) != DESCRIPTORS or not self._suits(request):
                return
            message, token = files
            if not _is_whole(message) or not _is_taken(token):
                return
            self.served += 1
            launcher.send(_answer(self._deliver(request, message, started)), SAY)
        except OSError:  # descriptors that are no such things; or it is gone, and the mail comes again
            return
        finally:
            for file in files:
                _close(file)

    def _suits(self, request: Request) -> bool:
        if request.version != pyfilter.__version__:
            if request.version not in self._others and len(self._others) < MOST_NOTED:
                self._others.add(request.version)
                log.write(
                    f"the launcher of pyfilter {request.version[:100]} delivers by itself, for this server is of "
                    f"{pyfilter.__version__}: start it anew",
                    self._home,
                )
            return False
        environment = request.environment
        return environment.get("HOME") == self._home and environment.get("TZ") == os.environ.get("TZ")

    def _deliver(self, request: Request, file: int, started: float) -> Outcome:
        try:
            deadline.begin_anew(request.seconds)
            self._set_variables(request.environment)
            check_home(self._home)
            message = Message.from_bytes(os.pread(file, os.fstat(file).st_size, 0))
            envelope = envelope_of(message, request.environment, options(request.arguments))
            return alone(steps(message, envelope, self._book.read(), self._home, started, self._book.journal))
        except BaseException as error:
            report(error, self._home)
            return Outcome(DEFERRED)
        finally:
            deadline.filed()

    def _set_variables(self, environment: dict[str, str]) -> None:
        wanted = {name: environment[name] for name in INHERITED if name in environment}
        if wanted == self._variables:
            return
        for name in INHERITED:
            os.environ.pop(name, None)
        os.environ.update(wanted)
        self._variables = wanted


def _close(file: int) -> None:
    """What is said of it does not matter any more."""
    try:
        os.close(file)
    except OSError:
        return


def _heard(launcher: socket.socket) -> tuple[bytes, list[int]]:
    """Its packet and what lies beside it; nothing where it is too long. Raises OSError."""
    try:
        packet, control, state, _ = launcher.recvmsg(PACKET_BYTES, ROOM, HEAR)
    except BlockingIOError:  # it has called, and not spoken yet
        select.select([launcher], [], [], SILENCE_SECONDS)
        packet, control, state, _ = launcher.recvmsg(PACKET_BYTES, ROOM, HEAR)
    files: list[int] = []
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files += struct.unpack(f"{len(data) // 4}i", data[: len(data) // 4 * 4])
    return (b"" if state & CUT else packet), files


def _is_whole(message: int) -> bool:
    """A file in memory that nobody can change any more. Raises OSError where it is none."""
    seals = fcntl.fcntl(message, fcntl.F_GET_SEALS)
    return seals & SEALS == SEALS and 0 < os.fstat(message).st_size <= limits.MESSAGE_BYTES


def _is_taken(token: int) -> bool:
    """Take it; BlockingIOError where the launcher has it."""
    return len(os.read(token, TOKEN_BYTES)) == TOKEN_BYTES


def _answer(outcome: Outcome) -> bytes:
    if outcome.status is DELIVERED:
        return b"0 2.0.0 delivered\n"
    if outcome.status is REJECTED:
        return f"{REJECTED.exit} {outcome.reply()}\n".encode("utf-8", "replace")
    return b"%d\n" % DEFERRED.exit
