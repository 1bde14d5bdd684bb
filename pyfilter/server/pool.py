"""The workers: processes that deliver, one message at a time each.

``submit`` gives a Future of the outcomes of one job. It has a result whatever happens: of a worker that died or hung
everything is DEFERRED, whoever sent the mail tries again, and the journal (delivery/journal.py) sees to it that nothing
is done twice. Jobs for which no worker is free wait in their order.

Why processes: rules may run programs, and a process with threads must not fork; a message that takes too long, or too
much memory, ends one worker and not the server; and Python's threads share one processor.

A worker is started anew when it ends, and when it has delivered RETIRE messages: what leaks does not pile up.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable

from pyfilter import limits
from pyfilter.server.jobs import PACKET_BYTES, Job, receive_outcomes, send_job
from pyfilter.status import DEFERRED, Outcome

__all__ = ["Pool"]

# messages that one worker delivers
RETIRE = 20_000
# seconds before a worker that ended at once is started again: rules, or a disk, may need mending
PAUSE = 1.0

# of our own environment, for programs that rules run and for local time
INHERITED = ("LANG", "LOGNAME", "PATH", "TZ", "USER")

BOOT = "import sys; sys.path[:] = {path!r}; from pyfilter.server.worker import main; main({descriptor}, {home!r})"


class Worker:
    """One process, and what it is doing."""

    def __init__(self, home: str) -> None:
        self.end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            script = BOOT.format(path=sys.path, descriptor=other.fileno(), home=home)
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-P", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                env={"HOME": home, **{name: os.environ[name] for name in INHERITED if name in os.environ}},
                start_new_session=True,
            )
        self.end.setblocking(False)
        self.end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PACKET_BYTES)
        self.job: Job | None = None
        self.future: asyncio.Future[list[Outcome]] | None = None
        self.alarm: asyncio.TimerHandle | None = None
        self.delivered = 0


class Pool:
    """``home``: of the user for whom it delivers; ``size``: how many workers; ``note``: who hears of trouble."""

    def __init__(self, home: str, size: int, note: Callable[[str], None]) -> None:
        self._home = home
        self._size = size
        self._note = note
        self._waiting: deque[tuple[Job, asyncio.Future[list[Outcome]]]] = deque()
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._is_closed = False

    def start(self) -> None:
        """Start all workers; within the event loop."""
        self._loop = asyncio.get_running_loop()
        for _ in range(self._size):
            self._begin()

    def submit(self, job: Job) -> asyncio.Future[list[Outcome]]:
        """Deliver it when a worker is free."""
        future: asyncio.Future[list[Outcome]] = self._loop.create_future()
        self._waiting.append((job, future))
        self._assign()
        return future

    async def close(self, seconds: float) -> None:
        """Let the workers end what they are at, ``seconds`` at most. What waits, or is not done then, is DEFERRED."""
        self._is_closed = True
        while self._waiting:
            job, future = self._waiting.popleft()
            future.set_result([Outcome(DEFERRED) for _ in job.recipients])
        for worker in list(self._idle):
            self._end(worker)
        until = self._loop.time() + seconds
        while self._workers and self._loop.time() < until:
            await asyncio.sleep(0.02)
        for worker in list(self._workers):
            self._release(worker, [])
            self._end(worker, at_once=True)

    # ------------------------------------------------------------------ one worker

    def _begin(self) -> None:
        if self._is_closed:
            return
        try:
            worker = Worker(self._home)
        except OSError as error:
            self._note(f"a worker could not be started: {error.strerror}; trying again")
            self._loop.call_later(PAUSE, self._begin)
            return
        self._workers.add(worker)
        self._loop.add_reader(worker.end, self._heard, worker)
        self._idle.append(worker)
        self._assign()

    def _assign(self) -> None:
        while self._waiting and self._idle:
            worker = self._idle.pop()
            worker.job, worker.future = self._waiting.popleft()
            try:
                send_job(worker.end, worker.job)
            except OSError as error:
                self._lost(worker, f"a worker took no job: {error.strerror}")
                continue
            worker.alarm = self._loop.call_later(
                (limits.DEADLINE_SECONDS + limits.FAREWELL_SECONDS) * len(worker.job.recipients),
                self._lost,
                worker,
                "a worker did not end in time",
            )

    def _heard(self, worker: Worker) -> None:
        try:
            outcomes = receive_outcomes(worker.end)
        except BlockingIOError:
            return
        except (OSError, EOFError, ValueError) as error:
            self._lost(worker, f"a worker ended in the midst of a delivery ({error})" if worker.job else "")
            return
        self._release(worker, outcomes)
        worker.delivered += 1
        if worker.delivered >= RETIRE or self._is_closed:
            self._end(worker)
            self._begin()
        else:
            self._idle.append(worker)
            self._assign()

    def _release(self, worker: Worker, outcomes: list[Outcome]) -> None:
        job, future, alarm = worker.job, worker.future, worker.alarm
        worker.job = worker.future = worker.alarm = None
        if alarm is not None:
            alarm.cancel()
        if future is None or job is None or future.done():
            return
        if len(outcomes) != len(job.recipients):
            outcomes = [Outcome(DEFERRED) for _ in job.recipients]
        future.set_result(outcomes)

    def _lost(self, worker: Worker, why: str) -> None:
        if why:
            self._note(f"{why}; the mail stays with its sender")
        was_young = worker.delivered == 0
        self._release(worker, [])
        self._end(worker, at_once=True)
        if was_young:
            self._loop.call_later(PAUSE, self._begin)
        else:
            self._begin()

    def _end(self, worker: Worker, *, at_once: bool = False) -> None:
        """Close it, by which it ends; one that hangs is killed."""
        if worker not in self._workers:
            return
        self._workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        self._loop.remove_reader(worker.end)
        worker.end.close()
        self._loop.call_later(0 if at_once else 1, _bury, worker.process)


def _bury(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()
