"""How a delivery ends: ONE table.

Each row says what an Outcome means to the world: the exit status for an MTA
that runs us as a command (sysexits.h; Postfix, local(8)), the LMTP reply
(RFC 2033; codes of RFC 3463), the text a sender may see, and the word for the
log. These exit statuses are the only ones a delivery has: Postfix bounces on
all others but 71.

Nothing else in pyfilter chooses an exit status or a reply for a message.
"""

from __future__ import annotations

__all__ = ["DEFERRED", "DELIVERED", "REJECTED", "Outcome", "Status"]


class Status:
    """One row of the table."""

    __slots__ = ("enhanced", "exit", "lmtp", "public", "word")

    def __init__(self, word: str, exit: int, lmtp: int, enhanced: str, public: str) -> None:
        self.word = word  # for the log
        self.exit = exit  # sysexits.h
        self.lmtp = lmtp  # RFC 2033 / 5321 reply code
        self.enhanced = enhanced  # RFC 3463 enhanced status code
        self.public = public  # what a sender may read

    def __repr__(self) -> str:
        return f"Status({self.word})"


DELIVERED = Status("delivered", 0, 250, "2.0.0", "delivered")
REJECTED = Status("rejected", 77, 550, "5.7.1", "message refused")
DEFERRED = Status("deferred", 75, 451, "4.3.0", "delivery postponed")


class Outcome:
    """How one delivery ended.

    ``status``: one of DELIVERED, REJECTED, DEFERRED.
    ``reason``: the public text of a ``reject``; otherwise the status' own.
    ``detail``: for the log alone (paths, errno, what to do); never for a sender.
    """

    __slots__ = ("detail", "reason", "status")

    def __init__(self, status: Status, reason: str = "", detail: str = "") -> None:
        self.status = status
        self.reason = reason or status.public
        self.detail = detail

    def reply(self) -> str:
        """The one line a sender may see: enhanced code and public text."""
        return f"{self.status.enhanced} {self.reason}"

    def __repr__(self) -> str:
        return f"Outcome({self.status.word}, {self.reason!r}, {self.detail!r})"
