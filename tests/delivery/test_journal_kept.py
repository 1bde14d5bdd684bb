"""The journal of a process that stays: it says what one that is read anew says, whatever others do with the file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.delivery.journal import Journal
from pyfilter.delivery.journal_file import JournalFile
from pyfilter.delivery.journal_kept import KeptJournal
from pyfilter.message.message import Message

MAIL = [Message(b"Received: by y\nSubject: %d\n\nhello\n" % number) for number in range(4)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def kept(home: Path) -> Iterator[KeptJournal]:
    journal = KeptJournal(str(home))
    before = len(os.listdir("/proc/self/fd"))
    yield journal
    journal.close()
    assert len(os.listdir("/proc/self/fd")) <= before, "a descriptor stays open"


def opened(home: Path, number: int, file: JournalFile | None = None) -> Journal:
    journal = Journal(str(home), MAIL[number], "me@here.example", file)
    journal.read()
    return journal


def place(home: Path) -> Path:
    return home / ".local/state/pyfilter/journal"


def test_what_it_wrote_and_what_another_wrote(home: Path, kept: KeptJournal) -> None:
    opened(home, 0, kept).sent(b"first")
    assert opened(home, 0, kept).was_sent(b"first")
    opened(home, 1).sent(b"of another process")
    assert opened(home, 1, kept).was_sent(b"of another process")
    assert not opened(home, 2, kept).was_sent(b"first")
    assert opened(home, 0).was_sent(b"first")


def test_several_records_of_one_message(home: Path, kept: KeptJournal) -> None:
    for number in range(4):
        opened(home, 0, kept).intend_place(b"/m/box", number)
        opened(home, 1).intend_place(b"/m/box", 10 + number)
    assert opened(home, 0, kept).places(b"/m/box") == [0, 1, 2, 3]
    assert opened(home, 1, kept).places(b"/m/box") == [10, 11, 12, 13]


def test_one_that_another_turned(home: Path, kept: KeptJournal) -> None:
    opened(home, 0, kept).sent(b"old")
    assert opened(home, 0, kept).was_sent(b"old")
    place(home).rename(place(home).with_name("journal.1"))
    assert opened(home, 0, kept).was_sent(b"old")
    opened(home, 0, kept).sent(b"new")
    assert opened(home, 0).was_sent(b"old") and opened(home, 0).was_sent(b"new")
    assert opened(home, 0, kept).was_sent(b"old") and opened(home, 0, kept).was_sent(b"new")


def test_one_that_was_taken_away(home: Path, kept: KeptJournal) -> None:
    opened(home, 0, kept).sent(b"old")
    assert opened(home, 0, kept).was_sent(b"old")
    place(home).unlink()
    assert not opened(home, 0, kept).was_sent(b"old")
    opened(home, 0, kept).sent(b"new")
    assert opened(home, 0).was_sent(b"new")


def test_one_that_is_full_is_turned(home: Path, kept: KeptJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JOURNAL_BYTES", 400)
    for number in range(20):
        opened(home, number % 4, kept).sent(b"%d" % number)
    assert place(home).stat().st_size < 600
    assert place(home).with_name("journal.1").exists()
    assert opened(home, 19 % 4, kept).was_sent(b"19")


def test_an_old_one_is_turned(home: Path, kept: KeptJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time() - limits.JOURNAL_SECONDS - 60
    with monkeypatch.context() as then:
        then.setattr(time, "time", lambda: before)
        opened(home, 0, kept).sent(b"old")
    assert opened(home, 0, kept).was_sent(b"old")
    assert opened(home, 0, kept).was_sent(b"old"), "found in the older one"
    assert not place(home).exists()


def test_a_torn_line_is_passed_over(home: Path, kept: KeptJournal) -> None:
    opened(home, 0, kept).sent(b"one")
    with place(home).open("ab") as file:
        file.write(b"1795544729 torn")
    opened(home, 0, kept).sent(b"two")
    for file in (kept, None):
        assert opened(home, 0, file).was_sent(b"one") and opened(home, 0, file).was_sent(b"two")


def test_one_that_others_can_write_is_not_believed(home: Path, kept: KeptJournal) -> None:
    opened(home, 0).sent(b"one")
    place(home).chmod(0o666)
    journal = opened(home, 0, kept)
    assert not journal.was_sent(b"one")
    assert "a retry may repeat what was done" in journal.problem


def test_a_held_one_is_closed(home: Path, kept: KeptJournal) -> None:
    for number in range(50):
        journal = opened(home, number % 4, kept)
        journal.hold()
        journal.sent(b"%d" % number)
        journal.release()
        if number % 10 == 0:
            place(home).unlink()


LINES = st.lists(
    st.one_of(
        st.tuples(st.just("sent"), st.integers(0, 3), st.binary(min_size=1, max_size=12)),
        st.tuples(st.just("written"), st.just(0), st.binary(max_size=40)),
        st.tuples(st.sampled_from(["turned", "removed"]), st.just(0), st.just(b"")),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_it_agrees_with_one_that_is_read_anew(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, int, bytes]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o700)
    opened(home, 0).sent(b"so that there is one")
    kept = KeptJournal(str(home))
    try:
        for kind, number, data in lines:
            if kind == "sent":
                opened(home, number, kept).sent(data)
            elif kind == "written":
                with place(home).open("ab") as file:
                    file.write(data)
            elif place(home).exists():
                place(home).rename(place(home).with_name("journal.1")) if kind == "turned" else place(home).unlink()
            for one in range(4):
                key = opened(home, one)._key
                assert kept.lines(key) == JournalFile(str(home)).lines(key)
    finally:
        kept.close()
