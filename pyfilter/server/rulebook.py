"""What a process that stays has in hand of a home: its rules, read anew when a file changed, or what an `include`
stands for, and its journal.

``Rulebook``: of one home; in: the home, out: what loading.py loads, its program made ready for many messages
(engine/warm.py). Whenever messages have come the files are looked at, as a delivery of its own would: that costs some
20 µs, works on network disks, and misses no change.

``Shelf``: of as many homes as there is room for; those asked for longest ago make room. Room is counted in bytes of
rule files, to which what they take in memory is in proportion.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.delivery.journal_kept import KeptJournal
from pyfilter.engine.warm import warmed
from pyfilter.language.loading import Loaded, is_current, load
from pyfilter.services import shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.journal_file import JournalFile

__all__ = ["Rulebook", "Shelf"]


class Rulebook:
    """``read`` with every message."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._journal = KeptJournal(home)
        self._loaded: Loaded | None = None
        self._looked = -1

    def read(self, batch: int = -1) -> Loaded:
        """The rules as they are now; ``batch``: a number of messages that have come together, for which they are
        looked at once. Raises files.Refused."""
        if self._looked == batch >= 0 and self._loaded is not None:
            return self._loaded
        self._looked = -1
        if self._loaded is None or not is_current(self._loaded, self._home):
            self._loaded = load(self._home)
            if self._loaded.program is not None:
                self._loaded.program = warmed(self._loaded.program)
        self._looked = batch
        return self._loaded

    @property
    def journal(self) -> JournalFile:
        """Where one delivery is written down."""
        return shared.journal(self._home, self._journal)

    def close(self) -> None:
        """Nobody asks for it any more."""
        self._journal.close()

    @property
    def size(self) -> int:
        """Bytes of the files it was read from; of those that are too new to be known, as many as there may be."""
        if self._loaded is None:
            return 0
        if self._loaded.seen is None:
            return limits.RULES_BYTES
        own, (included, _) = self._loaded.seen
        return sum(stamp[2] for _, stamp in (*own, *included) if stamp is not None)


class Shelf:
    """``of`` with every message."""

    def __init__(self, most_bytes: int = limits.LMTP_RULES_BYTES, most: int = limits.LMTP_RULEBOOKS) -> None:
        self._most_bytes = most_bytes
        self._most = most
        self._books: dict[str, Rulebook] = {}  # the one asked for last is the last

    def of(self, home: str) -> Rulebook:
        """The rulebook of this home."""
        book = self._books.pop(home, None)
        if book is None:
            self._make_room()
            book = Rulebook(home)
        self._books[home] = book
        return book

    def _make_room(self) -> None:
        taken = sum(book.size for book in self._books.values())
        for home in list(self._books):
            if len(self._books) < self._most and taken < self._most_bytes:
                return
            book = self._books.pop(home)
            taken -= book.size
            book.close()
