"""One notice a day, however many deliveries run at once, are killed, or find a clock set back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pyfilter
from pyfilter import limits
from pyfilter.delivery import notice as module
from pyfilter.delivery.notice import compose, notice
from pyfilter.engine.plan import Plan
from pyfilter.language.compiling import compile_sources
from pyfilter.message.message import Message

PROBLEM = "~/.pyfilterrc:1:1: error[E101]: x"


def plan() -> Plan:
    return Plan(compile_sources([]).settings)


def told(home: Path) -> str:
    return notice(PROBLEM, "leave it out", "mail is kept in the inbox", plan(), str(home))


def notices(home: Path) -> int:
    return len(list(home.glob("Maildir/new/*")))


def state(home: Path) -> Path:
    return home / module.DIRECTORY / module.NAME


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    return made


def test_the_second_comes_a_day_later(home: Path) -> None:
    assert [told(home), told(home)] == ["", ""]
    assert notices(home) == 1
    before = time.time() - limits.NOTICE_SECONDS
    os.utime(state(home), (before + 60, before + 60))
    assert (told(home), notices(home)) == ("", 1)
    os.utime(state(home), (before - 1, before - 1))
    assert (told(home), notices(home)) == ("", 2)
    assert (told(home), notices(home)) == ("", 2)


def test_a_clock_that_was_set_back_brings_none_and_begins_a_day(home: Path) -> None:
    told(home)
    future = time.time() + 10 * limits.NOTICE_SECONDS
    os.utime(state(home), (future, future))
    assert (told(home), notices(home)) == ("", 1)
    assert state(home).stat().st_mtime <= time.time() + 1


def test_of_many_at_once_one_sends(home: Path) -> None:
    script = (
        f"import sys; sys.path[:0] = {[str(Path(pyfilter.__file__).parent.parent), *sys.path]!r}\n"
        "from pyfilter.delivery.notice import _is_time\n"
        "sys.stdin.read()\n"
        f"print(sum(_is_time({str(home)!r}, {time.time()!r}) for _ in range(50)))"
    )
    for _ in range(2):  # with no file, and with one that is old
        running = [
            subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        for one in running:
            assert one.stdin is not None
            one.stdin.close()
        assert sum(int(one.stdout.read()) for one in running if one.stdout is not None) == 1
        for one in running:
            assert one.wait() == 0
            assert one.stdout is not None
            one.stdout.close()
        os.utime(state(home), (1, 1))


def test_a_delivery_that_is_killed_before_it_is_filed_costs_a_day(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> bytes:
        raise SystemExit

    with monkeypatch.context() as changed:
        changed.setattr(module, "compose", killed)
        with pytest.raises(SystemExit):
            told(home)
    assert (told(home), notices(home)) == ("", 0)


def test_where_the_time_cannot_be_written_none_comes(home: Path) -> None:
    (home / ".local").write_text("no directory")
    assert told(home).startswith("no notice of the errors in the rules: ")
    assert notices(home) == 0


@pytest.mark.parametrize("trouble", ["a link", "writable by others", "a FIFO"])
def test_a_file_of_somebody_else_brings_none(home: Path, trouble: str) -> None:
    told(home)
    path = state(home)
    os.utime(path, (1, 1))
    if trouble == "writable by others":
        path.chmod(0o666)
    else:
        path.unlink()
        os.mkfifo(path) if trouble == "a FIFO" else path.symlink_to("/etc/passwd")
    assert told(home).startswith("no notice of the errors in the rules: ")
    assert notices(home) == 1


def test_an_inbox_that_cannot_be_written_is_told(home: Path) -> None:
    (home / "Maildir").write_text("no directory")
    assert told(home).startswith("no notice of the errors in the rules: ")


@pytest.mark.parametrize("recipient", ["", "a b@x", "x@y>\nBcc: all@x", "ž@x"])
def test_it_is_mail_whatever_the_recipient_and_the_problem(recipient: str) -> None:
    made = compose("é\x1b\nBcc: all@x", "", "mail waits", recipient, 0)
    message = Message.from_bytes(made)
    assert list(message.values("subject")) == ["Your mail rules have errors"]
    assert not message.raw_values("bcc")
    assert made.partition(b"\n\n")[0].isascii()
    assert message.raw_values("to")[0].strip().startswith(b"<pyfilter@")
