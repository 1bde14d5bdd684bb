"""The envelope: what the MTA says comes from where only the MTA can write."""

from __future__ import annotations

import pytest

from pyfilter.message.envelope import ENVIRONMENT, Envelope
from pyfilter.message.message import Message

# what Postfix's local(8) hands over
DELIVERY = b"""\
From anna@example.org  Tue Nov 24 10:00:00 2026
Return-Path: <anna@example.org>
X-Original-To: jane@example.com
Delivered-To: jane+lists@example.com
Received: from mx.example.org (mx.example.org [203.0.113.25])
\tby mail.example.com (Postfix) with ESMTP id 1234
From: Anna <a@elsewhere.example>
Subject: hello

text
"""

# the same delivery in the environment, as lossy as Postfix makes it
PASSED = {
    "SENDER": "env-sender@example.org",
    "RECIPIENT": "env-recipient+box@example.com",
    "LOCAL": "env-local",
    "USER": "env-user",
    "DOMAIN": "example.com",
    "EXTENSION": "box",
}


def test_a_delivery_by_postfix() -> None:
    envelope = Envelope.of_delivery(Message.from_bytes(DELIVERY), PASSED)
    assert envelope.sender == "anna@example.org"
    assert envelope.recipient == "jane+lists@example.com"
    assert envelope.recipient_box is not None
    assert envelope.recipient_box.extension == "lists"
    assert envelope.sender_box is not None
    assert envelope.sender_box.domain == "example.org"


# fields on top, then sender and recipient
TRUST: dict[str, tuple[bytes, str | None, str | None]] = {
    "all three": (
        b"Return-Path: <a@x>\nX-Original-To: c@x\nDelivered-To: b@x\nReceived: r\n",
        "a@x",
        "b@x",
    ),
    "X-Original-To without Delivered-To": (b"Return-Path: <a@x>\nX-Original-To: c@x\nReceived: r\n", "a@x", "c@x"),
    "other fields among them": (
        b"X-Spam-Level: *\nReturn-Path: <a@x>\nX-Odd: 1\nDelivered-To: b@x\nReceived: r\n",
        "a@x",
        "b@x",
    ),
    "below a Received": (b"Received: r\nReturn-Path: <evil@x>\nDelivered-To: evil@x\n", None, None),
    "above and below": (
        b"Return-Path: <a@x>\nDelivered-To: b@x\nReceived: r\nReturn-Path: <evil@x>\nDelivered-To: evil@x\n",
        "a@x",
        "b@x",
    ),
    "one above, one below": (b"Return-Path: <a@x>\nReceived: r\nDelivered-To: evil@x\n", "a@x", None),
    "the first of each": (
        b"Delivered-To: b@x\nReturn-Path: <a@x>\nDelivered-To: c@x\nReturn-Path: <d@x>\nReceived: r\n",
        "a@x",
        "b@x",
    ),
    "no Received: what stands at the very top": (b"Return-Path: <a@x>\nDelivered-To: b@x\nSubject: s\n", "a@x", "b@x"),
    "no Received: not below another field": (b"Subject: s\nReturn-Path: <evil@x>\nDelivered-To: evil@x\n", None, None),
    "no Received: not below a broken line": (b">From z\nReturn-Path: <evil@x>\nDelivered-To: evil@x\n", None, None),
    "in the body": (b"Subject: s\n\nReturn-Path: <evil@x>\nDelivered-To: evil@x\n", None, None),
    "the null sender": (b"Return-Path: <>\nDelivered-To: b@x\nReceived: r\n", "", "b@x"),
    "an empty Return-Path": (b"Return-Path:\nDelivered-To: b@x\nReceived: r\n", "", "b@x"),
    "a quoted local part": (
        b'Return-Path: <"a b"@x>\nDelivered-To: "user+a b\'c"@x\nReceived: r\n',
        '"a b"@x',
        '"user+a b\'c"@x',
    ),
    "a path for a recipient": (b"Delivered-To: u+../../etc/x@x\nReceived: r\n", None, "u+../../etc/x@x"),
    "8-bit": ("Return-Path: <jörg@x>\nReceived: r\n".encode(), "jörg@x", None),
    "folded": (b"Return-Path:\n <a@x>\nReceived: r\n", "a@x", None),
    "a control character": (b"Return-Path: <a\0@x>\nDelivered-To: b\x1b@x\nReceived: r\n", None, None),
    "two addresses": (b"Return-Path: <a@x>, <b@x>\nDelivered-To: mailing list b@x\nReceived: r\n", None, None),
    "nonsense": (b"Return-Path: what ever\nDelivered-To: \nReceived: r\n", None, None),
    "comments without end": (
        b"Return-Path: " + b"(" * 100 + b"\nDelivered-To: " + b"(" * 60 + b")" * 60 + b"\nReceived: r\n",
        None,
        None,
    ),
}


