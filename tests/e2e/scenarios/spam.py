"""Spam through a real Postfix and a real spamd: asked once a delivery, and nothing is lost without it.

The rules are those of the first page's example.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ..account import Account, handed_over
from ..postfix import Postfix
from ..spamd import GTUBE, HAM_STATUS, SPAM_STATUS, Spamd, without_verdict

Make = Callable[..., Account]
SEED = Path(__file__).parents[3] / "examples/seed"
RULES = (SEED / ".pyfilterrc").read_text().replace("~/.maildir", "~/Maildir")

MESSAGE = """\
From: Lucky Draw <winner@prizes.example>
To: user@example.com
Subject: {subject}
Date: Mon, 23 Nov 2026 05:31:40 +0000
Message-ID: <{id}>
{more}
{text}
"""


def message(id: str, text: str, more: str = "") -> bytes:
    return MESSAGE.format(id=id, text=text, more=f"{more}\n" if more else "", subject="You have been chosen").encode()


def below_the_verdict(filed: bytes, status: bytes) -> bytes:
    """What stands below the lines of the verdict, in which there are no others of that name."""
    lines = re.match(status, filed)
    assert lines, filed[:400]
    came = filed[lines.end() :]
    assert without_verdict(came) == came, "a stranger's verdict was left"
    return came


def is_filed(filed: bytes, sent: bytes, status: bytes, *, queue_id: str, recipient: str) -> None:
    """What lies there is what came, with the lines of the verdict above it."""
    came = below_the_verdict(filed, status)
    assert handed_over(
        came, without_verdict(sent), queue_id=queue_id, recipient=recipient, sender="stranger@stranger.example"
    ), came


@pytest.mark.parametrize(
    ("text", "folder", "status"),
    [(GTUBE, "spam", SPAM_STATUS), ("Lunch on Sunday?", "INBOX", HAM_STATUS)],
    ids=["GTUBE", "ham"],
)
def test_the_verdict_decides_and_stands_above(
    postfix: Postfix, spamd: Spamd, account: Make, text: str, folder: str, status: bytes
) -> None:
    user = account(RULES)
    sent = message(f"1.{folder}@prizes.example", text)
    queue_id = postfix.send(sent, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    assert user.places() == {folder: 1}
    is_filed(user.only().data, sent, status, queue_id=queue_id, recipient=user.address)
    assert spamd.scanned(f"1.{folder}@prizes.example", 1) == [(user.name, "Y" if folder == "spam" else ".")]


def test_what_a_stranger_wrote_goes(postfix: Postfix, spamd: Spamd, account: Make) -> None:
    user = account(RULES)
    forged = (
        "X-Spam-Flag: NO\nX-Spam-Status: No, score=-100\n\trequired=5.0\nx-spam-LEVEL:\nX-Spam: yes\nX-Other: stays"
    )
    sent = message("forged@prizes.example", GTUBE, more=forged)
    queue_id = postfix.send(sent, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    assert user.places() == {"spam": 1}
    is_filed(user.only().data, sent, SPAM_STATUS, queue_id=queue_id, recipient=user.address)


def test_two_recipients_are_two_scans(postfix: Postfix, spamd: Spamd, account: Make) -> None:
    one, other = account(RULES), account(RULES)
    sent = message("two@prizes.example", GTUBE)
    queue_id = postfix.send(sent, [one.address, other.address])
    assert {postfix.delivery(queue_id).status for _ in range(2)} == {"sent"}
    for user in (one, other):
        assert user.places() == {"spam": 1}
        came = below_the_verdict(user.only().data, SPAM_STATUS)
        assert came.endswith(sent) and came.startswith(b"Return-Path: <stranger@stranger.example>\nX-Original-To: ")
    assert spamd.scanned("two@prizes.example", 2) == sorted([(one.name, "Y"), (other.name, "Y")])


def test_a_rule_that_takes_it_before_spares_the_scan(postfix: Postfix, spamd: Spamd, account: Make) -> None:
    user = account(RULES)
    sent = message("cron@prizes.example", GTUBE, more="X-Cron-Env: <SHELL=/bin/sh>")
    queue_id = postfix.send(sent, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    assert user.places() == {"Cron": 1}
    assert handed_over(
        user.only().data, sent, queue_id=queue_id, recipient=user.address, sender="stranger@stranger.example"
    )


def test_without_spamd_the_mail_is_filed_as_it_came(postfix: Postfix, spamd: Spamd, account: Make) -> None:
    user = account(RULES)
    sent = message("stopped@prizes.example", GTUBE, more="X-Spam-Flag: NO")
    spamd.stop()
    try:
        queue_id = postfix.send(sent, user.address)
        assert postfix.delivery(queue_id).status == "sent"
    finally:
        spamd.start()
    assert user.places() == {"INBOX": 1}
    assert handed_over(
        user.only().data, sent, queue_id=queue_id, recipient=user.address, sender="stranger@stranger.example"
    )
    log = (user.home / ".local/state/pyfilter/log").read_text()
    assert 'rule "spam" (~/.pyfilterrc:' in log and "could not be decided and was passed over" in log
    assert "; spamd at 127.0.0.1:783: connection refused" in log


def test_where_spamd_is_required_the_mail_waits_for_it(postfix: Postfix, spamd: Spamd, account: Make) -> None:
    user = account(RULES + "set spamd.required = yes\n")
    sent = message("required@prizes.example", GTUBE)
    spamd.stop()
    try:
        queue_id = postfix.send(sent, user.address)
        assert postfix.delivery(queue_id).verdict == ("deferred", "4.3.0", "delivery postponed")
        assert user.places() == {}
        assert (
            "deferred: spamd at 127.0.0.1:783: connection refused"
            in (user.home / ".local/state/pyfilter/log").read_text()
        )
    finally:
        spamd.start()
    assert postfix.retry(queue_id).status == "sent"
    assert user.places() == {"spam": 1}
    is_filed(user.only().data, sent, SPAM_STATUS, queue_id=queue_id, recipient=user.address)
