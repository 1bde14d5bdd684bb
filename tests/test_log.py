"""The log: one line a delivery, harmless, and never in the way."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter import limits, log

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} pyfilter\[\d+\]: (.*)\n")


@pytest.fixture(autouse=True)
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the system log would listen; nobody does unless the test says so."""
    path = tmp_path / "device"
    monkeypatch.setattr(log, "_DEVICE", str(path))
    return path


@pytest.fixture
def daemon(device: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(device))
        listening.settimeout(5)
        yield listening


def lines(path: Path) -> list[str]:
    return LINE.findall(path.read_text("utf-8"))


def test_syslog_where_it_listens(tmp_path: Path, daemon: socket.socket) -> None:
    log.write("<1@x> from ž: kept INBOX", str(tmp_path))
    record = daemon.recv(4096).decode()
    assert re.fullmatch(
        r"<22>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d pyfilter\[\d+\]: <1@x> from ž: kept INBOX", record
    ), record
    assert not (tmp_path / ".local").exists()


def test_the_file_where_there_is_no_syslog(tmp_path: Path) -> None:
    log.write("one", str(tmp_path))
    log.write("two", str(tmp_path))
    assert lines(tmp_path / log.DEFAULT) == ["one", "two"]


@pytest.mark.parametrize("place", ["~/log", "{home}/log"])
def test_a_setting_goes_before_syslog(tmp_path: Path, daemon: socket.socket, place: str) -> None:
    log.write("one", str(tmp_path), place.format(home=tmp_path))
    assert lines(tmp_path / "log") == ["one"]
    daemon.setblocking(False)
    with pytest.raises(BlockingIOError):
        daemon.recv(10)


def test_a_daemon_that_is_dead_or_stands_still_holds_nothing_up(tmp_path: Path, daemon: socket.socket) -> None:
    """Its queue is full after some datagrams; the lines go to the file then."""
    for number in range(2000):
        log.write(f"line {number}", str(tmp_path))
        if (tmp_path / log.DEFAULT).exists():
            break
    assert lines(tmp_path / log.DEFAULT) == [f"line {number}"]
    daemon.close()
    log.write("and dead", str(tmp_path))
    assert lines(tmp_path / log.DEFAULT)[-1] == "and dead"


def test_without_a_home_only_syslog_hears_it(tmp_path: Path, daemon: socket.socket) -> None:
    log.write("home is not ours", "")
    assert daemon.recv(4096).endswith(b": home is not ours")
    daemon.close()
    log.write("nobody hears this", "")
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Novák ž 漢字", "Novák ž 漢字"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x00\x1b[31m\x7f\x85\x9b", "\\x00\\x1b[31m\\x7f\\x85\\x9b"),
        ("right\u202eleft\u2028\u2029\u200f", "right\\u202eleft\\u2028\\u2029\\u200f"),
        ("half \ud800", "half \\ud800"),
        ("a\\nb", "a\\nb"),
    ],
)
def test_nothing_can_start_a_line_or_turn_it(text: str, shown: str) -> None:
    assert log.escaped(text) == shown


def test_a_line_is_no_longer_than_the_limit(tmp_path: Path) -> None:
    log.write("\n" * 5000, str(tmp_path))
    (line,) = lines(tmp_path / log.DEFAULT)
    assert line == "\\n" * (limits.LOG_CHARACTERS // 2)


@pytest.mark.parametrize("kind", ["directory", "fifo", "full", "below a file", "null byte", "relative"])
def test_a_log_that_cannot_be_written_is_passed_over(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "log"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "below a file":
        path.write_text("")
    places = {"full": "/dev/full", "below a file": f"{path}/log", "null byte": "/a\0b", "relative": "no/such/place"}
    log.write("text", str(tmp_path), places.get(kind, str(path)))
    assert not [found for found in tmp_path.rglob("*") if found.is_file() and found.stat().st_size]


def test_a_fifo_that_is_full_does_not_hold_the_delivery_up(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for number in range(1000):
            log.write(f"{number} " + "x" * 200, str(tmp_path), str(fifo))
        assert 0 < len(os.read(reader, 1 << 20)) < 1000 * 200
    finally:
        os.close(reader)


def test_what_is_written_only_its_owner_reads(tmp_path: Path) -> None:
    log.write("one", str(tmp_path))
    path = tmp_path / log.DEFAULT
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
