"""Users of the system: how they are looked up, how a process becomes one, and a broker or a front that fails."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import pwd
import signal
import socket
from collections.abc import Awaitable, Callable

import pytest

from pyfilter import limits
from pyfilter.lmtp.replies import Reply
from pyfilter.server.accounts import ANSWERS, Accounts
from pyfilter.server.broker import Broker
from pyfilter.server.dropping import Failed, drop
from pyfilter.server.passwd import look_up
from pyfilter.server.residents import Resident

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else: run the tests as root")


def test_an_account_is_what_getpwnam_says() -> None:
    for entry in pwd.getpwall()[:5]:
        account = look_up(entry.pw_name)
        assert account is not None
        found = (account.name, account.uid, account.gid, account.home)
        assert found == (entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
    assert look_up("no-such-user") is None


@pytest.mark.parametrize("error", [errno.EAGAIN, errno.EIO, errno.ECONNREFUSED, errno.EMFILE])
def test_a_directory_that_does_not_answer_is_not_an_absent_user(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def getpwnam_r(self, *_: object) -> int:
            return error

    monkeypatch.setattr(ctypes, "CDLL", Library)
    with pytest.raises(OSError, match=os.strerror(error)):
        look_up("ann")
    error = errno.ENOENT
    assert look_up("ann") is None


# ------------------------------------------------------------------- becoming somebody else


def in_child(do: Callable[[], None]) -> str:
    """What a child says of it: "" or the text of Failed."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            do()
        except Failed as error:
            os.write(theirs, str(error).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    os.waitpid(child, 0)
    with os.fdopen(ours, "rb") as file:
        return file.read().decode()


@AS_ROOT
def test_who_became_a_user_cannot_go_back() -> None:
    nobody = pwd.getpwnam("nobody")

    def become() -> None:
        drop("nobody", nobody.pw_uid, nobody.pw_gid)
        for back in (lambda: os.setuid(0), lambda: os.seteuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
            try:
                back()
            except PermissionError:
                continue
            raise Failed("went back")
        if os.getgroups() != [nobody.pw_gid]:
            raise Failed("has other groups")

    assert in_child(become) == ""


@AS_ROOT
@pytest.mark.parametrize("call", ["setresuid", "setresgid", "initgroups"])
def test_a_step_that_fails_or_does_nothing_is_noticed(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, call, failing)
    assert in_child(lambda: drop("nobody", 65534, 65534)) == ("cannot become nobody: Resource temporarily unavailable")
    if call != "initgroups":
        monkeypatch.setattr(os, call, lambda *_: None)
        assert in_child(lambda: drop("nobody", 65534, 65534)) == "did not become nobody"


def test_root_is_not_become() -> None:
    assert in_child(lambda: drop("root", 0, 0)) == "root is not dropped to"


# ------------------------------------------------------------------- a broker that fails


def with_accounts(play: Callable[[Accounts, socket.socket], Awaitable[None]]) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.setblocking(False)

    async def whole() -> None:
        accounts = Accounts(ours, "+")
        accounts.start(lambda: None)
        await play(accounts, theirs)

    with ours, theirs:
        asyncio.run(whole())


def find(accounts: Accounts, address: str) -> asyncio.Future[Resident | Reply]:
    found = accounts.find(address)
    assert isinstance(found, asyncio.Future)
    return found


def test_the_broker_is_asked_for_names_most_exact_first_and_once_a_minute() -> None:
    async def play(accounts: Accounts, broker: socket.socket) -> None:
        future = find(accounts, "Ann+Lists@y.example")
        assert broker.recv(1000) == b"find\x001\x00Ann+Lists\x00Ann\x00ann+lists\x00ann"
        broker.send(b"1\0here\0ann")
        found = await future
        assert isinstance(found, Resident)
        assert (found.owner, found.home) == ("ann", "")
        assert accounts.find("Ann+Lists@y.example") is found
        accounts.look_again()
        find(accounts, "Ann+Lists@y.example")

    with_accounts(play)


@pytest.mark.parametrize("answer", [b"nonsense", b"here", b"here\0a\0b", b"\xff", b""])
def test_what_is_no_answer_is_later(answer: bytes) -> None:
    async def play(accounts: Accounts, broker: socket.socket) -> None:
        future = find(accounts, "ann")
        broker.send(b"1\0" + answer)
        assert await future is ANSWERS["unsure"]
        assert ANSWERS["unsure"].code == 451

    with_accounts(play)


def test_a_broker_that_says_nothing_or_is_gone_is_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LMTP_BROKER_SECONDS", 0.01)

    async def play(accounts: Accounts, broker: socket.socket) -> None:
        assert await find(accounts, "ann") is ANSWERS["unsure"]
        with pytest.raises(OSError, match="the broker does not answer"):
            await accounts.begin("ann")
        broker.send(b"1\0here\0ann")  # too late
        monkeypatch.setattr(limits, "LMTP_BROKER_SECONDS", 30)
        future = find(accounts, "ann")
        broker.close()
        assert await future is ANSWERS["unsure"]

    with_accounts(play)


def test_descriptors_of_answers_that_nobody_waits_for_are_closed() -> None:
    async def play(accounts: Accounts, broker: socket.socket) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            for number in (b"9", b"1"):
                future = find(accounts, "ann") if number == b"1" else None
                socket.send_fds(broker, [number + b"\0here\0ann"], [ours.fileno()])
                if future:
                    await future
            ours.close()
            await asyncio.sleep(0.01)
            assert theirs.recv(1) == b""

    with_accounts(play)


# ------------------------------------------------------------------- a front that fails


@AS_ROOT
@pytest.mark.parametrize(
    "said", [b"nonsense", b"find", b"find\x001", b"begin\x001", b"\xff\xfe", b"bury", b"ready\0now", b"a\0" * 2000]
)
def test_a_front_that_says_what_it_never_says_is_ended(said: bytes) -> None:
    noted, status = broker_for(lambda end: end.send(said))
    assert noted == ["the front says what it never says, and is ended"]
    assert status == -9


@AS_ROOT
def test_a_front_that_does_not_listen_is_ended() -> None:
    def flood(end: socket.socket) -> None:
        while True:
            end.send(b"find\x001\0no-such-user")

    noted, status = broker_for(flood)
    assert noted == ["the front does not hear its broker (Resource temporarily unavailable), and is ended"]
    assert status == -9


@AS_ROOT
def test_of_root_and_of_whom_the_front_runs_as_there_is_no_worker_and_of_others_so_many() -> None:
    daemon = pwd.getpwnam("daemon")
    said: list[bytes] = []
    ours, theirs = os.pipe()

    def front(end: socket.socket) -> None:
        for name in ("root", "daemon", "no-such-user", "-x", "a/b", "bin", "bin", "bin"):
            end.send(f"begin\x001\0{name}".encode())
            packet, files, _, _ = socket.recv_fds(end, 1000, 1)
            os.write(theirs, packet.partition(b"\0")[2].split(b"\0")[0 if files else 1] + b"\n")
        for process in (b"1", b"x", b"-1", str(os.getppid()).encode()):
            end.send(b"bury\0" + process)  # none of its workers
        os._exit(0)

    noted, status = broker_for(front, runs_as=daemon.pw_uid, most=2)
    os.close(theirs)
    with os.fdopen(ours, "rb") as file:
        said = file.read().splitlines()
    assert said == [b"there is no such user"] * 5 + [b"begun"] * 2 + [b"there are too many workers"]
    assert (noted, status) == ([], 0)


def broker_for(play: Callable[[socket.socket], object], runs_as: int = 1, most: int = 4) -> tuple[list[str], int]:
    """What the broker notes, and with what the front ends."""
    noted: list[str] = []
    front_end, broker_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    front = os.fork()
    if not front:
        try:
            broker_end.close()
            play(front_end)
            front_end.recv(1)
        finally:
            os._exit(1)
    front_end.close()
    caught = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in caught}
    try:
        with broker_end:
            status = Broker(broker_end, front, runs_as, most, noted.append).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
    return noted, status
