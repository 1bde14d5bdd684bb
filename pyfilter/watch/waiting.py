"""Messages of watched Maildirs that are to be filed: which comes next, and which are for later.

In: names that were seen in new/, and what became of each. A message is known by its Maildir and the part of its name
that stays (names.py). Out: ``next``, in the order they were seen.

========= ==========================================================================================
filed     forgotten, as is one that is gone
kept      not asked about again as long as its name lies in new/; so is one that was left
deferred  again after limits.WATCH_AGAIN_SECONDS, then after twice as long each time, WATCH_AGAIN_MOST_SECONDS at most
========= ==========================================================================================

No I/O, no clock: who calls says what time it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from pyfilter import limits
from pyfilter.watch import names

__all__ = ["Waiting"]

Known = tuple[bytes, bytes]


class Waiting:
    """``left``: how many messages were not filed, and will not be."""

    def __init__(self) -> None:
        self.left = 0
        self._queue: deque[Known] = deque()  # with their whole names
        self._queued: set[Known] = set()
        self._staying: set[Known] = set()
        self._later: dict[Known, tuple[float, float, bytes]] = {}  # when, how long it waited, its name
        self._waited: dict[Known, float] = {}  # of those that are tried again: how long

    def __len__(self) -> int:
        return len(self._queue) + len(self._later)

    def stay(self, maildir: bytes, keys: Iterable[bytes]) -> None:
        """These are done, and lie where they lay."""
        self._staying |= {(maildir, key) for key in keys}

    def see(self, maildir: bytes, name: bytes) -> None:
        """One name in new/; names that begin with a dot are no messages (maildir(5))."""
        known = (maildir, names.key(name))
        if name.startswith(b".") or known in self._queued or known in self._staying or known in self._later:
            return
        self._queued.add(known)
        self._queue.append((maildir, name))

    def see_all(self, maildir: bytes, listed: Iterable[bytes]) -> None:
        """All names in new/: what stayed there and does not lie there any more is forgotten."""
        found = sorted(listed)
        here = {(maildir, names.key(name)) for name in found}
        self._staying = {known for known in self._staying if known[0] != maildir or known in here}
        for name in found:
            self.see(maildir, name)

    def next(self, now: float) -> Known | None:
        """Maildir and name of the one that is to be filed now; what has been waiting for its time comes last."""
        if not self._queue:
            for known, (when, waited, name) in list(self._later.items()):
                if when <= now:
                    del self._later[known]
                    self._waited[known] = waited
                    self._queued.add(known)
                    self._queue.append((known[0], name))
        return self._queue.popleft() if self._queue else None

    def settle(self, maildir: bytes, name: bytes, word: str, now: float) -> None:
        """``word``: what became of the one that ``next`` gave, in the words of filing.py."""
        known = (maildir, names.key(name))
        self._queued.discard(known)
        waited = self._waited.pop(known, 0.0)
        if word == "deferred":
            pause = min(max(2 * waited, limits.WATCH_AGAIN_SECONDS), limits.WATCH_AGAIN_MOST_SECONDS)
            self._later[known] = (now + pause, pause, name)
        elif word in ("kept", "left"):
            self._staying.add(known)
            self.left += word == "left"

    @property
    def is_empty(self) -> bool:
        """Nothing is to be done but later."""
        return not self._queue

    @property
    def later(self) -> int:
        """How many are put off."""
        return len(self._later)

    @property
    def due(self) -> float:
        """When the next one of those that are put off comes; infinity where there is none."""
        return min((when for when, _, _ in self._later.values()), default=float("inf"))
