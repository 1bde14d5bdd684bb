"""The users of the system, as the front knows them: by asking the broker (broker.py).

``find`` and ``begin`` give Futures that are done whatever the broker does: what it does not say within
limits.LMTP_BROKER_SECONDS is "later" of a recipient, and of a worker that there is none. Who is here is remembered for
limits.LMTP_USER_SECONDS, so that a busy list does not ask for each message.

Where the broker is gone, the server ends: nobody could start a worker any more.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial

from pyfilter import limits
from pyfilter.lmtp import replies
from pyfilter.lmtp.replies import Reply
from pyfilter.server.broker import QUESTION_BYTES
from pyfilter.server.residents import Found, Resident, Residents, without_extension
from pyfilter.server.starting import Begun

__all__ = ["Accounts"]

# what the broker says of a recipient who gets no mail now, or never
ANSWERS: dict[str, Reply] = {
    "absent": replies.UNKNOWN_USER,
    "homeless": Reply(550, "5.1.1", "this account gets no mail"),
    "root": Reply(451, "4.3.5", "root has no rules: mail for root needs an alias"),
    "unsure": Reply(451, "4.3.0", "users cannot be looked up now; try again"),
}
# users that are remembered
MOST_REMEMBERED = 10_000

_Answer = tuple[list[str], list[int]]


class Accounts(Residents):
    """``end``: the socket to the broker; ``delimiter``: what begins an extension."""

    def __init__(self, end: socket.socket, delimiter: str) -> None:
        self._end = end
        self._delimiter = delimiter
        self._asked: dict[str, asyncio.Future[_Answer]] = {}
        self._number = 0
        self._remembered: dict[str, tuple[float, Resident]] = {}

    def start(self, stop: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = stop
        self._end.setblocking(False)
        self._loop.add_reader(self._end, self._heard)

    def look_again(self) -> None:
        self._remembered.clear()

    # ------------------------------------------------------------------ who is here

    def find(self, address: str) -> Found | asyncio.Future[Found]:
        local, at, _ = address.rpartition("@")
        # in the case it is written in, too: a user's name may have capitals
        local = local if at else address
        user = without_extension(local, self._delimiter)
        asked = list(dict.fromkeys((local, user, local.lower(), user.lower())))
        kept = self._remembered.get(asked[0])
        if kept is not None and kept[0] > self._loop.time():
            return kept[1]
        found: asyncio.Future[Found] = self._loop.create_future()
        self._ask("find", *asked).add_done_callback(partial(self._found, asked[0], found))
        return found

    def _found(self, name: str, found: asyncio.Future[Found], answer: asyncio.Future[_Answer]) -> None:
        words, files = ([], []) if answer.exception() else answer.result()
        _close(files)
        match words:
            case ["here", owner]:
                resident = Resident(owner)
                if len(self._remembered) >= MOST_REMEMBERED:
                    self._remembered.clear()
                self._remembered[name] = self._loop.time() + limits.LMTP_USER_SECONDS, resident
                found.set_result(resident)
            case [word]:
                found.set_result(ANSWERS.get(word, ANSWERS["unsure"]))
            case _:
                found.set_result(ANSWERS["unsure"])

    # ------------------------------------------------------------------ workers

    def begin(self, owner: str) -> asyncio.Future[Begun]:
        """A worker of that user; OSError says why there is none."""
        begun: asyncio.Future[Begun] = self._loop.create_future()
        self._ask("begin", owner).add_done_callback(partial(self._begun, begun))
        return begun

    def _begun(self, begun: asyncio.Future[Begun], answer: asyncio.Future[_Answer]) -> None:
        if error := answer.exception():
            begun.set_exception(error)
            return
        words, files = answer.result()
        match words, files:
            case ["begun", process], [file]:
                end = socket.socket(fileno=file)
                begun.set_result(Begun(end, partial(self._bury, process)))
            case ["failed", why], []:
                begun.set_exception(OSError(0, why))
            case _:
                _close(files)
                begun.set_exception(OSError(0, "the broker says what it never says"))

    def _bury(self, process: str) -> None:
        self._tell("bury", process)

    # ------------------------------------------------------------------ the broker

    def ready(self) -> None:
        """Clients are served from now on."""
        self._tell("ready")

    def _ask(self, word: str, *words: str) -> asyncio.Future[_Answer]:
        self._number += 1
        number = str(self._number)
        future: asyncio.Future[_Answer] = self._loop.create_future()
        self._asked[number] = future
        alarm = self._loop.call_later(limits.LMTP_BROKER_SECONDS, self._give_up, number, "the broker does not answer")
        future.add_done_callback(lambda _: alarm.cancel())
        if not self._tell(word, number, *words):
            self._give_up(number, "the broker has too much to do")
        return future

    def _tell(self, *words: str) -> bool:
        packet = "\0".join(words).encode("utf-8", "replace")
        try:
            self._end.send(packet[:QUESTION_BYTES])
        except OSError:
            return False
        return True

    def _give_up(self, number: str, why: str) -> None:
        future = self._asked.pop(number, None)
        if future is not None and not future.done():
            future.set_exception(OSError(0, why))

    def _heard(self) -> None:
        try:
            packet, files, _, _ = socket.recv_fds(self._end, QUESTION_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            packet, files = b"", []
        if not packet:
            self._loop.remove_reader(self._end)
            for number in list(self._asked):
                self._give_up(number, "the broker is gone")
            self._stop()
            return
        number, *words = packet.decode("utf-8", "replace").split("\0")
        future = self._asked.pop(number, None)
        if future is None or future.done():  # it took too long: a worker that nobody speaks with ends
            _close(files)
        else:
            future.set_result((words, files))


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)
