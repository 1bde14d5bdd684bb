"""Address fields (message/addresses.py): every address is one again, nothing grows, no name becomes an address."""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import charsets, quoting, words
from pyfilter.message.addresses import parse
from pyfilter.message.headers import Unreadable

from ..fuzz_message import one_line

LONGEST = 160
MODULES = (charsets, quoting, words)  # to be instrumented
FIELDS = ("from", "to", "cc", "bcc", "reply-to", "return-path", "delivered-to")
WORDS = (
    b"@", b",", b";", b":", b"<", b">", b"(", b")", b'"', b"\\", b'\\"', b"[", b"]", b".", b"+", b" ", b"\n ", b"=?",
    b"?=", b"=?utf-8?Q?", b"=?utf-8?B?", b"=?hz?Q?", b"@x", b"a@x", b"<a@x>", b"@r:c@x", b"mailto:", b"undisclosed:;",
    b"[192.0.2.1]", b"[IPv6:2001:db8::1]", b"\xc3\xa9", b"\xff", b"\0", b"\xe2\x80\xae",
)  # fmt: skip
SEEDS = (
    b"root",
    b"Anna M\xc3\xbcller <anna@example.org>, pat@example.org",
    b'"Doe, Pat" <pat+lists@example.com> (at work)',
    b"Team: a@x, B (b (c)) <b@[192.0.2.1]>;, <@r:c@x>",
    b'"q\\""@x; d@x e@x',
    b'"very odd"."and quoted"@x',
    b"=?utf-8?Q?Anna_M=C3=BCller?= <anna@example.org>",
    b"=?utf-7?Q?+2AA-?= <root>, Smith, John, Jr. <j@x>",
    b"A <a@x> B <b@x>, <mailto:a@x>, MAILER-DAEMON <>",
)


def examine(data: bytes) -> None:
    try:
        boxes = parse(data)
    except Unreadable:
        return
    assert len(boxes) <= min(limits.ADDRESSES, len(data))
    told = 0
    for box in boxes:
        assert box.name or box.address
        assert bool(box.address) == bool(box.local or box.domain)
        assert one_line(box.name) and one_line(box.text) and one_line(box.extension or "")
        assert box.address.isprintable()
        assert not set('<>",; ()\\@') & set(box.domain)
        told += len(box.name) + len(box.address)
        if box.domain:
            (again,) = parse(f"<{box.address}>".encode())
            assert (again.address, again.local, again.domain) == (box.address, box.local, box.domain)
    assert told <= 4 * len(data), "the result is longer than what came"
