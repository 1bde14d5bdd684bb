"""What rules do beyond filing, through a real Postfix: mail is sent on, answered, handed to programs, known again."""

from __future__ import annotations

from collections.abc import Callable

from ..account import Account
from ..postfix import Postfix

Make = Callable[..., Account]

MESSAGE = """\
From: Ann Lee <{sender}>
To: {recipient}
Subject: {subject}
Date: Mon, 23 Nov 2026 05:31:40 +0000
Message-ID: <{id}@friends.example>
{more}
{text}
"""


def message(
    user: Account, subject: str, *, sender: str = "ann@friends.example", more: str = "", text: str = "Hello"
) -> bytes:
    values = {"sender": sender, "recipient": user.address, "subject": subject, "id": subject.replace(" ", ".")}
    return MESSAGE.format(**values, more=f"{more}\n" if more else "", text=text).encode()


def deliver(postfix: Postfix, raw: bytes, user: Account, sender: str = "ann@friends.example") -> None:
    queue_id = postfix.send(raw, user.address, sender=sender)
    assert postfix.delivery(queue_id).status == "sent"


def picked_up(postfix: Postfix, after: int) -> str:
    """The queue id of the mail that a rule has sent since line ``after`` of the log."""
    return postfix.log.wait(Postfix.PICKED_UP, after)["queue_id"]


def test_a_copy_goes_on_and_a_forward_ends(postfix: Postfix, account: Make) -> None:
    phone = account("")
    user = account(
        f'rule "copied" {{ when subject is "copied"; copy to "{phone.address}"; file into "Here" }}\n'
        'rule "forwarded" { when subject is "forwarded"; add header X-Rule "forwarded"\n'
        f'    forward to "{phone.address}" }}\n'
    )
    for subject in ("copied", "forwarded"):
        before = len(postfix.log.lines)
        deliver(postfix, message(user, subject), user)
        assert postfix.delivery(picked_up(postfix, before)).verdict[0] == "sent"
    assert user.places() == {"Here": 1}
    assert sorted(filed.fields("Subject")[0] for filed in phone.folders()["INBOX"]) == ["copied", "forwarded"]
    for filed in phone.folders()["INBOX"]:
        assert filed.fields("Return-Path") == ["<ann@friends.example>"], "who sent it is who sent it"
        assert user.address in filed.fields("Delivered-To")
    assert [f.fields("X-Rule") for f in phone.folders()["INBOX"] if f.fields("Subject") == ["forwarded"]] == [
        ["forwarded"]
    ]


def test_mail_that_would_go_in_a_circle_is_kept(postfix: Postfix, account: Make) -> None:
    one = account("")
    other = account(f'rule "back" {{ forward to "{one.address}" }}\n')
    one.write(".pyfilterrc", f'rule "on" {{ forward to "{other.address}" }}\n')
    before = len(postfix.log.lines)
    deliver(postfix, message(one, "a circle"), one)
    assert postfix.delivery(picked_up(postfix, before)).status == "sent"
    assert (one.places(), other.places()) == ({}, {"INBOX": 1})


def test_somebody_who_writes_gets_one_reply(postfix: Postfix, account: Make) -> None:
    friend = account("")
    user = account('rule "away" { when not bulk; reply every 7 days "I am away." }\n')
    before = len(postfix.log.lines)
    deliver(postfix, message(user, "where are you", sender=friend.address), user, sender=friend.address)
    assert postfix.delivery(picked_up(postfix, before)).status == "sent"
    deliver(postfix, message(user, "are you there", sender=friend.address), user, sender=friend.address)
    deliver(
        postfix,
        message(user, "news", sender=friend.address, more="List-Id: <news.example>"),
        user,
        sender=friend.address,
    )
    assert user.places() == {"INBOX": 3}
    reply = friend.only()
    assert reply.fields("Return-Path") == ["<>"]
    assert reply.fields("Auto-Submitted") == ["auto-replied"]
    assert reply.fields("Subject") == ["Auto: where are you"]
    assert b"I am away." in reply.data


def test_programs_get_the_message_and_make_another(postfix: Postfix, account: Make) -> None:
    user = account(
        'rule "cleaned" { pass through "~/clean" }\n'
        'rule "ticket" { when subject starts with "[clean] ticket" and command "~/wanted" "{from.address}" succeeds\n'
        '    pipe to "~/store" }\n'
    )
    user.write("clean", "#!/bin/sh\nexec sed 's/^Subject: /Subject: [clean] /'\n", 0o755)
    user.write("wanted", '#!/bin/sh\ntest "$1" = ann@friends.example\n', 0o755)
    user.write("store", '#!/bin/sh\ncat >"$HOME/stored"\n', 0o755)
    deliver(postfix, message(user, "ticket 17"), user)
    deliver(postfix, message(user, "a letter"), user)
    assert b"\nSubject: [clean] ticket 17\n" in (user.home / "stored").read_bytes()
    assert user.only().fields("Subject") == ["[clean] a letter"]


def test_a_program_that_fails_leaves_the_mail_in_the_queue(postfix: Postfix, account: Make) -> None:
    user = account('rule "store" { pipe to "~/store" }\n')
    user.write("store", "#!/bin/sh\nexit 1\n", 0o755)
    queue_id = postfix.send(message(user, "stored later"), user.address)
    assert postfix.delivery(queue_id).verdict == ("deferred", "4.3.0", "delivery postponed")
    user.write("store", '#!/bin/sh\ncat >"$HOME/stored"\n', 0o755)
    assert postfix.retry(queue_id).status == "sent"
    assert b"\nSubject: stored later\n" in (user.home / "stored").read_bytes()


def test_names_chains_shipped_rules_and_bodies(postfix: Postfix, account: Make) -> None:
    user = account(
        "include <lists>\n"
        'define bill as body contains "amount due" or attachment.name matches "*.pdf"\n'
        'action seen { mark read; add header X-Seen "yes" }\n'
        'rule "bills" { when bill; do seen; file into "Bills" }\n'
        'rule "big" else { when size > 1 MB; file into "Big" }\n'
        'rule "rest" else { file into mbox "~/archive/{today:%Y}.mbox"; copy into mh "~/Mail/rest" }\n'
    )
    deliver(postfix, message(user, "a list", more="List-Id: <talk.lists.example>"), user)
    deliver(postfix, message(user, "a bill", text="The amount\ndue is 5."), user)
    deliver(postfix, message(user, "a letter"), user)
    assert user.places() == {"Bills": 1, "lists/talk": 1}
    assert [(filed.flags, filed.fields("X-Seen")) for filed in user.folders()["Bills"]] == [("S", ["yes"])]
    (mbox,) = (user.home / "archive").iterdir()
    assert b"\nSubject: a letter\n" in mbox.read_bytes()
    assert b"\nSubject: a letter\n" in (user.home / "Mail/rest/1").read_bytes()


def test_a_second_copy_is_known_again(postfix: Postfix, account: Make) -> None:
    user = account('rule "twice" { when duplicate; file into "Duplicates" }\n')
    for _ in range(2):
        deliver(postfix, message(user, "the same"), user)
    assert user.places() == {"Duplicates": 1, "INBOX": 1}
