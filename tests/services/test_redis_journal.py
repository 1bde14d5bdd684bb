"""The journal of several hosts: what one did, the others know, and of two at the same message one is put off."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.delivery import execute
from pyfilter.delivery.failures import Refused
from pyfilter.delivery.journal import Journal
from pyfilter.delivery.journal_file import JournalFile
from pyfilter.engine.plan import Action
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED, Outcome

from ..delivery.box import make_plan
from .real_redis import Redis

RAW = b"Received: by y\nSubject: x\n\nhello\n"
MAIL = Message(RAW)
MEANWHILE = "another server is delivering this message, too; this one tries again later"
BEGUN = "another server has begun to send this message on; this one tries again later"


class Host:
    """One of several with the same Redis and the same mail store."""

    def __init__(self, directory: Path, address: str) -> None:
        from pyfilter.services.redis_server import RedisServer

        self.home = directory
        self.owner = str(directory.parent)
        self.server = RedisServer(address)
        directory.mkdir(mode=0o700)

    def file(self) -> JournalFile:
        from pyfilter.services.redis_journal import RedisJournal

        return RedisJournal(JournalFile(str(self.home)), self.server, self.owner)

    def journal(self) -> Journal:
        journal = Journal(str(self.home), MAIL, "me@here.example", self.file())
        journal.read()
        return journal

    @property
    def written(self) -> bytes:
        return (self.home / ".local/state/pyfilter/journal").read_bytes()


@pytest.fixture
def hosts(redis: Redis, tmp_path: Path) -> tuple[Host, Host]:
    (tmp_path / "hosts").mkdir()
    return Host(tmp_path / "hosts/a", redis.address), Host(tmp_path / "hosts/b", redis.address)


def kept(host: Host) -> list[str]:
    """The lines of the one message, without their tokens."""
    [key] = host.server.ask("KEYS", f"pyfilter:{host.owner}:journal:*")  # type: ignore[misc, has-type]
    lines = host.server.ask("LRANGE", key, 0, -1)
    assert isinstance(lines, list)
    return [line.decode().partition(" ")[2] for line in lines]


# --------------------------------------------------------------------------- what is kept, and where


def test_each_line_is_in_both(hosts: tuple[Host, Host]) -> None:
    a, _ = hosts
    journal = a.journal()
    journal.intend([b"/m/1"])
    journal.intend_place(b"/m/box", 7)
    journal.sent(b"forward\0r\0ann@x.example")
    assert kept(a) == ["I /m/1", "P /m/box 7", "S forward%00r%00ann@x.example"]
    assert [line.split(b" ", 2)[2].decode() for line in a.written.splitlines()] == kept(a)


def test_all_of_it_is_forgotten_when_nobody_tries_any_more(hosts: tuple[Host, Host]) -> None:
    a, _ = hosts
    a.journal().sent(b"one")
    keys = a.server.ask("KEYS", f"pyfilter:{a.owner}:*")
    assert isinstance(keys, list) and len(keys) == 2
    for key in keys:
        left = a.server.ask("TTL", key)
        assert isinstance(left, int) and limits.JOURNAL_SECONDS - 600 < left <= limits.JOURNAL_SECONDS


def test_of_one_message_so_many_lines_are_kept(hosts: tuple[Host, Host], monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = hosts
    monkeypatch.setattr(limits, "STATE_LINES", 10)
    for number in range(15):
        (a, b)[number % 2].journal().intend_place(b"/m/box", number)
    assert len(kept(a)) == 10
    assert b.journal().places(b"/m/box")[-1] == 14


def test_what_was_sent_longer_ago_than_anybody_asks_is_not_kept(
    hosts: tuple[Host, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = hosts
    before = time.time() - limits.STATE_SENT_SECONDS - 10
    with monkeypatch.context() as then:
        then.setattr(time, "time", lambda: before)
        a.journal().sent(b"forward\0r\0ann@x.example")
    b.journal().sent(b"forward\0r\0bob@x.example")
    assert a.server.ask("ZCARD", f"pyfilter:{a.owner}:sent") == 1
    assert a.journal().count_sent(3600, (b"forward\0",)) == 1


# --------------------------------------------------------------------------- without Redis


def test_where_redis_forgot_it_the_same_host_knows(hosts: tuple[Host, Host]) -> None:
    a, b = hosts
    a.journal().sent(b"one")
    for key in a.server.ask("KEYS", f"pyfilter:{a.owner}:*"):  # type: ignore[attr-defined]
        a.server.ask("DEL", key)
    assert a.journal().was_sent(b"one") and not b.journal().was_sent(b"one")


def test_where_redis_is_away_the_host_goes_on_by_itself_and_says_so(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    alone = Host(tmp_path / "a", f"unix://{tmp_path}/none")
    journal = alone.journal()
    said = f"unix://{tmp_path}/none: No such file or directory; a retry may repeat what was done"
    assert journal.problem == said
    journal.problem = ""
    journal.intend([b"/m/1"])
    assert journal.problem == said
    journal.hold()
    journal.sent(b"forward\0r\0ann@x.example")
    journal.release()
    assert alone.journal().was_sent(b"forward\0r\0ann@x.example")
    assert alone.journal().count_sent(3600, (b"forward\0",)) == 1


def test_where_this_host_cannot_write_redis_has_it_and_the_log_says_so(hosts: tuple[Host, Host]) -> None:
    a, b = hosts
    place = a.home / ".local/state/pyfilter/journal"
    place.mkdir(parents=True)
    journal = a.journal()
    journal.sent(b"one")
    assert journal.problem == f"{place}: Is a directory; a retry may repeat what was done"
    assert b.journal().was_sent(b"one")


def test_what_stands_in_its_place_is_no_journal(hosts: tuple[Host, Host]) -> None:
    a, _ = hosts
    a.journal().sent(b"one")
    [key] = a.server.ask("KEYS", f"pyfilter:{a.owner}:journal:*")  # type: ignore[misc, has-type]
    a.server.ask("DEL", key)
    a.server.ask("SET", key, "a text")
    journal = a.journal()
    assert journal.was_sent(b"one")
    assert "against a key holding the wrong kind of value; a retry may repeat" in journal.problem


# --------------------------------------------------------------------------- two at the same message


def test_of_two_who_are_going_to_file_it_at_once_one_is_put_off(hosts: tuple[Host, Host]) -> None:
    a, b = hosts
    first, second = a.journal(), b.journal()
    first.intend([b"/m/1"])
    with pytest.raises(Refused, match=f"^{MEANWHILE}$"):
        second.intend([b"/m/2"])
    first.intend_place(b"/m/box", 1)  # its own lines hinder nobody
    b.journal().intend([b"/m/3"])
    assert kept(a) == ["I /m/1", "P /m/box 1", "I /m/3"]


def test_one_that_is_sent_on_is_sent_by_nobody_else_meanwhile(hosts: tuple[Host, Host]) -> None:
    a, b = hosts
    before = b.journal()
    first = a.journal()
    first.hold()
    with pytest.raises(Refused, match=f"^{MEANWHILE}$"):
        before.hold()
    with pytest.raises(Refused, match=f"^{BEGUN}$"):
        b.journal().hold()
    first.sent(b"forward\0r\0ann@x.example")
    first.release()
    first.intend([b"/m/1"])
    late = b.journal()
    late.hold()
    assert late.was_sent(b"forward\0r\0ann@x.example")


def test_who_died_while_sending_hinders_nobody_for_long(
    hosts: tuple[Host, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = hosts
    a.journal().hold()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + limits.DEADLINE_SECONDS - 10)
    with pytest.raises(Refused, match=f"^{BEGUN}$"):
        b.journal().hold()
    monkeypatch.setattr(time, "time", lambda: now + limits.DEADLINE_SECONDS + 10)
    b.journal().hold()


def test_a_message_that_nobody_queued_is_held_by_nobody(hosts: tuple[Host, Host]) -> None:
    a, b = hosts
    for host in (a, b):
        journal = Journal(str(host.home), Message(b"Subject: x\n\nx\n"), "me@here.example", host.file())
        journal.read()
        journal.hold()
        journal.sent(b"one")


# --------------------------------------------------------------------------- deliveries


class Store:
    """A Maildir that all hosts have."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        directory.mkdir(mode=0o700)

    def begin(self, host: Host) -> Iterator[int]:
        plan = make_plan(("keep", "INBOX", ""), ("file", "Other", ""), outcome="filed", maildir=str(self.path))
        return execute.steps(plan, MAIL, str(host.home), host.file())

    def copies(self) -> dict[str, int]:
        return {
            folder: sum(len(os.listdir(self.path / folder / place)) for place in ("new", "cur"))
            for folder in ("", ".Other")
            if (self.path / folder / "new").exists()
        }


