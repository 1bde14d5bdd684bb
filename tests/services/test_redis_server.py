"""A Redis that is away, slow or mad: what is said, how soon, and who waits for it."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.deadline import TooMuchWork

from .real_redis import Redis, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

Answers = Callable[[socket.socket, int], None]


class Mad:
    """A server that does with each connection what ``answers`` does; ``came``: how many there were."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}?db=0"
        self.answers: Answers = lambda end, number: None
        self.came = 0
        self._kept: list[socket.socket] = []
        self._end = socket.socket(socket.AF_UNIX)
        self._end.bind(str(path))
        self._end.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                end, _ = self._end.accept()
            except OSError:
                return
            self.came += 1
            self._kept.append(end)
            threading.Thread(target=self._talk, args=(end, self.came), daemon=True).start()

    def _talk(self, end: socket.socket, number: int) -> None:
        try:
            self.answers(end, number)
        except OSError:
            return

    def close(self) -> None:
        self._end.shutdown(socket.SHUT_RDWR)
        for end in (self._end, *self._kept):
            end.close()


@pytest.fixture
def mad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mad]:
    monkeypatch.setattr(limits, "STATE_SECONDS", 0.2)
    server = Mad(tmp_path / "socket")
    yield server
    server.close()


def asked(address: str, *words: str) -> object:
    from pyfilter.services.redis_server import RedisServer

    return RedisServer(address).ask(*(words or ("LRANGE", "x", "0", "-1")))


def says(*packets: bytes) -> Answers:
    """Each command is answered by the next of these, the last by all further ones."""

    def answers(end: socket.socket, number: int) -> None:
        left = list(packets)
        while end.recv(4096):
            end.sendall(left.pop(0) if len(left) > 1 else left[0])

    return answers


def closes(end: socket.socket, number: int) -> None:
    end.recv(4096)
    end.close()


