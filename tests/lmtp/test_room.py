"""Messages for which there is no room, and clients that talk and send nothing."""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.lmtp.protocol import MessageReceived, Session

from .talk import LHLO, NAME

START = LHLO + b"MAIL FROM:<a@x.example>\r\nRCPT TO:<me@x>\r\nRCPT TO:<you@x>\r\n"
NO_ROOM = b"452 4.3.1 too much mail at once; try again\r\n"
GO = b"354 end with a line that holds a dot only\r\n"
OK = b"250 2.0.0 ok\r\n"


def begun() -> Session:
    """Up to the recipients."""
    from .talk import World

    session = Session(NAME)
    session.receive(START)
    World().serve(session)
    session.take_output()
    return session


def say(session: Session, data: bytes) -> bytes:
    session.receive(data)
    event = session.next_event()
    assert event is None, event
    return session.take_output()


def test_no_message_begins_in_a_crowd_and_one_does_behind_it() -> None:
    session = begun()
    session.is_crowded = True
    assert say(session, b"DATA\r\n") == NO_ROOM
    session.is_crowded = False
    assert say(session, b"DATA\r\n") == GO
    session.receive(b"x\r\n.\r\n")
    assert isinstance(session.next_event(), MessageReceived)


def test_a_message_that_begins_in_chunks_in_a_crowd_is_read_to_its_end() -> None:
    session = begun()
    session.is_crowded = True
    assert say(session, b"BDAT 4\r\nQUIT") == b"250 2.0.0 chunk received\r\n"
    assert session.held == 0
    session.is_crowded = False
    assert say(session, b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n") == NO_ROOM * 2 + OK


@pytest.mark.parametrize(
    ("beginning", "end"),
    [(b"DATA\r\n" + b"x" * 1000, b"y" * 1000 + b"\r\n.\r\n"), (b"BDAT 2000 LAST\r\n" + b"x" * 1000, b"y" * 1000)],
)
def test_one_that_is_forgotten_is_put_off_for_each_recipient(beginning: bytes, end: bytes) -> None:
    session = begun()
    say(session, beginning)
    assert session.held == 1000
    session.forget()
    assert session.held == 0
    assert say(session, end + b"NOOP\r\n") == NO_ROOM * 2 + OK
    assert session.held == 0
    assert say(session, START.removeprefix(LHLO)[:26]).startswith(b"250 "), "and the next one may begin"


def test_to_forget_where_nothing_is_coming_changes_nothing() -> None:
    session = begun()
    session.forget()
    assert say(session, b"DATA\r\n") == GO


def test_what_waits_to_be_read_is_counted() -> None:
    session = begun()
    session.receive(b"DATA\r\nx\r\n.\r\n" + b"NOOP\r\n" * 10)
    assert isinstance(session.next_event(), MessageReceived)
    assert session.held == 60


def test_so_many_commands_without_a_message_end_the_conversation() -> None:
    session = begun()
    left = limits.LMTP_COMMANDS - START.count(b"\r\n")
    assert say(session, b"NOOP\r\n" * left) == OK * left
    session.receive(b"RSET\r\n")
    session.next_event()
    assert session.take_output() == b"421 4.7.0 too many commands without a message\r\n"


def test_a_message_lets_as_many_follow() -> None:
    session = begun()
    say(session, b"NOOP\r\n" * 200)
    session.receive(b"DATA\r\nx\r\n.\r\n")
    event = session.next_event()
    assert isinstance(event, MessageReceived)
    from .talk import World

    world = World()
    session.answer(*map(world.outcome, event.recipients))
    session.take_output()
    assert say(session, b"NOOP\r\n" * 200) == OK * 200
