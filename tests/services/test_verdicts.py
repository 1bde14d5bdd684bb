"""Verdicts are kept for the same question alone, for a month, and whatever is wrong with their file costs a scan."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pyfilter
from pyfilter import limits
from pyfilter.message.envelope import Envelope
from pyfilter.message.verdict import Verdict
from pyfilter.services import verdicts
from pyfilter.services.verdicts import FILE, Verdicts

SETTINGS: dict[str, object] = {
    "spamd.address": "127.0.0.1:783",
    "spamd.user": None,
    "rspamd.address": "127.0.0.1:11333",
}
SPAM = Verdict("spamd", True, 7.6, 5.0, ("BAYES_99", "HTML_MESSAGE"))
RAW = b"Subject: hello\n\nbody\n"
NOBODY = Envelope()


def kept(home: Path, *, raw: bytes = RAW, kind: str = "spamd", envelope: Envelope = NOBODY, **settings: object) -> Any:
    """What a new process would find, as data; None if nothing."""
    more = {name.replace("_", "."): value for name, value in settings.items()}
    with Verdicts(str(home)) as cache:
        found = cache.find(kind, raw, envelope, {**SETTINGS, **more})
        assert cache.problem == ""
    return None if found is None else found.as_data()


def keep(home: Path, verdict: Verdict = SPAM, *, raw: bytes = RAW, envelope: Envelope = NOBODY) -> None:
    with Verdicts(str(home)) as cache:
        cache.keep(verdict.scanner, raw, envelope, SETTINGS, verdict)
        assert cache.problem == ""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE


# ------------------------------------------------------------ what is found


@pytest.mark.parametrize(
    "verdict",
    [
        SPAM,
        Verdict("spamd", False, -0.1, None, ()),
        Verdict("rspamd", True, 1e300, 6.0, ('A,"B"', "é\udcff")),
    ],
)
def test_a_verdict_is_found_as_it_was_kept(tmp_path: Path, verdict: Verdict) -> None:
    keep(tmp_path, verdict)
    assert kept(tmp_path, kind=verdict.scanner) == verdict.as_data()


def test_nothing_is_found_where_nothing_was_kept(tmp_path: Path) -> None:
    assert kept(tmp_path) is None


def test_another_message_another_place_or_another_user_is_another_question(tmp_path: Path) -> None:
    keep(tmp_path)
    assert kept(tmp_path) is not None
    assert kept(tmp_path, raw=RAW + b"\n") is None
    assert kept(tmp_path, kind="rspamd") is None
    assert kept(tmp_path, spamd_address="127.0.0.1:784") is None
    assert kept(tmp_path, spamd_user="ann") is None


def test_rspamd_judges_the_envelope_too_and_spamd_does_not(tmp_path: Path) -> None:
    ann = Envelope(sender="ann@x.example", recipient="me@y.example")
    for scanner in ("spamd", "rspamd"):
        keep(tmp_path, Verdict(scanner, True, 7.6), envelope=ann)
    assert kept(tmp_path) is not None
    assert kept(tmp_path, kind="rspamd", envelope=ann) is not None
    assert kept(tmp_path, kind="rspamd") is None
    assert kept(tmp_path, kind="rspamd", envelope=Envelope(sender="bob@x.example", recipient="me@y.example")) is None
    odd = Envelope(sender="\udcff@x.example")
    keep(tmp_path, Verdict("rspamd", False, 0.0), envelope=odd)
    assert kept(tmp_path, kind="rspamd", envelope=odd)["spam"] is False


def test_the_last_verdict_counts(tmp_path: Path) -> None:
    keep(tmp_path)
    keep(tmp_path, Verdict("spamd", False, 1.0))
    assert kept(tmp_path)["score"] == 1.0


def test_a_message_that_was_not_looked_at_is_not_remembered(tmp_path: Path) -> None:
    keep(tmp_path, Verdict("spamd", False, 0.0, skipped="larger than spamd.max-size"))
    assert kept(tmp_path) is None


def test_a_message_that_is_forgotten_is_so_for_every_scanner_and_alone(tmp_path: Path) -> None:
    keep(tmp_path)
    keep(tmp_path, Verdict("rspamd", True, 7.6))
    keep(tmp_path, raw=b"another")
    with Verdicts(str(tmp_path)) as cache:
        cache.forget(RAW)
    assert (kept(tmp_path), kept(tmp_path, kind="rspamd")) == (None, None)
    assert kept(tmp_path, raw=b"another") is not None


@pytest.mark.parametrize(
    ("seconds", "found"),
    [(0, True), (limits.VERDICT_SECONDS, True), (limits.VERDICT_SECONDS + 1, False), (-1, False)],
)
def test_a_verdict_lasts_a_month(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, found: bool
) -> None:
    monkeypatch.setattr(verdicts.time, "time", lambda: 1_800_000_000.9)
    keep(tmp_path)
    with Verdicts(str(tmp_path)) as cache:  # one that was opened before the verdict got old
        monkeypatch.setattr(verdicts.time, "time", lambda: 1_800_000_000.9 + seconds)
        assert (cache.find("spamd", RAW, NOBODY, SETTINGS) is not None) == found
    assert (kept(tmp_path) is not None) == found
    with sqlite3.connect(file) as database:  # and what is old is taken out
        assert database.execute("SELECT count(*) FROM verdict").fetchone() == (int(found or seconds < 0),)


# -------------------------------------------------------------- the file


def test_file_and_directory_are_the_users_alone(tmp_path: Path, file: Path) -> None:
    before = os.umask(0)
    try:
        keep(tmp_path)
    finally:
        os.umask(before)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert os.listdir(file.parent) == ["verdicts.sqlite"]


def test_no_text_of_a_message_is_kept(tmp_path: Path, file: Path) -> None:
    keep(tmp_path, raw=b"Subject: a secret\n\nthe password\n")
    data = file.read_bytes()
    assert b"secret" not in data and b"password" not in data
    assert b"BAYES_99" in data


def useless(home: Path) -> str:
    """The problem of a cache that finds and keeps nothing, and does no harm."""
    with Verdicts(str(home)) as cache:
        cache.keep("spamd", RAW, NOBODY, SETTINGS, SPAM)
        assert cache.find("spamd", RAW, NOBODY, SETTINGS) is None
        cache.forget(RAW)
    return cache.problem


def page_of_zeros(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    file.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"not a database\n" * 1000),
        lambda file: file.write_bytes(file.read_bytes()[:100]),
        page_of_zeros,
    ],
    ids=["another file", "cut short", "a page of zeros"],
)
def test_a_damaged_file_is_told_of_and_not_used(tmp_path: Path, file: Path, damage: Any) -> None:
    keep(tmp_path)
    damage(file)
    before = file.read_bytes()
    assert useless(tmp_path) == f"{file} is damaged, no verdicts are kept: remove it"
    assert file.read_bytes() == before
    file.unlink()
    keep(tmp_path)
    assert kept(tmp_path) is not None


def test_an_empty_file_becomes_a_database(tmp_path: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, mode=0o700)
    file.touch(0o600)
    keep(tmp_path)
    assert kept(tmp_path) is not None


def test_the_table_of_another_version_is_left_alone(tmp_path: Path, file: Path) -> None:
    keep(tmp_path)
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    assert useless(tmp_path) == f"{file} is of another version of pyfilter, no verdicts are kept: remove it"
    assert file.read_bytes() == before


def test_a_table_that_is_missing_is_damage(tmp_path: Path, file: Path) -> None:
    keep(tmp_path)
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE verdict")
    assert useless(tmp_path) == f"{file} is damaged, no verdicts are kept: remove it"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("scanner", b"\xff"),
        ("spam", 2),
        ("spam", "yes"),
        ("score", "high"),
        ("score", float("inf")),
        ("threshold", "low"),
        ("tests", "[" * 100_000),
        ("tests", "{}"),
        ("tests", "[1]"),
        ("tests", b"[]"),
        ("time", "never"),
    ],
)
def test_a_row_of_wrong_types_is_no_verdict(tmp_path: Path, file: Path, column: str, value: object) -> None:
    keep(tmp_path)
    with sqlite3.connect(file) as database:
        database.execute(f"UPDATE verdict SET {column} = ?", (value,))
    with Verdicts(str(tmp_path)) as cache:
        assert cache.find("spamd", RAW, NOBODY, SETTINGS) is None


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_not_believed(tmp_path: Path, file: Path, mode: int) -> None:
    keep(tmp_path)
    file.chmod(mode)
    assert useless(tmp_path) == (
        f"{file} is writable by others (mode {mode:04o}), no verdicts are kept: chmod go-w {file}"
    )


def test_a_directory_that_others_can_write_is_not_believed(tmp_path: Path, file: Path) -> None:
    keep(tmp_path)
    file.parent.chmod(0o770)
    assert useless(tmp_path) == (
        f"{file.parent} is writable by others (mode 0770), no verdicts are kept: chmod go-w {file.parent}"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="a file is given away: this needs root")
def test_what_belongs_to_somebody_else_is_not_believed(tmp_path: Path, file: Path) -> None:
    keep(tmp_path)
    os.chown(file, 65534, -1)
    assert useless(tmp_path) == f"{file} belongs to uid 65534: no verdicts are kept"
    os.chown(file.parent, 65534, -1)
    assert useless(tmp_path) == f"{file.parent} belongs to uid 65534: no verdicts are kept"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/passwd", path)])
def test_what_is_no_file_is_not_opened(tmp_path: Path, file: Path, make: Any) -> None:
    file.parent.mkdir(parents=True, mode=0o700)
    make(file)
    assert useless(tmp_path) == f"{file} is not a file: no verdicts are kept"


def test_a_file_in_the_place_of_the_directory_is_nobodys_problem(tmp_path: Path) -> None:
    (tmp_path / ".cache").touch()
    assert useless(tmp_path) == ""


# the super-user may write whatever its mode says: these run as somebody else, as a process of its own
READ_ONLY = """\
import os, sys
sys.path[:0] = sys.argv[2:]
from pyfilter.message.envelope import Envelope
from pyfilter.message.verdict import Verdict
from pyfilter.services.verdicts import Verdicts
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
settings = {"spamd.address": "127.0.0.1:783", "spamd.user": "ann"}
home, raw, spam = sys.argv[1], b"Subject: hello", Verdict("spamd", True, 7.6)
def found():
    with Verdicts(home) as cache:
        cache.keep("spamd", b"another", Envelope(), settings, spam)
        pair = [cache.find("spamd", text, Envelope(), settings) is not None for text in (raw, b"another")]
        print(*pair, repr(cache.problem))
