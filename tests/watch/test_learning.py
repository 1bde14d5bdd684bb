"""What somebody moves into the folder for spam, and out of it, teaches a real spamd, as it happens."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.watch.learning import SETTLE, Learning, Refused

from ..cli.test_learn import LETTERS, PRIZES, Spamd, bayes, message, started, verdict
from .watched import Watched, until

SPAM_RULE = 'rule "spam" { when subject contains "casino"; file into "spam" }\n'


@pytest.fixture(scope="module")
def spamd() -> Iterator[Spamd]:
    yield from started("--allow-tell")


def folder(watched: Watched, name: str) -> Path:
    path = watched.home / "Maildir" / name
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def lessons(watched: Watched) -> list[str]:
    return [line.partition("]: ")[2] for line in watched.log.splitlines() if "for it was moved" in line]


def test_what_is_moved_changes_the_verdicts(in_place: Watched, spamd: Spamd) -> None:
    in_place.rules(f'set spamd.address = "{spamd.address}"\n{SPAM_RULE}')
    spam, archive = folder(in_place, ".spam"), folder(in_place, ".Archive")
    for number in range(1, 6):
        (archive / f"cur/{number}.prize:2,S").write_bytes(message(number, PRIZES))
        (spam / f"cur/{number}.letter:2,S").write_bytes(message(number, LETTERS))
    in_place.start("--learn", "spam")
    for number in range(1, 6):
        (archive / f"cur/{number}.prize:2,S").rename(spam / f"cur/{number}.prize:2,S")
        (spam / f"cur/{number}.letter:2,S").rename(in_place.maildir / f"cur/{number}.letter:2,S")
    until(lambda: len(lessons(in_place)) == 10)
    assert in_place.stop() == 0
    assert sorted(lessons(in_place)) == sorted(
        [f"<prize.{number}@example.org>: learnt as spam, for it was moved" for number in range(1, 6)]
        + [f"<garden.{number}@example.org>: learnt as ham, for it was moved" for number in range(1, 6)]
    )
    said = [bayes(verdict(spamd.address, message(9, words))) for words in (PRIZES, LETTERS)]
    assert said[0] is not None and said[1] is not None and said[0] > 50 > said[1]


def test_what_is_filed_there_teaches_nothing(in_place: Watched, spamd: Spamd) -> None:
    in_place.rules(f'set spamd.address = "{spamd.address}"\n{SPAM_RULE}')
    spam, archive = folder(in_place, ".spam"), folder(in_place, ".Archive")
    (archive / "cur/1.moved:2,S").write_bytes(message(21, PRIZES))
    in_place.start("--learn", "spam")
    for number in range(22, 27):
        in_place.bring(message(number, "casino " + PRIZES))
    until(lambda: not in_place.left() and len(os.listdir(spam / "new")) == 5)
    (archive / "cur/1.moved:2,S").rename(spam / "cur/1.moved:2,S")
    until(lambda: lessons(in_place))
    assert in_place.stop() == 0
    assert lessons(in_place) == ["<prize.21@example.org>: learnt as spam, for it was moved"]


def test_while_spamd_is_away_lessons_wait_and_mail_is_filed(in_place: Watched) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    in_place.rules(f'set spamd.address = "{address}"\n{SPAM_RULE}')
    spam, archive = folder(in_place, ".spam"), folder(in_place, ".Archive")
    for number in (1, 2):
        (archive / f"cur/{number}.moved:2,S").write_bytes(message(number, PRIZES))
    in_place.start("--learn", "spam")
    for number in (1, 2):
        (archive / f"cur/{number}.moved:2,S").rename(spam / f"cur/{number}.moved:2,S")
    why = f"nothing is learnt from what was moved, for now: spamd at {address}: connection refused"
    until(lambda: why in in_place.log)
    in_place.bring(message(3, "casino night"))
    until(lambda: not in_place.left())
    assert in_place.stop(signal.SIGINT) == 0
    assert in_place.log.count(why) == 1
    assert lessons(in_place) == []


# ----------------------------------------------------------- without a process

SETTINGS: dict[str, object] = {"spam.source": "spamd", "maildir": "~/Maildir", "layout": "maildir++"}


def test_a_lesson_that_failed_is_tried_again_later_and_later(in_place: Watched) -> None:
    spam, archive = folder(in_place, ".spam"), folder(in_place, ".Archive")
    (archive / "cur/1.x").write_text("x")
    learning = Learning("spam", SETTINGS, str(in_place.home))
    learning.touch_all(0.0)
    learning.look(0.0, at_once=True)
    (archive / "cur/1.x").rename(spam / "cur/1.x")
    learning.touch(os.fsencode(spam), 1.0)
    learning.look(1.0)
    assert (learning.next(1.0), learning.due) == (None, 1.0 + SETTLE)
    learning.look(1.0 + SETTLE)
    lesson = (os.fsencode(spam), b"1.x", "spam")
    now, told = 2.0, []
    for _ in range(3):
        assert learning.next(now) == lesson
        told.append(learning.settle("failed", now))
        assert learning.next(now) is None
        now = learning.due
    assert told == [True, False, False], "said once"
    assert now == 2.0 + 7 * limits.WATCH_AGAIN_SECONDS
    assert learning.next(now) == lesson
    assert learning.settle("learnt", now) is False
    assert (learning.next(now), learning.due) == (None, float("inf"))


@pytest.mark.parametrize(
    ("name", "settings", "why"),
    [
        ("inbox", {}, "--learn takes the folder for spam, and the inbox is not that"),
        ("a//b", {}, "the folder 'a//b' has the component \"\""),
        ("spam", {"maildir": "Maildir"}, "`set maildir = 'Maildir'` with home '/home/ann' is no absolute path"),
        (
            "spam",
            {"spam.source": "rspamd"},
            "the rules say `set spam.source = rspamd`, which is taught by its own command: rspamc learn_spam FILE…",
        ),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(name: str, settings: dict[str, object], why: str) -> None:
    with pytest.raises(Refused) as refused:
        Learning(name, SETTINGS | settings, "/home/ann")
    assert str(refused.value) == why


def test_once_notices_no_moves(in_place: Watched) -> None:
    done = in_place.once("--learn", "spam")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "pyfilter watch: --learn notices what is moved while it watches, which --once does not\n"
        "Try `pyfilter watch --help`.\n"
    )
