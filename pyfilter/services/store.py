"""A small SQLite database of the user's, which nobody has to have: the one place that opens one.

In: a path, the directory it lies in, the statements that make its tables, their version. Out: ``rows`` and ``write``.

Rules

- Directory and file are believed only if they are the running user's own and nobody else can write them, as
  in language/cache.py. Who reads must not believe that a value has the right type.
- Several processes may read and write at once; SQLite locks, ``seconds`` at most. Nothing is ever deleted but rows: a
  database that vanishes under another process is how SQLite gets damaged ones (sqlite.org/howtocorrupt.html).
- ``rebuilt``: a damaged database is put aside, as ``NAME.damaged``, and a new one begun; else it stays as it is. One of
  the right version that lacks a table or a column is damaged, too.

Errors: none. After the first failure to write nothing more is written, after the first to read nothing is found.
``problem`` says what somebody has to mend, and is empty where it is nothing (no space, a file system that is read-only,
a lock that stays); ``failure`` says of the last failure what it was.
"""

from __future__ import annotations

import os
import sqlite3
import stat

from pyfilter import ownership

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Store"]

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# what SQLite says where something is not there: it has only SQLITE_ERROR for it
LACKING = ("no such table", "no such column", "has no column named")


class Store:
    """``kept``: what is not kept where it cannot be used, for ``problem``: "verdicts"."""

    def __init__(
        self, path: str, *, tables: tuple[str, ...], version: int, seconds: float, kept: str, rebuilt: bool = False
    ) -> None:
        self.problem = ""
        self.failure = ""
        self._path = path
        self._tables = tables
        self._version = version  # PRAGMA user_version; 0 is a new file
        self._seconds = seconds
        self._kept = kept
        self._rebuilt = rebuilt
        self._database: sqlite3.Connection | None = None
        self._writes = True
        try:
            self.problem = self.failure = self._distrusted(os.path.dirname(path))
            if not self.problem:
                self._open()
        except (OSError, ValueError) as error:
            self.failure = f"{path}: {getattr(error, 'strerror', None) or error}"
            self.close()
        except sqlite3.Error as error:
            self._fail(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def rows(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """What the statement selects; nothing where it cannot be read."""
        if self._database is None:
            return []
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._fail(error)
            return []

    def write(self, statement: str, values: tuple[object, ...] = ()) -> bool:
        """Whether it was written."""
        if self._database is None or not self._writes:
            return False
        try:
            self._database.execute(statement, values)
            return True
        except sqlite3.Error as error:
            self._writes = False
            self.failure = f"{self._path}: {error}"
            if _is_damage(error):
                self._fail(error)
            return False

    # ------------------------------------------------------------- the file

    def _distrusted(self, directory: str) -> str:
        """Why the file must not be used; empty if it may, and then it is there. Raises OSError."""
        above = directory
        while not os.path.lexists(above):
            above = os.path.dirname(above)
        if above != directory:  # nothing is made in another user's directory
            if why := ownership.distrust(os.stat(above)):
                return f"{above} {why}: no {self._kept} are kept"
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
                return f"{path} is not a {'directory' if path == directory else 'file'}: no {self._kept} are kept"
            if found.st_uid != os.geteuid():
                return f"{path} belongs to uid {found.st_uid}: no {self._kept} are kept"
            if found.st_mode & 0o022:
                mode = stat.S_IMODE(found.st_mode)
                return f"{path} is writable by others (mode {mode:04o}), no {self._kept} are kept: chmod go-w {path}"
        # SQLite opens what lies beside it whatever it is, and would wait for the other end of a FIFO
        for beside in (f"{self._path}-journal", f"{self._path}-wal"):
            if os.path.lexists(beside) and not stat.S_ISREG(os.lstat(beside).st_mode):
                return f"{beside} is not a file: no {self._kept} are kept"
        return ""

    def _open(self) -> None:
        database = self._database = sqlite3.connect(self._path, timeout=self._seconds, isolation_level=None)
        if _version(database) == 0:
            database.execute("BEGIN IMMEDIATE")
            if _version(database) == 0:  # no other process was quicker
                for table in self._tables:
                    database.execute(table)
                database.execute(f"PRAGMA user_version = {self._version}")
            database.execute("COMMIT")
        if _version(database) != self._version:
            self.problem = self.failure = (
                f"{self._path} is of another version of pyfilter, no {self._kept} are kept: remove it"
            )
            self.close()

    def _fail(self, error: sqlite3.Error) -> None:
        self.close()
        self.failure = f"{self._path}: {error}"
        if not _is_damage(error):
            return
        if not self._rebuilt:
            self.problem = f"{self._path} is damaged, no {self._kept} are kept: remove it"
            return
        self._rebuilt = False  # once
        try:
            # its journal belongs to what is damaged
            for end in ("-journal", ""):
                if os.path.lexists(self._path + end):
                    os.replace(self._path + end, f"{self._path}.damaged{end}")
            self._distrusted(os.path.dirname(self._path))
            self._open()
        except (OSError, sqlite3.Error):
            self.close()


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest is an extended code
    return code in DAMAGED or (code == sqlite3.SQLITE_ERROR and any(words in str(error) for words in LACKING))


def _version(database: sqlite3.Connection) -> object:
    return database.execute("PRAGMA user_version").fetchone()[0]