os.makedirs(home)
os.chmod(home, 0o500)
found()
os.chmod(home, 0o700)
with Verdicts(home) as cache:
    cache.keep("spamd", raw, Envelope(), settings, spam)
os.chmod(home + "/.cache/pyfilter/verdicts.sqlite", 0o400)
os.chmod(home + "/.cache/pyfilter", 0o500)
found()
"""


def test_what_cannot_be_written_is_not_kept_and_what_is_there_is_found(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    site = [str(Path(pyfilter.__file__).parent.parent)]
    done = subprocess.run(
        [sys.executable, "-B", "-c", READ_ONLY, str(tmp_path / "home"), *site],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False False ''\nTrue False ''\n"


def test_a_file_that_stays_locked_is_waited_for_once(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "VERDICT_LOCK_SECONDS", 0.01)
    keep(tmp_path)
    with Verdicts(str(tmp_path)) as cache, sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert cache.find("spamd", RAW, NOBODY, SETTINGS) is None
        other.execute("COMMIT")
        assert cache.find("spamd", RAW, NOBODY, SETTINGS) is None
        assert cache.problem == ""
        other.execute("BEGIN IMMEDIATE")  # others may read
        assert kept(tmp_path) is not None


def test_a_full_disk_is_nobodys_problem(tmp_path: Path, file: Path) -> None:
    keep(tmp_path)
    with Verdicts(str(tmp_path)) as cache:
        assert cache._database is not None
        cache._database.execute("PRAGMA max_page_count = 2")
        for number in range(1000):
            cache.keep("spamd", b"%d" % number, NOBODY, SETTINGS, SPAM)
        assert cache.find("spamd", b"999", NOBODY, SETTINGS) is None
        assert cache.find("spamd", RAW, NOBODY, SETTINGS) is not None
        assert cache.problem == ""


def test_a_process_that_waits_takes_out_nothing_that_was_kept_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path)
    monkeypatch.setattr(verdicts.time, "time", lambda: 1.0)  # it looked at the clock, then waited for the lock
    assert kept(tmp_path) is None
    monkeypatch.undo()
    assert kept(tmp_path) is not None


MANY = """\
import sys
sys.path[:0] = sys.argv[3:]
from pyfilter import limits
from pyfilter.message.envelope import Envelope
from pyfilter.message.verdict import Verdict
from pyfilter.services.verdicts import Verdicts
limits.VERDICT_LOCK_SECONDS = 60  # however slow the disk is
settings = {"spamd.address": "127.0.0.1:783", "spamd.user": None}
for number in range(100):
    with Verdicts(sys.argv[1]) as cache:
        raw = b"%s %d" % (sys.argv[2].encode(), number)
        cache.keep("spamd", raw, Envelope(), settings, Verdict("spamd", True, float(number)))
        found = cache.find("spamd", raw, Envelope(), settings)
        assert cache.problem == "", cache.problem
        assert found is not None and found.score == number
"""


def test_several_processes_at_once_find_what_each_has_kept(tmp_path: Path) -> None:
    site = str(Path(pyfilter.__file__).parent.parent)
    running = [
        subprocess.Popen([sys.executable, "-B", "-c", MANY, str(tmp_path), str(name), site]) for name in range(4)
    ]
    assert [process.wait(120) for process in running] == [0] * 4
    for name in range(4):
        for number in range(100):
            found = kept(tmp_path, raw=b"%d %d" % (name, number))
            assert found is not None and found["score"] == number
