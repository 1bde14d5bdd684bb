"""P21: mail that would go round for ever, through a real Postfix: it ends, nothing is lost, and messages are counted.

``rounds`` is the number of messages that Postfix has taken since: the first one, and what rules made of it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from ...torture.record import record
from ..account import Account
from ..postfix import ALIASES, LOG, Postfix
from .language import message

Make = Callable[..., Account]

ANN = "ann@friends.example"
NOBODY = "nobody-of-that-name@example.com"
TAKEN = re.compile(rb"cleanup\[\d+\]: ([0-9A-F]+): message-id=")
SECONDS = 60


def rounds(postfix: Postfix, *mails: tuple[bytes, Account, str]) -> int:
    """Send them, wait until Postfix holds no mail any more, and count what it has taken."""
    before, had = LOG.stat().st_size, kept()
    for raw, user, sender in mails:
        postfix.send(raw, user.address, sender=sender)
    until = time.monotonic() + SECONDS
    while postfix.queue():
        assert time.monotonic() < until, f"it goes on and on: {postfix.queue()}"
        time.sleep(0.05)  # no line of the log says that the queue is empty
    taken = len(set(TAKEN.findall(LOG.read_bytes()[before:])))
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition("::test_")[2].partition(" ")[0]
    record("P21", "pyfilter", test.replace("_", " "), sent=len(mails), taken=taken, kept=kept() - had)
    return taken


def kept() -> int:
    """The messages in the folders of all users."""
    return sum(1 for _ in Path("/home").glob("*/Maildir/**/[cn][ue][rw]/*"))


def letter(user: Account, subject: str, sender: str = ANN, more: str = "") -> tuple[bytes, Account, str]:
    return message(user, subject, sender=sender or "mailer-daemon@friends.example", more=more), user, sender


def test_a_circle_of_two_and_one_of_three(postfix: Postfix, account: Make) -> None:
    for size in (2, 3):
        circle = [account("") for _ in range(size)]
        for here, there in zip(circle, [*circle[1:], circle[0]], strict=True):
            here.write(".pyfilterrc", f'rule "on" {{ forward to "{there.address}" }}\n')
        assert rounds(postfix, letter(circle[0], "round")) == size
        assert [user.places() for user in circle] == [{}] * (size - 1) + [{"INBOX": 1}]


SPELLINGS = ("{name}@example.com", "{upper}@EXAMPLE.com", "{name}+again@example.com", "{name}@mail.example.com")


def test_one_who_forwards_to_himself(postfix: Postfix, account: Make) -> None:
    users = [account("") for _ in SPELLINGS]
    for user, spelling in zip(users, SPELLINGS, strict=True):
        target = spelling.format(name=user.name, upper=user.name.upper())
        user.write(".pyfilterrc", f'rule "on" {{ forward to "{target}" }}\n')
    # who writes his address otherwise sends it once
    assert rounds(postfix, *[letter(user, "self") for user in users]) == len(users) + 2
    assert [user.places() for user in users] == [{"INBOX": 1}] * len(users)


def test_one_who_copies_to_himself(postfix: Postfix, account: Make) -> None:
    user = account("")
    user.write(".pyfilterrc", f'rule "on" {{ copy to "{user.name}+again@example.com"; file into "Here" }}\n')
    assert rounds(postfix, letter(user, "copy")) == 2
    assert user.places() == {"Here": 2}


def test_an_alias_that_leads_back(postfix: Postfix, account: Make) -> None:
    """Nothing tells that the alias is himself, so he gets it a second time, and keeps it."""
    sender = account("")
    user = account('rule "on" { forward to "round-robin@example.com" }\n')
    ALIASES.write_text(f"round-robin {user.name}\n")
    postfix.date_back()
    postfix.reload()
    assert rounds(postfix, letter(user, "alias", sender.address)) == 2
    assert (user.places(), sender.places()) == ({"INBOX": 1}, {})


def test_two_who_are_away(postfix: Postfix, account: Make) -> None:
    rules = 'rule "away" { reply "I am away." }\n'
    one, other = account(rules), account(rules)
    assert rounds(postfix, letter(one, "away", other.address)) == 2
    assert (one.places(), other.places()) == ({"INBOX": 1}, {"INBOX": 1})
    assert other.only().fields("Auto-Submitted") == ["auto-replied"]


NOT_A_PERSON = {
    "a list": (ANN, "List-Id: <news.example>"),
    "the sign of an old list": (ANN, "Precedence: list"),
    "a bounce": ("", "Auto-Submitted: auto-replied"),
    "a bounce without a sign": ("", "X-Nothing: x"),
    "the owner of a list": ("owner-news@friends.example", "X-Nothing: x"),
    "an answer": (ANN, "Auto-Submitted: auto-replied"),
    "oneself": ("{address}", "X-Nothing: x"),
}


def test_who_is_no_person_gets_no_reply(postfix: Postfix, account: Make) -> None:
    user = account('rule "away" { reply "I am away." }\n')
    mails = [
        letter(user, name, sender.format(address=user.address), more) for name, (sender, more) in NOT_A_PERSON.items()
    ]
    assert rounds(postfix, *mails) == len(mails)
    assert user.places() == {"INBOX": len(mails)}


def test_a_bounce_is_forwarded_and_nobody_gets_one_for_it(postfix: Postfix, account: Make) -> None:
    phone = account("")
    user = account(f'rule "on" {{ forward to "{phone.address}" }}\n')
    assert rounds(postfix, letter(user, "bounce", "")) == 2
    assert phone.only().fields("Return-Path") == ["<>"]
    user.write(".pyfilterrc", f'rule "on" {{ forward to "{NOBODY}" }}\n')
    assert rounds(postfix, letter(user, "another", "")) == 2, "no bounce of a bounce"


def test_what_comes_back_of_ones_own_forward(postfix: Postfix, account: Make) -> None:
    """He writes to himself and forwards to nobody: the bounce comes to him, and goes to nobody, of which none comes."""
    user = account(f'rule "on" {{ forward to "{NOBODY}" }}\n')
    assert rounds(postfix, letter(user, "own", user.address)) == 4
    assert user.places() == {}


def test_a_reply_that_cannot_be_delivered(postfix: Postfix, account: Make) -> None:
    user = account('rule "away" { reply "I am away." }\n')
    assert rounds(postfix, letter(user, "back", NOBODY)) == 2
    assert user.places() == {"INBOX": 1}
