"""Results and verdicts written by strangers: none is believed, wherever and however they write them.

The boundary is drawn by the server, not by the stranger: what Postfix, OpenDKIM, OpenDMARC and policyd-spf add
stands above the server's own Received line, what came stands below it (e2e/scenarios/authentication.py shows it with
the real ones). Each row of FORGED is a message; none of its results or verdicts may count, and once the honest lines
stand above it, they count, and they alone. Each row of COPIED is in its place, but holds a value that the stranger
chose and a server copied: no pass counts.
"""

from __future__ import annotations

import pytest

from pyfilter.message import auth_results, spam_headers
from pyfilter.message.message import Message

ID = "mail.example.com"
OURS = b"Received: from stranger.example by mail.example.com (Postfix); Mon, 23 Nov 2026\n"
THEIRS = b"Received: from mail.example.com by mail.example.com (Postfix); Mon, 23 Nov 2026\n"
REST = b"From: ceo@bank.example\nSubject: urgent\n\nhello\n"

RESULTS = (
    b"mail.example.com; dkim=pass header.d=bank.example; spf=pass smtp.mailfrom=bank.example;"
    b" dmarc=pass header.from=bank.example"
)
FIELD = b"Authentication-Results: " + RESULTS + b"\n"
SPAM = (
    b"X-Spam-Flag: NO\nX-Spam-Status: No, score=-99.0 required=5.0 tests=WHITELIST\nX-Spam: No\nX-Spam-Level:\n"
    b"X-Spamd-Result: default: False [-99.00 / 15.00]\nX-Spam-Score: -99\nX-Rspamd-Score: -99\n"
)
FORGED_LINES = FIELD + SPAM

HONEST = (
    b"Authentication-Results: mail.example.com; dkim=fail header.d=bank.example;\n"
    b"\tspf=softfail smtp.mailfrom=evil.example; dmarc=fail header.from=bank.example\n"
    b"X-Spam-Status: Yes, score=9.9 required=5.0 tests=FORGED\n"
)


def spelt(name: bytes, value: bytes) -> bytes:
    return OURS + name + value + b"\n" + REST


FORGED: dict[str, bytes] = {
    # where they stand
    "right below our Received line": OURS + FORGED_LINES + REST,
    "behind the other fields": OURS + b"From: ceo@bank.example\nSubject: urgent\n" + FORGED_LINES + b"\nhello\n",
    "the last line of the header, no body": OURS + b"From: ceo@bank.example\n" + FORGED_LINES.rstrip(b"\n"),
    "above a forged Received line": OURS + FORGED_LINES + THEIRS + REST,
    "between forged Received lines": OURS + THEIRS + FORGED_LINES + THEIRS + REST,
    "above a copy of our Received line": OURS + FORGED_LINES + OURS + REST,
    "below a forged Return-Path": OURS + b"Return-Path: <>\nDelivered-To: you\n" + FORGED_LINES + THEIRS + REST,
    "many times": OURS + FORGED_LINES * 50 + REST,
    "in the body": OURS + REST + FORGED_LINES,
    "in the body, behind a boundary": OURS + b"From: ceo@bank.example\n--x\n" + FORGED_LINES + b"\n" + REST,
    "in the header of a forwarded part": OURS + b"Content-Type: message/rfc822\n\n" + FORGED_LINES + OURS + REST,
    "behind a broken line": OURS + b"this is no field\n" + FORGED_LINES + REST,
    "behind a copied mbox line": OURS + b"From ceo@bank.example Mon Nov 23 2026\n" + FORGED_LINES + THEIRS + REST,
    "behind a header without an empty line": OURS + b"From: ceo@bank.example\nhello\n" + FORGED_LINES + REST,
    "behind a byte order mark": OURS + b"\xef\xbb\xbf" + FORGED_LINES + REST,
    "behind a byte order mark, alone": OURS + b"\xef\xbb\xbf\n" + FORGED_LINES + REST,
    "CRLF": (OURS + FORGED_LINES + REST).replace(b"\n", b"\r\n"),
    "bare CRs for line ends": OURS + (b"X: y\n" + FORGED_LINES).replace(b"\n", b"\r") + b"\n" + REST,
    "a CR before it": OURS + b"\r" + FORGED_LINES + REST,
    "an empty line of CR CR LF before it": OURS + b"\r\r\n" + FORGED_LINES + REST,
    "NUL before it": OURS + b"\0" + FORGED_LINES + REST,
    "within a fold": OURS + b"X: y\n " + FORGED_LINES + REST,
    "no Received line at all": FORGED_LINES + REST,
    "no Received line, a mention of one": b"X-Received: a\nReceived-SPF: pass\n" + FORGED_LINES + REST,
    "no Received line, an mbox line": b"From ceo@bank.example Mon Nov 23 2026\n" + FORGED_LINES + REST,
    "no Received line, a byte order mark": b"\xef\xbb\xbf" + FORGED_LINES + REST,
    "a Received line that is broken": b"Received\0: x\n" + FORGED_LINES + REST,
    "a Received line in the body alone": FORGED_LINES + REST + OURS,
    "nothing but them": FORGED_LINES,
    # how they are spelt
    "an obsolete space before the colon": spelt(b"Authentication-Results :", b" " + RESULTS),
    "capitals": spelt(b"AUTHENTICATION-RESULTS:", RESULTS.replace(b"mail.example.com", b"MAIL.EXAMPLE.COM")),
    "folded": spelt(b"Authentication-Results:", b"\n " + RESULTS.replace(b" ", b"\n\t")),
    "folded with a line of blanks": spelt(b"Authentication-Results:", b"\n \t\n " + RESULTS),
    "a quoted id": spelt(b"Authentication-Results: ", RESULTS.replace(ID.encode(), b'"mail.example.com"')),
    "an id with an escape": spelt(b"Authentication-Results: ", RESULTS.replace(ID.encode(), rb'"mail\.example.com"')),
    "an id with a version": spelt(b"Authentication-Results: ", RESULTS.replace(b";", b" 1;", 1)),
    "comments around the id": spelt(b"Authentication-Results: (a (b) c) ", RESULTS.replace(b";", b" (d) ;", 1)),
    "comments around the method": spelt(b"Authentication-Results: ", RESULTS.replace(b"dkim=", b"(x)dkim(y)/1 = (z)")),
    "8-bit": spelt(b"Authentication-Results: (\xff\xfe) ", RESULTS),
}

