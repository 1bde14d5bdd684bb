"""Conversations: what the client says, and what the server must say to it, whole, byte by byte and in random pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.lmtp.protocol import Session

from .talk import HELLO, LHLO, MOST, bytewise, talk

MAIL = b"MAIL FROM:<a@x.example>\r\n"
RCPT = b"RCPT TO:<me@here.example>\r\n"
START = LHLO + MAIL + RCPT
STARTED = HELLO + b"250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n"
GO = b"354 end with a line that holds a dot only\r\n"
DONE = b"250 2.0.0 delivered to me@here.example\r\n"
BYE = b"221 2.0.0 goodbye\r\n"
QUIT = b"QUIT\r\n"
LINE_END = b"500 5.5.2 a line ends with CR LF and holds neither of them alone, and no NUL\r\n"

# name: (client, server, messages received)
CONVERSATIONS: dict[str, tuple[bytes, bytes, list[bytes]]] = {
    "a message": (START + b"DATA\r\nA: b\r\n\r\ntext\r\n.\r\nQUIT\r\n", STARTED + GO + DONE + BYE, [b"A: b\n\ntext\n"]),
    "an empty message": (START + b"DATA\r\n.\r\n" + QUIT, STARTED + GO + DONE + BYE, [b""]),
    "dots at the start of lines": (
        START + b"DATA\r\n..\r\n...a\r\n.b\r\nc.\r\n.\r\n",
        STARTED + GO + DONE,
        [b".\n..a\nb\nc.\n"],
    ),
    "two messages": (
        START + b"DATA\r\n1\r\n.\r\n" + MAIL + RCPT + b"DATA\r\n2\r\n.\r\n",
        STARTED + GO + DONE + STARTED.removeprefix(HELLO) + GO + DONE,
        [b"1\n", b"2\n"],
    ),
    "one reply for each recipient, in their order": (
        LHLO + MAIL + b"RCPT TO:<later@x>\r\nRCPT TO:<nobody@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\n",
        HELLO
        + b"250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n550 5.1.1 no such user here\r\n"
        + b"250 2.1.5 recipient ok\r\n" * 2
        + GO
        + b"451 4.3.0 delivery postponed\r\n"
        + b"250 2.0.0 delivered to b@x\r\n" * 2,
        [b""],
    ),
    "nobody is here": (
        LHLO + MAIL + b"RCPT TO:<nobody@x>\r\nDATA\r\n" + QUIT,
        HELLO + b"250 2.1.0 sender ok\r\n550 5.1.1 no such user here\r\n503 5.5.1 no valid recipients\r\n" + BYE,
        [],
    ),
    "chunks": (
        START + b"BDAT 6\r\nA: b\r\nBDAT 3\r\n\r\n.BDAT 2 LAST\r\n\r\n" + QUIT,
        STARTED + b"250 2.0.0 chunk received\r\n" * 2 + DONE + BYE,
        [b"A: b\n\n.\n"],
    ),
    "an empty last chunk": (
        START + b"BDAT 3\r\na\r\nbdat 0 last\r\n",
        STARTED + b"250 2.0.0 chunk received\r\n" + DONE,
        [b"a\n"],
    ),
    "a line end between two chunks": (
        START + b"BDAT 2\r\na\rBDAT 2 LAST\r\n\nb",
        STARTED + b"250 2.0.0 chunk received\r\n" + DONE,
        [b"a\nb"],
    ),
    "a chunk without recipients is no command": (
        LHLO + b"BDAT 12 LAST\r\nQUIT\r\nQUIT\r\nNOOP\r\n",
        HELLO + b"503 5.5.1 say MAIL first\r\n250 2.0.0 ok\r\n",
        [],
    ),
    "a chunk of a size that is none": (
        START + b"BDAT x LAST\r\nRSET\r\n",
        STARTED + b"501 5.5.4 BDAT SIZE [LAST]\r\n",
        [],
    ),
    "dots behind chunks": (
        START + b"BDAT 1\r\naDATA\r\nRCPT TO:<b@x>\r\n",
        STARTED
        + b"250 2.0.0 chunk received\r\n"
        + b"503 5.5.1 the message began with BDAT and must go on with it\r\n" * 2,
        [],
    ),
    "too large, by its dots": (
        START + b"DATA\r\n" + b"x" * (MOST + 1) + b"\r\n.\r\n" + QUIT,
        STARTED + GO + b"552 5.3.4 the message is too large\r\n" + BYE,
        [],
    ),
    "too large, by its chunks": (
        START + b"BDAT %d LAST\r\n" % (MOST + 1) + b"x" * (MOST + 1) + QUIT,
        STARTED + b"552 5.3.4 the message is too large\r\n" + BYE,
        [],
    ),
    "too large, as it says": (
        LHLO + b"MAIL FROM:<a@x> SIZE=1001\r\nMAIL FROM:<a@x> SIZE=1000\r\n",
        HELLO + b"552 5.3.4 the message is too large\r\n250 2.1.0 sender ok\r\n",
        [],
    ),
    "parameters": (
        LHLO
        + b"MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\nRSET\r\nMAIL FROM:<> BODY=BINARYMIME\r\n"
        + b"MAIL FROM:<> RET=FULL\r\nMAIL FROM:<> SIZE=\r\nMAIL FROM:<> SIZE=1 SIZE=1\r\n"
        + b"MAIL FROM:<>\r\nRCPT TO:<b@x> NOTIFY=NEVER\r\n",
        HELLO
        + b"250 2.1.0 sender ok\r\n250 2.0.0 ok\r\n501 5.5.4 a parameter has no such value\r\n"
        + b"555 5.5.4 a parameter is not known\r\n"
        + b"501 5.5.4 a parameter has no such value\r\n" * 2
        + b"250 2.1.0 sender ok\r\n555 5.5.4 a parameter is not known\r\n",
        [],
    ),
    "addresses in UTF-8": (
        LHLO
        + "MAIL FROM:<ž@x>\r\nMAIL FROM:<ž@x> SMTPUTF8\r\nRCPT TO:<žlutý@x.example>\r\nDATA\r\n.\r\n".encode()
        + "MAIL FROM:<a@x>\r\nRCPT TO:<ž@x>\r\n".encode(),
        HELLO
        + b"553 5.6.7 an address with other characters than ASCII needs SMTPUTF8\r\n250 2.1.0 sender ok\r\n"
        + b"250 2.1.5 recipient ok\r\n"
        + GO
        + b"250 2.0.0 delivered to ?lut?@x.example\r\n250 2.1.0 sender ok\r\n"
        + b"553 5.6.7 an address with other characters than ASCII needs SMTPUTF8\r\n",
        [b""],
    ),
    "out of order": (
        MAIL + RCPT + b"DATA\r\n" + LHLO + RCPT + b"DATA\r\n" + MAIL + MAIL + b"DATA\r\n",
        b"503 5.5.1 say LHLO first\r\n"
        + b"503 5.5.1 say MAIL first\r\n" * 2
        + HELLO
        + b"503 5.5.1 say MAIL first\r\n" * 2
        + b"250 2.1.0 sender ok\r\n503 5.5.1 there is a sender already\r\n503 5.5.1 no valid recipients\r\n",
        [],
    ),
    "a new LHLO and RSET forget": (
        START + LHLO + RCPT + MAIL + RCPT + b"rset\r\n" + RCPT,
        STARTED + HELLO + b"503 5.5.1 say MAIL first\r\n" + STARTED.removeprefix(HELLO) + b"250 2.0.0 ok\r\n"
        b"503 5.5.1 say MAIL first\r\n",
        [],
    ),
    "SMTP is not spoken": (
        b"HELO x\r\nEHLO x\r\nLHLO\r\nXCLIENT A=B\r\n",
        b"500 5.5.1 this is LMTP: say LHLO\r\n" * 2
        + b"501 5.5.4 LHLO needs a name\r\n500 5.5.1 no such command in LMTP\r\n",
        [],
    ),
    "small talk": (
        b"NOOP hello\r\nVRFY me\r\nHELP\r\nQUIT now\r\nquit\r\nNOOP\r\n",
        b"250 2.0.0 ok\r\n252 2.5.2 not verified; mail says who is here\r\n"
        b"214 2.0.0 LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT (RFC 2033)\r\n"
        b"501 5.5.4 this command has no argument\r\n" + BYE,
        [],
    ),
    "a line without CR is not carried out": (b"QUIT\nNOOP\r\n", LINE_END + b"250 2.0.0 ok\r\n", []),
    "a bare CR or a NUL in a line": (
        LHLO + b"MAIL FROM:<a\r@x>\r\nMAIL FROM:<a\0@x>\r\n",
        HELLO + LINE_END * 2,
        [],
    ),
    "a line that is too long": (
        b"NOOP " + b"x" * limits.LMTP_LINE_BYTES + b"\r\nNOOP\r\n",
        b"500 5.5.2 the line is too long\r\n250 2.0.0 ok\r\n",
        [],
    ),
    "too many errors": (
        b"X\r\n" * (limits.LMTP_ERRORS + 1) + b"NOOP\r\n",
        b"500 5.5.1 no such command in LMTP\r\n" * limits.LMTP_ERRORS + b"421 4.7.0 too many errors\r\n",
        [],
    ),
}


@pytest.mark.parametrize(("client", "server", "messages"), CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_a_conversation_whole_and_byte_by_byte(client: bytes, server: bytes, messages: list[bytes]) -> None:
    for pieces in ([client], bytewise(client)):
        heard, world = talk(pieces)
        assert heard == server
        assert [raw for _, _, raw in world.received] == messages


@given(st.sampled_from(sorted(CONVERSATIONS)), st.lists(st.integers(0, 400), max_size=12))
def test_the_pieces_make_no_difference(name: str, cuts: list[int]) -> None:
    client, server, messages = CONVERSATIONS[name]
    places = sorted({0, len(client), *(min(cut, len(client)) for cut in cuts)})
    heard, world = talk([client[start:end] for start, end in pairwise(places)])
    assert heard == server
    assert [raw for _, _, raw in world.received] == messages


# What other servers have taken for the end of a message: text between the lines, then a command behind it.
ENDS = [
    before + dot + after
    for before in (b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r\n", b"\0\r\n")
    for dot in (b".", b"..", b". ", b".\0")
    for after in (b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r\n", b"\0\n")
    if (before[-2:], dot, after) != (b"\r\n", b".", b"\r\n")
]


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_nothing_else_ends_a_message(end: bytes) -> None:
    smuggled = b"MAIL FROM:<root@x>\r\nRCPT TO:<victim@x>\r\nDATA\r\nowned\r\n"
    text = b"A: b\r\n\r\nx" + end + smuggled
    for pieces in ([START + b"DATA\r\n" + text + b".\r\n"], bytewise(START + b"DATA\r\n" + text + b".\r\n")):
        heard, world = talk(pieces)
        assert heard == STARTED + GO + DONE
        ((sender, recipients, raw),) = world.received
        assert (sender, recipients) == ("a@x.example", ("me@here.example",))
        assert raw.endswith(b"owned\n") and b"<root@x>" in raw


def test_chunks_are_not_looked_into() -> None:
    inside = b"\r\n.\r\nQUIT\r\n"
    heard, world = talk([START + b"BDAT %d LAST\r\n" % len(inside) + inside])
    assert heard == STARTED + DONE
    assert world.received[0][2] == b"\n.\nQUIT\n"


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_a_message_comes_back_as_it_was_sent(text: bytes, cuts: list[int]) -> None:
    lines = text.replace(b"\r\n", b"\n").split(b"\n")
    sent = b"\r\n".join([b"." + line if line.startswith(b".") else line for line in lines]) + b"\r\n"
    stream = START + b"DATA\r\n" + sent + b".\r\n"
    places = sorted({0, len(stream), *(min(cut + len(START), len(stream)) for cut in cuts)})
    _, world = talk([stream[start:end] for start, end in pairwise(places)])
    assert [raw for _, _, raw in world.received] == [b"\n".join(lines) + b"\n"]


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([START, b"DATA\r\n", b"BDAT 3\r\n", b"\r\n.\r\n"]))))
def test_whatever_comes_is_answered_and_never_raises(pieces: list[bytes]) -> None:
    heard, world = talk(pieces)
    whole, again = talk([b"".join(pieces)])
    assert (heard, world.received, world.closed) == (whole, again.received, again.closed)
    assert heard.isascii()


def test_no_more_recipients_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LMTP_RECIPIENTS", 2)
    heard, world = talk([START + RCPT * 2 + b"DATA\r\n.\r\n"])
    assert heard.count(b"452 4.5.3 too many recipients; send the others in another transaction\r\n") == 1
    assert world.received[0][1] == ("me@here.example",) * 2


def test_only_an_answer_that_fits_is_taken() -> None:
    session = Session("x")
    with pytest.raises(ValueError, match="nothing was asked"):
        session.answer()
