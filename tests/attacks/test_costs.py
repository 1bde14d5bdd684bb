"""Known attacks by what a message costs: depth, number and length, and patterns that try again and again.

Nothing here is timed: rules that take more than limits.DECISION_CPU_SECONDS of CPU for a message leave it in the inbox
with X-Pyfilter-Problem above it, which none of these may be.

The cases stand in docs/known-attacks.md.
"""

from __future__ import annotations

import pytest

from ..test_mda import Account, Ended

DELIVERED = Ended(0, b"", b"")
QUEUED = b"Received: from x by y; now\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\n\n"


def kept_as_it_came(account: Account, message: bytes) -> None:
    """What could not be looked at is unknown, so it is not thrown away; the log says what."""
    assert account.deliver(message=message) == DELIVERED
    assert account.mail() == {"Maildir": [message]}
    assert 'rule "x" (~/.pyfilterrc:1) could not be decided and was passed over' in account.log[-1]


DEPTH = 300
MULTIPARTS = {
    "in each other": b"".join(
        [b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(DEPTH)]
        + [b"\nx\n"]
        + [b"--b%d--\n" % n for n in reversed(range(DEPTH))]
    ),
    "in each other, none of which ends": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5_000)
    ),
    "messages in each other": b"Content-Type: message/rfc822\n\n" * 20_000,
    "side by side": MIXED + b"--b\n\nx\n" * 200_000,
    "whose boundary never comes": MIXED + b"--b\nContent-Type: multipart/mixed; boundary=z\n\n" * 20_000,
}


@pytest.mark.parametrize("parts", MULTIPARTS.values(), ids=MULTIPARTS)
def test_parts_without_end(account: Account, parts: bytes) -> None:
    account.rules('rule "x" { when body does not contain "wanted" and attachments < 5; discard }\n')
    kept_as_it_came(account, QUEUED + parts + b"\nwanted\n")


HEADERS = {
    "fields": b"To: a@x.example\n" + b"X: y\n" * 5000,
    "fields of addresses": b"To: a <a@x.example>\n" * 300_000,
    "addresses in one field": b"To: " + b"a <a@x.example>, " * 60_000 + b"\n",
    "commas and brackets": b"To: " + b'<,"(' * 250_000 + b"\n",
    "a field of 40 MB": b"To: a@x.example\nX-Long: " + b"x" * 40_000_000 + b"\n",
    "a field of a million folds": b"To: a@x.example\nX-Long: a\n" + b" x\n" * 1_000_000,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_headers_without_end(account: Account, header: bytes) -> None:
    account.rules('rule "x" { when to.count < 1000 and not to is "b@x.example"; discard }\n')
    kept_as_it_came(account, QUEUED + header + b"\nbody\n")


def test_a_parameter_in_pieces_without_end(account: Account) -> None:
    account.rules('rule "x" { when attachment.name starts with "AAAAA"; file into "Read" }\n')
    pieces = b"".join(b";\n filename*%d*=%%41" % n for n in range(40_000))
    message = QUEUED + b"Content-Disposition: attachment" + pieces + b"\n\nx\n"
    assert account.deliver(message=message) == DELIVERED
    assert account.mail() == {".Read": [message]}


PATTERNS = ["(a+)+$", "(a|aa)+$", "^(a|a?)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a*)*(a*)*b"]


def test_a_regular_expression_that_tries_again_and_again(account: Account) -> None:
    rules = [f'rule "{n}" {{ when body matches exactly /{text}/; file into "Hit" }}' for n, text in enumerate(PATTERNS)]
    account.rules("\n".join([*rules, 'rule "rest" { file into "Miss" }\n']))
    message = QUEUED + b"\n" + b"a" * 1_000_000 + b"!\n"
    assert account.deliver(message=message) == DELIVERED
    assert account.mail() == {".Miss": [message]}


GLOBS = ["*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "*?a?*?a?*?a?*?a?*?a?*?b", "{one}a{two}a{three}a{four}b"]


def test_a_glob_or_a_text_that_tries_again_and_again(account: Account) -> None:
    rules = [f'rule "{n}" {{ when subject matches "{text}"; file into "Hit" }}' for n, text in enumerate(GLOBS)]
    rules.append(f'rule "text" {{ when body contains "{"a" * 30_000}b{"a" * 30_000}"; file into "Hit" }}')
    account.rules("\n".join([*rules, 'rule "rest" { file into "Miss" }\n']))
    message = QUEUED + b"Subject: " + b"a" * 1_000_000 + b"!\n\n" + b"a" * 4_000_000 + b"\n"
    assert account.deliver(message=message) == DELIVERED
    assert account.mail() == {".Miss": [message]}
