"""The journal in Redis, beside that of this host (delivery/journal_file.py): whoever gets the retry knows what another
host has done.

In and out: as JournalFile, lines that begin with the seconds and a key. Each is written into both. So a retry that
comes to the same host finds what was done even when Redis is away or has forgotten it.

=============================== ================================================================================
``pyfilter:OWNER:journal:KEY``  a list: ``TOKEN`` and what stands behind the key in each line, the oldest first
``pyfilter:OWNER:sent``         a sorted set, by their seconds: the whole lines of what was sent within an hour
=============================== ================================================================================

- Keys expire, limits.JOURNAL_SECONDS after they were written last.
- One of these is for one delivery: its token is in each of its lines. What it is going to do it writes behind what it
  has read, and nowhere else. Where somebody else has written meanwhile, the same message is being delivered twice at
  once, as happens when a mail server loses patience with one host and goes to the other: this delivery is put off, and
  the next try finds what the other did.
- Who sends something says so before (``TOKEN H seconds``) and afterwards (``TOKEN R``). While another is at it, or died
  of it, limits.DEADLINE_SECONDS at most, nobody else begins to.
- ``contents`` are what all hosts have sent; where Redis is away, this one.

Errors: OSError, as of JournalFile, which fails no delivery; Refused where somebody else delivers the same message.
"""

from __future__ import annotations

import os
import time

from pyfilter import limits
from pyfilter.delivery.failures import Refused
from pyfilter.delivery.journal_file import JournalFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.services.redis_server import RedisServer

__all__ = ["RedisJournal"]

# KEYS: the list, the set of what was sent. ARGV: the line that was the last when we read ("*": whichever), our line,
# how many lines are kept, and seconds; of what was sent the seconds, the whole line, and those before which it is
# forgotten.
APPEND = """\
local token = string.sub(ARGV[2], 1, 12)
local place, last = 0, nil
repeat
  place = place - 1
  last = redis.call('LINDEX', KEYS[1], place) or ''
until string.sub(last, 1, 12) ~= token
if ARGV[1] ~= '*' and ARGV[1] ~= last then return 0 end
if redis.call('LINDEX', KEYS[1], -1) ~= ARGV[2] then
  redis.call('RPUSH', KEYS[1], ARGV[2])
  redis.call('LTRIM', KEYS[1], -ARGV[3], -1)
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
if ARGV[5] then
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[6])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[7])
  redis.call('EXPIRE', KEYS[2], ARGV[4])
end
return 1
"""
WHICHEVER = b"*"
SENT, HELD, RELEASED = b"S", b"H", b"R"
# what has happened is written down whoever else has written meanwhile
HAPPENED = (SENT, RELEASED)


class RedisJournal(JournalFile):
    """``own``: the one of this host; ``owner``: whose it is, on all hosts."""

    def __init__(self, own: JournalFile, server: RedisServer, owner: str) -> None:
        self.failure: OSError | None = None
        self._here = own
        self._server = server
        self._prefix = f"pyfilter:{owner}:".encode("utf-8", "surrogateescape")
        self._token = os.urandom(6).hex().encode("ascii")
        self._key = b""
        self._last = WHICHEVER  # the line that was the last when we read
        self._number = 0
        self._held_by_another = False
        self._holds = False
        self._speaks: JournalFile | RedisServer = own

    @property
    def name(self) -> str:
        """Of that one of the two which failed last."""
        return self._speaks.name

    def lines(self, key: bytes) -> list[bytes]:
        """What stands behind ``key`` in each line of both."""
        own = self._here.lines(key)
        self._failed(self._here, self._here.failure)
        self._key = key
        try:
            found = self._server.ask("LRANGE", self._list(key), -limits.STATE_LINES, -1)
        except OSError as error:
            self._failed(self._server, error)
            return own
        there = [line for line in found if isinstance(line, bytes)] if isinstance(found, list) else []
        self._last = there[-1] if there else b""
        behind = [line.partition(b" ")[2] for line in there]
        self._held_by_another = _is_held(behind)
        return list(dict.fromkeys([*own, *behind]))

    def contents(self) -> Sequence[bytes]:
        """Lines of what was sent; those of another kind may be missing."""
        since = int(time.time()) - limits.STATE_SENT_SECONDS
        try:
            found = self._server.ask("ZRANGEBYSCORE", self._sent(), since, "+inf")
        except OSError as error:
            self._failed(self._server, error)
            return self._here.contents()
        return [line for line in found if isinstance(line, bytes)] if isinstance(found, list) else []

    def append(self, line: bytes, *, durable: bool) -> None:
        """Into both. On this host's disk when the call returns if it is ``durable``; Redis has it then, and brings it
        to disk when it was told to."""
        failure = None
        try:
            self._here.append(line, durable=durable)
        except OSError as error:
            failure = error
            self._failed(self._here, error)
        seconds, key, rest = line.rstrip(b"\n").split(b" ", 2)
        try:
            self._share(key, rest, (seconds, line.rstrip(b"\n")) if rest.startswith(SENT + b" ") else ())
        except OSError as error:
            failure = error
            self._failed(self._server, error)
        if failure is not None:
            raise failure

    def hold(self) -> None:
        """Nobody else sends anything until ``release``."""
        if self._held_by_another:
            raise Refused("another server has begun to send this message on; this one tries again later")
        try:
            self._here.hold()
        finally:
            if self._key:
                self._say(b"%s %d" % (HELD, time.time()))
                self._holds = True

    def release(self) -> None:
        """What cannot be said is known in limits.DEADLINE_SECONDS."""
        self._here.release()
        if self._holds:
            self._holds = False
            try:
                self._say(RELEASED)
            except OSError:
                return

    def _say(self, rest: bytes) -> None:
        try:
            self._share(self._key, rest, ())
        except OSError as error:
            self._failed(self._server, error)
            raise

    def _share(self, key: bytes, rest: bytes, sent: tuple[bytes, ...]) -> None:
        """Raises OSError; Refused where somebody else has written what we did not read."""
        self._number += 1
        line = b"%s.%d %s" % (self._token, self._number, rest)
        last = WHICHEVER if key != self._key or rest.startswith(HAPPENED) else self._last
        forgotten = (int(time.time()) - limits.STATE_SENT_SECONDS,) if sent else ()
        words = (last, line, limits.STATE_LINES, limits.JOURNAL_SECONDS, *sent, *forgotten)
        if self._server.ask("EVAL", APPEND, 2, self._list(key), self._sent(), *words) == 0:
            raise Refused("another server is delivering this message, too; this one tries again later")

    def _failed(self, which: JournalFile | RedisServer, error: OSError | None) -> None:
        if error is not None:
            self._speaks = which
            self.failure = error

    def _list(self, key: bytes) -> bytes:
        return self._prefix + b"journal:" + key

    def _sent(self) -> bytes:
        return self._prefix + b"sent"


def _is_held(lines: list[bytes]) -> bool:
    """Whether somebody has begun to send, not long ago, and has not said that it ended."""
    for line in reversed(lines):
        kind, _, seconds = line.partition(b" ")
        if kind == RELEASED:
            return False
        if kind == HELD:
            return seconds.isdigit() and int(seconds) > time.time() - limits.DEADLINE_SECONDS
    return False
