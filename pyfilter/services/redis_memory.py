"""The memory of deliveries in Redis (memory.py says what is remembered, and how a message is known).

``pyfilter:OWNER:delivered``: a sorted set, digests by the time in seconds when they were delivered last. What is too
old, or too much, is forgotten as in the file: now and then, when a digest begins with a zero byte. All of it expires,
limits.MEMORY_SECONDS after the last delivery.

Errors: OSError.
"""

from __future__ import annotations

from pyfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.services.redis_server import RedisServer

__all__ = ["RedisMemory"]


class RedisMemory:
    """That of one owner."""

    def __init__(self, server: RedisServer, owner: str) -> None:
        self._server = server
        self._set = f"pyfilter:{owner}:delivered".encode("utf-8", "surrogateescape")

    def last(self, key: bytes) -> int | None:
        """When it was delivered last. Raises OSError."""
        found = self._ask("ZSCORE", self._set, key)
        return int(found) if isinstance(found, float) and 0 <= found < 1 << 53 else None

    def note(self, key: bytes, now: int) -> None:
        """It was delivered now. Raises OSError."""
        self._ask("ZADD", self._set, now, key)
        self._ask("EXPIRE", self._set, limits.MEMORY_SECONDS)
        if key[0] == 0:
            self._ask("ZREMRANGEBYSCORE", self._set, "-inf", f"({now - limits.MEMORY_SECONDS}")
            self._ask("ZREMRANGEBYSCORE", self._set, f"({now + 86400}", "+inf")
            self._ask("ZREMRANGEBYRANK", self._set, 0, -limits.MEMORY_ROWS - 2)

    def _ask(self, *words: str | bytes | int) -> object:
        try:
            return self._server.ask(*words)
        except OSError as error:
            error.strerror = f"{self._server.name}: {error.strerror}"
            raise
