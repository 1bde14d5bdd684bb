"""Who works for whom: workers of many owners, as stand-ins that say what they are told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from pyfilter import limits
from pyfilter.server import pool as pool_module
from pyfilter.server.jobs import PACKET_BYTES, Job, Letter, receive_job, send_outcomes
from pyfilter.server.pool import Pool
from pyfilter.server.starting import Begun
from pyfilter.status import DEFERRED, DELIVERED, Outcome


class Stand:
    """Begins workers that are sockets; ``answer`` has the oldest job of an owner done."""

    def __init__(self, size: int) -> None:
        self.noted: list[str] = []
        self.ends: dict[str, list[socket.socket]] = {}
        self.begun: list[str] = []
        self.buried = 0
        self.fails = ""
        self.pool = Pool(self.begin, size, self.noted.append, is_shared=True)

    def begin(self, owner: str) -> asyncio.Future[Begun]:
        future: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
        if self.fails:
            future.set_exception(OSError(0, self.fails))
            return future
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        self.ends.setdefault(owner, []).append(theirs)
        self.begun.append(owner)
        future.set_result(Begun(ours, self.bury))
        return future

    def bury(self) -> None:
        self.buried += 1

    def submit(self, owner: str, count: int = 1) -> list[asyncio.Future[list[Outcome]]]:
        return [self.pool.submit(Job("a@x", ("b@x",), Letter(b"text")), owner) for _ in range(count)]

    def answer(self, owner: str) -> int:
        """All jobs that its workers have; how many."""
        done = 0
        for end in self.ends.get(owner, []):
            try:
                while receive_job(end) is not None:
                    send_outcomes(end, [Outcome(DELIVERED)])
                    done += 1
            except BlockingIOError:
                continue
        return done

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def run(size: int, play: Callable[[Stand], Awaitable[None]]) -> Stand:
    stand = Stand(size)

    async def whole() -> None:
        stand.pool.start()
        await play(stand)
        await stand.pool.close(0)

    asyncio.run(whole())
    for ends in stand.ends.values():
        for end in ends:
            end.close()
    return stand


def test_a_worker_begins_with_the_mail_of_its_owner_and_stays() -> None:
    async def play(stand: Stand) -> None:
        assert stand.begun == []
        for _ in range(3):
            (future,) = stand.submit("ann")
            await stand.settle()
            assert stand.answer("ann") == 1
            await future
        assert stand.begun == ["ann"]

    run(4, play)


def test_no_worker_has_the_job_of_another_owner() -> None:
    async def play(stand: Stand) -> None:
        futures = stand.submit("ann") + stand.submit("bob")
        await stand.settle()
        assert stand.begun == ["ann", "bob"]
        assert stand.answer("ann") == 1
        await futures[0]
        assert not futures[1].done()
        assert stand.answer("bob") == 1
        await futures[1]

    run(4, play)


def test_one_owner_has_half_of_the_workers_at_most() -> None:
    async def play(stand: Stand) -> None:
        stand.submit("ann", 100)
        await stand.settle()
        stand.submit("bob")
        await stand.settle()
        assert stand.begun.count("ann") == 2
        assert stand.begun.count("bob") == 1

    run(4, play)


def test_who_has_been_idle_for_longest_makes_room() -> None:
    async def play(stand: Stand) -> None:
        for owner in ("ann", "bob"):
            (future,) = stand.submit(owner)
            await stand.settle()
            stand.answer(owner)
            await future
        (future,) = stand.submit("carl")
        await stand.settle()
        assert stand.begun == ["ann", "bob", "carl"]
        assert stand.ends["ann"][0].recv(1) == b"", "it is closed, by which it ends"
        assert stand.answer("carl") == 1
        await future

    run(2, play)


def test_an_owner_whose_mail_never_ends_yields_to_one_who_has_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "TURN", 3)

    async def play(stand: Stand) -> None:
        stand.submit("ann", 30)
        await stand.settle()
        (bobs,) = stand.submit("bob")
        done = 0
        while "bob" not in stand.begun:
            await stand.settle()
            done += stand.answer("ann")
            assert done < 30
        await stand.settle()
        assert stand.answer("bob") == 1
        await bobs

    run(1, play)


def test_who_is_idle_for_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LMTP_WORKER_IDLE_SECONDS", 0.02)

    async def play(stand: Stand) -> None:
        (future,) = stand.submit("ann")
        await stand.settle()
        stand.answer("ann")
        await future
        while stand.pool.workers:
            await asyncio.sleep(0.01)
        assert stand.ends["ann"][0].recv(1) == b""

    run(4, play)


def test_where_no_worker_can_begin_the_mail_is_put_off() -> None:
    async def play(stand: Stand) -> None:
        stand.fails = "there is no such user"
        futures = stand.submit("ann", 3)
        for future in futures:
            assert [outcome.status.word for outcome in await future] == ["deferred"]

    stand = run(4, play)
    assert stand.noted == ["no worker for ann: there is no such user; the mail stays with its sender"]


@pytest.mark.parametrize(
    "said", [b"nonsense\0x", b"delivered\0x\ndelivered\0x", b"\xff", b"", b"delivered\0x" * 20_000]
)
def test_what_is_no_outcome_puts_off(said: bytes) -> None:
    async def play(stand: Stand) -> None:
        (future,) = stand.submit("ann")
        await stand.settle()
        (end,) = stand.ends["ann"]
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * len(said))
        end.send(said[: PACKET_BYTES * 2]) if said else end.close()
        (outcome,) = await future
        assert outcome.status.word in ("deferred", "delivered" if len(said) > PACKET_BYTES else "deferred")

    run(4, play)


def test_a_reason_that_is_no_line_of_a_reply_is_left_out() -> None:
    async def play(stand: Stand) -> None:
        for reason in ("a\r", "\x1b[2J", "x" * 401):
            (future,) = stand.submit("ann")
            await stand.settle()
            (end,) = stand.ends["ann"]
            receive_job(end)
            end.send(f"rejected\0{reason}".encode())
            (outcome,) = await future
            assert outcome.reply() == "5.7.1 message refused"

    run(4, play)


def test_one_that_speaks_unasked_is_ended() -> None:
    async def play(stand: Stand) -> None:
        (future,) = stand.submit("ann")
        await stand.settle()
        stand.answer("ann")
        await future
        stand.ends["ann"][0].send(b"delivered\0x")
        while stand.pool.workers:
            await asyncio.sleep(0.001)

    assert run(4, play).noted == ["a worker says what nobody asked; the mail stays with its sender"]


def test_a_worker_that_ended_while_it_was_idle_costs_no_job_its_outcome() -> None:
    async def play(stand: Stand) -> None:
        (first,) = stand.submit("ann")
        await stand.settle()
        stand.answer("ann")
        await first
        stand.ends["ann"][0].close()
        (second,) = stand.submit("ann")  # before anybody heard of its end
        await stand.settle()
        stand.ends["ann"].pop(0)
        assert stand.answer("ann") == 1
        assert [outcome.status.word for outcome in await second] == ["delivered"]

    assert run(4, play).noted == []


def test_a_job_that_is_withdrawn_is_put_off_unless_a_worker_has_begun() -> None:
    async def play(stand: Stand) -> None:
        (first,) = stand.submit("ann")
        await stand.settle()
        second, third = stand.submit("ann", 2)
        for future in (first, second):
            stand.pool.withdraw(future)
        assert not first.done()
        assert [outcome.status.word for outcome in await second] == ["deferred"]
        assert stand.answer("ann") == 1
        await first
        await stand.settle()
        assert stand.answer("ann") == 1, "the third, and not the second"
        assert [outcome.status.word for outcome in await third] == ["delivered"]
        (fourth,) = stand.submit("ann")
        stand.pool.withdraw(fourth)
        await stand.settle()
        (fifth,) = stand.submit("ann")
        while not fifth.done():
            stand.answer("ann")
            await stand.settle()
        assert [outcome.status.word for outcome in await fourth] == ["delivered"], "it was begun at once"

    run(1, play)


def test_where_all_that_wait_are_withdrawn_the_worker_is_idle_again() -> None:
    async def play(stand: Stand) -> None:
        (first,) = stand.submit("ann")
        await stand.settle()
        waiting = stand.submit("ann", 3)
        for future in waiting:
            stand.pool.withdraw(future)
        stand.answer("ann")
        await first
        await stand.settle()
        assert stand.answer("ann") == 0
        (last,) = stand.submit("ann")
        await stand.settle()
        assert stand.answer("ann") == 1
        await last
        assert stand.pool._unbegun == {}

    run(1, play)


class Unwritable(Letter):
    """There is no room for its file."""

    def file(self) -> int:
        raise OSError(28, "No space left on device")


def test_a_message_that_cannot_be_given_is_put_off_and_the_worker_goes_on() -> None:
    async def play(stand: Stand) -> None:
        stand.submit("ann")
        await stand.settle()
        stand.answer("ann")
        await stand.settle()
        large = stand.pool.submit(Job("a@x", ("b@x",), Unwritable(b"x" * (1 << 20))), "ann")
        small = stand.submit("ann")[0]
        await stand.settle()
        assert [outcome.status for outcome in large.result()] == [DEFERRED]
        assert stand.answer("ann") == 1
        await stand.settle()
        assert [outcome.status for outcome in small.result()] == [DELIVERED]
        assert stand.buried == 0

    stand = run(2, play)
    assert stand.noted == ["a worker cannot be given a message: No space left on device; it stays with its sender"]


def test_what_waits_is_given_together_as_long_as_that_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    async def play(stand: Stand) -> None:
        futures = stand.submit("ann", 40)
        for _ in range(4):
            await stand.settle()
            given.append(stand.answer("ann"))
        monkeypatch.setattr(limits, "TOGETHER_SECONDS", -1)
        for _ in range(3):
            await stand.settle()
            given.append(stand.answer("ann"))
        await stand.settle()
        assert sum(future.done() for future in futures) == sum(given)

    run(1, play)
    assert given == [1, 2, 4, limits.TOGETHER, 1, 1, 1]


def test_large_messages_are_given_one_by_one() -> None:
    async def play(stand: Stand) -> None:
        stand.submit("ann", 7)
        for _ in range(3):  # it may have four at once by now
            await stand.settle()
            stand.answer("ann")
        await stand.settle()
        for _ in range(3):
            stand.pool.submit(Job("a@x", ("b@x",), Letter(b"x" * (1 << 20))), "ann")
        for _ in range(3):
            await stand.settle()
            assert stand.answer("ann") == 1

    run(1, play)
