"""The watching process: what arrives in new/ of its Maildirs is handed to its worker, one message after the other.

``Watch.run`` goes on until SIGTERM or SIGINT, or, ``once``, until everything that lies there has been looked at.

- It looks into every new/ when it begins: what came while it was down is filed first. Then it is told (arrivals.py) of
  what arrives, and looks again every limits.WATCH_LOOK_SECONDS, should something have been missed; where nobody tells,
  every ``poll`` seconds.
- A message that it was told of and that is not in new/ any more is looked for in cur/ (original.py): an IMAP server
  with a client that waits moves it there at once.
- What cannot be read is said once and left. What is put off is tried again later (waiting.py).
- Told to end, it lets the worker end the message at hand, limits.WATCH_CLOSING_SECONDS at most. One that is not done
  then lies where it lay.
- A Maildir has one watching process (lock.py). systemd is told READY, STOPPING and how much there is to do.

Errors: Refused, before it has begun.
"""

from __future__ import annotations

import os
import queue
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence

from pyfilter import limits
from pyfilter.server.manager import tell_manager
from pyfilter.watch.arrivals import Arrivals, Untold, is_told_of
from pyfilter.watch.hand import Hand, Lost
from pyfilter.watch.learning import Learning
from pyfilter.watch.lock import Held, lock
from pyfilter.watch.marks import Marks
from pyfilter.watch.waiting import Waiting

__all__ = ["Refused", "Watch"]

PLACES = (b"cur", b"new", b"tmp")
# seconds between two tries to start a worker, or to use one that ended at once
PAUSE = 1.0
# seconds between two reports to systemd
TELL_AGAIN = 5.0


class Refused(Exception):
    """Nothing can be watched; the text says why, and what to do."""


