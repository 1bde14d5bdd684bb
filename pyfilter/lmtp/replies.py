"""Every reply of the server: ONE table.

``Reply``: code (RFC 5321, section 4.2), enhanced status code (RFC 3463; "" where a reply has none, as that to LHLO and
that to DATA), text. What becomes of a message is said by status.py, whose rows make replies by ``of_outcome``.
"""

from __future__ import annotations

from pyfilter.status import Outcome

__all__ = ["Reply", "of_outcome"]


class Reply:
    """One reply, of one line or more."""

    __slots__ = ("_written", "code", "enhanced", "lines")

    def __init__(self, code: int, enhanced: str, *lines: str) -> None:
        self.code = code
        self.enhanced = enhanced
        self.lines = lines
        self._written = b""

    @property
    def is_good(self) -> bool:
        return self.code < 400

    def __bytes__(self) -> bytes:
        if not self._written:
            start = f"{self.enhanced} " if self.enhanced else ""
            *more, last = self.lines
            text = "".join([f"{self.code}-{start}{line}\r\n" for line in more]) + f"{self.code} {start}{last}\r\n"
            self._written = text.encode("ascii", "replace")
        return self._written

    def __repr__(self) -> str:
        return f"<{bytes(self)!r}>"


def of_outcome(outcome: Outcome) -> Reply:
    """What the sender of one message hears of one recipient."""
    return Reply(outcome.status.lmtp, outcome.status.enhanced, outcome.reason)


OK = Reply(250, "2.0.0", "ok")
SENDER_OK = Reply(250, "2.1.0", "sender ok")
RECIPIENT_OK = Reply(250, "2.1.5", "recipient ok")
GO_AHEAD = Reply(354, "", "end with a line that holds a dot only")
CHUNK_OK = Reply(250, "2.0.0", "chunk received")
GOODBYE = Reply(221, "2.0.0", "goodbye")
NOT_VERIFIED = Reply(252, "2.5.2", "not verified; mail says who is here")
HELP = Reply(214, "2.0.0", "LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT (RFC 2033)")

SHUTTING_DOWN = Reply(421, "4.3.2", "the server is going down; try again")
TOO_SLOW = Reply(421, "4.4.2", "nothing came for too long; try again")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "too many errors")
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "too many commands without a message")
BUSY = Reply(451, "4.3.2", "too busy now; try again")
NO_ROOM = Reply(452, "4.3.1", "too much mail at once; try again")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "too many recipients; send the others in another transaction")

UNKNOWN_COMMAND = Reply(500, "5.5.1", "no such command in LMTP")
NOT_LMTP = Reply(500, "5.5.1", "this is LMTP: say LHLO")
LINE_TOO_LONG = Reply(500, "5.5.2", "the line is too long")
BARE_LINE_END = Reply(500, "5.5.2", "a line ends with CR LF and holds neither of them alone, and no NUL")
NEEDS_NAME = Reply(501, "5.5.4", "LHLO needs a name")
NO_ARGUMENT = Reply(501, "5.5.4", "this command has no argument")
BAD_SENDER = Reply(501, "5.1.7", "the sender is no address: MAIL FROM:<address>")
BAD_RECIPIENT = Reply(501, "5.1.3", "the recipient is no address: RCPT TO:<address>")
BAD_PARAMETER = Reply(501, "5.5.4", "a parameter has no such value")
BAD_CHUNK = Reply(501, "5.5.4", "BDAT SIZE [LAST]")
LHLO_FIRST = Reply(503, "5.5.1", "say LHLO first")
MAIL_FIRST = Reply(503, "5.5.1", "say MAIL first")
NESTED_MAIL = Reply(503, "5.5.1", "there is a sender already")
NO_RECIPIENTS = Reply(503, "5.5.1", "no valid recipients")
IN_CHUNKS = Reply(503, "5.5.1", "the message began with BDAT and must go on with it")
UNKNOWN_USER = Reply(550, "5.1.1", "no such user here")
TOO_LARGE = Reply(552, "5.3.4", "the message is too large")
NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "an address with other characters than ASCII needs SMTPUTF8")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "a parameter is not known")
