"""Odd, large and hostile mail: what Postfix hands over is what is filed, and no address names a path.

What Postfix hands over is caught by tee(1) in front of the agent, so that the two can be compared to the byte
whatever Postfix makes of the message.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..account import Account
from ..postfix import Postfix

Make = Callable[..., Account]
RULES = """\
rule "virus" { when subject is "virus"; file into "Quarantine" }
rule "plus" { when recipient.extension matches "{box}"; file into "plus/{box}" }
"""

MESSAGES = {
    "empty": b"",
    "only a header": b"Subject: nothing else\n",
    "only a body": b"\nno header at all\n",
    "no colon in the header": b"Subject: x\nthis line has none\nX-Other: y\n\nbody\n",
    "eight bit everywhere": b"Subject: \xe1\xe9\xff\xfe \xc3\x28\nX-\xff: \x80\n\n" + bytes(range(1, 256)) * 3 + b"\n",
    "NUL": b"Subject: a\0b\n\nbody\0with\0\0NUL\n",
    "bare CR": b"Subject: one\rX-Injected: two\n\nthree\rfour\r\n\r\n",
    "lines of dots": b"Subject: dots\n\n.\n..\n...\n.x\n",
    "From lines": b"Subject: from\n\nFrom me\n>From quoted\n\nFrom nobody Tue Nov 24 08:00:00 2026\nSubject: x\n\ny\n",
    "a header of 900 lines": b"".join(b"X-Line-%d: value\n" % number for number in range(900)) + b"\nbody\n",
    "a header line of 90,000": b"Subject: " + b"long " * 18_000 + b"\n\nbody\n",
    "a body line of 1 MB": b"Subject: long\n\n" + b"x" * 1_000_000 + b"\nend\n",
    "3 MB": b"Subject: large\n\n" + b"a line of some length, many times over\n" * 80_000,
    "a problem that is not ours": b"X-Pyfilter-Problem: a stranger wrote this\nSubject: x\n\nx\n",
    "a spoofed recipient": b"Delivered-To: overheard+x@example.com\nX-Original-To: overheard+x@example.com\n\nx\n",
    "a spoofed sender": b"Return-Path: <root@example.com>\nX-Original-To: root@example.com\nSubject: x\n\nx\n",
}


@pytest.fixture(scope="module")
def overheard(postfix: Postfix, bin: Path) -> Account:
    """A user between whose agent and Postfix tee(1) listens."""
    user = Account("overheard", RULES)
    user.write(".forward", f'"|tee {user.home}/handed-over | {bin}/pyfilter-deliver"\n')
    return user


@pytest.fixture(scope="module")
def user(postfix: Postfix) -> Account:
    """An ordinary user of mailbox_command."""
    return Account("user", RULES)


def deliver(postfix: Postfix, message: bytes, recipient: str, sender: str = "stranger@stranger.example") -> None:
    queue_id = postfix.send(message, recipient, sender)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("sent", "2.0.0"), attempt
    postfix.gone(queue_id)
    assert postfix.queue() == {}


def take(user: Account) -> tuple[str, bytes]:
    """The folder and the bytes of the one message, which is removed."""
    ((folder, (filed,)),) = user.folders().items()
    filed.path.unlink()
    assert user.unfinished() == []
    return folder, filed.data


@pytest.mark.parametrize("name", MESSAGES)
def test_every_byte_is_filed(postfix: Postfix, overheard: Account, name: str) -> None:
    deliver(postfix, MESSAGES[name], overheard.address)
    folder, filed = take(overheard)
    from_line, _, handed_over = (overheard.home / "handed-over").read_bytes().partition(b"\n")
    assert from_line.startswith(b"From stranger@stranger.example  ")
    assert filed == handed_over
    assert folder == "INBOX"


def test_what_postfix_handed_over_is_what_was_sent(postfix: Postfix, overheard: Account) -> None:
    """So that the comparison above is not one of two empty things."""
    deliver(postfix, MESSAGES["3 MB"], overheard.address)
    assert take(overheard)[1].endswith(b"\n" + MESSAGES["3 MB"])


def test_the_null_sender(postfix: Postfix, overheard: Account) -> None:
    deliver(postfix, b"Subject: Undelivered Mail Returned to Sender\n\nx\n", overheard.address, sender="")
    folder, filed = take(overheard)
    assert folder == "INBOX"
    assert filed.startswith(b"Return-Path: <>\n")


# what is behind the plus -> the folder; a path, a name of three dots or nothing at all is no folder
ADDRESSES = {
    "user+shop": "plus/shop",
    "user+Shop": "plus/Shop",
    "user+a+b": "plus/a+b",
    '"user+a b"': "plus/a b",
    "user+../../x": "plus/x",
    "user+..": "INBOX",
    "user+/etc/passwd": "plus/etcpasswd",
    "user+~root": "plus/root",
    '"user+$(id)`id`;x"': "plus/$(id)`id`;x",
    '"user+-rf"': "plus/-rf",
    "user+.hidden": "plus/hidden",
    "user+a.b": "plus/a_b",
    "user+=3D{x}": "plus/=3D{x}",
    "user+": "INBOX",
}


@pytest.mark.parametrize(("local", "folder"), ADDRESSES.items(), ids=[f"{local:.20}" for local in ADDRESSES])
def test_an_address_names_a_folder_and_no_path(postfix: Postfix, user: Account, local: str, folder: str) -> None:
    deliver(postfix, b"Subject: x\n\nx\n", f"{local}@example.com")
    assert take(user)[0] == folder
    outside = [path.name for path in user.home.iterdir() if not path.name.startswith(".")]
    assert outside == ["Maildir"]


# senders as strangers may call themselves -> the folder their local part becomes
SENDERS = {
    "o'brien@stranger.example": "from/o'brien",
    '"a b"@stranger.example': "from/a b",
    "../../etc/passwd@stranger.example": "from/etcpasswd",
    '"|sh"@stranger.example': "from/|sh",
    "bounces+user=example.com@stranger.example": "from/bounces+user=example_com",
    "a@[203.0.113.25]": "from/a",
    "": "INBOX",
}


@pytest.fixture(scope="module")
def correspondent(postfix: Postfix) -> Account:
    return Account("correspondent", 'rule "by sender" { when sender.local matches "{who}"; file into "from/{who}" }\n')


@pytest.mark.parametrize(("sender", "folder"), SENDERS.items(), ids=SENDERS)
def test_a_sender_names_a_folder_and_no_path(
    postfix: Postfix, correspondent: Account, sender: str, folder: str
) -> None:
    deliver(postfix, b"Subject: x\n\nx\n", correspondent.address, sender)
    assert take(correspondent)[0] == folder


def test_a_message_that_says_it_was_delivered_here(postfix: Postfix, user: Account) -> None:
    """A Delivered-To of ours in a message from outside is Postfix's own loop detection: it bounces, and the
    agent is not asked."""
    queue_id = postfix.send(
        f"Delivered-To: {user.address}\nSubject: x\n\nx\n".encode(), user.address, "nobody@example.com"
    )
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("bounced", "5.4.6")
