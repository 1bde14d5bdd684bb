"""Virtual users: a file says where each has the home.

In: a file as /etc/passwd or a passwd-file of Dovecot has it, ``user:password:uid:gid:gecos:home:shell:extra``. Name
and home count; the name is an address, or the part before "@" of all addresses; the home may stand as ``userdb_home=``
among the extra fields. Empty lines and those that begin with "#" are passed over.

Rules

- The file belongs to whoever runs this or to root, and nobody else can write it: who writes it says where mail goes.
- With each recipient its stamp is looked at, and when it changed it is read anew. One that is missing, cannot be
  trusted or is not read then, is noted, and what was read before holds.
- **Unknown is said of a file at rest only.** Whoever writes it in place has it empty for a moment, and a 550 is final:
  of a file that changed less than SETTLED_SECONDS ago, or that cannot be read, a user who is not there must come again
  (451), as must one whose line has no home that begins with "/".

Errors: Refused, where there is no map to begin with.
Sources: passwd(5); Dovecot's manual, Passwd-file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pyfilter import limits, ownership
from pyfilter.lmtp import replies
from pyfilter.lmtp.replies import Reply
from pyfilter.server.residents import Found, Resident, Residents, names

__all__ = ["Mapped", "Refused"]

# so long after it changed a map is as its writer wants it
SETTLED_SECONDS = 5

NO_HOME = Reply(451, "4.3.5", "this user has no home yet; try again")
UNCERTAIN = Reply(451, "4.3.0", "no such user here yet; try again")

_Stamp = tuple[int, int, int, int, int]


class Refused(Exception):
    """There is no map that can be trusted; the text says why."""


class Mapped(Residents):
    """The users of a map. ``delimiter``: what begins an extension; ``note``: who hears of trouble."""

    def __init__(self, path: str, delimiter: str, note: Callable[[str], None]) -> None:
        self._path = path
        self._delimiter = delimiter
        self._note: Callable[[str], None] = lambda text: None
        self._noted = ""
        self._stamp: _Stamp | None = None
        self._changed = 0.0
        self._is_uncertain = False
        self._homes: dict[str, Resident | Reply] = {}
        self._read_anew()
        if self._stamp is None:
            raise Refused(self._noted)
        self._note = note
        if self._noted:
            note(self._noted)

    def find(self, address: str) -> Found:
        self._read_anew()
        for name in names(address, self._delimiter):
            if (found := self._homes.get(name)) is not None:
                return found
        if self._is_uncertain or abs(time.time() - self._changed) < SETTLED_SECONDS:
            return UNCERTAIN
        return replies.UNKNOWN_USER

    def look_again(self) -> None:
        self._stamp = None

    def _read_anew(self) -> None:
        try:
            if self._stamp is not None and _stamp(os.stat(self._path)) == self._stamp:
                self._is_uncertain = False
                return
            data, found = _read(self._path)
        except OSError as error:
            self._is_uncertain = True
            self._note_once(f"{self._path}: {error.strerror}")
            return
        self._stamp, self._changed, self._is_uncertain = _stamp(found), found.st_ctime, False
        self._homes, problem = _users(data)
        self._note_once(f"{self._path}: {problem}" if problem else "")

    def _note_once(self, text: str) -> None:
        if text and text != self._noted:
            self._note(text)
        self._noted = text


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: str) -> tuple[bytes, os.stat_result]:
    file = ownership.opened(path, os.O_RDONLY)
    try:
        found = ownership.required(file, path)
        if found.st_size > limits.LMTP_MAP_BYTES:
            raise OSError(0, f"is larger than {limits.LMTP_MAP_BYTES >> 20} MiB", path)
        data = b""
        while piece := os.read(file, 1 << 20):
            data += piece
            if len(data) > limits.LMTP_MAP_BYTES:
                raise OSError(0, "grows while it is read", path)
        return data, found
    finally:
        os.close(file)


def _users(data: bytes) -> tuple[dict[str, Resident | Reply], str]:
    """By name in lower case; and what is wrong with the lines, "" if nothing is. Of two lines with one name the first
    counts, as with getpwnam(3)."""
    users: dict[str, Resident | Reply] = {}
    problem = ""
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        name, *fields = line.split(":")
        if not name:
            problem = problem or f"line {number} has no name"
            continue
        home = _home(fields)
        if not home:
            problem = problem or f"line {number} names no home"
        users.setdefault(name.lower(), Resident("", home) if home else NO_HOME)
    return users, problem


def _home(fields: list[str]) -> str:
    """ "" where there is none: it begins with "/", and no step of it leads back."""
    home = fields[4] if len(fields) > 4 else ""
    for extra in " ".join(fields[6:]).split():
        if not home and extra.startswith("userdb_home="):
            home = extra.removeprefix("userdb_home=")
    if not home.startswith("/") or ".." in home.split("/") or "\0" in home:
        return ""
    return home.rstrip("/")
