"""Verdicts of spam scanners, kept for the next ``pyfilter test --scan``: an archive takes hours once, not each time.

They lie in ``~/.cache/pyfilter/verdicts.sqlite``, mode 0600, one row for a message (SHA-256 of its bytes) and what
else the scanner was told (``_asked``: which scanner where, for which user). No text of a message is kept.

Rules

- Kept is what a scanner said, never that it could not say, nor that a message was too large for it.
- A verdict older than limits.VERDICT_SECONDS, or from the future, is none.
- A delivery never looks here: it asks.
- Directory and file are believed only if they are the running user's own and nobody else can write them, as
  in language/cache.py. Nothing read is believed to have the right type.
- Several processes may read and write at once; SQLite locks. Nothing is ever deleted but rows: a
  database that vanishes under another process is how SQLite gets damaged ones (sqlite.org/howtocorrupt.html).

Errors: none; a cache is never needed. After the first failure to write nothing more is kept, after the first to read
nothing is found. ``problem`` says what somebody has to mend, and is empty where it is nothing (no space, a file
system that is read-only, a lock that stays).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sqlite3
import stat
import time

from pyfilter import limits
from pyfilter.language.cache import DIRECTORY
from pyfilter.message.verdict import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from pyfilter.message.envelope import Envelope

__all__ = ["FILE", "Verdicts"]

# below the home directory
FILE = f"{DIRECTORY}/verdicts.sqlite"

VERSION = 1  # of the table (PRAGMA user_version); 0 is a new file
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

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Verdicts:
    """The verdicts of the user whose home is ``home``. ``problem``: a sentence, or empty."""

    def __init__(self, home: str) -> None:
        self.problem = ""
        self._path = os.path.join(home, FILE)
        self._database: sqlite3.Connection | None = None
        self._writes = True
        try:
            self.problem = self._distrusted(os.path.join(home, DIRECTORY))
            if not self.problem:
                self._open()
        except (OSError, ValueError):
            self.close()
        except sqlite3.Error as error:
            self._fail(error)

    def __enter__(self) -> Verdicts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    # ------------------------------------------------------------- the rows

    def find(self, kind: str, raw: bytes, envelope: Envelope, settings: dict[str, object]) -> Verdict | None:
        """What the scanner ``kind`` said of the message, or None."""
        if self._database is None:
            return None
        try:
            row = self._database.execute(
                "SELECT scanner, spam, score, threshold, tests, time FROM verdict WHERE message = ? AND asked = ?",
                (_digest(raw), _asked(kind, envelope, settings)),
            ).fetchone()
        except sqlite3.Error as error:
            self._fail(error)
            return None
        return None if row is None else _verdict(row)

    def keep(self, kind: str, raw: bytes, envelope: Envelope, settings: dict[str, object], verdict: Verdict) -> None:
        """Remember what it said, unless it did not look."""
        if verdict.skipped:
            return
        tests = json.dumps(verdict.tests)
        said = (verdict.scanner, int(verdict.spam), verdict.score, verdict.threshold, tests, int(time.time()))
        self._write(
            "INSERT OR REPLACE INTO verdict (message, asked, scanner, spam, score, threshold, tests, time)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (_digest(raw), _asked(kind, envelope, settings), *said),
        )

    def forget(self, raw: bytes) -> None:
        """Drop whatever was said of the message."""
        self._write("DELETE FROM verdict WHERE message = ?", (_digest(raw),))

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        if self._database is None or not self._writes:
            return
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            self._writes = False
            if _is_damage(error):
                self._fail(error)

    # ------------------------------------------------------------- the file

    def _distrusted(self, directory: str) -> str:
        """Why the file must not be used; empty if it may, and then it is there. Raises OSError."""
        os.makedirs(directory, 0o700, exist_ok=True)
        for path, is_kind in ((directory, stat.S_ISDIR), (self._path, stat.S_ISREG)):
            try:
                found = os.stat(path) if path == directory else os.lstat(path)
            except FileNotFoundError:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
                try:
                    os.close(os.open(path, flags, 0o600))
                except FileExistsError:  # another process was quicker
                    pass
                found = os.lstat(path)
            if not is_kind(found.st_mode):
                return f"{path} is not a {'directory' if path == directory else 'file'}: no verdicts are kept"
            if found.st_uid != os.geteuid():
                return f"{path} belongs to uid {found.st_uid}: no verdicts are kept"
            if found.st_mode & 0o022:
                mode = stat.S_IMODE(found.st_mode)
                return f"{path} is writable by others (mode {mode:04o}), no verdicts are kept: chmod go-w {path}"
        return ""

    def _open(self) -> None:
        database = self._database = sqlite3.connect(
            self._path, timeout=limits.VERDICT_LOCK_SECONDS, isolation_level=None
        )
        if _version(database) == 0:
            database.execute("BEGIN IMMEDIATE")
            if _version(database) == 0:  # no other process was quicker
                database.execute(TABLE)
                database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute("COMMIT")
        if _version(database) != VERSION:
            self.problem = f"{self._path} is of another version of pyfilter, no verdicts are kept: remove it"
            self.close()
            return
        # what seems to be from the future stays: another process may have written it while this one waited
        self._write("DELETE FROM verdict WHERE time < ?", (int(time.time()) - limits.VERDICT_SECONDS,))

    def _fail(self, error: sqlite3.Error) -> None:
        self.close()
        if _is_damage(error):
            self.problem = f"{self._path} is damaged, no verdicts are kept: remove it"


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED  # the rest is an extended code


def _version(database: sqlite3.Connection) -> object:
    return database.execute("PRAGMA user_version").fetchone()[0]


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
