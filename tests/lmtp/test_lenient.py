"""What is forgiven to clients of LMTP: each leniency stands in VIOLATIONS.md, by its name here."""

from __future__ import annotations

import pytest

from .talk import HELLO, LHLO, bytewise, talk

SENDER = b"250 2.1.0 sender ok\r\n"
RECIPIENT = b"250 2.1.5 recipient ok\r\n"
GO = b"354 end with a line that holds a dot only\r\n"
BEGIN = b"MAIL FROM:<>\r\nRCPT TO:<b@x>\r\n"
BEGUN = SENDER + RECIPIENT
DELIVERED = b"250 2.0.0 delivered to b@x\r\n"
LONG = b"a" * 100

# name: (what the client says behind LHLO, what it hears, recipient and message, "" and b"" where there is none)
LENIENT: dict[str, tuple[bytes, bytes, str, bytes]] = {
    "blank before the path": (b"MAIL FROM: <a@x>\r\nRCPT TO:\t <b@x>\r\n", SENDER + RECIPIENT, "", b""),
    "no domain": (b"MAIL FROM:<a>\r\nRCPT TO:<b>\r\n", SENDER + RECIPIENT, "", b""),
    "dots in a local part": (b"MAIL FROM:<.a..b.@x>\r\n", SENDER, "", b""),
    "long local part": (b"MAIL FROM:<%b@x>\r\n" % LONG, SENDER, "", b""),
    "dot behind a domain": (b"MAIL FROM:<a@x.example.>\r\n", SENDER, "", b""),
    "odd domain": (b"MAIL FROM:<a@my_host!>\r\n", SENDER, "", b""),
    "odd address literal": (b"MAIL FROM:<a@[anything]>\r\n", SENDER, "", b""),
    "odd source route": (b"MAIL FROM:<@,;(:a@x>\r\n", SENDER, "", b""),
    "blanks between parameters": (b"MAIL FROM:<a@x>   SIZE=1  BODY=8BITMIME  \r\n", SENDER, "", b""),
    "8-bit text without 8BITMIME": (
        BEGIN + b"DATA\r\n\xc5\xbe\xff\r\n.\r\n",
        BEGUN + GO + DELIVERED,
        "b@x",
        b"\xc5\xbe\xff\n",
    ),
    "any name in LHLO": (b"LHLO !?\r\n", HELLO, "", b""),
    "blanks around a chunk's size": (
        BEGIN + b"BDAT  \t2   last \r\nab",
        BEGUN + DELIVERED,
        "b@x",
        b"ab",
    ),
    "blanks behind a command": (b"RSET  \r\n", b"250 2.0.0 ok\r\n", "", b""),
    "bare line ends in a message": (
        BEGIN + b"DATA\r\na\nb\rc\r\n.\r\n",
        BEGUN + GO + DELIVERED,
        "b@x",
        b"a\nb\rc\n",
    ),
    "NUL in a message": (BEGIN + b"DATA\r\na\0b\r\n.\r\n", BEGUN + GO + DELIVERED, "b@x", b"a\0b\n"),
    "long lines in a message": (
        BEGIN + b"BDAT 1000 LAST\r\n" + b"x" * 999 + b"\n",
        BEGUN + DELIVERED,
        "b@x",
        b"x" * 999 + b"\n",
    ),
    "no line end at the end": (BEGIN + b"BDAT 1 LAST\r\na", BEGUN + DELIVERED, "b@x", b"a"),
}


@pytest.mark.parametrize("name", LENIENT)
def test_what_is_forgiven(name: str) -> None:
    said, heard, recipient, raw = LENIENT[name]
    for pieces in ([LHLO + said], bytewise(LHLO + said)):
        answered, world = talk(pieces)
        assert answered == HELLO + heard
        assert world.received == ([("", (recipient,), raw)] if recipient else [])