WAYS: dict[str, tuple[Answers, str]] = {
    "silence": (lambda end, number: None, "no answer within 0.2 s"),
    "the end": (closes, "Connection closed by server."),
    "half an answer": (says(b"+OK\r\n", b"+OK\r\n", b"*1\r\n$5\r\nab"), "no answer within 0.2 s"),
    "it is loading": (
        says(b"-LOADING Redis is loading the dataset in memory\r\n"),
        "Redis is loading the dataset in memory",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_fail(mad: Mad, way: str) -> None:
    mad.answers, why = WAYS[way]
    started = time.monotonic()
    with pytest.raises(OSError) as caught:
        asked(mad.address)
    assert caught.value.strerror == why
    assert time.monotonic() - started < 30  # it would wait for ever


@pytest.mark.parametrize("packet", [b"hello\r\n", b"\0" * 100 + b"\r\n", b"$-7x\r\n", b"*1\r\n:x\r\n", b"\xff\xfe\r\n"])
def test_what_no_server_says_is_an_error_like_others(mad: Mad, packet: bytes) -> None:
    mad.answers = says(packet)
    with pytest.raises(OSError) as caught:
        asked(mad.address)
    assert caught.value.strerror


def test_who_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        asked(f"unix://{tmp_path}/none")
    assert caught.value.strerror == "No such file or directory"


def test_one_that_is_away_is_waited_for_once(mad: Mad, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyfilter.services import redis_server

    server = redis_server.RedisServer(mad.address)
    for _ in range(5):
        with pytest.raises(OSError, match=r"no answer within 0\.2 s"):
            server.ask("GET", "x")
    assert mad.came == 1
    now = time.monotonic() + limits.STATE_AWAY_SECONDS
    monkeypatch.setattr(redis_server.time, "monotonic", lambda: now)
    mad.answers = says(b"$1\r\na\r\n")
    assert server.ask("GET", "x") == b"a"
    assert mad.came == 2


def test_an_answer_that_was_not_waited_for_answers_nothing_else(mad: Mad) -> None:
    """The rules' time is over in the midst of a question: what comes later is not taken for the next one's answer."""
    from pyfilter.services.redis_server import RedisServer

    gone = threading.Event()

    def answers(end: socket.socket, number: int) -> None:
        while data := end.recv(4096):
            for _ in range(data.count(b"SETINFO") + data.count(b"SELECT")):
                end.sendall(b"+OK\r\n")
            if b"GET" in data:
                if number == 1:
                    signal.raise_signal(signal.SIGUSR1)
                    gone.wait(30)
                end.sendall(b"$1\r\n%d\r\n" % number)

    def too_much(number: int, frame: object) -> None:
        raise TooMuchWork("enough")

    mad.answers = answers
    before = signal.signal(signal.SIGUSR1, too_much)
    try:
        server = RedisServer(mad.address + "&socket_timeout=30")
        with pytest.raises(TooMuchWork):
            server.ask("GET", "x")
        gone.set()
        assert server.ask("GET", "x") == b"2"
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_one_that_was_started_anew_answers_at_once() -> None:
    from pyfilter.services.redis_server import RedisServer

    real = Redis()
    try:
        server = RedisServer(real.address)
        assert server.ask("RPUSH", "x", "1") == 1
        real.stop()
        real.start()
        assert server.ask("LRANGE", "x", 0, -1) == [b"1"]
    finally:
        real.close()


def test_a_command_that_is_refused_keeps_nobody_from_asking_more(redis: Redis) -> None:
    from pyfilter.services.redis_server import RedisServer

    server = RedisServer(redis.address)
    server.ask("SET", "a text", "1")
    with pytest.raises(OSError) as caught:
        server.ask("LRANGE", "a text", 0, -1)
    assert "against a key holding the wrong kind of value" in str(caught.value.strerror)
    assert server.ask("GET", "a text") == b"1"


def test_a_wrong_password_is_said_and_not_shown() -> None:
    from pyfilter.services.redis_server import RedisServer

    real = Redis("--user", "mail", "on", ">right", "~*", "+@all", "--user", "default", "off")
    try:
        place = f"unix://mail:{{}}@{real.socket}?db=0"
        assert RedisServer(place.format("right")).ask("PING")
        server = RedisServer(place.format("wrong"))
        with pytest.raises(OSError) as caught:
            server.ask("PING")
        assert "wrong" not in f"{server.name} {caught.value.strerror}"
        assert "password" in str(caught.value.strerror)
    finally:
        real.close()


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("redis://127.0.0.1/3", "redis://127.0.0.1/3"),
        ("rediss://ann:secret@[::1]:6380/0?ssl_cert_reqs=none", "rediss://[::1]:6380/0"),
        ("unix:///run/redis?db=1&password=secret", "unix:///run/redis"),
    ],
)
def test_the_log_sees_no_secret(address: str, name: str) -> None:
    from pyfilter.services.redis_server import RedisServer

    assert RedisServer(address).name == name


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://x/0", "Redis URL must specify one of the following schemes (redis://, rediss://, unix://)"),
        ("redis://x/mail", "the database is a number: redis://x/0"),
        ("redis://x:99999/0", "Port out of range 0-65535"),
        ("redis://x/0?bogus=1", "an option behind the `?` is none of redis-py's: redis://x/0"),
    ],
)
def test_what_is_no_address(address: str, why: str) -> None:
    from pyfilter.services.redis_server import RedisServer

    with pytest.raises(ValueError) as caught:
        RedisServer(address)
    assert str(caught.value) == why


def test_the_rights_that_the_documentation_gives_suffice(tmp_path: Path) -> None:
    from pyfilter.delivery.journal import Journal
    from pyfilter.delivery.journal_file import JournalFile
    from pyfilter.message.message import Message
    from pyfilter.services.redis_journal import RedisJournal
    from pyfilter.services.redis_memory import RedisMemory
    from pyfilter.services.redis_replies import RedisReplies
    from pyfilter.services.redis_server import RedisServer

    page = (Path(__file__).parents[2] / "docs/two-hosts.md").read_text("utf-8")
    [rights] = re.findall(r"`user pyfilter on >password ([^`]*)`", page)
    real = Redis("--user", "pyfilter", "on", ">password", *rights.split(), "--user", "default", "off")
    try:
        server = RedisServer(f"unix://pyfilter:password@{real.socket}?db=0")
        journal = Journal(
            str(tmp_path), Message(b"Received: x\n\nx\n"), "me", RedisJournal(JournalFile(str(tmp_path)), server, "me")
        )
        journal.read()
        journal.hold()
        journal.sent(b"forward\0r\0ann@x.example")
        journal.release()
        assert journal.count_sent(3600, (b"forward\0",)) == 1
        assert journal.problem == ""
        RedisMemory(server, "me").note(b"\0" * 16, 1000)
        assert RedisMemory(server, "me").last(b"\0" * 16) == 1000
        assert RedisReplies(server, "me").promise("away", "ann@x.example", 1000, 1000.0) == ""
        with pytest.raises(OSError, match="no permissions to access one of the keys"):
            server.ask("GET", "others")
    finally:
        real.close()
