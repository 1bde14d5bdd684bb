"""What goes between the server and a worker: one packet there, one back.

A *job* is one message and those who get it; the *outcomes* come back in their order. Both ends are processes of one
user and one version of pyfilter, so marshal does. A message of more than INLINE_BYTES goes as a descriptor of a file in
memory beside the packet: a packet must fit into the socket's buffer.

Sources: unix(7), SOCK_SEQPACKET and SCM_RIGHTS; memfd_create(2).
"""

from __future__ import annotations

import marshal
import os
import socket

from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

__all__ = ["Job", "receive_job", "receive_outcomes", "send_job", "send_outcomes"]

INLINE_BYTES = 64 << 10
PACKET_BYTES = 160 << 10  # below the 208 KiB that Linux gives a socket; the addresses have a part of it
_STATUSES = {status.word: status for status in (DELIVERED, DEFERRED, REJECTED)}


class Job:
    """``sender``: "" is the null sender; ``recipients``: at least one; ``raw``: the message, with LF."""

    __slots__ = ("raw", "recipients", "sender")

    def __init__(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> None:
        self.sender = sender
        self.recipients = recipients
        self.raw = raw


def send_job(end: socket.socket, job: Job) -> None:
    """Raises OSError."""
    if len(job.raw) <= INLINE_BYTES:
        end.sendall(marshal.dumps((job.sender, job.recipients, job.raw)))
        return
    file = os.memfd_create("message", os.MFD_CLOEXEC)
    try:
        view = memoryview(job.raw)
        while view:
            view = view[os.write(file, view) :]
        socket.send_fds(end, [marshal.dumps((job.sender, job.recipients, None))], [file])
    finally:
        os.close(file)


def receive_job(end: socket.socket) -> Job | None:
    """The next one; None where the server is gone. Raises OSError."""
    packet, files, _, _ = socket.recv_fds(end, PACKET_BYTES, 1)
    if not packet:
        return None
    sender, recipients, raw = marshal.loads(packet)
    if raw is None:
        (file,) = files
        try:
            size = os.fstat(file).st_size
            raw = os.pread(file, size, 0)
            while len(raw) < size:  # one read gives 2 GiB at most
                raw += os.pread(file, size - len(raw), len(raw))
        finally:
            os.close(file)
    return Job(sender, recipients, raw)


def send_outcomes(end: socket.socket, outcomes: list[Outcome]) -> None:
    """``detail`` stays behind: the worker has logged it."""
    end.sendall(marshal.dumps([(outcome.status.word, outcome.reason) for outcome in outcomes]))


def receive_outcomes(end: socket.socket) -> list[Outcome]:
    """Raises EOFError where the worker is gone."""
    packet = end.recv(PACKET_BYTES)
    if not packet:
        raise EOFError("the worker is gone")
    return [Outcome(_STATUSES[word], reason) for word, reason in marshal.loads(packet)]
