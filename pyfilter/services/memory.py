"""The memory of deliveries: was this message delivered to this recipient before? `duplicate`.

``~/.local/state/pyfilter/memory``, an SQLite database (store.py), one row for a message and a recipient: a digest of
both, and when it was delivered last. No text of a message is kept. Where several hosts share their state, Redis has it
instead (shared.py, redis_memory.py).

- A message is known by its Message-ID; one without, by its bytes, less what servers write on its way (TRACE) and the
  mbox line. Ids are compared to the letter. Whatever stands in one, a digest is what is kept.
- ``remember`` is called when the mail lies where it should: an attempt that was put off leaves nothing, so no retry of
  it is a duplicate of itself. Mail that was rejected or discarded was not delivered.
- Rows older than limits.MEMORY_SECONDS are forgotten, of more than limits.MEMORY_ROWS the oldest; now and then, when a
  digest begins with a zero byte. A time that is still to come is none: the clock was wrong.
- A database that is damaged is put aside and begun anew. What cannot be read is unknown, and never hinders a delivery:
  a lock is waited for once, limits.MEMORY_LOCK_SECONDS and no longer than the delivery has.

Errors: none; ``remember`` gives a sentence for the log.
"""

from __future__ import annotations

import errno
import os
import time

from pyfilter import deadline, limits
from pyfilter.engine.questions import Unknown
from pyfilter.services import shared
from pyfilter.services.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.engine.plan import Plan
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message
    from pyfilter.services.answers import Inquiry
    from pyfilter.services.redis_memory import RedisMemory

__all__ = ["FILE", "remember", "seen"]

# below the home directory
FILE = ".local/state/pyfilter/memory"

VERSION = 1
TABLES = (
    "CREATE TABLE delivered (message BLOB PRIMARY KEY, time INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX delivered_time ON delivered (time)",
)

# fields that say how a message came, which differ each time it comes
TRACE = frozenset({
    "received", "return-path", "delivered-to", "x-original-to", "envelope-to", "delivery-date", "received-spf",
    "authentication-results", "arc-seal", "arc-message-signature", "arc-authentication-results",
    "x-received", "x-spam-flag", "x-spam-status", "x-spam-score", "x-spam-level", "x-spam-checker-version", "lines",
    "status", "x-uid", "x-uidl",
})  # fmt: skip
# of what a plan ended with, what is no delivery
UNDELIVERED = frozenset({"discarded", "rejected", "deferred"})

# paths of memories that could not be used when this process tried last: nobody waits for them twice
_failed: set[str] = set()


def seen(inquiry: Inquiry) -> bool | Unknown:
    """Was the message delivered within so many seconds (``Inquiry.argument``)?"""
    kept = _kept(os.path.expanduser("~"))
    try:
        when = kept.last(_key(inquiry.message, inquiry.envelope))
    except OSError as error:
        return Unknown(f"the memory of deliveries cannot be read: {error.strerror}")
    now = int(time.time())
    return isinstance(when, int) and now - int(inquiry.argument) <= when <= now


def remember(plan: Plan, message: Message, home: str) -> str:
    """Write down that ``message`` was delivered; a sentence where that failed."""
    if plan.envelope is None or not plan.remembers or plan.outcome in UNDELIVERED:
        return ""
    try:
        _kept(home).note(_key(message, plan.envelope), int(time.time()))
    except OSError as error:
        return f"the delivery was not remembered: {error.strerror}"
    return ""


def _kept(home: str) -> FileMemory | RedisMemory:
    return shared.memory(home) or FileMemory(os.path.join(home, FILE))


class FileMemory:
    """That in a file. Its OSErrors say in ``strerror`` what was wrong."""

    def __init__(self, path: str) -> None:
        self._path = path

    def last(self, key: bytes) -> object:
        """When it was delivered last. Raises OSError."""
        if not os.path.lexists(self._path):
            return None
        with _opened(self._path) as store:
            rows = store.rows("SELECT time FROM delivered WHERE message = ?", (key,))
            if _is_failed(store, self._path):
                raise OSError(errno.EIO, store.failure)
        return rows[0][0] if rows else None

    def note(self, key: bytes, now: int) -> None:
        """It was delivered now. Raises OSError."""
        with _opened(self._path) as store:
            done = store.write("INSERT OR REPLACE INTO delivered (message, time) VALUES (?, ?)", (key, now))
            if done and key[0] == 0:
                _forget(store, now)
            _is_failed(store, self._path)
            if not done:
                raise OSError(errno.EIO, store.failure)


def _opened(path: str) -> Store:
    spare = deadline.left() - limits.FILING_SECONDS
    seconds = 0.0 if path in _failed else min(limits.MEMORY_LOCK_SECONDS, max(0.0, spare))
    return Store(path, tables=TABLES, version=VERSION, seconds=seconds, kept="deliveries", rebuilt=True)


def _is_failed(store: Store, path: str) -> bool:
    if store.failure:
        _failed.add(path)
    else:
        _failed.discard(path)
    return bool(store.failure)


def _forget(store: Store, now: int) -> None:
    store.write("DELETE FROM delivered WHERE time < ? OR time > ?", (now - limits.MEMORY_SECONDS, now + 86400))
    store.write(
        "DELETE FROM delivered WHERE time < (SELECT time FROM delivered ORDER BY time DESC LIMIT 1 OFFSET ?)",
        (limits.MEMORY_ROWS,),
    )


def _key(message: Message, envelope: Envelope) -> bytes:
    from _blake2 import blake2b

    digest = blake2b(digest_size=16)
    digest.update((envelope.recipient or "").lower().encode("utf-8", "surrogatepass") + b"\0")
    name = message.message_id
    if name:
        digest.update(b"id\0" + name.encode("utf-8", "surrogatepass"))
    else:
        digest.update(b"raw\0")
        for field in message.fields:
            if field.name not in TRACE:
                digest.update(message.raw[field.start : field.end])
        digest.update(message.raw[message.header.end :])
    return digest.digest()
