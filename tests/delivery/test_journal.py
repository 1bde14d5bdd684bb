"""The journal: a retry finds what was done, and nothing else does.

What holds wherever it lies runs over one file, and over Redis with a host for each attempt (``hosts``)."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.delivery.journal import Journal
from pyfilter.delivery.journal_file import JournalFile
from pyfilter.message.message import Message
from pyfilter.services import shared
from pyfilter.services.redis_journal import RedisJournal
from pyfilter.services.redis_server import RedisServer

RAW = b"Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0100\nSubject: x\n\ntext\n"
MAIL = Message.from_bytes(RAW)
FOLDER = b"/home/me/Maildir/.Cron"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".local" / "state" / "pyfilter").mkdir(parents=True, mode=0o700)
    return tmp_path


def journal(home: Path, message: Message = MAIL, recipient: str = "me@here.example") -> Journal:
    made = Journal(str(home), message, recipient)
    made.read()
    assert made.problem == ""
    return made


class Hosts:
    """Where attempts are made, one after the other: in one home, or each in that of another host, with one Redis."""

    def __init__(self, directory: Path, server: RedisServer | None) -> None:
        self._directory = directory
        self._server = server
        self._homes = [directory / "0"]

    def journal(self, message: Message = MAIL, recipient: str = "me@here.example") -> Journal:
        file: JournalFile | None = None
        if self._server is not None:
            self._homes.append(self._directory / str(len(self._homes)))
            file = RedisJournal(JournalFile(str(self._homes[-1])), self._server, str(self._directory))
        self._homes[-1].mkdir(mode=0o700, exist_ok=True)
        made = Journal(str(self._homes[-1]), message, recipient, file)
        made.read()
        assert made.problem == ""
        return made

    def written(self) -> bytes:
        """The files of all."""
        files = [path for home in self._homes for path in home.glob(".local/state/pyfilter/journal")]
        return b"".join(path.read_bytes() for path in files)


@pytest.fixture
def hosts(everywhere: str, tmp_path: Path) -> Hosts:
    directory = tmp_path / "hosts"
    directory.mkdir()
    return Hosts(directory, shared._server)


def written(home: Path) -> bytes:
    return (home / ".local/state/pyfilter/journal").read_bytes()


def copy_in(folder: Path, place: str, name: str) -> bytes:
    (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / place / name).write_bytes(RAW)
    return os.fsencode(folder)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("new", "1.M2P3Q0.host,S=9,W=10"),
        ("cur", "1.M2P3Q0.host,S=9,W=10:2,"),
        ("cur", "1.M2P3Q0.host,S=9,W=10:2,FS"),
    ],
)
def test_a_copy_that_lies_there_is_found_by_the_retry(hosts: Hosts, tmp_path: Path, place: str, name: str) -> None:
    folder = copy_in(tmp_path / "Maildir", place, name)
    first = hosts.journal()
    assert (first.lies(folder), first.filed()) == (False, [])
    first.intend([folder + b"/1.M2P3Q0.host,S=9,W=10"])
    again = hosts.journal()
    assert again.filed() == [folder]
    assert again.lies(folder)
    assert not again.lies(folder + b"/.Other")


def test_a_copy_that_was_moved_or_never_came_is_made_again(hosts: Hosts, tmp_path: Path) -> None:
    folder = copy_in(tmp_path / "Maildir", "new", "2.M2P3Q0.host,S=9,W=10")
    hosts.journal().intend([folder + b"/1.M2P3Q0.host,S=9,W=10"])
    assert not hosts.journal().lies(folder)


def test_an_attempt_is_whole_only_if_all_its_copies_lie_there(hosts: Hosts, tmp_path: Path) -> None:
    one = copy_in(tmp_path / "Maildir", "new", "1.M2P3Q0.host")
    two = copy_in(tmp_path / "Maildir/.Two", "cur", "other")
    paths = [one + b"/1.M2P3Q0.host", two + b"/1.M2P3Q1.host"]
    hosts.journal().intend(paths)
    assert hosts.journal().filed() == []
    assert (hosts.journal().lies(one), hosts.journal().lies(two)) == (True, False)
    copy_in(tmp_path / "Maildir/.Two", "cur", "1.M2P3Q1.host:2,S")
    assert hosts.journal().filed() == [one, two]


def test_places_outside_a_maildir_come_back(hosts: Hosts) -> None:
    hosts.journal().intend_place(b"/home/me/a b", 0)
    hosts.journal().intend_place(b"/home/me/a b", 4711)
    hosts.journal().intend_place(b"/home/me/mh", 3)
    assert hosts.journal().places(b"/home/me/a b") == [0, 4711]
    assert hosts.journal().places(b"/home/me/mh") == [3]
    assert hosts.journal(recipient="other@here.example").places(b"/home/me/mh") == []


def test_addresses_are_counted_over_all_messages(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time() - 3700
    monkeypatch.setattr(time, "time", lambda: before)
    hosts.journal().sent(b"forward\0r\0old@x.example")
    monkeypatch.undo()
    hosts.journal().sent(b"forward\0r\0ann@x.example\0bob@x.example")
    hosts.journal(Message.from_bytes(RAW + b".")).sent(b"copy-to\0r\0cid@x.example")
    hosts.journal().sent(b"pipe\0r\0archive")
    hosts.journal().told(b"notify\0r\0beep")
    assert hosts.journal().count_sent(3600, (b"forward\0", b"copy-to\0")) == 3


def test_only_the_same_message_to_the_same_recipient_is_a_retry(hosts: Hosts) -> None:
    hosts.journal().sent(b"rule\tann@there.example")
    assert hosts.journal().was_sent(b"rule\tann@there.example")
    assert not hosts.journal().was_sent(b"rule\tbob@there.example")
    what = b"rule\tann@there.example"
    assert not hosts.journal(recipient="other@here.example").was_sent(what)
    assert not hosts.journal(Message.from_bytes(RAW + b".")).was_sent(what)
    dated_anew = Message.from_bytes(b"From a@b Tue Nov 24 12:00:01 2026\n" + RAW)
    assert hosts.journal(dated_anew).was_sent(what)


def test_a_message_that_nobody_queued_is_never_a_retry(hosts: Hosts) -> None:
    unqueued = Message.from_bytes(b"Subject: x\n\ntext\n")
    hosts.journal(unqueued).intend([FOLDER + b"/1.M2P3Q0.host"])
    hosts.journal(unqueued).sent(b"one")
    assert not hosts.journal(unqueued).was_sent(b"one")
    assert b" I " not in hosts.written()


def test_a_record_is_one_line_whatever_stands_in_it(home: Path) -> None:
    strange = b"/home/m\xc3\xa9 \n%/.C\x00\xff/1.M2"
    journal(home).intend([strange, b"/b/2"])
    line = written(home)
    assert line.count(b"\n") == 1 and line.isascii()
    assert line.endswith(b" I /home/m%C3%A9%20%0A%25/.C%00%FF/1.M2 /b/2\n")
    journal(home).sent(strange)
    assert journal(home).was_sent(strange)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_come_back(everywhere: str, tmp_path_factory: pytest.TempPathFactory, what: bytes) -> None:
    hosts = Hosts(tmp_path_factory.mktemp("hosts"), shared._server)
    hosts.journal().sent(what)
    assert hosts.journal().was_sent(what)


@pytest.mark.parametrize("cut", [1, 10, 30, 60])
def test_a_torn_line_is_passed_over_and_spoils_no_other(home: Path, cut: int) -> None:
    journal(home).sent(b"one")
    path = home / ".local/state/pyfilter/journal"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.replace(b"one", b"two")[:-cut])
    again = journal(home)
    assert again.was_sent(b"one") and not again.was_sent(b"two")
    again.sent(b"three")
    assert journal(home).was_sent(b"three")


def test_garbage_is_passed_over(home: Path) -> None:
    journal(home).sent(b"one")
    path = home / ".local/state/pyfilter/journal"
    path.write_bytes(b"\0" * 4096 + b"\n" + path.read_bytes() + b"\xff\xfe no record\n")
    assert journal(home).was_sent(b"one")


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    os.umask(0o022)
    journal(tmp_path).sent(b"one")
    path = tmp_path / ".local/state/pyfilter/journal"
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent)] == [0o600, 0o700]


def test_an_old_journal_is_turned_and_still_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time() - limits.JOURNAL_SECONDS - 60
    monkeypatch.setattr(time, "time", lambda: before)
    journal(home).sent(b"old")
    monkeypatch.undo()
    assert journal(home).was_sent(b"old"), "found while it is turned"
    journal(home).sent(b"new")
    assert b"new" in written(home) and b"old" not in written(home)
    assert journal(home).was_sent(b"old") and journal(home).was_sent(b"new")


def test_a_large_journal_is_turned(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JOURNAL_BYTES", 200)
    for number in range(6):
        journal(home).sent(b"%d" % number)
    assert len(written(home)) < 400
    assert journal(home).was_sent(b"5")


def test_of_two_that_turn_it_at_once_one_does(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the second would put the new one in the place of what is still read."""
    monkeypatch.setattr(limits, "JOURNAL_BYTES", 50)
    journal(home).sent(b"old")
    directory = home / ".local/state/pyfilter"
    stat_of = os.stat

    def another_was_faster(path: bytes, **more: object) -> os.stat_result:
        if path == os.fsencode(directory / "journal"):
            os.rename(directory / "journal", directory / "journal.1")
            (directory / "journal").write_bytes(b"1 x S new\n")
        return stat_of(path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", another_was_faster)
    assert journal(home).was_sent(b"old")
    monkeypatch.undo()
    assert b"old" in (directory / "journal.1").read_bytes() and b"new" in written(home)


@pytest.mark.parametrize("kind", ["directory", "fifo", "link", "no directory", "of two names", "everybody's"])
def test_what_cannot_be_a_journal_fails_nobody(home: Path, kind: str) -> None:
    path = home / ".local/state/pyfilter/journal"
    match kind:
        case "directory":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "link":
            path.symlink_to(home / "elsewhere")
        case "of two names":
            path.write_text("")
            os.link(path, home / "other")
        case "everybody's":
            path.write_text("")
            path.chmod(0o666)
        case _:
            path.parent.rmdir()
            path.parent.write_text("")
    made = Journal(str(home), MAIL, "x")
    made.read()
    made.intend([FOLDER + b"/1.M2"])
    made.sent(b"one")
    assert made.problem.startswith(f"{path}: ")
    assert made.problem.endswith("; a retry may repeat what was done")
    assert not (home / "elsewhere").exists()
    assert not path.is_file() or path.read_bytes() == b""


def test_a_journal_without_bound_is_not_read(home: Path) -> None:
    path = home / ".local/state/pyfilter/journal"
    path.write_bytes(b"")
    os.truncate(path, 1 << 40)
    journal(home).sent(b"one")
    assert journal(home).was_sent(b"one")
    assert path.with_name("journal.1").stat().st_size == 1 << 40


def test_what_lies_in_a_file_until_it_is_delivered_is_known_by_it(home: Path) -> None:
    unqueued = Message.from_bytes(RAW.partition(b"\n")[2])

    def held(name: bytes) -> Journal:
        made = Journal(str(home), unqueued, "me@here.example", held=name)
        made.read()
        return made

    held(b"/in/1.host").sent(b"one")
    assert held(b"/in/1.host").was_sent(b"one")
    assert not held(b"/in/2.host").was_sent(b"one")
    assert not journal(home, unqueued).was_sent(b"one")