@pytest.mark.parametrize(("raw", "sender", "recipient"), TRUST.values(), ids=TRUST)
def test_which_headers_are_the_envelope(raw: bytes, sender: str | None, recipient: str | None) -> None:
    message = Message.from_bytes(raw)
    for envelope in (Envelope.of_delivery(message, {}), Envelope.of_archive(message)):
        assert (envelope.sender, envelope.recipient) == (sender, recipient)


def test_a_header_past_a_limit_has_its_envelope() -> None:
    message = Message.from_bytes(b"Return-Path: <a@x>\nDelivered-To: b@x\nReceived: r\n" + b"A: b\n" * 5000)
    envelope = Envelope.of_delivery(message, {})
    assert (envelope.sender, envelope.recipient) == ("a@x", "b@x")


def test_the_order_of_fallbacks_at_a_delivery() -> None:
    """Take away what says it best, one by one."""
    bare = Message.from_bytes(b"From line@example.org Tue Nov 24 10:00:00 2026\nSubject: s\n\n")
    environ = dict(PASSED)

    def addresses(sender: str | None = None, recipient: str | None = None) -> tuple[str | None, str | None]:
        envelope = Envelope.of_delivery(bare, environ, sender=sender, recipient=recipient)
        return envelope.sender, envelope.recipient

    assert addresses("option@x", "option@y") == ("option@x", "option@y")
    assert addresses() == ("env-sender@example.org", "env-recipient+box@example.com")
    del environ["SENDER"], environ["RECIPIENT"]
    assert addresses() == ("line@example.org", "env-local@example.com")
    del environ["LOCAL"]
    assert addresses() == ("line@example.org", "env-user@example.com")
    del environ["DOMAIN"]
    assert addresses() == ("line@example.org", None)


def test_headers_before_options_at_a_delivery() -> None:
    message = Message.from_bytes(DELIVERY)
    envelope = Envelope.of_delivery(message, PASSED, sender="option@x", recipient="option@y", extension="option")
    assert (envelope.sender, envelope.recipient) == ("anna@example.org", "jane+lists@example.com")
    assert envelope.recipient_box is not None
    assert envelope.recipient_box.extension == "lists"


def test_options_before_headers_in_an_archive() -> None:
    message = Message.from_bytes(DELIVERY)
    envelope = Envelope.of_archive(message, sender="option@x", recipient="option+here@y")
    assert (envelope.sender, envelope.recipient) == ("option@x", "option+here@y")
    assert envelope.recipient_box is not None
    assert envelope.recipient_box.extension == "here"
    assert envelope.environment == {}


@pytest.mark.parametrize("null", ["", "<>", " <> "])
def test_the_null_sender_can_be_given(null: str) -> None:
    message = Message.from_bytes(DELIVERY)
    assert Envelope.of_archive(message, sender=null).sender == ""
    assert Envelope.of_archive(message, sender=null).sender_box is None
    assert Envelope.of_delivery(Message.from_bytes(b"A: b\n"), {"SENDER": null}).sender == ""


