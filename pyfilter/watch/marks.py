"""What was done with messages of watched Maildirs: those that stay where they lie are asked about once.

``~/.local/state/pyfilter/watched``, an SQLite database (services/store.py), one row for a message of a Maildir: the
part of its name that stays (names.py), a digest, and what became of it. No text of a message is kept.

- KEPT: it stays where it is. FILED: a copy lies elsewhere, and the file here could not be taken away yet, or was.
- ``was_here``: a message with these bytes had another name in this Maildir before. Whoever moves one back from a folder
  gives it a new one. Lines that storage adds on the way do not count (ADDED).
- Rows older than limits.MEMORY_SECONDS are forgotten, of more than limits.MEMORY_ROWS the oldest.
- A database that is damaged is put aside and begun anew; then what lies in new/ is asked about once more.

Errors: none; ``failure`` says what went wrong.
"""

from __future__ import annotations

import os
import time

from pyfilter import limits
from pyfilter.message.message import Message
from pyfilter.services.store import Store

__all__ = ["FILE", "FILED", "KEPT", "Marks", "digest_of"]

# below the home directory
FILE = ".local/state/pyfilter/watched"
KEPT, FILED = "kept", "filed"

VERSION = 1
TABLES = (
    """\
CREATE TABLE handled (
    maildir BLOB NOT NULL,
    name BLOB NOT NULL,
    digest BLOB NOT NULL,
    became TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (maildir, name)
) WITHOUT ROWID
""",
    "CREATE INDEX handled_digest ON handled (maildir, digest)",
    "CREATE INDEX handled_time ON handled (time)",
)

# fields that programs write into mail they keep, or carry from one folder to another: mbsync the first
ADDED = frozenset({"x-tuid", "status", "x-status", "x-keywords", "x-uid", "content-length", "lines"})
ADDED_BEGIN = ("x-spam-", "x-pyfilter-")


class Marks(Store):
    """Those of the user whose home is ``home``."""

    def __init__(self, home: str) -> None:
        super().__init__(
            os.path.join(home, FILE),
            tables=TABLES,
            version=VERSION,
            seconds=limits.MEMORY_LOCK_SECONDS,
            kept="marks of watched mail",
            rebuilt=True,
        )

    def kept(self, maildir: bytes) -> set[bytes]:
        """Names of what stays there."""
        rows = self.rows("SELECT name FROM handled WHERE maildir = ? AND became = ?", (maildir, KEPT))
        return {name for (name,) in rows if isinstance(name, bytes)}

    def became(self, maildir: bytes, name: bytes) -> str:
        """KEPT, FILED, or empty."""
        rows = self.rows("SELECT became FROM handled WHERE maildir = ? AND name = ?", (maildir, name))
        return str(rows[0][0]) if rows else ""

    def was_here(self, maildir: bytes, digest: bytes) -> bool:
        return bool(self.rows("SELECT 1 FROM handled WHERE maildir = ? AND digest = ? LIMIT 1", (maildir, digest)))

    def mark(self, maildir: bytes, name: bytes, digest: bytes, became: str) -> str:
        """Write down what became of it; a sentence where that failed."""
        done = self.write(
            "INSERT OR REPLACE INTO handled (maildir, name, digest, became, time) VALUES (?, ?, ?, ?, ?)",
            (maildir, name, digest, became, int(time.time())),
        )
        return "" if done else f"it may be asked about again: {self.failure}"

    def forget(self) -> None:
        """Rows that are too old, or too many."""
        now = int(time.time())
        self.write("DELETE FROM handled WHERE time < ? OR time > ?", (now - limits.MEMORY_SECONDS, now + 86400))
        self.write(
            "DELETE FROM handled WHERE time < (SELECT time FROM handled ORDER BY time DESC LIMIT 1 OFFSET ?)",
            (limits.MEMORY_ROWS,),
        )


def digest_of(message: Message) -> bytes:
    """Of its bytes, less what storage adds."""
    from _blake2 import blake2b

    digest = blake2b(digest_size=16)
    for field in message.fields:
        if not (field.name in ADDED or (field.name or "").startswith(ADDED_BEGIN)):
            digest.update(message.raw[field.start : field.end])
    digest.update(message.raw[message.header.end :])
    return digest.digest()
