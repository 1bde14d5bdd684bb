"""One LMTP connection: the protocol machine (lmtp/protocol.py) on one side, the workers on the other.

- While a message is with the workers no more than one piece is read of its client; neither while the client does not
  read what it is told.
- Of a client that goes away the message is delivered if a worker has begun with it, and else is left: it comes again.
- A client that says nothing for limits.LMTP_IDLE_SECONDS is sent away, as is one that trickles: what counts is a whole
  command, or limits.LMTP_PROGRESS_BYTES of a message. The clock does not run while it waits for us.
- The messages of all clients together have limits.LMTP_HELD_BYTES. Where that is used up no message begins, and of one
  that grows beyond it nothing is kept: its sender hears 452 and tries again. To let clients wait instead would let
  those that trickle hold up all others; and large messages must leave room for small ones.
- Nothing that a client does ends the server: an error within a conversation ends the conversation, and is noted.

Source: RFC 5321, section 4.5.3.2.7, for the time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import cast

from pyfilter import limits
from pyfilter.lmtp import replies
from pyfilter.lmtp.protocol import Closed, MessageReceived, RecipientNamed, Session
from pyfilter.lmtp.replies import Reply, of_outcome
from pyfilter.server.residents import Found, Resident, Residents
from pyfilter.server.tally import Tally
from pyfilter.server.transaction import Sent, Submit, deliver
from pyfilter.status import Outcome

__all__ = ["Connection", "Desk"]

# seconds that a client has to read why it is sent away
FAREWELL_SECONDS = 5


class Desk:
    """What all connections share.

    ``name``: what the server calls itself. ``submit`` takes jobs, ``withdraw`` leaves them (pool.py). ``residents``:
    who gets mail here. ``note``: who hears of trouble. ``open``: the connections, those that have been idle for longest
    first. ``held``: bytes of all their messages."""

    def __init__(
        self,
        name: str,
        most_bytes: int,
        submit: Submit,
        residents: Residents,
        note: Callable[[str], None],
        withdraw: Callable[[asyncio.Future[list[Outcome]]], None] = lambda job: None,
    ) -> None:
        self.withdraw = withdraw
        self.tally = Tally()
        self.name = name
        self.most_bytes = most_bytes
        self.submit = submit
        self.residents = residents
        self.note = note
        self.open: OrderedDict[Connection, None] = OrderedDict()
        self.is_closing = False
        self.held = 0

    @property
    def is_crowded(self) -> bool:
        """No message may begin."""
        return self.held > limits.LMTP_HELD_BYTES

    def has_room(self, size: int) -> bool:
        """For one of which there are ``size`` bytes already."""
        is_large = size > limits.LMTP_LARGE_BYTES
        return self.held <= limits.LMTP_HELD_BYTES * (limits.LMTP_LARGE_SHARE if is_large else 1)


class Connection(asyncio.BufferedProtocol):
    """What asyncio does with one client. What it reads comes into one buffer for all of them, since it is taken out
    at once; a new one each time would cost more than all else that a command does."""

    _buffer = memoryview(bytearray(limits.LMTP_READ_BYTES))

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._session = Session(desk.name, desk.most_bytes)
        self._transport: asyncio.Transport
        self._is_busy = False  # a message of it is with the workers
        self._sent: Sent | None = None  # the last one
        self._is_asking = False  # whether a recipient is here
        # who was told to be here last; those of the present transaction are the last of them
        self._accepted: deque[Resident] = deque(maxlen=limits.LMTP_RECIPIENTS)
        self._is_full = False  # the client does not read
        self._has_ended = False
        self._says_no_more = False  # the client has closed its side
        self._held = 0  # bytes that count for the desk
        self._message = 0  # of them, those with the workers
        self._read = 0  # bytes since it was heard
        self._began = 0.0  # when its message was given to the workers
        self._loop = asyncio.get_running_loop()
        self.heard = self._loop.time()

    # ------------------------------------------------------------------ what asyncio says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._desk.open[self] = None
        self._desk.tally.connections += 1
        if self._desk.is_closing:
            self._session.close(replies.SHUTTING_DOWN)
        self._go_on()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        before = self._held
        self._session.is_crowded = self._desk.is_crowded
        self._session.receive(bytes(self._buffer[:nbytes]))
        if self._is_waiting:  # it says more before it heard what became of the last
            self._transport.pause_reading()
        else:
            self._go_on()
        self._weigh(nbytes, before)

    def eof_received(self) -> bool:
        self._says_no_more = True
        self._withdraw()
        return self._is_waiting  # what is being delivered gets its reply: only one way may be closed

    def pause_writing(self) -> None:
        self._is_full = True
        self._listen_or_wait()

    def resume_writing(self) -> None:
        self._is_full = False
        self._listen_or_wait()

    def connection_lost(self, error: Exception | None) -> None:
        self._has_ended = True
        self._desk.open.pop(self, None)
        self._hold(0)
        self._withdraw()

    # ------------------------------------------------------------------ what the server says

    @property
    def is_busy(self) -> bool:
        """Is a message of this client being delivered, or one of its recipients looked up?"""
        return self._is_waiting

    def close(self, reply: Reply) -> None:
        """End the conversation, when what is being delivered has its reply."""
        if self._is_waiting:
            return  # `_delivered` and `_found` look whether the server closes
        if self._transport.is_closing():  # it was told before, and does not read it
            self._transport.abort()
            return
        self._session.close(reply)
        self._go_on()

    def send_away(self, reply: Reply) -> None:
        """Make room for another one: from now on it does not count, and when it does not read the reply it is cut."""
        self._desk.open.pop(self, None)
        self.close(reply)
        self._loop.call_later(FAREWELL_SECONDS, self._transport.abort)

    # ------------------------------------------------------------------ the conversation

    def _go_on(self) -> None:
        try:
            self._answer_all()
        except Exception as error:
            self._desk.note(f"a conversation was ended by {type(error).__name__}: {error}, which nobody foresaw")
            self._transport.abort()
        if not self._has_ended:
            self._hold(self._session.held)  # which may have been said long before

    def _answer_all(self) -> None:
        while event := self._session.next_event():
            match event:
                case RecipientNamed():
                    found = self._desk.residents.find(event.address)
                    if isinstance(found, asyncio.Future):
                        self._is_asking = True
                        found.add_done_callback(self._found)
                        break
                    self._admit(found)
                case MessageReceived():
                    self._is_busy = True
                    self._message = len(event.raw)
                    self._desk.tally.begun(self._message)
                    self._began = self._loop.time()
                    self._send()
                    residents = list(self._accepted)[-len(event.recipients) :]
                    sent = deliver(self._desk.submit, event.sender, event.recipients, residents, event.raw)
                    self._sent = sent
                    sent.done.add_done_callback(self._delivered)
                    break
                case Closed():
                    self._send()
                    self._transport.close()
                    return
        self._send()
        self._listen_or_wait()

    def _admit(self, found: Found) -> None:
        if isinstance(found, Resident):
            self._accepted.append(found)
            self._session.answer(replies.RECIPIENT_OK)
        else:
            self._desk.tally.unknown += found.code // 100 == 5
            self._session.answer(found)

    def _found(self, future: asyncio.Future[Found]) -> None:
        self._is_asking = False
        self._has_moved()
        if self._has_ended:
            return
        self._admit(future.result())
        if self._desk.is_closing:
            self._session.close(replies.SHUTTING_DOWN)
        self._go_on()
        if self._says_no_more and not self._is_waiting:
            self._transport.close()

    def _delivered(self, future: asyncio.Future[list[Outcome]]) -> None:
        self._is_busy = False
        self._message = 0
        self._hold(0 if self._has_ended else self._session.held)
        self._has_moved()
        outcomes = future.result()
        self._desk.tally.done(outcomes, self.heard - self._began)
        if self._has_ended:
            return
        self._session.answer(*map(of_outcome, outcomes))
        if self._desk.is_closing:
            self._session.close(replies.SHUTTING_DOWN)
        self._go_on()
        if self._says_no_more and not self._is_waiting:
            self._transport.close()

    def _withdraw(self) -> None:
        if self._is_busy and self._sent is not None:
            for job in self._sent.jobs:
                self._desk.withdraw(job)

    @property
    def _is_waiting(self) -> bool:
        """For a worker, or for somebody who knows a recipient."""
        return self._is_busy or self._is_asking

    def _send(self) -> None:
        if output := self._session.take_output():
            self._has_moved()
            self._transport.write(output)

    def _has_moved(self) -> None:
        """The client has said something that counts: a command, or a part of a message."""
        self.heard = self._loop.time()
        self._read = 0
        if self in self._desk.open:
            self._desk.open.move_to_end(self)

    # ------------------------------------------------------------------ the memory

    def _weigh(self, read: int, before: int) -> None:
        """So many bytes were read; ``before``: what was ours."""
        self._hold(self._session.held)
        self._read += read
        if self._read > limits.LMTP_PROGRESS_BYTES and self._held > before:
            self._has_moved()
        if self._held > before and not self._desk.has_room(self._held) and not self._is_busy:
            self._desk.tally.put_off += 1
            self._session.forget()
            self._hold(self._session.held)

    def _hold(self, size: int) -> None:
        """So much is ours, besides the message that is being delivered."""
        size += self._message
        self._desk.held += size - self._held
        self._held = size

    def _listen_or_wait(self) -> None:
        if self._has_ended or self._transport.is_closing():
            return
        if self._is_full:
            self._transport.pause_reading()
        elif not self._is_waiting:
            self._transport.resume_reading()
