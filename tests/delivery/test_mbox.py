"""mbox files and MH directories: locked, appended, and taken back."""

from __future__ import annotations

import errno
import mailbox
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pyfilter import deadline, limits
from pyfilter.delivery import maildir, mbox
from pyfilter.delivery.execute import execute
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED

from .box import RAW, Box, make_plan


def stored(path: Path) -> list[bytes]:
    """The messages as Python's own mailbox reads them."""
    return [message.as_bytes() for message in mailbox.mbox(str(path), create=False)]


def test_a_message_is_appended_under_its_sender(box: Box, message: Message) -> None:
    plan = make_plan(("file", "mbox:~/old/a.mbox", ""))
    plan.envelope = Envelope("olga@family.example", "me@x.example")
    for _ in range(2):
        assert execute(plan, message, str(box.home)).status is DELIVERED
    path = box.home / "old/a.mbox"
    first, *_ = path.read_bytes().split(b"\n")
    assert first.startswith(b"From olga@family.example ")
    time.strptime(first.split(b" ", 2)[2].decode(), "%a %b %d %H:%M:%S %Y")
    assert stored(path) == [RAW, RAW]
    assert len(path.read_bytes()) == 2 * len(first + b"\n" + RAW + b"\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(box.home / "old")) == ["a.mbox"]
    assert not box.path.exists()


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        (b"A: b\n\nFrom x\n>From y\n From z\n", b"A: b\n\n>From x\n>>From y\n From z\n\n"),
        (b"A: b\n\nno end", b"A: b\n\nno end\n\n"),
        (b"A: b\r\n\r\nFrom x\r\n", b"A: b\r\n\r\n>From x\r\n\n"),
    ],
)
def test_lines_that_would_begin_a_message_are_quoted(raw: bytes, written: bytes) -> None:
    assert mbox.quoted(raw) == written


@pytest.mark.parametrize("torn", [b"From a\nB: c\n\nhalf a li", b"From a\nB: c\n\nline\n"])
def test_a_message_never_becomes_part_of_a_torn_one(box: Box, message: Message, torn: bytes) -> None:
    path = box.home / "a.mbox"
    path.write_bytes(torn)
    execute(make_plan(("file", "mbox:~/a.mbox", "")), message, str(box.home))
    assert stored(path)[1:] == [RAW]
    assert path.read_bytes().startswith(torn)


