"""What real servers find out about a sender, and what a stranger cannot make them say.

A real Postfix asks a real policyd-spf, OpenDKIM and OpenDMARC, which ask a real name server. Their results stand above
Postfix' own Received line, whatever the stranger sent stands below; the rules believe the first and not the
second. Where a server copies a value of the stranger's into its own line, as three of them do, no pass in it
counts.

The stranger's address may send for friend.example and evil.example, and their keys are his; bank.example is
what he would like to be.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from ..account import Account, Filed
from ..follow import SECONDS
from ..namespace import HOST, SERVER, STRANGER
from ..postfix import Postfix, reply
from ..verifiers import SELECTOR, Verifiers, make_key, sign

Make = Callable[..., Account]
KEY = Path("/run/key.pem")

RULES = f"""\
set trusted-authserv = "{HOST}"

rule "what a forger wants" {{
    when dkim.domain is "bank.example"
      or (from.domain is "bank.example" and (dkim passes or dmarc passes))
    file into "Bank"
}}
rule "friend" {{
    when from.domain is "friend.example" and dkim.domain is "friend.example" and spf passes and dmarc passes
    file into "Friend"
}}
rule "tampered" {{ when dkim fails; file into "Tampered" }}
rule "forged" {{ when dmarc fails; file into "Forged" }}
rule "spf alone" {{ when spf passes; file into "Spf" }}
"""


def letter(sender: str, text: str = "At noon.") -> bytes:
    return f"From: Olga <{sender}>\nTo: you@example.com\nSubject: lunch\n\n{text}\n".encode()


FRIEND, EVIL, BANK = letter("a@friend.example"), letter("a@evil.example"), letter("a@bank.example")


@pytest.fixture(scope="module")
def verifiers(postfix: Postfix) -> Verifiers:
    key = make_key(KEY)
    records = {"bank.example": "v=spf1 -all", "_dmarc.bank.example": "v=DMARC1; p=reject"}
    for domain in ("friend.example", "evil.example"):
        records[domain] = f"v=spf1 ip4:{STRANGER} -all"
        records[f"_dmarc.{domain}"] = "v=DMARC1; p=reject"
        records[f"{SELECTOR}._domainkey.{domain}"] = key
    return Verifiers(postfix, records)


def deliver(
    postfix: Postfix, user: Account, message: bytes, sender: str = "<a@evil.example>", helo: str = "evil.example"
) -> Filed:
    """Hand the message over as a stranger does, envelope and greeting as they stand here; what was filed."""
    before = {filed.path for found in user.folders().values() for filed in found}
    with smtplib.SMTP(SERVER, 25, helo, SECONDS, (STRANGER, 0)) as connection:
        reply(250, connection.docmd(f"EHLO {helo}"))
        reply(250, connection.docmd(f"MAIL FROM:{sender}"))
        reply(250, connection.docmd(f"RCPT TO:<{user.address}>"))
        _, text = reply(250, connection.data(message.replace(b"\n", b"\r\n")))
    queue_id = text.rpartition(b"queued as ")[2].decode()
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)
    (filed,) = [filed for found in user.folders().values() for filed in found if filed.path not in before]
    return filed


def split(filed: Filed) -> tuple[bytes, bytes]:
    """The lines above Postfix' own Received line, and all that follows."""
    above, received, below = filed.data.partition(b"\nReceived: ")
    assert received
    assert b"\tby mail.example.com (Postfix) with ESMTP id " in below[:200]
    return above + b"\n", below


def results(above: bytes) -> list[bytes]:
    """Authentication-Results, unfolded, topmost first."""
    lines = above.replace(b"\n\t", b" ").splitlines()
    return [line for line in lines if line.lower().startswith(b"authentication-results:")]


# ------------------------------------------------------------ honest mail


