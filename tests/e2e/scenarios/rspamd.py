"""Spam through a real Postfix and a real rspamd: asked by pyfilter, and as a milter in front of it.

The milter's configuration is the one that docs/spam.md shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ...services.real_rspamd import REJECT, Rspamd
from ..account import Account, handed_over
from ..postfix import Postfix
from .spam import is_filed, message

Make = Callable[..., Account]
MANUAL = Path(__file__).parents[3] / "docs/spam.md"
(MILTER_HEADERS,) = re.findall(r"^```ucl\n(.*?)^```$", MANUAL.read_text("utf-8"), re.MULTILINE | re.DOTALL)

SENDER = "stranger@stranger.example"
SPAM_RULE = 'rule "spam" { when spam; file into "spam" }\n'
RULES = f"set spam.source = rspamd\n{SPAM_RULE}"

# the lines of a verdict, as they are filed
STATUS = (
    rb"X-Spam-Flag: %b\nX-Spam-Score: -?\d+\.\d+\n"
    rb"X-Spam-Status: %b, score=-?\d+\.\d+ required=\d+\.\d+\s+tests=%b.*\n(?: .*\n)*"
)
SPAM_STATUS = STATUS % (b"YES", b"Yes", b"GTUBE")
HAM_STATUS = STATUS % (b"NO", b"No", b"[A-Z]")

# more than the 6 points of `add header`, less than the 15 of `reject`
WITHOUT_HEADER = b"X-Spam-Status: No, score=-100\nX-Spam: No\n\nno From, no To, no Subject, no Date\n"


@pytest.fixture(scope="module")
def rspamd() -> Rspamd:
    """On the stock ports; what it leaves behind goes with the machine."""
    return Rspamd(ports=(11333, 11332), milter_headers=MILTER_HEADERS, below="/run")


@pytest.mark.parametrize("rules", [RULES, f'rule "ask" {{ scan with rspamd }}\n{SPAM_RULE}'], ids=["source", "action"])
@pytest.mark.parametrize(
    ("text", "folder", "status"),
    [(REJECT, "spam", SPAM_STATUS), ("Lunch on Sunday?", "INBOX", HAM_STATUS)],
    ids=["GTUBE", "ham"],
)
def test_the_verdict_decides_and_stands_above(
    postfix: Postfix, rspamd: Rspamd, account: Make, rules: str, text: str, folder: str, status: bytes
) -> None:
    user = account(rules)
    sent = message(f"{user.name}@prizes.example", text, more="X-Spam-Flag: NO\nX-Spam-Status: No, score=-99")
    queue_id = postfix.send(sent, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    assert user.places() == {folder: 1}
    is_filed(user.only().data, sent, status, queue_id=queue_id, recipient=user.address)


def test_rspamd_hears_what_postfix_knows(postfix: Postfix, rspamd: Rspamd, account: Make) -> None:
    user = account(RULES)
    queue_id = postfix.send(message("known@prizes.example", "x"), user.address)
    assert postfix.delivery(queue_id).status == "sent"
    line = rspamd.logged("known@prizes.example")
    for told in ("ip: 203.0.113.25", f"from: <{SENDER}>", f"rcpts: <{user.address}>"):
        assert told in line, line


def test_without_rspamd_the_mail_is_filed_as_it_came(postfix: Postfix, rspamd: Rspamd, account: Make) -> None:
    user = account(RULES)
    sent = message("stopped@prizes.example", REJECT, more="X-Spam-Flag: NO")
    rspamd.stop()
    try:
        queue_id = postfix.send(sent, user.address)
        assert postfix.delivery(queue_id).status == "sent"
    finally:
        rspamd.start()
    assert user.places() == {"INBOX": 1}
    assert handed_over(user.only().data, sent, queue_id=queue_id, recipient=user.address, sender=SENDER)
    log = (user.home / ".local/state/pyfilter/log").read_text()
    assert 'rule "spam" (~/.pyfilterrc:2) could not be decided and was passed over' in log
    assert "; rspamd at 127.0.0.1:11333: connection refused" in log


def test_where_rspamd_is_required_the_mail_waits_for_it(postfix: Postfix, rspamd: Rspamd, account: Make) -> None:
    user = account(f"{RULES}set rspamd.required = yes\n")
    sent = message("required@prizes.example", REJECT)
    rspamd.stop()
    try:
        queue_id = postfix.send(sent, user.address)
        assert postfix.delivery(queue_id).verdict == ("deferred", "4.3.0", "delivery postponed")
        assert user.places() == {}
    finally:
        rspamd.start()
    assert postfix.retry(queue_id).status == "sent"
    assert user.places() == {"spam": 1}
    is_filed(user.only().data, sent, SPAM_STATUS, queue_id=queue_id, recipient=user.address)


# ------------------------------------------------------------ as a milter


@pytest.fixture
def milter(postfix: Postfix) -> Iterator[Callable[[Rspamd], None]]:
    """Let Postfix ask a milter, for one test."""

    def ask(rspamd: Rspamd) -> None:
        postfix.configure({"smtpd_milters": f"inet:{rspamd.milter}", "milter_default_action": "tempfail"})
        postfix.reload()

    yield ask
    postfix.configure({"smtpd_milters": ""})
    postfix.reload()


BELIEVED = f'set spam.source = headers\nset trusted-authserv = "mail.example.com"\n{SPAM_RULE}'


def test_what_the_milter_writes_on_top_is_believed(
    postfix: Postfix, rspamd: Rspamd, milter: Callable[[Rspamd], None], account: Make
) -> None:
    milter(rspamd)
    user = account(BELIEVED)
    ham = message("ham@prizes.example", "x", more="X-Spamd-Result: default: True [99.00 / 15.00]; A(99)[]")
    for sent, folder in ((WITHOUT_HEADER, b"spam"), (ham, b"INBOX")):
        assert postfix.delivery(postfix.send(sent, user.address)).status == "sent", folder
    assert user.places() == {"INBOX": 1, "spam": 1}
    for folder, word in (("INBOX", "No"), ("spam", "Yes")):
        (filed,) = user.folders()[folder]
        own, received, _ = filed.data.decode().partition("\nReceived: ")
        assert received
        assert re.search(rf"\nX-Spam-Status: {word}, score=\d+\.\d\d required=15\.00(\n|$)", own), own
        assert "\nAuthentication-Results: mail.example.com;" in own


def test_what_the_milter_writes_by_itself_is_not(
    postfix: Postfix, milter: Callable[[Rspamd], None], account: Make
) -> None:
    """It stands at the end of the header, where a stranger can write too."""
    stock = Rspamd(milter_headers='use = ["x-spam-status", "authentication-results"];\n', below="/run")
    try:
        milter(stock)
        user = account(BELIEVED)
        assert postfix.delivery(postfix.send(WITHOUT_HEADER, user.address)).status == "sent"
    finally:
        stock.stop()
    assert user.places() == {"INBOX": 1}
    own, _, below = user.only().data.decode().partition("\nReceived: ")
    assert "X-Spam" not in own and "Authentication-Results" not in own
    assert "\nX-Spam-Status: Yes, score=" in below and "\nAuthentication-Results: mail.example.com;" in below


# each would be a second result, were it copied as it stands
SMUGGLED = {
    "sender": ('"x); dkim=pass header.d=bank.example (y"@stranger.example', ""),
    "seal": (
        SENDER,
        """\
ARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=x)y(; s=s; b=AAAA
ARC-Message-Signature: i=1; a=rsa-sha256; d=x)y(; s=s; h=from; bh=AAAA; b=AAAA
ARC-Authentication-Results: i=1; mail.example.com; dkim=pass header.d=bank.example""",
    ),
}


def test_nobody_smuggles_a_result_into_what_the_milter_writes(
    postfix: Postfix, milter: Callable[[Rspamd], None], account: Make
) -> None:
    verifying = Rspamd(milter_headers=MILTER_HEADERS, below="/run", on=("arc", "dkim", "dmarc", "spf"))
    try:
        milter(verifying)
        user = account(
            'set trusted-authserv = "mail.example.com"\n'
            'rule "passed" { when dkim passes or spf passes or dmarc passes; file into "passed" }\n'
            'rule "verified" { when spf is temperror; file into "verified" }\n'
        )
        for id, (sender, more) in SMUGGLED.items():
            queue_id = postfix.send(message(f"{id}@prizes.example", "x", more), user.address, sender)
            assert postfix.delivery(queue_id).status == "sent"
    finally:
        verifying.stop()
    assert user.places() == {"verified": 2}
    lines = [filed.fields("Authentication-Results") for filed in user.folders()["verified"]]
    assert sum("; dkim=pass header.d=bank.example (y" in line for (line, *_) in lines) == 1, lines
    assert not any("; arc=" in line for (line, *_) in lines), lines
