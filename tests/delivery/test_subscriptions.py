"""A folder that was made is subscribed, as Dovecot reads it, and nothing of that costs a mail."""

from __future__ import annotations

import os
import stat
import time

import pytest

from pyfilter.delivery import subscriptions
from pyfilter.delivery.execute import execute
from pyfilter.message.message import Message
from pyfilter.status import DELIVERED

from .box import RAW, Box, make_plan

CASES = [
    # a new file is as Dovecot 2.3.19 makes it
    (None, ["Cron/DenyHosts", "Zprávy/ž"], b"V\t2\n\nCron\tDenyHosts\nZpr&AOE-vy\t&AX4-\n"),
    (b"V\t2\n\nSpam\n", ["Cron/DenyHosts"], b"V\t2\n\nSpam\nCron\tDenyHosts\n"),
    (b"V\t2\n\nCron\tDenyHosts\n", ["Cron/DenyHosts"], b"V\t2\n\nCron\tDenyHosts\n"),
    (b"Spam\n", ["Cron/DenyHosts"], b"Spam\nCron.DenyHosts\n"),
    (b"Cron.DenyHosts\n", ["Cron/DenyHosts", "Cron"], b"Cron.DenyHosts\nCron\n"),
    (b"Spam", ["Cron"], b"Spam\nCron\n"),
    (b"Cron", ["Cron"], b"Cron"),
    (b"", ["Cron"], b"Cron\n"),
    (b"\xff\0odd\n", ["Cron"], b"\xff\0odd\nCron\n"),
    (b"V\t2\n\n", ["A", "A"], b"V\t2\n\nA\n"),
]


@pytest.mark.parametrize(("before", "names", "after"), CASES)
def test_the_file_says_then(box: Box, before: bytes | None, names: list[str], after: bytes) -> None:
    box.make("")
    if before is not None:
        (box.path / "subscriptions").write_bytes(before)
    assert subscriptions.subscribe(os.fsencode(box.path), names, "maildir++") == []
    assert (box.path / "subscriptions").read_bytes() == after
    assert sorted(os.listdir(box.path)) == ["cur", "new", "subscriptions", "tmp"]
    assert box.residue() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b"V\t2\n\nCron\tDenyHosts\nlists\ta.b\n"),
        (b"Cron/DenyHosts\n", b"Cron/DenyHosts\nlists/a.b\n"),  # Dovecot 2.3.19 reads this, too
    ],
)
def test_the_separator_of_the_old_format_is_that_of_the_layout(box: Box, before: bytes | None, after: bytes) -> None:
    box.make("")
    if before is not None:
        (box.path / "subscriptions").write_bytes(before)
    assert subscriptions.subscribe(os.fsencode(box.path), ["Cron/DenyHosts", "lists/a.b"], "fs") == []
    assert (box.path / "subscriptions").read_bytes() == after


def test_only_a_folder_that_was_made_is_subscribed(box: Box, message: Message) -> None:
    box.make("", ".Old")
    execute(make_plan(("copy", "INBOX", ""), ("copy", "Old", ""), ("file", "New", "")), message, str(box.home))
    assert (box.path / "subscriptions").read_bytes() == b"V\t2\n\nNew\n"
    (box.path / "subscriptions").write_bytes(b"V\t2\n\n")  # the user does not want to see it
    execute(make_plan(("file", "New", "")), message, str(box.home))
    assert (box.path / "subscriptions").read_bytes() == b"V\t2\n\n"


def test_the_inbox_needs_no_subscription(box: Box, message: Message) -> None:
    execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    assert not (box.path / "subscriptions").exists()


def test_subscribe_no_leaves_the_file_alone(box: Box, message: Message) -> None:
    execute(make_plan(("file", "New", ""), subscribe=False), message, str(box.home))
    assert not (box.path / "subscriptions").exists()


def test_the_mode_of_the_file_stays(box: Box) -> None:
    box.make("")
    path = box.path / "subscriptions"
    path.write_bytes(b"Spam\n")
    path.chmod(0o640)
    before = os.umask(0o077)
    try:
        subscriptions.subscribe(os.fsencode(box.path), ["Cron"], "maildir++")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_lock_that_is_held_costs_the_subscription_and_says_so(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.make("")
    lock = box.path / "subscriptions.lock"
    lock.touch()
    waited: list[float] = []
    monkeypatch.setattr(subscriptions.time, "sleep", waited.append)
    outcome = execute(make_plan(("file", "Cron", "")), message, str(box.home))
    assert outcome.status is DELIVERED
    assert outcome.detail == f"not subscribed to Cron: {lock}: another program holds it"
    assert box.visible() == {".Cron": [RAW]}
    assert sum(waited) < 1
    assert lock.exists()


def test_a_lock_left_by_a_crash_is_broken(box: Box) -> None:
    box.make("")
    lock = box.path / "subscriptions.lock"
    lock.touch()
    then = time.time() - 61
    os.utime(lock, (then, then))
    assert subscriptions.subscribe(os.fsencode(box.path), ["Cron"], "maildir++") == []
    assert (box.path / "subscriptions").read_bytes() == b"V\t2\n\nCron\n"
    assert not lock.exists()


def test_what_is_no_list_of_folders_is_left_alone(box: Box) -> None:
    box.make("")
    path = box.path / "subscriptions"
    path.write_bytes(b"x" * (subscriptions.FILE_BYTES + 1))
    [said] = subscriptions.subscribe(os.fsencode(box.path), ["Cron"], "maildir++")
    assert said == f"not subscribed to Cron: {path}: is too large for a list of folders"
    assert path.stat().st_size == subscriptions.FILE_BYTES + 1
    assert not (box.path / "subscriptions.lock").exists()


def test_a_fifo_is_not_read_and_not_replaced(box: Box) -> None:
    box.make("")
    path = box.path / "subscriptions"
    os.mkfifo(path)
    assert subscriptions.subscribe(os.fsencode(box.path), ["Cron"], "maildir++") == [
        f"not subscribed to Cron: {path}: is not a file"
    ]
    assert path.is_fifo()
    assert not (box.path / "subscriptions.lock").exists()
