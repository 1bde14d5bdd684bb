"""P17: whatever clients do to the server, a new one is served at once, and nothing is left behind when they are gone.
P18: a reply that is lost costs nothing: the sender tries again, hears 250, and there is one copy.

A real server with two workers, and clients at its socket. Memory is what the server's process has (VmRSS), descriptors
are those it has open, each before and after.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyfilter import limits

from ..server.serving import QUEUED, Client, Server
from .conftest import WHOLE, sample
from .deliverers import PYFILTER
from .record import record

RULES = 'rule "hello" { when subject contains "hello"; file into "Hello" }\n'
DELIVERED = b"250 2.0.0 delivered\r\n"
BEGIN = b"LHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<me@y.example>\r\n"
SERVED_SECONDS = 1 if WHOLE else 30  # of the sample no time is promised: other tests run beside it
GROWN_MB = 48  # what Python's allocator keeps, and the input of clients that were read


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, RULES)
    first = Client(made)
    alone = descriptors(made.process.pid) - 1
    first.mail(QUEUED + b"Subject: first\r\n\r\n")
    first.close()
    while descriptors(made.process.pid) > alone:
        time.sleep(0.01)
    yield made
    made.process.kill()
    made.process.wait()
    assert made.process.stdout is not None
    made.process.stdout.close()


def megabytes(process: int) -> float:
    found = Path(f"/proc/{process}/status").read_text()
    return int(found.partition("VmRSS:")[2].split()[0]) / 1024


def descriptors(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


class Watched:
    """The server while it is attacked: a new client comes again and again."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.messages = 0
        self.failed = 0
        self.slowest = 0.0
        self.wrong = 0
        self._memory = megabytes(server.process.pid)
        self._descriptors = descriptors(server.process.pid)

    def serve_one(self) -> None:
        """One new client with one message."""
        began = time.monotonic()
        self.messages += 1
        try:
            client = Client(self.server)
            replies = client.mail(QUEUED + b"Subject: new %d\r\n\r\n" % self.messages)
            client.close()
        except (OSError, AssertionError) as error:
            replies = [repr(error).encode()]
        self.failed += replies != [DELIVERED]
        self.slowest = max(self.slowest, time.monotonic() - began)

    def settle(self) -> int:
        """Descriptors that are left when all clients are gone."""
        until = time.monotonic() + 20
        while descriptors(self.server.process.pid) > self._descriptors and time.monotonic() < until:
            time.sleep(0.02)
        return descriptors(self.server.process.pid) - self._descriptors

    def judge(self, clients: int) -> None:
        left = self.settle()
        grown = megabytes(self.server.process.pid) - self._memory
        figures = {
            "clients": clients,
            "messages": self.messages,
            "failed": self.failed,
            "slowest": round(self.slowest, 2),
            "wrong": self.wrong,
            "grown": round(grown),
            "left": left,
        }
        print(self.name, figures)
        record("P17", PYFILTER.name, self.name, **figures)
        assert (self.failed, self.wrong, left) == (0, 0, 0)
        assert self.slowest < SERVED_SECONDS
        assert grown < GROWN_MB


def connected(server: Server) -> socket.socket:
    end = socket.socket(socket.AF_UNIX)  # without a time limit it waits where many others wait to be accepted
    end.connect(str(server.path))
    end.settimeout(60)
    return end


# ------------------------------------------------------------------- P17


@pytest.mark.parametrize("place", ["a command", "a message"])
def test_a_thousand_clients_that_say_one_byte_at_a_time(server: Server, place: str) -> None:
    watched = Watched(server, f"1000 clients, a byte at a time of {place}")
    text = b"LHLO there.example\r\n" if place == "a command" else BEGIN + b"DATA\r\nSubject: slow\r\n\r\n"
    said = 0 if place == "a command" else len(text) - 12
    ends = [connected(server) for _ in range(1000 if WHOLE else 200)]
    for end in ends:
        end.sendall(text[:said])
    for at in range(said, len(text) - 1):
        for end in ends:
            end.sendall(text[at : at + 1])
        watched.serve_one()
    for end in ends:
        end.close()
    watched.judge(len(ends))


