"""A worker: a process that delivers the messages it is given, until the server is gone.

It does what a delivery by the mail server's command does (delivering.py), for each recipient of a job in turn. The
message gets the lines that an MTA writes when it delivers (RFC 5321, section 4.4; local(8)): ``Return-Path`` with the
envelope sender, ``Delivered-To`` with the recipient, above what came.

- What has come meanwhile is delivered together: each message is decided about and carried out by itself, they only
  share the waiting for the disk (delivery/together.py, disk.py). No recipient hears before his copy is on disk.
- Each delivery has its own deadline; the alarm ends the worker, and the server defers what it was at.
- It has limits.MEMORY_BYTES of memory; beyond them a delivery is DEFERRED.
- Whatever goes wrong is DEFERRED, is logged, and the next message is delivered.
- SIGINT is passed over: a terminal's goes to the server, which lets us end what we are at.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from itertools import count
from select import select

from pyfilter import deadline, limits
from pyfilter.bounds import lower
from pyfilter.delivering import report, steps
from pyfilter.delivery.together import together
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.server.disk import Disk, syncfs
from pyfilter.server.heap import settle
from pyfilter.server.homes import at_home, ready
from pyfilter.server.jobs import Received, receive_job, send_outcomes
from pyfilter.server.rulebook import Shelf
from pyfilter.services import shared
from pyfilter.status import DEFERRED, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.together import Steps

__all__ = ["main"]


def main(descriptor: int, home: str) -> None:
    """Deliver the jobs that come on ``descriptor`` to the user whose home is ``home``; "": each job says whose."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    lower((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, limits.MEMORY_BYTES))
    settle()
    shared.begin(home)
    shelf = Shelf()
    disk = Disk(syncfs())
    with socket.socket(fileno=descriptor) as end:
        end.set_inheritable(False)
        for batch in count():
            if not _serve(end, home, shelf, disk, batch):
                return


def _serve(end: socket.socket, home: str, shelf: Shelf, disk: Disk, batch: int) -> bool:
    """What has come; False where the server is gone. Nothing of it stays in memory while the next is waited for."""
    jobs = _jobs(end)
    deliveries = [
        at_home(home or job.home, _deliver(job.sender, recipient, job.raw, home or job.home, shelf, batch))
        for job in jobs
        for recipient in job.recipients
    ]
    outcomes = iter(together(deliveries, disk.sync))
    for job in jobs:
        send_outcomes(end, [next(outcomes) for _ in job.recipients])
    return bool(jobs)


def _jobs(end: socket.socket) -> list[Received]:
    """The next one, and those that have come already; none where the server is gone."""
    jobs: list[Received] = []
    while (job := receive_job(end)) is not None:
        jobs.append(job)
        if len(jobs) == limits.TOGETHER or not select([end], [], [], 0)[0]:
            break
    return jobs


def _deliver(
    sender: str, recipient: str, raw: bytes | memoryview, home: str, shelf: Shelf, batch: int
) -> Steps[Outcome]:
    started = time.monotonic()
    try:
        deadline.begin_anew(limits.DEADLINE_SECONDS)
        ready(home)
        message = Message.from_bytes(b"".join((_lines(sender, recipient), raw)))
        book = shelf.of(home)
        return (yield from steps(message, Envelope(sender, recipient), book.read(batch), home, started, book.journal))
    except BaseException as error:
        report(error, home)
        return Outcome(DEFERRED)
    finally:
        deadline.filed()


def _lines(sender: str, recipient: str) -> bytes:
    """No address holds a control character (lmtp/arguments.py)."""
    return f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n".encode("utf-8", "surrogateescape")