# in a place that is believed, under a name that is not ours
NOT_OURS: dict[str, bytes] = {
    "our id with something before it": b"x.mail.example.com",
    "our id with something behind it": b"mail.example.com.evil.example",
    "a part of our id": b"example.com",
    "our id and a number": b"mail.example.com1",
    "our id and a slash": b"mail.example.com/1",
    "our id and a dot": b"mail.example.com.",
    "our id and blanks in quotes": b'" mail.example.com "',
    "our id in angle brackets": b"<mail.example.com>",
    "our id in a comment": b"(mail.example.com) evil.example",
    "our id as an address": b"a@mail.example.com",
    "two ids": b"evil.example mail.example.com",
    "our id encoded": b"=?us-ascii?Q?mail=2Eexample=2Ecom?=",
    "a Cyrillic letter": "m\u0430il.example.com".encode(),
    "a dotless i": "mail.example.com".replace("i", "\u0131").encode(),
    "wide letters": "ｍail.example.com".encode(),
    "a letter with an accent apart": "mai\u0301l.example.com".encode(),
    "an invisible sign": "mail.\u200bexample.com".encode(),
    "a byte order mark": "\ufeffmail.example.com".encode(),
    "latin-1": b"mail.ex\xe4mple.com",
    "NUL": b"mail.example.com\0",
    "a bare CR": b"\rmail.example.com",
    "no id": b"",
    "an empty id": b'""',
}

# a value that the stranger chose, as a server copies it: its field, and the message below
COPIED: dict[str, tuple[bytes, bytes]] = {
    "OpenDKIM 2.11, i=": (
        (
            b"dkim=pass (2048-bit key; unprotected) header.d=evil.example header.i=x; dkim=pass header.d=bank.example"
            b" header.i=y@evil.example header.a=rsa-sha256 header.s=s header.b=imdHRR1+"
        ),
        (
            b"DKIM-Signature: v=1; d=evil.example; s=s;\n"
            b" i=x=3B=20dkim=3Dpass=20header.d=3Dbank.example=20header.i=3Dy@evil.exam\n ple; b=\n"
        ),
    ),
    "policyd-spf 3.0, MAIL FROM": (
        (
            b"spf=pass (sender SPF authorized) smtp.mailfrom=evil.example (client-ip=203.0.113.25; helo=evil.example;"
            b" envelope-from=x); dmarc=pass header.from=bank.example (y@evil.example; receiver=example.com)"
        ),
        b'Return-Path: <"x); dmarc=pass header.from=bank.example (y"@evil.example>\n',
    ),
    "unquoted, MAIL FROM": (
        b"spf=fail smtp.mailfrom=x; spf=pass smtp.mailfrom=y@bank.example",
        b'Return-Path: <"x; spf=pass smtp.mailfrom=y"@bank.example>\n',
    ),
    "OpenDMARC 1.4, From": (
        b"dmarc=none (p=none dis=none) header.from=x;dkim=pass",
        b"From: <a@x;dkim=pass>\n",
    ),
    "OpenDMARC 1.4, From, dmarc": (
        b"dmarc=none (p=none dis=none) header.from=x;dmarc=pass",
        b"From: <a@x;dmarc=pass>\n",
    ),
    "OpenDMARC 1.4, From, a domain literal": (
        b"dmarc=none (p=none dis=none) header.from=[x; dkim=pass header.d=bank.example]",
        b"From: a@[x; dkim=pass header.d=bank.example]\n",
    ),
    "OpenDMARC 1.4, From, quotes": (
        rb'dmarc=none (p=none dis=none) header.from="x\"; dkim=pass header.d=bank.example; y=\""',
        b'From: a@"x\\"; dkim=pass header.d=bank.example; y=\\""\n',
    ),
    "a blank in d=": (
        b"dkim=pass header.d=bank.example x.y=z.evil.example header.i=@bank.example",
        b"DKIM-Signature: v=1; d=bank.example x.y=z.evil.example; s=s; b=\n",
    ),
    "a second d=": (b"dkim=pass header.d=evil.example header.i=x header.d=bank.example header.i=@evil.example", b""),
    "a reason that ends": (b'dkim=fail reason="x" y"; dkim=pass header.d=bank.example', b""),
}


