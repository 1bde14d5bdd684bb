"""What goes between the server and a worker: one packet there, one back.

A *job* is one message, and those recipients of it who are of one home; the *outcomes* come back in their order.

====== =====================================================================================
there  ``+`` or ``@``, home, sender, each recipient, NUL between them; LF; behind ``+`` the
       message, behind ``@`` nothing: it is a descriptor of a file in memory beside the packet
back   one line a recipient: the status, NUL, the reason
====== =====================================================================================

Rules

- No end believes the other: a worker is its user's, who may make it say anything, and the server may have fallen to a
  client. So this is read by splitting, never by marshal; of a reason only what is one line of a reply is taken, and a
  file that could still change is not read.
- A message of more than INLINE_BYTES goes as a file: a packet must fit into the socket's buffer. The file is made once
  however many jobs it has, and sealed.

Sources: unix(7), SOCK_SEQPACKET and SCM_RIGHTS; memfd_create(2); fcntl(2), file seals.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import socket

from pyfilter import limits
from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

__all__ = ["SEALS", "Job", "Letter", "receive_job", "receive_outcomes", "send_job", "send_outcomes"]

INLINE_BYTES = 64 << 10
PACKET_BYTES = 160 << 10  # below the 208 KiB that Linux gives a socket; the addresses have a part of it
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_STATUSES = {status.word: status for status in (DELIVERED, DEFERRED, REJECTED)}


class Letter:
    """A message, with LF, for as many jobs as it has. ``close`` when all of them are done."""

    __slots__ = ("_file", "_raw", "size")

    def __init__(self, raw: bytes | bytearray) -> None:
        self._raw = raw
        self._file = -1
        self.size = len(raw)

    @property
    def is_small(self) -> bool:
        """It goes within the packet."""
        return self.size <= INLINE_BYTES

    def inline(self) -> bytes | bytearray | None:
        """The message, if it goes within the packet."""
        return self._raw if self.is_small else None

    def file(self) -> int:
        """The message as a sealed file in memory, of which there is one copy from then on. Raises OSError."""
        if self._file < 0:
            file = os.memfd_create("message", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                view = memoryview(self._raw)
                while view:
                    view = view[os.write(file, view) :]
                fcntl.fcntl(file, fcntl.F_ADD_SEALS, SEALS)
            except BaseException:
                os.close(file)
                raise
            self._file, self._raw = file, b""
        return self._file

    def close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class Job:
    """``sender``: "" is the null sender; ``recipients``: at least one; ``home``: theirs, "" is the worker's own."""

    __slots__ = ("home", "letter", "recipients", "sender")

    def __init__(self, sender: str, recipients: tuple[str, ...], letter: Letter, home: str = "") -> None:
        self.sender = sender
        self.recipients = recipients
        self.letter = letter
        self.home = home


class Received:
    """A job as a worker has it; ``raw``: the message, with LF."""

    __slots__ = ("home", "raw", "recipients", "sender")

    def __init__(self, home: str, sender: str, recipients: tuple[str, ...], raw: bytes | memoryview) -> None:
        self.home = home
        self.sender = sender
        self.recipients = recipients
        self.raw = raw


def send_job(end: socket.socket, job: Job) -> None:
    """Raises OSError."""
    fields = "\0".join(("", job.home, job.sender, *job.recipients)).encode("utf-8", "surrogateescape")
    inline = job.letter.inline()
    if inline is not None:
        end.sendall(b"".join((b"+", fields, b"\n", inline)))
    else:
        socket.send_fds(end, [b"@" + fields + b"\n"], [job.letter.file()])


def receive_job(end: socket.socket) -> Received | None:
    """The next one; None where the server is gone. Raises OSError, and ValueError where it is no job."""
    packet, files, flags, _ = socket.recv_fds(end, PACKET_BYTES, 1)
    try:
        if not packet:
            return None
        head, line_end, raw = packet.partition(b"\n")
        kind, *fields = head.decode("utf-8", "surrogateescape").split("\0")
        if flags or not line_end or len(fields) < 3 or (kind, len(files)) not in (("+", 0), ("@", 1)):
            raise ValueError("no job")
        home, sender, *recipients = fields
        return Received(home, sender, tuple(recipients), _read(files[0]) if files else raw)
    finally:
        for file in files:
            os.close(file)


def _read(file: int) -> memoryview:
    """Where it lies: nobody can change it any more."""
    if fcntl.fcntl(file, fcntl.F_GET_SEALS) & SEALS != SEALS:  # OSError where it is no file in memory
        raise ValueError("the message could still change")
    return memoryview(mmap.mmap(file, 0, prot=mmap.PROT_READ))


def send_outcomes(end: socket.socket, outcomes: list[Outcome]) -> None:
    """``detail`` stays behind: the worker has logged it."""
    lines = [f"{outcome.status.word}\0{outcome.reason}" for outcome in outcomes]
    end.sendall("\n".join(lines).encode("utf-8", "replace"))


def receive_outcomes(end: socket.socket) -> list[Outcome]:
    """Raises EOFError where the worker is gone, ValueError where it says something else."""
    packet = end.recv(PACKET_BYTES)
    if not packet:
        raise EOFError("the worker is gone")
    return [_outcome(line) for line in packet.decode("utf-8").split("\n")]


def _outcome(line: str) -> Outcome:
    word, _, reason = line.partition("\0")
    status = _STATUSES.get(word)
    if status is None:
        raise ValueError("it says something that is no outcome")
    return Outcome(status, reason if reason.isprintable() and len(reason) <= limits.REASON_CHARACTERS else "")