@pytest.mark.parametrize("before", [None, b"From a\nB: c\n\nline\n\n"])
def test_what_was_appended_is_cut_off_when_a_later_copy_fails(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    path = box.home / "a.mbox"
    if before is not None:
        path.write_bytes(before)
    seen = []

    def failing(copy: maildir.Copy) -> None:
        seen.append(
            (RAW in path.read_bytes(), (box.home / "a.mbox.lock").exists(), sorted(os.listdir(box.home / "mh")))
        )
        raise OSError(errno.EIO, os.strerror(errno.EIO), b"/A")

    monkeypatch.setattr(maildir, "publish", failing)
    plan = make_plan(("copy", "mbox:~/a.mbox", ""), ("copy", "mh:~/mh", ""), ("file", "A", ""))
    assert execute(plan, message, str(box.home)).status is DEFERRED
    [(appended, locked, [_, number])] = seen
    assert (appended, locked, number) == (True, True, "1")
    assert path.exists() == (before is not None) and (before is None or path.read_bytes() == before)
    assert os.listdir(box.home / "mh") == []
    assert not (box.home / "a.mbox.lock").exists()
    assert (box.visible(), box.residue()) == ({}, [])


def test_a_lock_that_stays_puts_the_delivery_off(box: Box, message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MBOX_LOCK_SECONDS", 0)
    (box.home / "a.mbox.lock").touch()
    outcome = execute(make_plan(("file", "mbox:~/a.mbox", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail == f"{box.home}/a.mbox: another program has it locked for 0 s (EAGAIN)"
    assert (box.home / "a.mbox.lock").exists() and not (box.home / "a.mbox").exists()


def test_a_lock_left_over_from_a_crash_is_taken_away(box: Box, message: Message) -> None:
    lock = box.home / "a.mbox.lock"
    lock.touch()
    os.utime(lock, (time.time() - limits.MBOX_STALE_LOCK_SECONDS - 9,) * 2)
    assert execute(make_plan(("file", "mbox:~/a.mbox", "")), message, str(box.home)).status is DELIVERED
    assert not lock.exists()


def test_a_program_that_has_the_file_locked_by_fcntl_is_waited_for(box: Box, message: Message) -> None:
    path = box.home / "a.mbox"
    path.touch()
    script = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'a')\n"
        "fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "print(1, flush=True)\n"
        "sys.stdin.read()\n"
        "file.write('From me\\nA: b\\n\\n\\n')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        holder.stdout.readline()
        outcomes = []
        plan = make_plan(("file", "mbox:~/a.mbox", ""))
        thread = threading.Thread(target=lambda: outcomes.append(execute(plan, message, str(box.home))))
        thread.start()
        while not (box.home / "a.mbox.lock").exists():
            time.sleep(0.01)
        assert path.read_bytes() == b""
        holder.stdin.close()
        thread.join()
    assert outcomes[0].status is DELIVERED
    assert stored(path)[1:] == [RAW]


def test_many_writers_and_one_that_locks_as_mail_clients_do(box: Box, message: Message) -> None:
    """Python's mailbox locks with fcntl and FILE.lock, as mutt does."""
    path = box.home / "a.mbox"
    path.touch()
    script = (
        "import mailbox, sys\n"
        "for _ in range(20):\n"
        "    while True:\n"
        "        box = mailbox.mbox(sys.argv[1])\n"
        "        try:\n"
        "            box.lock()\n"
        "        except mailbox.ExternalClashError:\n"
        "            box.close(); continue\n"
        "        box.add(b'From: other\\n\\nbody\\n'); box.flush(); box.unlock(); box.close(); break\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)]) as other:
        plan = make_plan(("file", "mbox:~/a.mbox", ""))
        assert {execute(plan, message, str(box.home)).status for _ in range(20)} == {DELIVERED}
        assert other.wait() == 0
    found = stored(path)
    assert (found.count(RAW), len(found)) == (20, 40)


@pytest.mark.parametrize("kind", ["directory", "fifo"])
def test_what_is_no_file_is_refused_without_waiting(box: Box, message: Message, kind: str) -> None:
    path = box.home / "a.mbox"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    outcome = execute(make_plan(("file", "mbox:~/a.mbox", "")), message, str(box.home))
    assert outcome.status is DEFERRED and outcome.detail.startswith(f"{path}: ")
    assert os.listdir(box.home) == ["a.mbox"]


def test_mh_takes_the_next_number(box: Box, message: Message) -> None:
    plan = make_plan(("file", "mh:~/Mail/old", ""))
    assert execute(plan, message, str(box.home)).status is DELIVERED
    directory = box.home / "Mail/old"
    (directory / "41").write_bytes(b"")
    (directory / ".mh_sequences").write_text("unseen: 1\n")
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert sorted(os.listdir(directory)) == [".mh_sequences", "1", "41", "42"]
    assert (directory / "42").read_bytes() == (directory / "1").read_bytes() == RAW
    assert stat.S_IMODE((directory / "1").stat().st_mode) == 0o600
    assert (directory / ".mh_sequences").read_text() == "unseen: 1\n"


def test_mh_writers_never_overwrite_each_other(box: Box, message: Message) -> None:
    plan = make_plan(("file", "mh:~/Mail", ""))
    threads = [
        threading.Thread(target=lambda: [execute(plan, message, str(box.home)) for _ in range(10)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, os.listdir(box.home / "Mail"))) == list(range(1, 41))


def test_a_file_of_several_names_gets_no_mail(box: Box, message: Message) -> None:
    """In a directory of others it may be any file of the user's."""
    profile = box.home / ".profile"
    profile.write_text("alias x=y\n")
    os.link(profile, box.home / "box")
    outcome = execute(make_plan(("file", "mbox:~/box", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail.startswith(f"{box.home}/box: has several names (hard links): is it another file? (EPERM)")
    assert profile.read_text() == "alias x=y\n"
    assert sorted(os.listdir(box.home)) == [".profile", "box"]


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a link of another user's")
def test_a_link_of_another_user_is_not_followed(box: Box, message: Message) -> None:
    profile = box.home / ".profile"
    profile.write_text("alias x=y\n")
    (box.home / "box").symlink_to(profile)
    plan = make_plan(("file", "mbox:~/box", ""))
    os.chown(box.home / "box", 12345, 12345, follow_symlinks=False)
    assert execute(plan, message, str(box.home)).status is DEFERRED
    assert profile.read_text() == "alias x=y\n"
    os.chown(box.home / "box", 0, 0, follow_symlinks=False)
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert profile.read_text() != "alias x=y\n"


def test_a_lock_is_waited_for_no_longer_than_the_delivery_has(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "left", lambda: 0.2)
    (box.home / "box.lock").write_text("")
    outcome = execute(make_plan(("file", "mbox:~/box", "")), message, str(box.home))
    assert (outcome.status, outcome.detail.partition(" (")[0]) == (
        DEFERRED,
        f"{box.home}/box: another program has it locked for 0.2 s",
    )
