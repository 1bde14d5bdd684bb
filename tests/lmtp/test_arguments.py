"""Paths and parameters of MAIL FROM and RCPT TO."""

from __future__ import annotations

import pytest

from pyfilter.lmtp.arguments import split


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (b"<a@x.example>", b"a@x.example"),
        (b"<>", b""),
        (b"  <a+b=c@x>", b"a+b=c@x"),
        (b"<me>", b"me"),
        (b'<"a b\\"c"@x>', b'"a b\\"c"@x'),
        (b"<@one.example,@two.example:a@x>", b"a@x"),
        (b"<a@[192.0.2.1]>", b"a@[192.0.2.1]"),
        (b"<a@[IPv6:2001:db8::1]>", b"a@[IPv6:2001:db8::1]"),
        (b"<.odd..one.@x>", b".odd..one.@x"),
        ("<ž@š.example>".encode(), "ž@š.example".encode()),
        (b"<x+../../y@x>", b"x+../../y@x"),
        (b"<a@x.example.>", b"a@x.example."),
    ],
)
def test_what_is_an_address(written: bytes, address: bytes) -> None:
    path = split(written)
    assert path is not None
    assert (path.address, path.parameters) == (address, {})


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"a@x",
        b"<a@x",
        b"<a b@x>",
        b"<a@x>y",
        b"<a@x><b@x>",
        b"<a,b@x>",
        b"<a@x,b@x>",
        b"<a@@x>",
        b"<a@x..y>",
        b"<a@.x>",
        b"<@x>",
        b'<"a@x>',
        b'<"a\x01"@x>',
        b"<a\x7f@x>",
        b"<a@[x>",
        b"<" + b"a" * 250 + b"@x.yz>",
    ],
)
def test_what_is_none(written: bytes) -> None:
    assert split(written) is None


@pytest.mark.parametrize(
    ("written", "parameters"),
    [
        (b"<> SIZE=1 body=8bitmime SMTPUTF8", {"SIZE": b"1", "BODY": b"8bitmime", "SMTPUTF8": b""}),
        (b"<>  ", {}),
        (b"<> SIZE=1 size=1", None),
        (b"<> =1", None),
        (b"<> A==1", None),
        (b"<> \xc3\xbe", None),
    ],
)
def test_parameters(written: bytes, parameters: dict[str, bytes] | None) -> None:
    path = split(written)
    assert path is not None
    assert path.parameters == parameters
