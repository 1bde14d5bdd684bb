"""What a client of LMTP says (lmtp/protocol.py): whole, and in any pieces.

The first byte chooses the pieces. Whatever comes, nothing is raised, the replies and the messages do not depend on the
pieces, each reply is whole lines with a code, and no more is kept than a message and a line may have.
"""

from __future__ import annotations

import re

from pyfilter import limits
from pyfilter.lmtp import replies
from pyfilter.lmtp.protocol import Closed, MessageReceived, RecipientNamed, Session

LONGEST = 1000
FIELDS = ()
WORDS = (
    b"LHLO x\r\n", b"MAIL FROM:<a@x>\r\n", b"RCPT TO:<b@x>\r\n", b"DATA\r\n", b"BDAT 5\r\n", b"BDAT 0 LAST\r\n",
    b"\r\n.\r\n", b"RSET\r\n", b"QUIT\r\n", b"NOOP\r\n", b"VRFY\r\n", b"HELP\r\n", b" SIZE=10", b" SMTPUTF8",
    b" BODY=8BITMIME", b"<>", b"<@a:b@c>", b'<"a b"@x>', b"\r", b"\n", b".", b"..\r\n", b"\0", b"\xc5\xbe", b"\n.\n",
    b"\r.\r", b"LAST",
)  # fmt: skip
_BEGIN = b"LHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n"
SEEDS = (
    b"\x00" + _BEGIN + b"DATA\r\nSubject: x\r\n\r\n..a\r\n.\r\nQUIT\r\n",
    b"\x03" + _BEGIN + b"RCPT TO:<later@x>\r\nBDAT 5\r\na\r\nb\rBDAT 3 LAST\r\n\nc\r",
    b"\x07LHLO x\r\nMAIL FROM:<\xc5\xbe@x> SMTPUTF8 SIZE=3\r\nRCPT TO:<no@x>\r\nDATA\r\n",
    b"\x01HELO x\r\nEHLO\r\nLHLO\r\nNOOP\nVRFY a\r\nMAIL FROM:a\r\n" + b"x" * 5000 + b"\r\nQUIT\r\n",
    b"\x02" + _BEGIN + b"DATA\r\na\n.\nMAIL FROM:<c@x>\r\n\r.\r\r\n.\r\n" + _BEGIN + b"DATA\r\n.\r\n",
)
MOST = 500  # bytes of one message

_REPLY = re.compile(rb"(?:\d{3}-[ -~]*\r\n)*\d{3} [ -~]*\r\n")


def examine(data: bytes) -> None:
    chosen, said = data[:1] or b"\0", data[1:]
    whole = talk([said])
    size = chosen[0] % 16 + 1
    assert talk([said[at : at + size] for at in range(0, len(said), size)]) == whole
    assert talk([said[: chosen[0]], said[chosen[0] :]]) == whole
    heard, received, _ = whole
    assert re.fullmatch(rb"(?:%b)*" % _REPLY.pattern, heard), heard
    for sender, recipients, raw in received:
        assert len(raw) <= MOST and 0 < len(recipients) <= limits.LMTP_RECIPIENTS
        for address in (sender, *recipients):
            assert len(address) <= limits.ADDRESS_CHARACTERS
            assert not any(character < " " or character == "\x7f" for character in address), address


def talk(pieces: list[bytes]) -> tuple[bytes, list[tuple[str, tuple[str, ...], bytes]], bool]:
    """What the server says, what it received, and whether the conversation is over."""
    session = Session("here", MOST)
    heard, received, is_over = session.take_output(), [], False
    for piece in pieces:
        before = session.held
        session.receive(piece)
        while event := session.next_event():
            match event:
                case RecipientNamed():
                    is_here = not event.address.startswith("no")
                    session.answer(replies.RECIPIENT_OK if is_here else replies.UNKNOWN_USER)
                case MessageReceived():
                    received.append((event.sender, event.recipients, event.raw))
                    later = [address.startswith("later") for address in event.recipients]
                    session.answer(*[replies.BUSY if one else replies.OK for one in later])
                case Closed():
                    is_over = True
        heard += session.take_output()
        assert session.held <= max(before, MOST + limits.LMTP_LINE_BYTES + 1) + (0 if is_over else 4)
    return heard, received, is_over
