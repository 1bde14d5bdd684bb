"""The workers: processes that deliver, one message at a time each, or a few that share the waiting for the disk.

``submit`` gives a Future of the outcomes of one job. It has a result whatever happens: of a worker that died or hung
everything is DEFERRED, whoever sent the mail tries again, and the journal (delivery/journal.py) sees to it that nothing
is done twice. Jobs for which no worker is free wait in their order.

Why processes: rules may run programs, and a process with threads must not fork; a message that takes too long, or too
much memory, ends one worker and not the server; and Python's threads share one processor.

A worker belongs to one *owner* and delivers his jobs alone: "" where one Unix user gets all mail, else the user.

- Those of "" are there from the beginning, and are started anew when they end.
- Those of a user begin with his mail and end when none came for limits.LMTP_WORKER_IDLE_SECONDS. When there are as many
  as there may be, the one that has been idle for longest makes room for another user's; where none is idle, one that
  has delivered TURN messages while others wait. A user has SHARE of them at most.
- A worker ends when it has delivered RETIRE messages: what leaks does not pile up.
- A job that nobody has begun when its client goes away is withdrawn: the mail stays with its sender.
- A worker gets several of the jobs that wait as long as they are quick, and small: what they share costs less than
  another worker would save.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter, deque
from collections.abc import Callable

from pyfilter import limits
from pyfilter.server.jobs import PACKET_BYTES, Job, receive_outcomes, send_job
from pyfilter.server.starting import Begun
from pyfilter.status import DEFERRED, Outcome

__all__ = ["Pool"]

# messages that one worker delivers
RETIRE = 20_000
# messages that a user's worker delivers while another user has none
TURN = 50
# of all workers, those that one user may have
SHARE = 0.5
# seconds before a worker that ended at once is started again: rules, or a disk, may need mending
PAUSE = 1.0

_Waiting = tuple[Job, "asyncio.Future[list[Outcome]]"]


class Worker:
    """One process, and what it is doing."""

    def __init__(self, owner: str, begun: Begun, now: float) -> None:
        self.owner = owner
        self.end = begun.end
        self.bury = begun.bury
        self.end.setblocking(False)
        self.end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PACKET_BYTES)
        self.jobs: deque[_Waiting] = deque()  # those it is at
        self.at_once = 1  # how many it may be given
        self.begun = now
        self.alarm: asyncio.TimerHandle | None = None
        self.delivered = 0
        self.turn_ends = TURN
        self.idle_since = now


class Pool:
    """``begin``: starts a worker for an owner; ``size``: how many there are at most; ``is_shared``: they are of several
    owners; ``note``: who hears of trouble."""

    def __init__(
        self,
        begin: Callable[[str], asyncio.Future[Begun]],
        size: int,
        note: Callable[[str], None],
        *,
        is_shared: bool = False,
    ) -> None:
        self._begin_one = begin
        self.size = size
        self._each = max(1, int(size * SHARE)) if is_shared else size
        self._is_shared = is_shared
        self._note = note
        self._waiting: dict[str, deque[_Waiting]] = {}
        self._unbegun: dict[asyncio.Future[list[Outcome]], Job] = {}
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._counts: Counter[str] = Counter()  # of an owner's workers, with those that begin
        self._starting: Counter[str] = Counter()
        self._is_closed = False

    def start(self) -> None:
        """Within the event loop: start those that are always there."""
        self._loop = asyncio.get_running_loop()
        if self._is_shared:
            self._loop.call_later(limits.LMTP_WORKER_IDLE_SECONDS / 4, self._end_idle)
            return
        for _ in range(self.size):
            self._begin("")

    def submit(self, job: Job, owner: str = "") -> asyncio.Future[list[Outcome]]:
        """Deliver it when a worker of ``owner`` is free."""
        future: asyncio.Future[list[Outcome]] = self._loop.create_future()
        self._waiting.setdefault(owner, deque()).append((job, future))
        self._unbegun[future] = job
        self._assign()
        return future

    def withdraw(self, future: asyncio.Future[list[Outcome]]) -> None:
        """Nobody is there any more to hear what becomes of the job. If no worker has it yet, none gets it."""
        job = self._unbegun.pop(future, None)
        if job is not None and not future.done():
            future.set_result([Outcome(DEFERRED) for _ in job.recipients])

    @property
    def workers(self) -> int:
        """How many there are."""
        return len(self._workers)

    async def close(self, seconds: float) -> None:
        """Let the workers end what they are at, ``seconds`` at most. What waits, or is not done then, is DEFERRED."""
        self._is_closed = True
        for owner in list(self._waiting):
            self._put_off(owner)
        for worker in list(self._idle):
            self._end(worker)
        until = self._loop.time() + seconds
        while self._workers and self._loop.time() < until:
            await asyncio.sleep(0.02)
        for worker in list(self._workers):
            self._drop(worker)

    # ------------------------------------------------------------------ who works for whom

    def _assign(self) -> None:
        for owner, waiting in list(self._waiting.items()):
            while waiting and (worker := self._idle_of(owner)):
                self._give(worker, waiting)
            if not waiting:
                del self._waiting[owner]
            elif self._is_shared and self._wants_more(owner, len(waiting)) and self._has_room():
                self._begin(owner)

    def _idle_of(self, owner: str) -> Worker | None:
        for at in range(len(self._idle) - 1, -1, -1):
            if self._idle[at].owner == owner:
                return self._idle.pop(at)
        return None

    def _wants_more(self, owner: str, waiting: int) -> bool:
        """To begin takes longer than some deliveries: of a few that came at once, each needs no worker of its own."""
        return self._counts[owner] < self._each and self._starting[owner] <= waiting // 8

    def _has_room(self) -> bool:
        """For one more; an idle one may have to make it."""
        if self._counts.total() < self.size:
            return True
        if not self._idle:
            return False
        self._end(min(self._idle, key=lambda worker: worker.idle_since))
        return True

    def _must_yield(self, worker: Worker) -> bool:
        """Whether it has had its turn, and another user has no worker at all."""
        if not self._is_shared or worker.delivered < worker.turn_ends or self._counts.total() < self.size:
            return False
        worker.turn_ends = worker.delivered + TURN
        if all(self._counts[owner] for owner in self._waiting):
            return False
        if worker.owner in self._waiting:  # behind those
            self._waiting[worker.owner] = self._waiting.pop(worker.owner)
        return True

    def _end_idle(self) -> None:
        oldest = self._loop.time() - limits.LMTP_WORKER_IDLE_SECONDS
        for worker in [worker for worker in self._idle if worker.idle_since < oldest]:
            self._end(worker)
        if not self._is_closed:
            self._loop.call_later(limits.LMTP_WORKER_IDLE_SECONDS / 4, self._end_idle)

    # ------------------------------------------------------------------ one worker

    def _begin(self, owner: str) -> None:
        if self._is_closed:
            return
        self._counts[owner] += 1
        self._starting[owner] += 1
        self._begin_one(owner).add_done_callback(lambda begun: self._begun(owner, begun))

    def _begun(self, owner: str, future: asyncio.Future[Begun]) -> None:
        _count_out(self._starting, owner)
        if error := future.exception():
            _count_out(self._counts, owner)
            why = getattr(error, "strerror", None) or error
            if owner:
                self._note(f"no worker for {owner}: {why}; the mail stays with its sender")
                self._put_off(owner)
            else:
                self._note(f"a worker could not be started: {why}; trying again")
                self._loop.call_later(PAUSE, self._begin, owner)
            return
        worker = Worker(owner, future.result(), self._loop.time())
        self._workers.add(worker)
        self._loop.add_reader(worker.end, self._heard, worker)
        if self._is_closed:
            self._end(worker)
            return
        self._idle.append(worker)
        self._assign()

    def _give(self, worker: Worker, waiting: deque[_Waiting]) -> None:
        """One of those that wait, or as many as may go together."""
        recipients = 0
        worker.begun = self._loop.time()
        for _ in range(worker.at_once):
            while waiting and waiting[0][1].done():  # withdrawn
                waiting.popleft()
            if not waiting:
                break
            job = waiting[0][0]
            if worker.jobs and not (job.letter.is_small and worker.jobs[-1][0].letter.is_small):
                break
            try:
                send_job(worker.end, job)
            except BlockingIOError as error:
                if not worker.jobs:
                    worker.jobs.append(self._take(waiting))
                    self._lost(worker, f"a worker took no job: {error.strerror}")
                    return
                break  # its socket is full
            except (BrokenPipeError, ConnectionResetError):
                if worker.jobs:
                    break  # `_heard` will hear of it
                self._lost(worker, "")  # it ended while it had nothing to do: another one takes the job
                return
            except OSError as error:  # no descriptor, or no memory, for the message
                _, future = self._take(waiting)
                self._note(f"a worker cannot be given a message: {error.strerror}; it stays with its sender")
                future.set_result([Outcome(DEFERRED) for _ in job.recipients])
                continue
            worker.jobs.append(self._take(waiting))
            recipients += len(job.recipients)
        if not worker.jobs:
            self._idle.append(worker)
            return
        worker.alarm = self._loop.call_later(
            (limits.DEADLINE_SECONDS + limits.FAREWELL_SECONDS) * recipients,
            self._lost,
            worker,
            "a worker did not end in time",
        )

    def _take(self, waiting: deque[_Waiting]) -> _Waiting:
        taken = waiting.popleft()
        self._unbegun.pop(taken[1], None)
        return taken

    def _heard(self, worker: Worker) -> None:
        try:
            outcomes = receive_outcomes(worker.end)
        except BlockingIOError:
            return
        except (OSError, EOFError, ValueError) as error:
            self._lost(worker, f"a worker ended in the midst of a delivery ({error})" if worker.jobs else "")
            return
        if not worker.jobs:
            self._lost(worker, "a worker says what nobody asked")
            return
        self._release(worker, outcomes)
        worker.delivered += 1
        if worker.jobs:
            return
        worker.idle_since = self._loop.time()
        is_quick = worker.idle_since - worker.begun < limits.TOGETHER_SECONDS
        worker.at_once = min(2 * worker.at_once, limits.TOGETHER) if is_quick else 1
        if worker.alarm is not None:
            worker.alarm.cancel()
        if self._is_closed or worker.delivered >= RETIRE or self._must_yield(worker):
            self._end(worker)
            self._begin_again(worker)
        else:
            self._idle.append(worker)
        self._assign()

    def _release(self, worker: Worker, outcomes: list[Outcome]) -> None:
        """The first of its jobs is done."""
        job, future = worker.jobs.popleft()
        if future.done():
            return
        if len(outcomes) != len(job.recipients):
            outcomes = [Outcome(DEFERRED) for _ in job.recipients]
        future.set_result(outcomes)

    def _lost(self, worker: Worker, why: str) -> None:
        if why:
            self._note(f"{why}; the mail stays with its sender")
        was_young = worker.delivered == 0
        self._drop(worker)
        if was_young:
            self._loop.call_later(PAUSE, self._begin_again, worker)
        else:
            self._begin_again(worker)

    def _drop(self, worker: Worker) -> None:
        """End it at once; what it was at is DEFERRED."""
        if worker.alarm is not None:
            worker.alarm.cancel()
        while worker.jobs:
            self._release(worker, [])
        self._end(worker, at_once=True)

    def _begin_again(self, worker: Worker) -> None:
        """One in its place: always where it was always there, else where there is mail for its owner."""
        if not self._is_shared:
            self._begin(worker.owner)
        else:
            self._loop.call_soon(self._assign)

    def _put_off(self, owner: str) -> None:
        for job, future in self._waiting.pop(owner, ()):
            self._unbegun.pop(future, None)
            if not future.done():
                future.set_result([Outcome(DEFERRED) for _ in job.recipients])

    def _end(self, worker: Worker, *, at_once: bool = False) -> None:
        """Close it, by which it ends; one that hangs is killed."""
        if worker not in self._workers:
            return
        self._workers.discard(worker)
        _count_out(self._counts, worker.owner)
        if worker in self._idle:
            self._idle.remove(worker)
        self._loop.remove_reader(worker.end)
        worker.end.close()
        self._loop.call_later(0 if at_once else 1, worker.bury)


def _count_out(counts: Counter[str], owner: str) -> None:
    counts[owner] -= 1
    if not counts[owner]:
        del counts[owner]
