"""A Redis or Valkey server: the one place that speaks with one.

In: an address, ``redis://[USER:PASSWORD@]HOST[:PORT]/DATABASE``, ``rediss://…`` over TLS, ``unix://PATH?db=DATABASE``;
then commands, a word or a number each. Out: what it answers, bytes, numbers and lists of them, as the library gives
them; whoever asks must not believe that it is of the right kind.

- It has limits.STATE_SECONDS to let us in, and as many for each answer. One that is away is asked no more for
  limits.STATE_AWAY_SECONDS: of all deliveries meanwhile one has waited for it.
- A connection that it has closed, as it does when it is started anew, is opened again at once, and the command said
  once more: each of ours may come twice.
- ``name`` is for the log: the address without user, password and options.

Errors: OSError, whose ``strerror`` says why there is no answer; ValueError of an address that is none.

Sources: redis.io/docs/latest/develop/reference/protocol-spec (RESP2); the library's own documentation of URLs.
"""

from __future__ import annotations

import errno
import time
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pyfilter import deadline, limits

__all__ = ["RedisServer"]


class RedisServer:
    """``address``: see above. Nothing is opened before something is asked."""

    def __init__(self, address: str) -> None:
        self.name = _checked(address)
        self._client: Any = redis.Redis.from_url(
            address,
            protocol=2,
            socket_connect_timeout=limits.STATE_SECONDS,
            socket_timeout=limits.STATE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            self._client.connection_pool.make_connection()
        except TypeError:
            raise ValueError(f"an option behind the `?` is none of redis-py's: {self.name}") from None
        self._was_there = False
        self._not_before = 0.0
        self._why = ""

    def ask(self, *words: str | bytes | int) -> object:
        """What it answers to the command. Raises OSError."""
        if time.monotonic() < self._not_before:
            raise OSError(errno.EAGAIN, self._why)
        try:
            return self._say(*words)
        except deadline.TooMuchWork:
            self.close()  # an answer may be on its way
            raise
        except redis.ResponseError as error:
            raise OSError(errno.EPROTO, str(error)) from None
        except Exception as error:
            self.close()
            self._not_before = time.monotonic() + limits.STATE_AWAY_SECONDS
            self._why = _reason(error)
            raise OSError(errno.EAGAIN, self._why) from None

    def _say(self, *words: str | bytes | int) -> object:
        was_there, self._was_there = self._was_there, False
        try:
            answer: object = self._client.execute_command(*words)
        except redis.ConnectionError:
            if not was_there:
                raise
            answer = self._client.execute_command(*words)
        self._was_there = True
        return answer

    def close(self) -> None:
        """Leave; the next command comes back."""
        self._client.connection_pool.disconnect()


def _checked(address: str) -> str:
    """Without what is secret. Raises ValueError; the library takes a database that is no number for the first one."""
    parts = urlsplit(address)
    if parts.scheme in ("redis", "rediss") and not (parts.path[1:] or "0").isdigit():
        raise ValueError(f"the database is a number: redis://{parts.hostname}/0")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _reason(error: BaseException) -> str:
    """In the system's own words where it has some."""
    if isinstance(error, redis.TimeoutError):
        return f"no answer within {limits.STATE_SECONDS} s"
    cause = error.__context__ or error
    return (isinstance(cause, OSError) and cause.strerror) or str(error) or type(error).__name__