class Watch:
    """``poll``: seconds, None where the kernel tells; ``learning``: where moves are lessons; ``note``: hears of
    trouble, a sentence each."""

    def __init__(
        self,
        maildirs: Sequence[str],
        home: str,
        poll: float | None,
        learning: Learning | None,
        note: Callable[[str], None],
    ) -> None:
        self._home = home
        self._poll = poll
        self._learning = learning
        self._note = note
        self._maildirs = list(dict.fromkeys(map(_real, maildirs)))
        self._hand = Hand(home, [_locked(maildir, home) for maildir in self._maildirs])
        self._waiting = Waiting()
        self._at: tuple[bytes, bytes] | None = None  # the message at hand; None, too, while a lesson is
        self._until = float("inf")  # when what is at hand must be done
        self._not_before = 0.0  # no worker is started
        self._heard: queue.SimpleQueue[tuple[bytes, bytes]] = queue.SimpleQueue()
        self._wakes, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._is_ending = False
        self._missing: set[bytes] = set()  # Maildirs that could not be listed
        self._told = (0.0, "")  # when systemd was told, and what

    @property
    def maildirs(self) -> list[str]:
        """Their real paths."""
        return list(map(os.fsdecode, self._maildirs))

    def run(self, once: bool, ready: Callable[[], None]) -> bool:
        """Watch; whether all that was seen is done."""
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, lambda *_: None)
        self._recall()
        arrivals = None if once else self._arrivals()
        every = limits.WATCH_LOOK_SECONDS if arrivals is not None else self._poll or limits.WATCH_POLL_SECONDS
        look = time.monotonic()
        if self._learning is not None:
            self._learning.touch_all(look)
            self._learning.look(look, at_once=True)
        ready()
        tell_manager("READY=1")
        while not self._is_ending:
            now = time.monotonic()
            if now >= look:
                self._look(now)
                look = time.monotonic() + every
            self._hear(now)
            self._assign(now)
            self._report(now)
            if once and self._waiting.is_empty and not self._hand.is_busy:
                break
            due = min(self._waiting.due, self._learning.due if self._learning is not None else look)
            self._wait(min(look, self._until, self._not_before or look, look if self._hand.is_busy else due))
        tell_manager("STOPPING=1")
        if arrivals is not None:
            arrivals.close()
        self._close()
        return not (self._waiting.left or self._waiting.later or self._missing)

    def _end(self, *_: object) -> None:
        self._is_ending = True

    def _recall(self) -> None:
        """What stays where it lies is not asked about again."""
        with Marks(self._home) as marks:
            marks.forget()
            for maildir in self._maildirs:
                self._waiting.stay(maildir, marks.kept(maildir))
            if marks.failure:
                self._note(f"what was done before is not known: {marks.failure}")

    def _arrivals(self) -> Arrivals | None:
        """None where somebody has to look."""
        if self._poll is not None:
            return None
        places = [maildir + b"/new" for maildir in self._maildirs]
        deep = [self._learning.inbox] if self._learning is not None else []
        why = "changes on this file system are not told"
        if all(map(is_told_of, [*places, *deep])):
            try:
                return Arrivals(places, deep, self._tell)
            except Untold as error:
                why = str(error)
        self._note(f"{why}: looking every {limits.WATCH_POLL_SECONDS} seconds")
        return None

    # ------------------------------------------------------------------ what there is to do

    def _tell(self, watched: bytes, path: bytes) -> None:
        """In the thread of arrivals.py."""
        self._heard.put((watched, path))
        try:
            os.write(self._wake, b"\0")
        except BlockingIOError:
            pass  # there are enough of them to wake up by

    def _hear(self, now: float) -> None:
        while not self._heard.empty():
            watched, path = self._heard.get()
            above, name = os.path.split(path)
            if self._learning is not None and watched == self._learning.inbox:
                self._learning.touch(os.path.dirname(above), now)
            elif above == watched:
                self._waiting.see(os.path.dirname(watched), name)

    def _look(self, now: float) -> None:
        """List every new/."""
        for maildir in self._maildirs:
            try:
                listed = os.listdir(maildir + b"/new")
            except OSError as error:
                if maildir not in self._missing:
                    self._note(f"{os.fsdecode(maildir)}/new: {error.strerror}; looking again")
                self._missing.add(maildir)
            else:
                self._missing.discard(maildir)
                self._waiting.see_all(maildir, listed)
        if self._learning is not None:
            self._learning.touch_all(now)

    # ------------------------------------------------------------------ the worker

    def _assign(self, now: float) -> None:
        """Give the worker what comes next, mail before lessons."""
        if self._learning is not None:
            self._learning.look(now)
        if self._hand.is_busy or now < self._not_before:
            return
        self._not_before = 0.0
        self._at = self._waiting.next(now)
        if self._at is not None:
            job = [b"file", *self._at]
        elif self._learning is not None and (lesson := self._learning.next(now)) is not None:
            folder, name, kind = lesson
            job = [b"teach", folder, name, kind.encode()]
        else:
            return
        self._until = now + limits.DEADLINE_SECONDS + limits.FAREWELL_SECONDS
        try:
            self._hand.give(*job)
        except OSError as error:
            self._note(f"the worker could not be started: {error.strerror}; trying again")
            self._not_before = now + PAUSE
            self._settle("deferred" if self._at is not None else "failed", "", now)

    def _wait(self, until: float) -> None:
        """Until somebody speaks, or it is time."""
        ends: list[int | socket.socket] = [self._wakes]
        if self._hand.is_busy and self._hand.end is not None:
            ends.append(self._hand.end)
        ready, _, _ = select.select(ends, [], [], max(0.0, until - time.monotonic()))
        if self._wakes in ready:
            try:
                os.read(self._wakes, 1 << 16)
            except BlockingIOError:
                pass
        if self._hand.is_busy and time.monotonic() >= self._until:
            self._hand.kill()
        if self._hand.end in ready:
            self._take()

    def _take(self) -> None:
        now = time.monotonic()
        try:
            word, why = self._hand.take()
        except Lost as error:
            what = "a message" if self._at is not None else "a lesson"
            self._note(f"the worker ended in the midst of {what} ({error}); it is tried again")
            self._not_before = now + PAUSE
            word, why = ("deferred" if self._at is not None else "failed"), ""
        self._settle(word, why, now)

    def _settle(self, word: str, why: str, now: float) -> None:
        self._until = float("inf")
        if self._at is not None:
            maildir, name = self._at
            self._waiting.settle(maildir, name, word, now)
            if word == "left":
                self._note(f"left where it lies, {os.fsdecode(maildir + b'/new/' + name)}: {why}")
        elif self._learning is not None and self._learning.settle(word, now) and why:
            self._note(f"nothing is learnt from what was moved, for now: {why}")
        self._at = None

    def _close(self) -> None:
        """Let the worker end what it is at."""
        until = time.monotonic() + limits.WATCH_CLOSING_SECONDS
        while self._hand.is_busy and (seconds := until - time.monotonic()) > 0:
            assert self._hand.end is not None
            if select.select([self._hand.end], [], [], seconds)[0]:
                self._take()
        if self._hand.is_busy:
            self._hand.kill()
        self._hand.close()

    def _report(self, now: float) -> None:
        when, before = self._told
        status = f"STATUS={len(self._waiting)} messages to file" if len(self._waiting) else "STATUS=watching"
        if status != before and (now >= when + TELL_AGAIN or status == "STATUS=watching"):
            tell_manager(status)
            self._told = (now, status)


def _real(path: str) -> bytes:
    """The Maildir, as it is on disk."""
    found = os.path.realpath(os.fsencode(os.path.expanduser(path)))
    if not all(os.path.isdir(os.path.join(found, place)) for place in PLACES):
        raise Refused(f"{path} is no Maildir: it has to have the directories cur, new and tmp")
    return found


def _locked(maildir: bytes, home: str) -> int:
    shown = os.fsdecode(maildir)
    try:
        return lock(maildir, home, limits.WATCH_LOCK_SECONDS)
    except Held as error:
        raise Refused(f"{shown} is watched already, by process {error}") from None
    except OSError as error:
        where = os.fsdecode(error.filename) if error.filename else shown
        raise Refused(f"{where}: {error.strerror or error}") from None
