"""The memory of deliveries: was this message delivered to this recipient before? `duplicate`.

``~/.local/state/pyfilter/memory``, an SQLite database (store.py), one row for a message and a recipient: a digest of
both, and when it was delivered last. No text of a message is kept.

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

import os
import time

from pyfilter import deadline, limits
from pyfilter.engine.questions import Unknown
from pyfilter.services.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.engine.plan import Plan
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message
    from pyfilter.services.answers import Inquiry

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
    path = os.path.join(os.path.expanduser("~"), FILE)
    if not os.path.lexists(path):
        return False
    with _opened(path) as store:
        rows = store.rows("SELECT time FROM delivered WHERE message = ?", (_key(inquiry.message, inquiry.envelope),))
        if _is_failed(store, path):
            return Unknown(f"the memory of deliveries cannot be read: {store.failure}")
    if not rows:
        return False
    when, now = rows[0][0], int(time.time())
    return isinstance(when, int) and now - int(inquiry.argument) <= when <= now


def remember(plan: Plan, message: Message, home: str) -> str:
    """Write down that ``message`` was delivered; a sentence where that failed."""
    if plan.envelope is None or not plan.remembers or plan.outcome in UNDELIVERED:
        return ""
    now = int(time.time())
    key = _key(message, plan.envelope)
    path = os.path.join(home, FILE)
    with _opened(path) as store:
        done = store.write("INSERT OR REPLACE INTO delivered (message, time) VALUES (?, ?)", (key, now))
        if done and key[0] == 0:
            _forget(store, now)
        _is_failed(store, path)
        return "" if done else f"the delivery was not remembered: {store.failure}"


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
