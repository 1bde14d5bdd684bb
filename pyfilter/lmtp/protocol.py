"""The server's side of LMTP as a machine: bytes in, events and replies out. It has no sockets and no clock.

In: what the client sends, in pieces of any size (``receive``), and answers to events. Out: events (``next_event``) and
the replies as they are to be sent (``take_output``). What comes out does not depend on the pieces.

====================== ==================================================================================
event                  the answer
====================== ==================================================================================
``RecipientNamed``     ``answer(reply)``: one, good or not
``MessageReceived``    ``answer(reply, …)``: one for each recipient, in their order (RFC 2033, section 4.2)
``Closed``             none: send the output and close
====================== ==================================================================================

Until an event is answered nothing more is read: commands that came with it (PIPELINING, RFC 2920) wait, so every reply
is in its place. Who has the socket reads no more from it meanwhile.

Rules

- A line ends with CR LF. One that holds a bare CR or LF, or NUL, is answered and never carried out; what ends a message
  says data.py.
- A message that is too large is read to its end and refused for each recipient.
- More than limits.LMTP_ERRORS refused commands in a row, or limits.LMTP_COMMANDS without a message, and the client is
  sent away.
- How much memory there is knows who has the sockets: ``is_crowded`` has messages that would begin refused for now, and
  ``forget`` the one that is coming.

Sources: RFC 2033; RFC 5321; RFC 1870 SIZE; RFC 2034 ENHANCEDSTATUSCODES; RFC 2920 PIPELINING; RFC 3030 CHUNKING; RFC
6152 8BITMIME; RFC 6531 SMTPUTF8.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pyfilter import limits
from pyfilter.lmtp import replies
from pyfilter.lmtp.arguments import Path, split
from pyfilter.lmtp.data import ChunkData, DotData
from pyfilter.lmtp.replies import Reply

__all__ = ["Closed", "MessageReceived", "RecipientNamed", "Session"]


class RecipientNamed:
    """Somebody is to get the message that begins: is he here?"""

    __slots__ = ("address", "sender")

    def __init__(self, address: str, sender: str) -> None:
        self.address = address
        self.sender = sender


class MessageReceived:
    """``sender``: "" is the null sender. ``recipients``: those that were accepted, in order, one named twice twice.
    ``raw``: the message, LF at the end of its lines."""

    __slots__ = ("raw", "recipients", "sender")

    def __init__(self, sender: str, recipients: tuple[str, ...], raw: bytes | bytearray) -> None:
        self.sender = sender
        self.recipients = recipients
        self.raw = raw


class Closed:
    """The conversation is over."""

    __slots__ = ()


Event = RecipientNamed | MessageReceived | Closed


class Session:
    """One conversation. ``name``: what the server calls itself; ``most_bytes``: of one message."""

    def __init__(self, name: str, most_bytes: int = limits.LMTP_MESSAGE_BYTES) -> None:
        self._name = name
        self._most_bytes = most_bytes
        self._input = b""
        self._output = bytearray()
        self._reader: Callable[[], Event | None] = self._read_line
        self._asked: Event | None = None
        self._greeted = False
        self._errors = 0
        self._commands = 0
        self.is_crowded = False
        self._is_closed = False
        self._chunk = ChunkData(0)
        self._begin_transaction()
        self._say(Reply(220, "", f"{name} LMTP pyfilter"))

    def _begin_transaction(self) -> None:
        self._sender: str | None = None
        self._utf8 = False
        self._recipients: list[str] = []
        self._dots: DotData | None = None
        self._chunks: ChunkData | None = None
        self._is_last = False
        self._is_forgotten = False

    # ------------------------------------------------------------------ bytes, events, answers

    def receive(self, data: bytes) -> None:
        """What the client sent."""
        if not self._is_closed:
            self._input += data

    @property
    def held(self) -> int:
        """Bytes of a message that are kept here, and of what waits to be read."""
        data = self._dots or self._chunks
        return len(self._input) + (data.held if data else 0)

    def forget(self) -> None:
        """There is no room for the message that is coming: it is read to its end, and each recipient put off."""
        if data := self._dots or self._chunks:
            data.forget()
            self._is_forgotten = True

    def take_output(self) -> bytes:
        """What is to be sent to the client now."""
        output, self._output = bytes(self._output), bytearray()
        return output

    def next_event(self) -> Event | None:
        """The next one; None: there is none before the client sends more, or before the last one was answered."""
        while self._asked is None and not self._is_closed and self._input:
            before = len(self._input), self._reader
            event = self._reader()
            if event is not None:
                self._asked = event
                return event
            if (len(self._input), self._reader) == before:
                break  # the rest of the line is to come
        if self._is_closed and not isinstance(self._asked, Closed):
            self._asked = Closed()
            return self._asked
        return None

    def answer(self, *answers: Reply) -> None:
        """What the world says to the last event."""
        asked, self._asked = self._asked, None
        match asked:
            case RecipientNamed():
                (reply,) = answers
                if reply.is_good:
                    self._recipients.append(asked.address)
                self._say(reply)
            case MessageReceived():
                if len(answers) != len(asked.recipients):
                    raise ValueError(f"{len(asked.recipients)} recipients and {len(answers)} replies")
                for reply in answers:
                    self._say(reply)
                self._begin_transaction()
            case _:
                raise ValueError("nothing was asked")

    def close(self, reply: Reply) -> None:
        """End the conversation with ``reply``, whatever the client says next."""
        self._say(reply)
        self._is_closed = True
        self._input = b""

    def _say(self, reply: Reply) -> None:
        self._output += bytes(reply)

    def _refuse(self, reply: Reply) -> None:
        self._errors += 1
        if self._errors > limits.LMTP_ERRORS:
            self.close(replies.TOO_MANY_ERRORS)
        else:
            self._say(reply)

    # ------------------------------------------------------------------ one line

    def _read_line(self) -> Event | None:
        end = self._input.find(b"\n")
        if end < 0 and len(self._input) <= limits.LMTP_LINE_BYTES:
            return None
        if end < 0 or end > limits.LMTP_LINE_BYTES:
            self._refuse(replies.LINE_TOO_LONG)
            self._reader = self._skip_line
            return None
        line, self._input = self._input[: end + 1], self._input[end + 1 :]
        text = line.removesuffix(b"\r\n")
        if text == line or b"\r" in text or b"\0" in text:
            self._refuse(replies.BARE_LINE_END)
            return None
        return self._command(text)

    def _skip_line(self) -> None:
        _, end, self._input = self._input.partition(b"\n")
        if end:
            self._reader = self._read_line

    def _command(self, text: bytes) -> Event | None:
        word, _, argument = text.partition(b" ")
        verb = word.upper()
        if verb in (b"MAIL", b"RCPT"):
            expected = b"FROM:" if verb == b"MAIL" else b"TO:"
            if argument[: len(expected)].upper() != expected:
                self._refuse(replies.BAD_SENDER if verb == b"MAIL" else replies.BAD_RECIPIENT)
                return None
            argument = argument[len(expected) :]
        self._commands += 1
        if self._commands > limits.LMTP_COMMANDS:
            self.close(replies.TOO_MANY_COMMANDS)
            return None
        carry_out = _COMMANDS.get(verb)
        if carry_out is None:
            self._refuse(replies.NOT_LMTP if verb in (b"HELO", b"EHLO") else replies.UNKNOWN_COMMAND)
            return None
        return carry_out(self, argument)

    def _without_argument(self, argument: bytes, reply: Reply) -> bool:
        if argument.strip():
            self._refuse(replies.NO_ARGUMENT)
            return False
        self._errors = 0
        self._say(reply)
        return True

    # ------------------------------------------------------------------ the commands

    def _lhlo(self, argument: bytes) -> None:
        if not argument.strip():
            self._refuse(replies.NEEDS_NAME)
            return
        self._begin_transaction()
        self._greeted = True
        self._say(Reply(250, "", self._name, *_EXTENSIONS, f"SIZE {self._most_bytes}"))

    def _mail(self, argument: bytes) -> None:
        if not self._greeted:
            return self._refuse(replies.LHLO_FIRST)
        if self._sender is not None:
            return self._refuse(replies.NESTED_MAIL)
        path = split(argument)
        if path is None or path.parameters is None:
            return self._refuse(replies.BAD_SENDER if path is None else replies.BAD_PARAMETER)
        if refused := self._sender_parameters(path.parameters):
            return self._refuse(refused)
        sender = self._text(path)
        if sender is None:
            return self._refuse(replies.NEEDS_SMTPUTF8)
        self._sender = sender
        self._errors = 0
        self._say(replies.SENDER_OK)

    def _sender_parameters(self, parameters: dict[str, bytes]) -> Reply | None:
        self._utf8 = False
        for name, value in parameters.items():
            match name:
                case "SIZE" if value.isdigit() and len(value) <= 20:  # RFC 1870, section 3
                    if int(value) > self._most_bytes:
                        return replies.TOO_LARGE
                case "BODY" if value.upper() in (b"7BIT", b"8BITMIME"):
                    continue
                case "SMTPUTF8" if not value:
                    self._utf8 = True
                case "SIZE" | "BODY" | "SMTPUTF8":
                    return replies.BAD_PARAMETER
                case _:
                    return replies.UNKNOWN_PARAMETER
        return None

    def _rcpt(self, argument: bytes) -> Event | None:
        refused = None
        path = split(argument)
        if self._sender is None:
            refused = replies.MAIL_FIRST
        elif self._chunks is not None:
            refused = replies.IN_CHUNKS
        elif path is None or not path.address:
            refused = replies.BAD_RECIPIENT
        elif path.parameters != {}:
            refused = replies.UNKNOWN_PARAMETER
        elif len(self._recipients) >= limits.LMTP_RECIPIENTS:
            refused = replies.TOO_MANY_RECIPIENTS
        elif (address := self._text(path)) is None:
            refused = replies.NEEDS_SMTPUTF8
        else:
            self._errors = 0
            return RecipientNamed(address, self._sender)
        self._refuse(refused)
        return None

    def _text(self, path: Path) -> str | None:
        try:
            return path.address.decode("utf-8" if self._utf8 else "ascii")
        except UnicodeDecodeError:
            return None

    def _data(self, argument: bytes) -> None:
        if self._chunks is not None:
            return self._refuse(replies.IN_CHUNKS)
        if not self._recipients:
            return self._refuse(replies.MAIL_FIRST if self._sender is None else replies.NO_RECIPIENTS)
        if self.is_crowded and not argument.strip():
            return self._say(replies.NO_ROOM)
        if self._without_argument(argument, replies.GO_AHEAD):
            self._dots = DotData(self._most_bytes)
            self._reader = self._read_dots

    def _read_dots(self) -> Event | None:
        assert self._dots is not None
        rest = self._dots.feed(self._input)
        self._input = rest or b""
        if rest is None:
            return None
        self._reader = self._read_line
        return self._message(self._dots)

    def _bdat(self, argument: bytes) -> Event | None:
        found = _CHUNK.fullmatch(argument)
        if found is None:
            # how much of what follows is the message is not known: nothing of it may be taken for commands
            self.close(replies.BAD_CHUNK)
            return None
        self._is_last = found["last"] is not None
        if self._recipients and self._chunks is None:
            self._chunks = ChunkData(self._most_bytes)
            if self.is_crowded:
                self.forget()
        chunk = self._chunks or ChunkData(0)  # read and thrown away: RFC 3030, section 2
        chunk.begin(int(found["size"]))
        self._chunk = chunk
        self._reader = self._read_chunk
        return self._read_chunk()

    def _read_chunk(self) -> Event | None:
        rest = self._chunk.feed(self._input)
        self._input = rest or b""
        if rest is None:
            return None
        self._reader = self._read_line
        if self._chunks is None:
            self._refuse(replies.MAIL_FIRST if self._sender is None else replies.NO_RECIPIENTS)
            return None
        if self._is_last:
            return self._message(self._chunks)
        self._say(replies.CHUNK_OK)
        return None

    def _message(self, data: DotData | ChunkData) -> Event | None:
        assert self._sender is not None
        if data.too_large:
            for _ in self._recipients:
                self._say(replies.NO_ROOM if self._is_forgotten else replies.TOO_LARGE)
            self._begin_transaction()
            return None
        self._commands = 0
        return MessageReceived(self._sender, tuple(self._recipients), data.message())

    def _rset(self, argument: bytes) -> None:
        if self._without_argument(argument, replies.OK):
            self._begin_transaction()

    def _noop(self, argument: bytes) -> None:
        self._say(replies.OK)

    def _vrfy(self, argument: bytes) -> None:
        self._say(replies.NOT_VERIFIED)

    def _help(self, argument: bytes) -> None:
        self._say(replies.HELP)

    def _quit(self, argument: bytes) -> None:
        if not argument.strip():
            self.close(replies.GOODBYE)
        else:
            self._refuse(replies.NO_ARGUMENT)


_EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING")
_CHUNK = re.compile(rb"[ \t]*(?P<size>\d{1,18})(?:[ \t]+(?P<last>(?i:LAST)))?[ \t]*")
_COMMANDS: dict[bytes, Callable[[Session, bytes], Event | None]] = {
    b"LHLO": Session._lhlo,
    b"MAIL": Session._mail,
    b"RCPT": Session._rcpt,
    b"DATA": Session._data,
    b"BDAT": Session._bdat,
    b"RSET": Session._rset,
    b"NOOP": Session._noop,
    b"VRFY": Session._vrfy,
    b"HELP": Session._help,
    b"QUIT": Session._quit,
}