def test_more_connections_than_there_may_be(server: Server) -> None:
    count = 10_000 if WHOLE else limits.LMTP_CONNECTIONS + 300
    watched = Watched(server, "10,000 connections")
    ends = []
    for number in range(count):
        ends.append(connected(server))
        if number % 500 == 499:
            watched.serve_one()
    assert ends[0].recv(1000).endswith(b"421 4.4.2 nothing came for too long; try again\r\n")
    until = time.monotonic() + 20
    while (held := descriptors(server.process.pid)) >= limits.LMTP_CONNECTIONS + 100 and time.monotonic() < until:
        time.sleep(0.01)  # some were accepted a moment before others were sent away
    assert held < limits.LMTP_CONNECTIONS + 100
    watched.serve_one()
    for end in ends:
        end.close()
    watched.judge(count)


def test_a_line_without_end(server: Server) -> None:
    watched = Watched(server, "a line without end")
    ends = [connected(server) for _ in range(10)]
    for number in range(100 if WHOLE else 10):
        for end in ends:
            end.sendall(b"x" * (1 << 20))
        if number % 10 == 9:
            watched.serve_one()
    for end in ends:
        end.sendall(b"\r\nQUIT\r\n")
        _, _, heard = everything(end).partition(b"\r\n")
        watched.wrong += heard != b"500 5.5.2 the line is too long\r\n221 2.0.0 goodbye\r\n"
        end.close()
    watched.judge(len(ends))


def test_commands_without_end(server: Server) -> None:
    watched = Watched(server, "commands without end")
    for _ in range(20 if WHOLE else 3):
        end = connected(server)
        try:
            end.sendall(b"NOOP\r\n" * 200_000)
        except ConnectionError:
            pass
        heard = everything(end)
        watched.wrong += not heard.endswith(b"250 2.0.0 ok\r\n421 4.7.0 too many commands without a message\r\n")
        end.close()
        watched.serve_one()
    watched.judge(20 if WHOLE else 3)


def test_a_client_that_never_reads(server: Server) -> None:
    watched = Watched(server, "clients that never read")
    ends = [connected(server) for _ in range(100)]
    for end in ends:
        end.setblocking(False)
        try:
            while True:
                end.send(b"HELP\r\n" * 1000)
        except (BlockingIOError, ConnectionError):
            pass
        end.setblocking(True)
    for _ in range(5):
        watched.serve_one()
    for end in ends:
        end.close()
    watched.judge(len(ends))


@pytest.mark.whole
def test_more_mail_at_once_than_there_is_memory(server: Server) -> None:
    watched = Watched(server, "five messages of 100 MB at once")
    ends = [connected(server) for _ in range(5)]
    for end in ends:
        end.sendall(BEGIN + b"DATA\r\nSubject: large\r\n\r\n")
    piece = (b"x" * 998 + b"\r\n") * 1049
    most = 0.0
    for _ in range(96):
        for end in ends:
            end.sendall(piece)
        most = max(most, megabytes(server.process.pid))
    for _ in range(5):
        watched.serve_one()
    replies = []
    for end in ends:
        end.sendall(b".\r\nQUIT\r\n")
        replies.append(everything(end).splitlines()[-2])
        end.close()
    assert replies.count(b"452 4.3.1 too much mail at once; try again") >= 3, replies
    assert replies.count(DELIVERED.strip()) >= 1
    assert most < 2 * (limits.LMTP_HELD_BYTES >> 20)
    watched.settle()
    watched._memory = megabytes(server.process.pid)  # what was freed may stay with the allocator
    watched.judge(len(ends))


def everything(end: socket.socket) -> bytes:
    heard = b""
    try:
        while piece := end.recv(1 << 16):
            heard += piece
    except ConnectionError:
        pass
    return heard