def test_an_option_that_is_no_address_counts_as_absent() -> None:
    envelope = Envelope.of_archive(Message.from_bytes(DELIVERY), sender="two words", recipient="\0")
    assert (envelope.sender, envelope.recipient) == ("anna@example.org", "jane+lists@example.com")


def test_the_mbox_line_names_the_sender_of_an_archived_message() -> None:
    line = b"From anna@example.org  Tue Nov 24 10:00:00 2026\n"
    assert Envelope.of_archive(Message.from_bytes(line + b"Subject: s\n\n")).sender == "anna@example.org"
    assert Envelope.of_archive(Message.from_bytes(line + b"Return-Path: <a@x>\n\n")).sender == "a@x"
    assert Envelope.of_archive(Message.from_bytes(b"From anna at example.org  Tue Nov 24\nA: b\n")).sender is None


EXTENSIONS: dict[str, tuple[str, str | None, str | None, str | None]] = {
    "the recipient's own": ("u+Own@x", "option", "env", "Own"),
    "an empty one of its own": ("u+@x", "option", "env", ""),
    "the option": ("u@x", "option", "env", "option"),
    "the environment": ("u@x", None, "env", "env"),
    "an empty option says nothing": ("u@x", "", "env", "env"),
    "nothing at all": ("u@x", "", "", None),
    "another delimiter": ("u-lists@x", "lists", None, "lists"),
}


@pytest.mark.parametrize(("recipient", "option", "passed", "extension"), EXTENSIONS.values(), ids=EXTENSIONS)
def test_where_the_extension_comes_from(
    recipient: str, option: str | None, passed: str | None, extension: str | None
) -> None:
    message = Message.from_bytes(f"Delivered-To: {recipient}\nReceived: r\n\n".encode())
    environ = {} if passed is None else {"EXTENSION": passed}
    box = Envelope.of_delivery(message, environ, extension=option).recipient_box
    assert box is not None
    assert (box.address, box.extension) == (recipient, extension)


def test_an_extension_given_outright_in_an_archive() -> None:
    box = Envelope.of_archive(Message.from_bytes(DELIVERY), extension="option").recipient_box
    assert box is not None
    assert (box.address, box.extension) == ("jane+lists@example.com", "option")


def test_an_extension_without_a_recipient() -> None:
    envelope = Envelope.of_delivery(Message.from_bytes(b"A: b\n"), {}, extension="lists")
    assert envelope.recipient is None
    assert envelope.recipient_box is not None
    assert (envelope.recipient_box.address, envelope.recipient_box.extension) == ("", "lists")


def test_only_what_the_mta_documents_can_be_asked_for() -> None:
    environ = dict.fromkeys(ENVIRONMENT, "value") | {"PATH": "/bin", "LD_PRELOAD": "x", "SECRET": "y"}
    envelope = Envelope.of_delivery(Message.from_bytes(b"A: b\n"), environ)
    assert sorted(envelope.environment) == sorted(ENVIRONMENT)


def test_the_environment_is_text_whatever_it_holds() -> None:
    environ = {"CLIENT_HELO": "a\nb\x1b[2J\udcff", "RECIPIENT": "u+../../x@y", "SENDER": "a\nb@x"}
    envelope = Envelope.of_delivery(Message.from_bytes(b"A: b\n"), environ)
    assert envelope.environment["CLIENT_HELO"] == "a b\ufffd[2Jÿ"
    assert envelope.recipient == "u+../../x@y"
    assert envelope.recipient_box is not None
    assert envelope.recipient_box.extension == "../../x"
    assert envelope.sender is None


def test_an_envelope_made_by_hand() -> None:
    envelope = Envelope("a@x", "b+c@x", environment={"USER": "b"})
    assert (envelope.sender, envelope.recipient, envelope.environment) == ("a@x", "b+c@x", {"USER": "b"})
    nobody = Envelope()
    assert (nobody.sender, nobody.recipient, nobody.sender_box, nobody.recipient_box) == (None, None, None, None)
