"""Two hosts behind one mail server: two servers, each in a home of its own, one mail store, one Redis.

Whoever sends tries again, at the other one, until somebody says that the message is delivered. One host is killed in
the midst, with its workers or without them: they end what they are at while the retry comes to the other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..services.real_redis import Redis
from .serving import PACKAGES, QUEUED, Client, Server
from .test_serving import DELIVERED

RULES = """\
set maildir = "STORE"
set sendmail = "PROGRAM"
rule "hello" { when subject contains "hello"; file into "Hello"; file into "Greetings" }
rule "twice" { when subject is "once" and duplicate; file into "Twice" }
rule "away" { when subject is "away"; reply "I am away."; keep }
rule "on" { when subject is "on"; forward to "ann@x.example" }
"""
MESSAGES = 120
CLIENTS = 6
# a mail server waits for minutes before it tries again
PAUSE = 0.05


class Hosts:
    """``a`` and ``b``: their servers; ``store``: the Maildir that both have; ``redis``: what they share."""

    def __init__(self, directory: Path, redis: Redis) -> None:
        self.directory = directory
        self.redis = redis
        self.store = directory / "store"
        self.store.mkdir(mode=0o700)
        program = directory / "sendmail"
        program.write_text(f"#!/bin/sh\ncat >/dev/null\nenv >>{directory}/environment\necho $# >>{directory}/sent\n")
        program.chmod(0o755)
        rules = RULES.replace("STORE", str(self.store)).replace("PROGRAM", str(program))
        self.a, self.b = [self._host(name, rules) for name in "ab"]

    def _host(self, name: str, rules: str) -> Server:
        (self.directory / name).mkdir()
        return Server(self.directory / name, rules, "--state", self.redis.address)

    def found(self) -> Counter[tuple[str, bytes]]:
        """How many copies of each message lie in each folder."""
        copies: Counter[tuple[str, bytes]] = Counter()
        for path in self.store.glob("**/*"):
            if path.parent.name in ("new", "cur") and path.is_file():
                subject = next(line for line in path.read_bytes().splitlines() if line.startswith(b"Subject: "))
                copies[path.parent.parent.name, subject] += 1
        return copies

    def sent(self) -> int:
        path = self.directory / "sent"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def close(self) -> None:
        for server in (self.a, self.b):
            server.process.kill()
            server.process.wait()
            assert server.process.stdout is not None
            server.process.stdout.close()


@pytest.fixture
def own_redis(redis: Redis) -> Iterator[Redis]:
    """One that a test may stop."""
    server = Redis()
    yield server
    server.close()


@pytest.fixture
def hosts(own_redis: Redis, tmp_path: Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path, own_redis)
    yield made
    made.close()


def message(number: int) -> bytes:
    return QUEUED + b"Message-ID: <%d@x.example>\r\nSubject: hello %d\r\n\r\nhello" % (number, number)


class Sender:
    """Mail servers, as many as CLIENTS, that have MESSAGES together; ``told`` is set when some are delivered."""

    def __init__(self, hosts: Hosts, some: int) -> None:
        self._hosts = (hosts.a, hosts.b)
        self._some = some
        self._left = list(range(MESSAGES))
        self._lock = threading.Lock()
        self.delivered = 0
        self.tried_again = 0
        self.told = threading.Event()
        self.threads = [threading.Thread(target=self._send_all) for _ in range(CLIENTS)]

    def _send_all(self) -> None:
        clients: dict[int, Client] = {}
        while True:
            with self._lock:
                if not self._left:
                    return
                number = self._left.pop()
            at = number
            while not self._is_sent(clients, at % 2, number):
                at += 1
                with self._lock:
                    self.tried_again += 1
                time.sleep(PAUSE)
            with self._lock:
                self.delivered += 1
                if self.delivered >= self._some:
                    self.told.set()

    def _is_sent(self, clients: dict[int, Client], host: int, number: int) -> bool:
        try:
            client = clients.get(host) or Client(self._hosts[host])
            clients[host] = client
            return client.mail(message(number)) == [DELIVERED]
        except (OSError, AssertionError):  # it is gone, or goes
            clients.pop(host, None)
            return False


@pytest.mark.parametrize("after", [3, 40])
@pytest.mark.parametrize("whole", [True, False], ids=["the host", "its server alone"])
def test_of_two_hosts_one_is_killed_and_nothing_is_lost_and_nothing_comes_twice(
    hosts: Hosts, whole: bool, after: int
) -> None:
    sender = Sender(hosts, after)
    for thread in sender.threads:
        thread.start()
    assert sender.told.wait(300)
    killed = [hosts.a.process.pid, *(hosts.a.workers() if whole else ())]
    for process in killed:
        os.kill(process, signal.SIGKILL)
    for thread in sender.threads:
        thread.join(300)
    assert sender.delivered == MESSAGES
    assert sender.tried_again > 0, "the host that was killed was asked nothing any more"
    subjects = [b"Subject: hello %d" % number for number in range(MESSAGES)]
    assert hosts.found() == {(folder, subject): 1 for folder in (".Hello", ".Greetings") for subject in subjects}


def test_a_reply_that_was_lost_at_one_host_is_given_by_the_other_which_files_nothing(hosts: Hosts) -> None:
    client = Client(hosts.a)
    client.begin("me@y.example")
    client.send(message(1) + b"\r\n.\r\n")
    while hosts.found().total() < 2:
        time.sleep(0.01)
    client.close()
    assert Client(hosts.b).mail(message(1)) == [DELIVERED]
    assert hosts.found() == {(".Hello", b"Subject: hello 1"): 1, (".Greetings", b"Subject: hello 1"): 1}
    assert "an earlier attempt had filed it already" in hosts.b.log


def test_what_one_has_sent_on_the_other_does_not_send(hosts: Hosts) -> None:
    for server in (hosts.a, hosts.b):
        assert Client(server).mail(QUEUED + b"Subject: on\r\n\r\nx") == [DELIVERED]
    assert hosts.sent() == 1
    assert "PYFILTER_STATE" not in (hosts.directory / "environment").read_text()


def test_what_came_to_one_is_a_duplicate_at_the_other(hosts: Hosts) -> None:
    for number, server in enumerate((hosts.a, hosts.b)):
        text = b"Received: by way %d\r\nMessage-ID: <same@x.example>\r\nSubject: once\r\n\r\nx" % number
        assert Client(server).mail(text) == [DELIVERED]
    assert hosts.found() == {("store", b"Subject: once"): 1, (".Twice", b"Subject: once"): 1}


def test_who_got_a_reply_of_one_gets_none_of_the_other(hosts: Hosts) -> None:
    for number, server in enumerate((hosts.a, hosts.b)):
        text = b"Received: by way %d\r\nFrom: ann@x.example\r\nTo: me@y.example\r\nSubject: away\r\n\r\nx" % number
        assert Client(server).mail(text) == [DELIVERED]
    assert hosts.sent() == 1
    assert 'no reply by rule "away": the sender got one already' in hosts.b.log


@pytest.mark.parametrize(
    ("number", "why"), [(signal.SIGSTOP, "no answer within 1 s"), (signal.SIGKILL, "Connection refused")]
)
def test_without_redis_mail_is_delivered_and_the_log_says_what_is_not_known(
    hosts: Hosts, number: int, why: str
) -> None:
    client = Client(hosts.a)
    assert client.mail(message(1)) == [DELIVERED]
    hosts.redis.process.send_signal(number)
    if number == signal.SIGKILL:
        hosts.redis.process.wait()
    assert client.mail(message(2)) == [DELIVERED]
    client.begin("me@y.example")
    client.send(message(3) + b"\r\n.\r\n")
    while hosts.found().total() < 6:
        time.sleep(0.01)
    client.close()
    again = Client(hosts.a)
    assert again.mail(message(3)) == [DELIVERED]
    assert hosts.found().total() == 6, "the same host knows by its own file"
    assert again.mail(QUEUED + b"Message-ID: <o@x.example>\r\nSubject: once\r\n\r\nx") == [DELIVERED]
    assert again.mail(QUEUED + b"From: a@x.example\r\nTo: me@y.example\r\nSubject: away\r\n\r\nx") == [DELIVERED]
    assert hosts.sent() == 0
    place = f"unix://{hosts.redis.socket}"
    assert f"; {place}: {why}; a retry may repeat what was done" in hosts.a.log
    assert f"the delivery was not remembered: {place}: {why}" in hosts.a.log
    assert f'no reply by rule "away": {place}: {why}' in hosts.a.log


AWAY = """\
pyfilter serve: unix:///none: No such file or directory; mail is delivered all the same
pyfilter serve: 'nowhere' is no address: unix:PATH or HOST:PORT
"""
NO_NUMBER = "pyfilter serve: --state: the database is a number: redis://x/0\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--lmtp", "nowhere", "--state", "unix:///none"), AWAY), (("--state", "redis://:secret@x/mail"), NO_NUMBER)],
)
def test_what_a_server_says_of_redis_at_its_start(
    tmp_path: Path, options: tuple[str, ...], said: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("redis")  # the library
    done = subprocess.run(
        [sys.executable, "-m", "pyfilter", "serve", *options],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": PACKAGES},
    )
    assert (done.returncode, done.stderr) == (2, said)


def test_the_address_may_stand_where_nobody_sees_it_and_is_nothing_for_the_users_of_the_system(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pyfilter", "serve", "--users", "system"],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": PACKAGES, "PYFILTER_STATE": "redis://x/0"},
    )
    assert done.returncode == 2
    assert "`--state` goes with `--users one` and `virtual`" in done.stderr