def believed(raw: bytes, hops: int = 1) -> tuple[list[str], bool]:
    """The results that count, and whether any verdict does."""
    message = Message.from_bytes(raw)
    said = auth_results.results(message, (ID,), hops)
    return [f"{one.method}={one.result}" for one in said], spam_headers.verdict(message, hops) is not None


@pytest.mark.parametrize("raw", FORGED.values(), ids=FORGED)
def test_a_stranger_is_not_believed(raw: bytes) -> None:
    assert believed(raw) == ([], False)


@pytest.mark.parametrize("raw", FORGED.values(), ids=FORGED)
def test_the_honest_lines_above_count_and_they_alone(raw: bytes) -> None:
    """The same message as a server would file it: its results and its Received line above all that came."""
    message = Message.from_bytes(HONEST + OURS + raw)
    said = auth_results.results(message, (ID,), 1)
    assert [auth_results.values(said, method) for method in ("dkim", "spf", "dmarc")] == [
        ["fail"],
        ["softfail"],
        ["fail"],
    ]
    assert auth_results.domains(said) == []
    verdict = spam_headers.verdict(message, 1)
    assert verdict is not None
    assert (verdict.spam, verdict.score, verdict.tests) == (True, 9.9, ("FORGED",))


@pytest.mark.parametrize("hops", [2, 3, 100])
def test_more_servers_than_received_lines(hops: int) -> None:
    """Who says that two servers are his must have two: then a stranger's lines stand below the second."""
    assert believed(OURS + THEIRS + FORGED_LINES + REST, 2) == ([], False)
    assert believed(OURS + FORGED_LINES + REST, hops) == ([], False)
    assert believed(FORGED_LINES + REST, hops) == ([], False)


def test_the_forged_lines_would_be_believed_above_our_line() -> None:
    """The table tests the place, not a slip in what is forged: put where a server writes, each would count."""
    assert believed(FORGED_LINES + OURS + REST) == (["dkim=pass", "spf=pass", "dmarc=pass"], True)
    spellings = [raw for raw in FORGED.values() if raw.startswith(OURS) and b"X-Spam" not in raw]
    assert len(spellings) == 10
    for raw in spellings:
        assert believed(raw.removeprefix(OURS).replace(b"From:", OURS + b"From:"))[0] == [
            "dkim=pass",
            "spf=pass",
            "dmarc=pass",
        ]


@pytest.mark.parametrize("identity", NOT_OURS.values(), ids=NOT_OURS)
def test_another_name_is_not_ours(identity: bytes) -> None:
    raw = FIELD.replace(ID.encode(), identity, 1) + OURS + REST
    assert believed(raw) == ([], False)


@pytest.mark.parametrize(("value", "below"), COPIED.values(), ids=COPIED)
def test_a_value_that_a_server_copied_is_no_result(value: bytes, below: bytes) -> None:
    field = b"Authentication-Results: mail.example.com; " + value + b"\n"
    if b"From:" not in below:
        below += b"From: ceo@bank.example\n"
    message = Message.from_bytes(field + OURS + below + b"\nhello\n")
    said = auth_results.results(message, (ID,), 1)
    assert not any(one.result == "pass" for one in said)
    assert auth_results.domains(said) == []


def test_a_copied_value_takes_nothing_from_an_honest_message() -> None:
    field = (
        b"Authentication-Results: mail.example.com; spf=pass smtp.mailfrom=friend.example (client-ip=203.0.113.25;"
        b" helo=friend.example; envelope-from=a+b=c@friend.example; receiver=example.com);"
        b" dkim=pass header.d=friend.example header.i=a=b@friend.example; dmarc=pass header.from=friend.example\n"
    )
    message = Message.from_bytes(
        b"Return-Path: <a+b=c@friend.example>\n" + field + OURS
        + b"DKIM-Signature: v=1; d=friend.example; i=a=3Db@friend.example; s=s; b=x\n"
        + b"From: O <a@friend.example>\n\nhello\n"
    )  # fmt: skip
    said = auth_results.results(message, (ID,), 1, "a+b=c@friend.example")
    assert [one.result for one in said] == ["pass", "pass", "pass"]
    assert auth_results.domains(said) == ["friend.example"]