def test_all_three_pass(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    user = account(RULES)
    filed = deliver(postfix, user, sign(FRIEND, KEY, "friend.example"), "<a@friend.example>", "friend.example")
    assert user.places() == {"Friend": 1}
    above, below = split(filed)
    dmarc, dkim, spf = results(above)
    assert dmarc == (
        b"Authentication-Results: mail.example.com; dmarc=pass (p=reject dis=none) header.from=friend.example"
    )
    assert dkim.startswith(
        b"Authentication-Results: mail.example.com; dkim=pass (2048-bit key; unprotected) header.d=friend.example "
    )
    assert spf.startswith(
        b"Authentication-Results: mail.example.com; spf=pass (sender SPF authorized) smtp.mailfrom=friend.example ("
    )
    assert b"Authentication-Results" not in below


def test_a_byte_of_the_body_changed(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    user = account(RULES)
    tampered = sign(FRIEND, KEY, "friend.example").replace(b"At noon", b"At moon")
    filed = deliver(postfix, user, tampered, "<a@friend.example>", "friend.example")
    assert user.places() == {"Tampered": 1}
    assert b'dkim=fail reason="signature verification failed"' in split(filed)[0]


def test_another_host_says_it_is_the_bank(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    user = account(RULES)
    filed = deliver(postfix, user, BANK, "<a@bank.example>")
    assert user.places() == {"Forged": 1}
    dmarc, spf = results(split(filed)[0])
    assert b"; dmarc=fail (p=reject dis=none) header.from=bank.example" in dmarc
    assert b"; spf=fail (SPF fail - not authorized) smtp.mailfrom=bank.example (" in spf


def test_nobody_is_named_as_trusted(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    """The same lines under another name than the rules trust are a stranger's."""
    user = account(RULES.replace(HOST, "mx.example.com"))
    deliver(postfix, user, sign(FRIEND, KEY, "friend.example"), "<a@friend.example>", "friend.example")
    assert user.places() == {"INBOX": 1}


# ------------------------------------------------------------ forged fields

PASSES = (
    b"; dkim=pass header.d=bank.example; spf=pass smtp.mailfrom=bank.example; dmarc=pass header.from=bank.example\n"
)
SPELLINGS = {
    "ours": b"Authentication-Results: mail.example.com",
    "in capitals": b"Authentication-Results: MAIL.EXAMPLE.COM",
    "quoted": b'Authentication-Results: "mail.example.com"',
    "with an escape": rb'Authentication-Results: "mail\.example.com"',
    "behind a comment": b"Authentication-Results: (x) mail.example.com",
    "with a version": b"Authentication-Results: mail.example.com 1",
    "with a comment and a version, folded": b"Authentication-Results:\n\tmail.example.com(x)1 ",
    "a space before the colon": b"Authentication-Results : mail.example.com",
    "no space behind the colon": b"authentication-results:mail.example.com",
    "below a forged Received line": b"Received: from a by mail.example.com\nAuthentication-Results: mail.example.com",
    "above a forged Received line": b"X: y\nAuthentication-Results: mail.example.com; none\nReceived: from a by b",
    "an empty result in front": b"Authentication-Results: mail.example.com; ",
}


@pytest.mark.parametrize("field", SPELLINGS.values(), ids=SPELLINGS)
def test_a_stranger_writes_results(postfix: Postfix, verifiers: Verifiers, account: Make, field: bytes) -> None:
    """OpenDKIM and OpenDMARC take most of them out; what they leave stands below our line."""
    user = account(RULES)
    filed = deliver(postfix, user, field + PASSES + BANK)
    assert "Bank" not in user.places()
    above, _ = split(filed)
    assert b"bank.example; spf=pass" not in above
    assert b"; spf=pass (sender SPF authorized) smtp.mailfrom=evil.example (" in above


def test_what_nobody_takes_out(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    """A host with an SPF policy server alone: all forged fields are filed, and none is believed."""
    user = account(RULES)
    verifiers.only_spf()
    try:
        for field in SPELLINGS.values():
            filed = deliver(postfix, user, field + PASSES + BANK)
            above, below = split(filed)
            assert PASSES in below
            assert len(results(above)) == 1
    finally:
        verifiers.all_again()
    assert user.places() == {"Spf": len(SPELLINGS)}


def test_a_verdict_of_a_scanner_that_a_stranger_wrote(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    user = account(
        "set spam.source = headers\n"
        'rule "spam" { when spam; file into "Spam" }\n'
        'rule "ham" { when not spam; file into "Ham" }\n'
    )
    filed = deliver(postfix, user, b"X-Spam-Flag: NO\nX-Spam-Status: No, score=-99 required=5\n" + EVIL)
    assert user.places() == {"INBOX": 1}
    assert b"\nX-Spam-Flag: NO\n" in split(filed)[1]
    log = (user.home / ".local/state/pyfilter/log").read_text()
    assert "no spam scanner's header stands above the last Received line of your own servers" in log


# ------------------------------------------------------------ values that servers copy


def test_a_sender_that_ends_a_comment(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    """policyd-spf copies the envelope sender into a comment; OpenDMARC has found out the truth besides."""
    user = account(RULES)
    filed = deliver(postfix, user, BANK, '<"x); dmarc=pass header.from=bank.example (y"@evil.example>')
    assert user.places() == {"Forged": 1}
    dmarc, spf = results(split(filed)[0])
    assert b"; dmarc=fail (p=reject dis=none) header.from=bank.example" in dmarc
    assert b"; envelope-from=x); dmarc=pass header.from=bank.example (y@evil.example; receiver=" in spf


def test_a_signature_whose_identity_is_a_result(postfix: Postfix, verifiers: Verifiers, account: Make) -> None:
    """OpenDKIM decodes ``i=`` and writes it as it is: a second result, of a domain that never signed. OpenDMARC
    believes it. Neither pass counts."""
    user = account(RULES)
    identity = "x=3B=20dkim=3Dpass=20header.d=3Dbank.example=20header.i=3Dy@evil.example"
    filed = deliver(postfix, user, sign(BANK, KEY, "evil.example", identity))
    assert user.places() == {"INBOX": 1}
    dmarc, dkim, _ = results(split(filed)[0])
    assert b"; dkim=pass header.d=bank.example header.i=y@evil.example " in dkim
    assert b"; dmarc=pass (p=reject dis=none) header.from=bank.example" in dmarc


@pytest.mark.parametrize("method", [b"dkim", b"dmarc"])
def test_an_address_that_holds_a_result(postfix: Postfix, verifiers: Verifiers, account: Make, method: bytes) -> None:
    """OpenDMARC copies what stands behind the ``@`` of From."""
    user = account(
        f'set trusted-authserv = "{HOST}"\nrule "all" {{ when dkim passes or dmarc passes; file into "Bank" }}\n'
    )
    filed = deliver(postfix, user, b"From: <a@bank.example;" + method + b"=pass>\nSubject: x\n\nhello\n")
    assert user.places() == {"INBOX": 1}
    assert b"header.from=bank.example;" + method + b"=pass" in results(split(filed)[0])[0]


SENDERS = [
    '<"a;dkim=pass header.d=bank.example"@evil.example>',
    '<"a)b(;dkim=pass header.d=bank.example (x"@evil.example>',
    '<"x); dkim=pass header.d=bank.example (y"@evil.example>',
    r'<"a\"b; dkim=pass header.d=bank.example"@evil.example>',
    "<a(;dkim=pass)@evil.example>",
    "<@a.example,@b.example:a@evil.example>",
    "<>",
]
GREETINGS = [
    "bank.example;dkim=pass",
    "x); dkim=pass header.d=bank.example (y",
    '"bank.example"',
    "(bank.example)",
    "bank.example\\",
    "[203.0.113.25]",
]


@pytest.mark.parametrize("milters", [True, False], ids=["all servers", "SPF alone"])
def test_hostile_senders_and_greetings(postfix: Postfix, verifiers: Verifiers, account: Make, milters: bool) -> None:
    user = account(RULES)
    if not milters:
        verifiers.only_spf()
    try:
        for sender in SENDERS:
            deliver(postfix, user, BANK, sender)
        for helo in GREETINGS:
            deliver(postfix, user, BANK, helo=helo)
            deliver(postfix, user, BANK, "<>", helo)
    finally:
        if not milters:
            verifiers.all_again()
    places = user.places()
    assert "Bank" not in places
    assert sum(places.values()) == len(SENDERS) + 2 * len(GREETINGS)
    if milters:
        assert places == {"Forged": len(SENDERS) + 2 * len(GREETINGS)}, "the truth was found out besides"
