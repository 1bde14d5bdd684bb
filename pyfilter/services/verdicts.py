"""Verdicts of spam scanners, kept for the next ``pyfilter test --scan``: an archive takes hours once, not each time.

They lie in ``~/.cache/pyfilter/verdicts.sqlite``, mode 0600, one row for a message (SHA-256 of its bytes) and what
else the scanner was told (``_asked``: which scanner where, for which user). No text of a message is kept.

Rules

- Kept is what a scanner said, never that it could not say, nor that a message was too large for it.
- A verdict older than limits.VERDICT_SECONDS, or from the future, is none.
- A delivery never looks here: it asks.
- Who may read and write, and what becomes of failures, stands in store.py. Nothing read is believed to have the
  right type.

Errors: none; a cache is never needed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time

from pyfilter import limits
from pyfilter.language.cache import DIRECTORY
from pyfilter.message.verdict import Verdict
from pyfilter.services.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.envelope import Envelope

__all__ = ["FILE", "Verdicts"]

# below the home directory
FILE = f"{DIRECTORY}/verdicts.sqlite"

VERSION = 1  # of the table
TABLE = """\
CREATE TABLE verdict (
    message BLOB NOT NULL,
    asked BLOB NOT NULL,
    scanner TEXT NOT NULL,
    spam INTEGER NOT NULL,
    score REAL NOT NULL,
    threshold REAL,
    tests TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (message, asked)
) WITHOUT ROWID
"""


class Verdicts(Store):
    """The verdicts of the user whose home is ``home``. ``problem``: a sentence, or empty."""

    def __init__(self, home: str) -> None:
        super().__init__(
            os.path.join(home, FILE),
            tables=(TABLE,),
            version=VERSION,
            seconds=limits.VERDICT_LOCK_SECONDS,
            kept="verdicts",
        )
        # what seems to be from the future stays: another process may have written it while this one waited
        self.write("DELETE FROM verdict WHERE time < ?", (int(time.time()) - limits.VERDICT_SECONDS,))

    def find(self, kind: str, raw: bytes, envelope: Envelope, settings: dict[str, object]) -> Verdict | None:
        """What the scanner ``kind`` said of the message, or None."""
        rows = self.rows(
            "SELECT scanner, spam, score, threshold, tests, time FROM verdict WHERE message = ? AND asked = ?",
            (_digest(raw), _asked(kind, envelope, settings)),
        )
        return _verdict(rows[0]) if rows else None

    def keep(self, kind: str, raw: bytes, envelope: Envelope, settings: dict[str, object], verdict: Verdict) -> None:
        """Remember what it said, unless it did not look."""
        if verdict.skipped:
            return
        tests = json.dumps(verdict.tests)
        said = (verdict.scanner, int(verdict.spam), verdict.score, verdict.threshold, tests, int(time.time()))
        self.write(
            "INSERT OR REPLACE INTO verdict (message, asked, scanner, spam, score, threshold, tests, time)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (_digest(raw), _asked(kind, envelope, settings), *said),
        )

    def forget(self, raw: bytes) -> None:
        """Drop whatever was said of the message."""
        self.write("DELETE FROM verdict WHERE message = ?", (_digest(raw),))


# ------------------------------------------------------------- what a row is


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def _asked(kind: str, envelope: Envelope, settings: dict[str, object]) -> bytes:
    """What its verdict depends on besides the message: its place, and whom it judges for."""
    told: dict[str, tuple[object, ...]] = {
        "spamd": (settings["spamd.user"] or os.getuid(),),
        "rspamd": (envelope.sender, envelope.recipient),
    }
    parts = (kind, settings[f"{kind}.address"], *told[kind])
    return json.dumps(parts).encode("ascii")


def _verdict(row: tuple[object, ...]) -> Verdict | None:
    """The Verdict in a row; None if it is none, or too old."""
    scanner, spam, score, threshold, listed, when = row
    now = int(time.time())
    try:
        tests = json.loads(listed) if isinstance(listed, str) else None
    except (ValueError, RecursionError):
        return None
    if (
        isinstance(scanner, str)
        and spam in (0, 1)
        and isinstance(score, float)
        and math.isfinite(score)
        and (threshold is None or (isinstance(threshold, float) and math.isfinite(threshold)))
        and isinstance(tests, list)
        and all(isinstance(test, str) for test in tests)
        and isinstance(when, int)
        and now - limits.VERDICT_SECONDS <= when <= now
    ):
        return Verdict(scanner, bool(spam), score, threshold, tuple(tests))
    return None
