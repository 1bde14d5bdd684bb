"""One transaction of LMTP: a message and those who get it, each of whom may be somebody else's.

In: sender, recipients and, in their order, who each of them is; the message. Out: a Future of an Outcome for each, in
their order. Recipients of one home are one job, so that none of them comes in another's way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from pyfilter.server.jobs import Job, Letter
from pyfilter.server.residents import Resident
from pyfilter.status import DEFERRED, Outcome

__all__ = ["Sent", "Submit", "deliver"]

Submit = Callable[[Job, str], "asyncio.Future[list[Outcome]]"]


class Sent:
    """A transaction on its way. ``done``: its outcomes; ``jobs``: the Futures of its jobs."""

    __slots__ = ("done", "jobs")

    def __init__(self, done: asyncio.Future[list[Outcome]]) -> None:
        self.done = done
        self.jobs: list[asyncio.Future[list[Outcome]]] = []


def deliver(
    submit: Submit, sender: str, recipients: Sequence[str], residents: Sequence[Resident], raw: bytes | bytearray
) -> Sent:
    """``submit``: takes a job and whose it is (pool.py)."""
    letter = Letter(raw)
    parts: dict[tuple[str, str], list[int]] = {}
    for at, resident in enumerate(residents):
        parts.setdefault((resident.owner, resident.home), []).append(at)
    outcomes = [Outcome(DEFERRED) for _ in recipients]
    done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
    sent = Sent(done)
    left = len(parts)

    def part_done(places: list[int], future: asyncio.Future[list[Outcome]]) -> None:
        nonlocal left
        for at, outcome in zip(places, future.result(), strict=True):
            outcomes[at] = outcome
        left -= 1
        if not left:
            letter.close()
            done.set_result(outcomes)

    for (owner, home), places in parts.items():
        job = Job(sender, tuple([recipients[at] for at in places]), letter, home)
        sent.jobs.append(submit(job, owner))
        sent.jobs[-1].add_done_callback(partial(part_done, places))
    return sent
