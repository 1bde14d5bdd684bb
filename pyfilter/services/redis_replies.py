"""Who got a reply, in Redis (delivery/replies.py says what is promised).

=========================== =====================================================================================
``pyfilter:OWNER:replies``  a sorted set: digests of rule and address, by the second until which nobody answers
``pyfilter:OWNER:replied``  a sorted set: the same with a time before it, by the second when a reply was promised
=========================== =====================================================================================

It is looked up and written down in one step (a script), so of deliveries at once one answers, on whichever host. What
is over is taken out each time. Whoever cannot ask sends nothing.

Errors: OSError.
"""

from __future__ import annotations

from pyfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.services.redis_server import RedisServer

__all__ = ["RedisReplies"]

DAY = 86400

# KEYS: replies, replied. ARGV: now, whom, until when, a day before now, how many there may be in a day.
PROMISE = """\
local known = redis.call('ZSCORE', KEYS[1], ARGV[2])
if known and tonumber(known) > tonumber(ARGV[1]) then return 'known' end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return 'many' end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[1] .. ' ' .. ARGV[2])
return 'promised'
"""


class RedisReplies:
    """Those of one owner."""

    def __init__(self, server: RedisServer, owner: str) -> None:
        self._server = server
        prefix = f"pyfilter:{owner}:".encode("utf-8", "surrogateescape")
        self._sets = prefix + b"replies", prefix + b"replied"

    def promise(self, rule: str, address: str, every: int, now: float) -> str:
        """As replies.promise."""
        from _blake2 import blake2b

        digest = blake2b(digest_size=16)
        digest.update(rule.encode("utf-8", "replace") + b"\0" + address.lower().encode("utf-8", "replace"))
        words = (int(now), digest.hexdigest(), int(now) + every, int(now) - DAY, limits.REPLIES_A_DAY)
        try:
            answer = self._server.ask("EVAL", PROMISE, 2, *self._sets, *words)
        except OSError as error:
            error.filename = self._server.name
            raise
        if answer == b"promised":
            return ""
        return "the sender got one already" if answer == b"known" else f"{limits.REPLIES_A_DAY} were sent within a day"
