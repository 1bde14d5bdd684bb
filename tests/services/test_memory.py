"""`duplicate`: what is remembered of deliveries, for how long, and a database that is not as it should be.

What holds wherever the memory lies runs over a file and over Redis (``everywhere``)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import memory, shared
from pyfilter.services.answers import Inquiry
from pyfilter.services.memory import FILE, remember, seen

NOW = 1_800_000_000
ME = "me@example.org"
A = b"Message-ID: <a@example.org>\nSubject: x\n\nbody\n"
BOTH = pytest.mark.usefixtures("everywhere")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(memory.time, "time", lambda: float(NOW))
    yield tmp_path


def plan(recipient: str | None = ME, outcome: str = "filed", remembers: bool = True) -> Plan:
    made = Plan({})
    made.envelope, made.outcome, made.remembers = Envelope(recipient=recipient), outcome, remembers
    return made


def deliver(home: Path, data: bytes, **words: object) -> str:
    return remember(plan(**words), Message.from_bytes(data), str(home))  # type: ignore[arg-type]


def asked(data: bytes, recipient: str | None = ME, seconds: int = limits.DUPLICATE_SECONDS) -> bool | Unknown:
    return seen(Inquiry(str(seconds), Message.from_bytes(data), Envelope(recipient=recipient), {}))


@BOTH
def test_a_message_is_a_duplicate_once_it_was_delivered(home: Path) -> None:
    assert asked(A) is False
    assert deliver(home, A) == ""
    assert asked(A) is True
    assert asked(b"message-id:   <a@example.org>  \n\nanother text\n") is True
    assert asked(A.replace(b"<a@", b"<A@")) is False


def test_who_only_asks_makes_no_file_and_one_that_is_made_is_private(home: Path) -> None:
    assert asked(A) is False
    assert not (home / FILE).exists()
    deliver(home, A)
    assert (home / FILE).stat().st_mode & 0o777 == 0o600


@BOTH
def test_each_recipient_has_a_memory_of_its_own(home: Path) -> None:
    deliver(home, A)
    assert asked(A, "ME@Example.org") is True
    assert asked(A, "me+lists@example.org") is False
    assert asked(A, None) is False


@BOTH
@pytest.mark.parametrize("outcome", ["discarded", "rejected", "deferred"])
def test_what_was_not_delivered_is_not_remembered(home: Path, outcome: str) -> None:
    assert deliver(home, A, outcome=outcome) == ""
    assert asked(A) is False


@BOTH
def test_nothing_is_remembered_where_no_rule_asks(home: Path) -> None:
    assert deliver(home, A, remembers=False) == ""
    assert asked(A) is False
    assert not (home / FILE).exists()


@BOTH
@pytest.mark.parametrize(
    ("later", "seconds", "found"),
    [(0, 60, True), (60, 60, True), (61, 60, False), (61, 3600, True), (-10, 60, False)],
)
def test_within_is_to_the_second(
    home: Path, monkeypatch: pytest.MonkeyPatch, later: int, seconds: int, found: bool
) -> None:
    deliver(home, A)
    monkeypatch.setattr(memory.time, "time", lambda: float(NOW + later))
    assert asked(A, seconds=seconds) is found


@BOTH
def test_each_delivery_begins_the_time_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(home, A)
    monkeypatch.setattr(memory.time, "time", lambda: float(NOW + 50))
    deliver(home, A)
    monkeypatch.setattr(memory.time, "time", lambda: float(NOW + 100))
    assert asked(A, seconds=60) is True


WITHOUT_ID = b"Received: from x by y; Monday\nDelivered-To: me@example.org\nFrom: a@b.example\n\nbody\n"


@BOTH
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (WITHOUT_ID, True),
        (WITHOUT_ID.replace(b"Monday", b"Tuesday"), True),
        (b"From a@b.example Mon Nov  2 10:00:00 2026\n" + WITHOUT_ID, True),
        (b"Return-Path: <q@b.example>\n" + WITHOUT_ID, True),
        (WITHOUT_ID.replace(b"body", b"Body"), False),
        (WITHOUT_ID.replace(b"a@b", b"b@b"), False),
        (b"Message-ID: \n" + WITHOUT_ID, False),
    ],
)
def test_without_an_id_the_text_counts_less_what_servers_write(home: Path, data: bytes, found: bool) -> None:
    deliver(home, WITHOUT_ID)
    assert asked(data) is found


def test_whatever_an_id_is_the_row_is_small(home: Path, everywhere: str) -> None:
    hostile = [
        b"Message-ID: <" + b"x" * 900_000 + b"@y>\n\nb\n",
        b"Message-ID: <\x00'; DROP TABLE delivered; --@y>\n\nb\n",
        b"Message-ID: <\xff\xfe\xed\xa0\x80@y>\n\nb\n",
        b"Message-ID: x y z\n\nb\n",
    ]
    for data in hostile:
        assert deliver(home, data) == ""
        assert asked(data) is True
    if everywhere == "files":
        assert (home / FILE).stat().st_size < 30_000
    else:
        assert all(len(row) == 16 for row, _ in rows(home))
    assert asked(b"Message-ID: <" + b"x" * 900_001 + b"@y>\n\nb\n") is False


def fill(home: Path, times: list[int]) -> None:
    deliver(home, A)
    made = [(number.to_bytes(16, "big"), when) for number, when in enumerate(times, 1)]
    if shared.memory(str(home)) is None:
        with sqlite3.connect(home / FILE) as database:
            database.executemany("INSERT INTO delivered VALUES (?, ?)", made)
        database.close()
    for row, when in made if shared._server else ():
        shared._server.ask("ZADD", f"pyfilter:{home}:delivered", when, row)


def rows(home: Path) -> list[tuple[bytes, int]]:
    if shared._server is not None:
        found = shared._server.ask("ZRANGE", f"pyfilter:{home}:delivered", 0, -1, "WITHSCORES")
        assert isinstance(found, list)
        return [(row, int(when)) for row, when in zip(found[::2], found[1::2], strict=True)]
    database = sqlite3.connect(home / FILE)
    kept = database.execute("SELECT message, time FROM delivered").fetchall()
    database.close()
    return kept


def count(home: Path) -> int:
    return len(rows(home))


def with_a_zero() -> bytes:
    """A message whose digest makes the memory tidy up."""
    for number in range(100_000):
        data = b"Message-ID: <%d@example.org>\n\nb\n" % number
        if memory._key(Message(data), Envelope(recipient=ME))[0] == 0:
            return data
    raise AssertionError("no digest began with a zero byte")


@BOTH
def test_what_is_too_old_or_from_the_future_is_forgotten(home: Path) -> None:
    fill(home, [NOW - limits.MEMORY_SECONDS - 1, NOW - limits.MEMORY_SECONDS, NOW + 90_000, NOW])
    deliver(home, with_a_zero())
    assert count(home) == 4  # two of these, and the two that were delivered


@BOTH
def test_of_too_many_the_oldest_are_forgotten(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMORY_ROWS", 10)
    fill(home, [NOW - age for age in range(1, 101)])
    deliver(home, with_a_zero())
    assert count(home) == 11
    assert asked(A) is True


@pytest.mark.parametrize(
    "data", [b"not a database, but long enough to be taken for one " * 40, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_database_is_put_aside_and_begun_anew(home: Path, data: bytes) -> None:  # fmt: skip
    path = home / FILE
    deliver(home, A)
    path.write_bytes(data)
    assert isinstance(asked(A), Unknown)
    assert asked(A) is False
    assert path.with_name("memory.damaged").read_bytes() == data
    path.write_bytes(data)
    deliver(home, A)
    deliver(home, A)
    assert asked(A) is True


@pytest.mark.parametrize(
    "change", ["DROP TABLE delivered", "ALTER TABLE delivered RENAME time TO moment"], ids=["no table", "no column"]
)
def test_a_database_that_lacks_something_is_put_aside_and_begun_anew(home: Path, change: str) -> None:
    path = home / FILE
    for failed in (lambda: isinstance(asked(A), Unknown), lambda: deliver(home, A) != ""):
        deliver(home, A)
        with sqlite3.connect(path) as database:
            database.execute(change)
        database.close()
        before = path.read_bytes()
        assert failed()
        assert path.with_name("memory.damaged").read_bytes() == before
        assert asked(A) is False
        assert deliver(home, A) == "" and asked(A) is True


def test_an_empty_file_is_a_new_memory(home: Path) -> None:
    (home / FILE).parent.mkdir(parents=True)
    (home / FILE).touch(0o600)
    assert asked(A) is False
    assert deliver(home, A) == "" and asked(A) is True


def test_a_file_that_others_can_write_is_not_believed(home: Path) -> None:
    deliver(home, A)
    path = home / FILE
    path.chmod(0o666)
    answer = asked(A)
    assert isinstance(answer, Unknown)
    said = f"{path} is writable by others (mode 0666), no deliveries are kept: chmod go-w {path}"
    assert answer.why == f"the memory of deliveries cannot be read: {said}"
    assert deliver(home, A) == f"the delivery was not remembered: {said}"


def test_a_lock_that_stays_hinders_nobody_for_long(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMORY_LOCK_SECONDS", 0.01)
    deliver(home, A)
    other = sqlite3.connect(home / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = asked(A)
    assert isinstance(answer, Unknown)
    assert answer.why == f"the memory of deliveries cannot be read: {home / FILE}: database is locked"
    assert deliver(home, A) == f"the delivery was not remembered: {home / FILE}: database is locked"
    other.close()
    assert asked(A) is True


def test_a_lock_is_waited_for_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.MEMORY_LOCK_SECONDS <= 1
    monkeypatch.setattr(limits, "MEMORY_LOCK_SECONDS", 0.01)
    deliver(home, A)
    waits: list[float] = []
    real = memory.Store
    monkeypatch.setattr(memory, "Store", lambda path, **words: waits.append(words["seconds"]) or real(path, **words))
    other = sqlite3.connect(home / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert isinstance(asked(A), Unknown) and isinstance(asked(A, seconds=60), Unknown)
    assert deliver(home, A) != ""
    other.close()
    assert asked(A) is True
    assert asked(A) is True
    assert waits == [0.01, 0, 0, 0, 0.01], "and again once it was free"


def test_a_place_where_no_database_can_be_is_told(home: Path) -> None:
    (home / ".local").mkdir()
    (home / ".local/state").write_text("a file\n")
    assert deliver(home, A) == f"the delivery was not remembered: {home / FILE}: Not a directory"
    assert asked(A) is False


def test_a_directory_in_its_place_is_told(home: Path) -> None:
    os.makedirs(home / FILE)
    answer = asked(A)
    assert isinstance(answer, Unknown)
    said = f"{home / FILE} is not a file: no deliveries are kept"
    assert answer.why == f"the memory of deliveries cannot be read: {said}"


def test_a_database_of_another_version_is_left_alone(home: Path) -> None:
    deliver(home, A)
    with sqlite3.connect(home / FILE) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    before = (home / FILE).read_bytes()
    assert isinstance(asked(A), Unknown)
    assert "of another version" in deliver(home, A)
    assert (home / FILE).read_bytes() == before
