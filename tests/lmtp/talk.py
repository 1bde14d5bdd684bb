"""A conversation with the protocol machine, in whatever pieces the client's bytes come."""

from __future__ import annotations

from collections.abc import Iterable

from pyfilter.lmtp import replies
from pyfilter.lmtp.protocol import Closed, MessageReceived, RecipientNamed, Session
from pyfilter.lmtp.replies import Reply

NAME = "here.example"
GREETING = b"220 here.example LMTP pyfilter\r\n"
MOST = 1000
LHLO = b"LHLO there.example\r\n"
HELLO = (
    b"250-here.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n"
    b"250-CHUNKING\r\n250 SIZE 1000\r\n"
)


class World:
    """Answers of somebody who delivers: `nobody@…` is not here, `later@…` must wait, all others get it."""

    def __init__(self) -> None:
        self.received: list[tuple[str, tuple[str, ...], bytes]] = []
        self.closed = False

    def serve(self, session: Session) -> None:
        while event := session.next_event():
            match event:
                case RecipientNamed(address=address):
                    unknown = address.startswith("nobody")
                    session.answer(replies.UNKNOWN_USER if unknown else replies.RECIPIENT_OK)
                case MessageReceived():
                    self.received.append((event.sender, event.recipients, event.raw))
                    session.answer(*[self.outcome(address) for address in event.recipients])
                case Closed():
                    self.closed = True

    def outcome(self, address: str) -> Reply:
        if address.startswith("later"):
            return Reply(451, "4.3.0", "delivery postponed")
        return Reply(250, "2.0.0", f"delivered to {address}")


def talk(pieces: Iterable[bytes]) -> tuple[bytes, World]:
    """What the server says behind its greeting, and what it received."""
    session = Session(NAME, MOST)
    world = World()
    said = session.take_output()
    assert said == GREETING
    heard = b""
    for piece in pieces:
        session.receive(piece)
        world.serve(session)
        heard += session.take_output()
    return heard, world


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]