def ended(steps: Iterator[int]) -> Outcome:
    while True:
        try:
            os.fsync(next(steps))
        except StopIteration as end:
            assert isinstance(end.value, Outcome)
            return end.value


def test_a_delivery_that_was_overtaken_takes_back_what_it_had_made(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    a, b = hosts
    store = Store(tmp_path / "store")
    slow = store.begin(a)
    next(slow)
    assert ended(store.begin(b)).status is DELIVERED
    outcome = ended(slow)
    assert (outcome.status, outcome.detail) == (DEFERRED, MEANWHILE)
    assert store.copies() == {"": 1, ".Other": 1}
    assert os.listdir(store.path / "tmp") == []
    again = ended(store.begin(a))
    assert again.status is DELIVERED and "an earlier attempt had filed it already" in again.detail
    assert store.copies() == {"": 1, ".Other": 1}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["goes on", "goes on", "goes on", "is killed"])), max_size=25)
)
def test_however_two_hosts_get_in_each_others_way_it_is_filed_once(
    redis: Redis, tmp_path_factory: pytest.TempPathFactory, happenings: list[tuple[int, str]]
) -> None:
    """Up to four attempts, two on each host, each killed or not: whoever sends tries until somebody says delivered."""
    directory = tmp_path_factory.mktemp("hosts")
    hosts = [Host(directory / name, redis.address) for name in "ab"]
    store = Store(directory / "store")
    attempts: dict[int, Iterator[int]] = {}
    killed: list[Iterator[int]] = []  # a generator that is forgotten would take back what it has made
    delivered = 0
    for number, happening in happenings:
        attempt = attempts.setdefault(number, store.begin(hosts[number % 2]))
        if happening == "is killed":
            killed.append(attempts.pop(number))
            continue
        try:
            next(attempt)
        except StopIteration as end:
            del attempts[number]
            delivered += end.value.status is DELIVERED
    for attempt in attempts.values():
        delivered += ended(attempt).status is DELIVERED
    if not delivered:
        assert ended(store.begin(hosts[0])).status is DELIVERED
    assert ended(store.begin(hosts[1])).status is DELIVERED, "a retry after a reply that was lost"
    assert set(store.copies().values()) == {1}
    del killed


