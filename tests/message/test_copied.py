"""Values that the sender chooses and servers copy: is there a sign in them that could end the copy?"""

from __future__ import annotations

import pytest

from pyfilter.message.copied import smuggles
from pyfilter.message.message import Message

SIGNATURE = b"DKIM-Signature: v=1; a=rsa-sha256; d=%b; i=%b; s=%b; h=from : subject;\n bh=x+/=; b=ab\n cd\n\n"

HONEST: dict[str, tuple[bytes, str | None]] = {
    "nothing to copy": (b"From: a@b\n\n", None),
    "a return path": (b"Return-Path: <a+b=c.example@d.example>\n\n", "a+b=c.example@d.example"),
    "the null sender": (b"Return-Path: <>\n\n", ""),
    "no brackets": (b"Return-Path:  a@b \r\n\r\n", None),
    "other scripts": ("Return-Path: <mañana@é.example>\n\n".encode(), "mañana@é.example"),
    "a signature": (SIGNATURE % (b"friend.example", b"@friend.example", b"s1"), None),
    "an equals sign, encoded": (SIGNATURE % (b"friend.example", b"a=3Db@friend.example", b"s1"), None),
    "an equals sign that encodes nothing": (SIGNATURE % (b"friend.example", b"a=b=@friend.example", b"s1"), None),
    "folded within a word": (SIGNATURE % (b"friend.\r\n example", b"a@\n\tfriend.example", b" s1 "), None),
    "other tags": (b"DKIM-Signature: z=From:a=20b|Subject:(; d=b\n\n", None),
    "a seal": (b"ARC-Seal: i=1; a=rsa-sha256; d=friend.example; s=s1; cv=none; b=a/+=\n\n", None),
    "no tags": (b"DKIM-Signature: none at all\n\n", None),
}
HOSTILE: dict[str, tuple[bytes, str | None]] = {
    "a comment that ends": (b'Return-Path: <"x); dmarc=pass (y"@evil.example>\n\n', None),
    "the sender of the envelope alone": (b"From: a@b\n\n", '"x); dmarc=pass (y"@evil.example'),
    "a blank": (b"Return-Path: <a b@evil.example>\n\n", None),
    "a tab": (b"Return-Path: <a\tb@evil.example>\n\n", None),
    "a semicolon": (b"Return-Path: <a;b@evil.example>\n\n", None),
    "a backslash": (b"Return-Path: <a\\b@evil.example>\n\n", None),
    "a comma": (b"Return-Path: <a,b@evil.example>\n\n", None),
    "NUL": (b"Return-Path: <a\0b@evil.example>\n\n", None),
    "half a surrogate pair": (b"From: a@b\n\n", "\ud800 @evil.example"),
    "the second return path": (b"Return-Path: <>\nReturn-Path: <a;b@c>\n\n", None),
    "encoded": (SIGNATURE % (b"evil.example", b"x=3B=20dkim=3Dpass@evil.example", b"s"), None),
    "encoded in lower case": (SIGNATURE % (b"evil.example", b"x=3b@evil.example", b"s"), None),
    "encoded, over a fold": (SIGNATURE % (b"evil.example", b"x=3\r\n B@evil.example", b"s"), None),
    "a blank in i=": (SIGNATURE % (b"evil.example", b"x y@evil.example", b"s"), None),
    "a comment in i=": (SIGNATURE % (b"evil.example", b"x(@evil.example", b"s"), None),
    "quotes in i=": (SIGNATURE % (b"evil.example", b'"x"@evil.example', b"s"), None),
    "a blank in d=": (SIGNATURE % (b"bank.example z.y=x.evil.example", b"@x", b"s"), None),
    "a comment in s=": (SIGNATURE % (b"evil.example", b"@evil.example", b"(s"), None),
    "a name of a tag in capitals": (b"DKIM-Signature: d=evil.example; I=x=3B@evil.example\n\n", None),
    "a comment in a seal": (b"ARC-Seal: i=1; d=x)y(; s=s; cv=none; b=\n\n", None),
    "a comment in a sealed signature": (b"ARC-Message-Signature: i=1; d=b; s=x)y(; b=\n\n", None),
    "the second signature": (SIGNATURE[:-1] % (b"b", b"@b", b"s") + SIGNATURE % (b"c", b"=28@c", b"s"), None),
}


@pytest.mark.parametrize(("raw", "sender"), HONEST.values(), ids=HONEST)
def test_mail_as_it_is(raw: bytes, sender: str | None) -> None:
    assert not smuggles(Message.from_bytes(raw), sender)


@pytest.mark.parametrize(("raw", "sender"), HOSTILE.values(), ids=HOSTILE)
def test_a_value_that_could_end_its_copy(raw: bytes, sender: str | None) -> None:
    assert smuggles(Message.from_bytes(raw), sender)
