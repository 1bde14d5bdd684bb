"""How much all clients together may have on their way, and who counts as saying something. One process; no workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.server.connection import Connection, Desk
from pyfilter.server.jobs import Job
from pyfilter.server.residents import Everybody
from pyfilter.status import DELIVERED, Outcome

BEGIN = b"LHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<me@y>\r\n"
NO_ROOM = b"452 4.3.1 too much mail at once; try again\r\n"
GO = b"354 end with a line that holds a dot only\r\n"
OK = b"250 2.0.0 delivered\r\n"


class World:
    """A desk whose jobs are done when ``let_go`` is called; clients to speak with it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.jobs: list[asyncio.Future[list[Outcome]]] = []
        self.withdrawn: list[asyncio.Future[list[Outcome]]] = []
        self.desk = Desk("here", 1 << 20, self.submit, Everybody(), lambda text: None, self.withdrawn.append)

    def submit(self, job: Job, owner: str) -> asyncio.Future[list[Outcome]]:
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self.jobs.append(future)
        return future

    def let_go(self) -> None:
        for future in self.jobs:
            future.set_result([Outcome(DELIVERED)])
        self.jobs.clear()

    async def client(self) -> Client:
        made = Client(*await asyncio.open_unix_connection(self.path))
        await made.hear(b"ENHANCEDSTATUSCODES")
        return made

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.001)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        writer.write(BEGIN)

    async def hear(self, text: bytes) -> None:
        """Up to this."""
        await asyncio.wait_for(self.reader.readuntil(text), 30)
        if text == b"ENHANCEDSTATUSCODES":
            await self.hear(b"2.1.5 recipient ok\r\n")

    async def say(self, text: bytes) -> bytes:
        self.writer.write(text)
        return await asyncio.wait_for(self.reader.readline(), 30)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[World], Awaitable[None]]], World]:
    monkeypatch.setattr(limits, "LMTP_HELD_BYTES", 100_000)
    monkeypatch.setattr(limits, "LMTP_LARGE_BYTES", 20_000)
    monkeypatch.setattr(limits, "LMTP_PROGRESS_BYTES", 10_000)

    def run(scene: Callable[[World], Awaitable[None]]) -> World:
        world = World(str(tmp_path / "lmtp"))

        async def whole() -> None:
            loop = asyncio.get_running_loop()
            server = await loop.create_unix_server(lambda: Connection(world.desk), world.path)
            await scene(world)
            for connection in list(world.desk.open):
                connection._transport.abort()
            world.let_go()
            await world.until(lambda: not world.desk.open)
            await asyncio.sleep(0)
            server.close()

        asyncio.run(whole())
        assert world.desk.held == 0, "whatever happened, nothing is counted for ever"
        return world

    return run


Play = Callable[[Callable[[World], Awaitable[None]]], World]


def test_a_large_message_is_put_off_where_it_would_leave_no_room_for_small_ones(play: Play) -> None:
    async def scene(world: World) -> None:
        large, small = await world.client(), await world.client()
        assert await large.say(b"DATA\r\n") == GO
        large.writer.write(b"x" * 70_000)
        await world.until(lambda: world.desk.held == 70_000)
        large.writer.write(b"x" * 10_000)
        await world.until(lambda: world.desk.held == 0)
        assert await small.say(b"DATA\r\n") == GO
        small.writer.write(b"y\r\n.\r\n")
        await world.until(lambda: len(world.jobs) == 1)
        world.let_go()
        await small.hear(OK)
        assert await large.say(b"\r\n.\r\n") == NO_ROOM

    play(scene)


def test_where_it_is_crowded_no_message_begins_until_there_is_room(play: Play) -> None:
    async def scene(world: World) -> None:
        clients = [await world.client() for _ in range(11)]
        for client in clients[:10]:
            assert await client.say(b"DATA\r\n") == GO
            client.writer.write(b"x" * 10_000)
        await world.until(lambda: world.desk.held == 100_000)
        clients[0].writer.write(b"x")
        await world.until(lambda: world.desk.held == 90_000)  # the one that wanted more made the room
        for number in range(1, 10):
            clients[number].writer.write(b"x" * 1000)
        await world.until(lambda: world.desk.held == 99_000)
        world.desk.held += 2000
        assert await clients[10].say(b"DATA\r\n") == NO_ROOM
        world.desk.held -= 2000
        assert await clients[10].say(b"DATA\r\n") == GO

    play(scene)


def test_a_message_counts_until_it_is_delivered_also_where_its_client_is_gone(play: Play) -> None:
    async def scene(world: World) -> None:
        for goes in (False, True):
            client = await world.client()
            assert await client.say(b"DATA\r\n") == GO
            client.writer.write(b"x" * 5000 + b"\r\n.\r\n")
            await world.until(lambda: len(world.jobs) == 1)
            assert world.desk.held == 5001
            assert world.withdrawn == []
            if goes:
                client.writer.close()
                await world.until(lambda: len(world.withdrawn) > 0)
                assert set(world.withdrawn) == set(world.jobs)
                assert world.desk.held == 5001
            world.let_go()
            await world.until(lambda: world.desk.held == 0)

    play(scene)


def test_what_a_client_says_before_it_hears_is_counted_and_read_once(play: Play) -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        client.writer.write(b"DATA\r\nx\r\n.\r\n")
        await world.until(lambda: len(world.jobs) == 1)
        client.writer.write(b"NOOP\r\n" * 100_000)
        await world.until(lambda: world.desk.held > 1000)
        await asyncio.sleep(0.01)
        assert world.desk.held <= limits.LMTP_READ_BYTES + 2

    play(scene)


def test_who_trickles_says_nothing_and_who_sends_or_commands_does(play: Play) -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        (connection,) = world.desk.open
        loop = asyncio.get_running_loop()

        async def counts(text: bytes) -> bool:
            connection.heard = 0.0
            before = connection._read
            client.writer.write(text)
            await world.until(lambda: connection.heard > 0 or connection._read == before + len(text))
            return connection.heard > loop.time() - 30

        assert not await counts(b"NO")
        assert not await counts(b"O")
        assert await counts(b"P\r\n")
        assert await counts(b"N" * 5000), "it is told that the line is too long"
        assert not await counts(b"N" * 15_000), "and the rest of it is worth nothing"
        assert await counts(b"\r\nDATA\r\n")
        await client.hear(GO)
        assert not await counts(b"x" * 9000)
        assert await counts(b"x" * 2000)

    play(scene)
