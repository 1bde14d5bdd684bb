"""Lessons from what the user moves: the folders that are looked at, and the lessons that wait.

In: the home, and the folder for spam as a mail client shows it. ``touch`` says that something has changed in a folder;
when a move has had SETTLE seconds to come to its end, ``look`` compares (moves.py), and ``next`` gives the lessons in
their order: folder, name, "spam" or "ham". While spamd cannot be asked they wait, limits.WATCH_LESSONS at most, and are
tried again as a message is that was deferred.

Errors: Refused, before it begins.
"""

from __future__ import annotations

import os
from collections import deque

from pyfilter import limits
from pyfilter.delivery.existing import existing
from pyfilter.delivery.failures import Refused as Unusable
from pyfilter.delivery.folders import directory
from pyfilter.delivery.targets import maildir_path
from pyfilter.watch.moves import TRASH, Lesson, Moves

__all__ = ["Learning", "Refused"]

# seconds that a move is given: its two ends are told one after the other
SETTLE = 1.0


class Refused(Exception):
    """Nothing can be learnt; the text says why, and what to do."""


class Learning:
    """``inbox``: the real path of the Maildir whose folders are looked at."""

    def __init__(self, folder: str, settings: dict[str, object], home: str) -> None:
        if settings["spam.source"] == "rspamd":
            raise Refused(
                "the rules say `set spam.source = rspamd`, which is taught by its own command: rspamc learn_spam FILE…"
            )
        self._layout = str(settings["layout"])
        try:
            self.inbox = os.path.realpath(maildir_path(str(settings["maildir"]), home))
            spam = directory(folder, self.inbox, self._layout)
        except (Unusable, ValueError) as error:
            raise Refused(str(error)) from None
        if spam == self.inbox:
            raise Refused("--learn takes the folder for spam, and the inbox is not that")
        self._moves = Moves(spam)
        self._touched: set[bytes] = set()
        self._look_at = float("inf")
        self._lessons: deque[Lesson] = deque()
        self._at: Lesson | None = None
        self._after = 0.0  # no lesson before
        self._pause = 0.0

    def touch(self, folder: bytes, now: float) -> None:
        """Something has changed there."""
        self._touched.add(folder)
        self._look_at = min(self._look_at, now + SETTLE)

    def touch_all(self, now: float) -> None:
        """Something may have changed anywhere."""
        for folder in existing(self.inbox, self._layout):
            path = directory(folder, self.inbox, self._layout)
            self._moves.mind(path, is_trash=folder.rpartition("/")[2].lower() in TRASH)
            self.touch(path, now)
        self.touch(self.inbox, now)

    def look(self, now: float, *, at_once: bool = False) -> None:
        """Compare, if it is time."""
        if now < self._look_at and not at_once:
            return
        self._look_at = float("inf")
        self._lessons += self._moves.look(self._touched, now)
        self._touched.clear()
        while len(self._lessons) > limits.WATCH_LESSONS:
            self._lessons.popleft()

    def next(self, now: float) -> Lesson | None:
        """The lesson that is to be taught now."""
        if not self._lessons or now < self._after:
            return None
        self._at = self._lessons.popleft()
        return self._at

    def settle(self, word: str, now: float) -> bool:
        """``word``: what became of the lesson that ``next`` gave; whether this is the first to fail."""
        first = word == "failed" and not self._pause
        if word == "failed" and self._at is not None:
            self._lessons.appendleft(self._at)
            self._pause = min(max(2 * self._pause, limits.WATCH_AGAIN_SECONDS), limits.WATCH_AGAIN_MOST_SECONDS)
            self._after = now + self._pause
        else:
            self._pause = 0.0
        self._at = None
        return first

    @property
    def due(self) -> float:
        """When there is something to do."""
        return min(self._look_at, self._after if self._lessons else float("inf"))