# every way to write what another server might take for the end of a message
ENDS = [
    left + dots + right
    for left in (b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r", b"\0\r\n")
    for dots in (b".", b"..", b".\0", b" .")
    for right in (b"\n", b"\r", b"\r\n", b"\r\r\n", b"\0\r\n")
    if (left[-2:], dots, right) != (b"\r\n", b".", b"\r\n")
]


def test_no_other_end_of_a_message_lets_a_second_one_in(server: Server) -> None:
    watched = Watched(server, "the smuggling matrix")
    chosen = sample(ENDS, 5)
    for number, written in enumerate(chosen):
        end = connected(server)
        text = QUEUED + b"Subject: hello %d\r\n\r\nA" % number + written
        smuggled = b"MAIL FROM:<evil@x>\r\nRCPT TO:<me@y.example>\r\nDATA\r\nSubject: evil\r\n\r\n"
        end.sendall(BEGIN + b"DATA\r\n" + text + smuggled + b"\r\n.\r\nQUIT\r\n")
        heard = everything(end)
        end.close()
        watched.wrong += heard.count(DELIVERED) != 1 or not heard.endswith(DELIVERED + b"221 2.0.0 goodbye\r\n")
        (filed,) = [mail for mail in server.mail()[".Hello"] if b"hello %d\n" % number in mail]
        watched.wrong += b"RCPT TO:<me@y.example>" not in filed
    assert len(server.mail()[".Hello"]) == len(chosen)
    watched.judge(len(chosen))


def test_a_client_that_goes_away_at_every_byte(server: Server) -> None:
    watched = Watched(server, "gone at every byte")
    message = QUEUED + b"Subject: hello NNN\r\n\r\n..text\r\n"
    whole = BEGIN + b"DATA\r\n" + message + b".\r\n"
    cuts = sample(list(range(len(whole) + 1)), 9)
    for cut in cuts:
        end = connected(server)
        try:
            end.sendall(whole.replace(b"NNN", b"%03d" % cut)[:cut])
        except ConnectionError:
            pass
        end.close()
    watched.settle()
    for cut in cuts:
        filed = [mail for mail in server.mail().get(".Hello", []) if b"hello %03d" % cut in mail]
        replies = Client(server).mail(message.replace(b"NNN", b"%03d" % cut).removesuffix(b"\r\n"))
        # of one who is gone before he was greeted nothing is read
        if len(filed) > (cut == len(whole)) or replies != [DELIVERED]:
            watched.wrong += 1
            print(f"cut at {cut} of {len(whole)}: {len(filed)} files, and the retry hears {replies}")
    assert len(server.mail()[".Hello"]) == len(cuts)
    watched.serve_one()
    watched.judge(len(cuts))


def test_all_of_it_for_some_time(server: Server) -> None:
    """Memory and descriptors after the first part are those at the end. Each attacker is a process."""
    seconds = 300 if WHOLE else 4

    def attack(act: Callable[[socket.socket], None]) -> None:
        while os.getppid() == parent:
            end = connected(server)
            try:
                act(end)
            except OSError:
                pass
            end.close()

    parent = os.getpid()
    acts: list[Callable[[socket.socket], None]] = [
        lambda end: end.sendall(b"x" * 100_000),
        lambda end: end.sendall(BEGIN + b"DATA\r\nSubject: cut"),
        lambda end: end.sendall(b"NOOP\r\n" * 5000),
        lambda end: end.sendall(BEGIN * 3 + b"BDAT 100000 LAST\r\nxyz"),
        lambda end: end.sendall(BEGIN + b"DATA\r\n" + QUEUED + b"Subject: gone\r\n\r\n.\r\n"),
    ]
    warming = Watched(server, "")
    attackers = []
    for act in acts:
        attackers.append(os.fork())
        if not attackers[-1]:
            try:
                attack(act)
            finally:
                os._exit(0)
    try:
        until = time.monotonic() + seconds / 4
        while time.monotonic() < until:
            warming.serve_one()
        watched = Watched(server, f"all at once, {seconds} s")
        watched._descriptors = warming._descriptors
        until = time.monotonic() + seconds * 3 / 4
        while time.monotonic() < until:
            watched.serve_one()
    finally:
        for attacker in attackers:
            os.kill(attacker, signal.SIGKILL)
            os.waitpid(attacker, 0)
    watched.judge(len(acts))


# ------------------------------------------------------------------- P18


def copies(server: Server, number: int) -> int:
    mark = b"Subject: hello %d\n" % number
    return sum(mark in mail for mail in server.mail().get(".Hello", []))


class Lost:
    """Messages whose reply was lost, and what the retries said."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.runs = self.delivered = self.twice = self.lost = self.known = 0

    def letter(self, number: int) -> bytes:
        return QUEUED + b"Message-ID: <%d@x>\r\nSubject: hello %d\r\n\r\ntext" % (number, number)

    def retry(self, number: int) -> None:
        """As its sender does, until there is an answer that lasts."""
        before = copies(self.server, number)
        replies = [b"451 "]
        while replies[0].startswith(b"451 "):
            client = Client(self.server)
            replies = client.mail(self.letter(number))
            client.close()
        found = copies(self.server, number)
        self.runs += 1
        self.known += before
        self.delivered += replies == [DELIVERED]
        self.twice += found > 1
        self.lost += found < 1

    def judge(self) -> None:
        figures = {
            "runs": self.runs,
            "known": self.known,
            "delivered": self.delivered,
            "lost": self.lost,
            "twice": self.twice,
        }
        print(self.name, figures)
        record("P18", PYFILTER.name, self.name, **figures)
        assert (self.delivered, self.lost, self.twice) == (self.runs, 0, 0)


def test_a_reply_that_is_cut_at_every_byte(server: Server) -> None:
    lost = Lost(server, "cut at each byte of the reply")
    for heard in sample(list(range(len(DELIVERED) + 1)), 4):
        client = Client(server)
        client.begin("me@y.example")
        client.send(lost.letter(heard) + b"\r\n.\r\n")
        said = b""
        while len(said) < heard:
            said += client._socket.recv(1)
        assert said == DELIVERED[:heard]
        client.close()
        while not copies(server, heard):  # it is at it, or done
            time.sleep(0.002)
        lost.retry(heard)
    lost.judge()


@pytest.mark.parametrize("is_server", [True, False])
def test_a_kill_at_any_time_before_the_reply(server: Server, is_server: bool) -> None:
    """The server, or the worker, is killed so many ms after the message was sent."""
    lost = Lost(server, f"kill -9 of {'the server' if is_server else 'its workers'} before the reply")
    points = [step / 2000 for step in range(60 if WHOLE else 8)]
    if not WHOLE:
        points = [point * 4 for point in points]
    for number, seconds in enumerate(points):
        client = Client(server)
        client.begin("me@y.example")
        workers = server.workers()
        client.send(lost.letter(number) + b"\r\n.\r\n")
        time.sleep(seconds)  # the moment is what is tried here
        if is_server:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            assert server.process.stdout is not None
            server.process.stdout.close()
            for worker in workers:
                while Path(f"/proc/{worker}").exists():
                    time.sleep(0.002)
            server.start()
        else:
            for worker in workers:
                _kill(worker)
        client.close()
        lost.retry(number)
    lost.judge()


def test_a_kill_as_soon_as_the_copy_is_there(server: Server) -> None:
    lost = Lost(server, "kill -9 of the server when the copy is visible")
    for number in range(20 if WHOLE else 4):
        client = Client(server)
        client.begin("me@y.example")
        client.send(lost.letter(number) + b"\r\n.\r\n")
        while not copies(server, number):
            pass
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()
        client.close()
        server.start()
        lost.retry(number)
    assert lost.known == lost.runs
    lost.judge()


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