def test_a_forward_that_fails_may_be_tried_by_the_other_host_at_once(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    a, b = hosts
    program = tmp_path / "sendmail"
    plan = make_plan(outcome="forwarded", sendmail=str(program))
    plan.actions = [Action("forward", arguments=("ann@x.example",), rule="r", line=1)]
    outcomes = []
    for status, host in ((75, a), (0, b), (0, a)):
        program.write_text(f"#!/bin/sh\ncat >/dev/null\necho $# >>{tmp_path}/calls\nexit {status}\n")
        program.chmod(0o755)
        outcomes.append(ended(execute.steps(plan, MAIL, str(host.home), host.file())).status)
    assert outcomes == [DEFERRED, DELIVERED, DELIVERED]
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


def test_a_forward_that_another_host_died_of_waits(
    hosts: tuple[Host, Host], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = hosts
    program = tmp_path / "sendmail"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\necho $# >>{tmp_path}/calls\n")
    program.chmod(0o755)
    plan = make_plan(outcome="forwarded", sendmail=str(program))
    plan.actions = [Action("forward", arguments=("ann@x.example",), rule="r", line=1)]
    died = Journal(str(a.home), MAIL, plan.recipient, a.file())
    died.read()
    died.hold()
    outcome = ended(execute.steps(plan, MAIL, str(b.home), b.file()))
    assert (outcome.status, outcome.detail) == (DEFERRED, BEGUN)
    assert not (tmp_path / "calls").exists()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + limits.DEADLINE_SECONDS + 10)
    assert ended(execute.steps(plan, MAIL, str(b.home), b.file())).status is DELIVERED
