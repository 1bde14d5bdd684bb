"""What an rspamd may say and do that is wrong; the socket it does it at is fake_scanner.py's."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

from .fake_scanner import (
    Line,
    answering_and_resetting_while_told,
    answering_for_ever,
    dripping,
    echo,
    hang_up,
    read_nothing,
    reset,
    reset_while_told,
    say_nothing,
)

__all__ = ["ANSWERS", "FAILURES", "REPLY", "http", "reply"]

REPLY = {
    "is_skipped": False,
    "score": 7.5,
    "required_score": 15.0,
    "action": "add header",
    "symbols": {
        "MISSING_MID": {"name": "MISSING_MID", "score": 2.5, "options": ["a\u00fd"]},
        "BAYES_SPAM": {"name": "BAYES_SPAM", "score": 5.0},
    },
    "messages": {},
    "message-id": "1@friend.example",
    "time_real": 0.05,
    "milter": {"remove_headers": {"X-Spam": 0}},
}


def reply(**other: object) -> bytes:
    """The body of an answer, with other values; ``Ellipsis`` takes a key away."""
    return json.dumps({name: value for name, value in {**REPLY, **other}.items() if value is not ...}).encode()


def http(body: bytes, *headers: str, status: str = "200 OK", length: int | str | None = None) -> bytes:
    """An answer as rspamd writes it."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", "Server: rspamd/3.4", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

# name -> what it does, what is told of it (a regular expression), what has happened
FAILURES: dict[str, tuple[Callable[[Line], None], str, list[str]]] = {
    "reads nothing": (read_nothing, r"it did not take the message within 0\.5 seconds", ["closed"]),
    "says nothing": (say_nothing, r"no whole answer within 0\.5 seconds", ["asked", "gone"]),
    "hangs up": (hang_up, "it closed the connection without an answer", ["asked", "closed"]),
    "resets": (reset, r"it closed the connection \(Connection reset by peer\)", ["asked", "reset"]),
    "resets while it is told": (
        reset_while_told,
        r"it did not take the message \((Connection reset by peer|Broken pipe)\)",
        ["reset"],
    ),
    "answers and resets while it is told": (
        answering_and_resetting_while_told(http(b"{}", status="503 Service Unavailable")),
        r"it did not take the message \((Connection reset by peer|Broken pipe)\)",
        ["sent", "reset"],
    ),
    "a byte now and then": (dripping(http(reply())), r"no whole answer within 0\.5 seconds", ["asked", "gone"]),
    "echoes": (echo, "its answer is not HTTP", ["asked", "sent", "closed"]),
    "endless first line": (
        answering_for_ever(lambda: itertools.repeat(b"x" * 4096)),
        "its answer is not HTTP",
        ["asked", "gone"],
    ),
    "endless header": (
        answering_for_ever(lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"A: b\r\n" * 500))),
        "its answer is not HTTP",
        ["asked", "gone"],
    ),
    "endless header line": (
        answering_for_ever(lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nA: "], itertools.repeat(b"x" * 4096))),
        "its answer is not HTTP",
        ["asked", "gone"],
    ),
    "endless body": (
        answering_for_ever(
            lambda: itertools.chain([http(b"").replace(b"Content-Length: 0\r\n", b"")], itertools.repeat(b" " * 65536))
        ),
        "its answer is longer than 4194304 bytes",
        ["asked", "gone"],
    ),
    "body of a petabyte": (
        answering_for_ever(lambda: itertools.chain([http(b"", length=10**15)], itertools.repeat(b" " * 65536))),
        "its answer is longer than 4194304 bytes",
        ["asked", "gone"],
    ),
    "chunk of a petabyte": (
        answering_for_ever(lambda: itertools.chain([CHUNKED + b"%x\r\n" % 10**15], itertools.repeat(b" " * 65536))),
        "its answer is longer than 4194304 bytes",
        ["asked", "gone"],
    ),
    "endless continuation": (
        answering_for_ever(lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 2000)),
        r"its answer is longer than 4194304 bytes|no whole answer within 0\.5 seconds",
        ["asked", "gone"],
    ),
    "endless chunks": (
        answering_for_ever(lambda: itertools.chain([CHUNKED], itertools.repeat(b"1\r\n \r\n" * 5000))),
        r"its answer is longer than 4194304 bytes|no whole answer within 0\.5 seconds",
        ["asked", "gone"],
    ),
}

NOT_HTTP = "its answer is not HTTP"
CUT_OFF = "its answer was cut off"
NOT_JSON = "its answer is not JSON"
NO_SCORE = "its answer has no `score` that is a number"
NO_ACTION = "its answer has no `action` that is a text"

# name -> the answer, what is told of it; it is read, and answered, and closed
ANSWERS: dict[str, tuple[bytes, str]] = {
    "half a first line": (b"HTTP/1.1 2", NOT_HTTP),
    "another protocol": (b"SPAMD/1.1 0 EX_OK\r\n\r\n", NOT_HTTP),
    "garbage": (bytes(range(256)) * 20, NOT_HTTP),
    "NULs": (bytes(5000), NOT_HTTP),
    "status without number": (http(reply(), status="fine"), NOT_HTTP),
    "cut in the header": (b"HTTP/1.1 200 OK\r\nServer: rsp", NOT_JSON),
    "cut in the body": (http(reply()[:-40], length=len(reply())), CUT_OFF),
    "length too short": (http(reply(), length=50), NOT_JSON),
    "chunk without size": (CHUNKED + b"zz\r\n" + reply(), CUT_OFF),
    "chunk of a negative size": (CHUNKED + b"-5\r\n" + reply(), NOT_HTTP),
    "chunk cut off": (CHUNKED + b"fff\r\n" + reply(), CUT_OFF),
    "last chunk missing": (CHUNKED + b"%x\r\n%b\r\n" % (len(reply()), reply()), CUT_OFF),
    "status 400": (http(b"{}", status="400 invalid\x1b[2J command"), r"it answered 400 invalid\?\[2J command"),
    "status 503": (http(reply(), status="503 Service Unavailable"), "it answered 503 Service Unavailable"),
    "status 204": (http(b"", status="204"), "it answered 204"),
    "another place": (http(b"", "Location: http://a.example/", status="302 Found"), "it answered 302 Found"),
    "a long reason": (http(b"", status=f"500 {'x' * 5000}"), f"it answered 500 {'x' * 100}…"),
    "gzip": (http(reply(), "Content-Encoding: gzip"), r"its answer is in a coding nobody asked for \(gzip\)"),
    "zstd": (http(reply(), "Compression: zstd"), r"its answer is in a coding nobody asked for \(zstd\)"),
    "empty": (http(b""), NOT_JSON),
    "HTML": (http(b"<html><body>Welcome to nginx</body></html>"), NOT_JSON),
    "UTF-16": (http(reply().decode().encode("utf-16")), NOT_JSON),
    "two objects": (http(reply() + reply()), NOT_JSON),
    "a list": (http(b"[1, 2]"), "its answer is not a JSON object"),
    "null": (http(b"null"), "its answer is not a JSON object"),
    "deep": (http(b"[" * 500_000), "its answer is nested too deep"),
    "deep objects": (http(b'{"a":' * 500_000), "its answer is nested too deep"),
    "twice the same": (http(reply()[:-1] + b', "score": 0}'), "its answer says the same name twice"),
    "no score": (http(reply(score=...)), NO_SCORE),
    "score a text": (http(reply(score="7.5")), NO_SCORE),
    "score a truth": (http(reply(score=True)), NO_SCORE),
    "score NaN": (http(reply(score=float("nan"))), NO_SCORE),
    "score infinite": (http(reply(score=float("-inf"))), NO_SCORE),
    "score 1e400": (http(reply().replace(b"7.5", b"1e400")), NO_SCORE),
    "score of 400 digits": (http(reply(score=10**400)), NO_SCORE),
    "score of 5000 digits": (http(reply().replace(b"7.5", b"9" * 5000)), NOT_JSON),
    "no action": (http(reply(action=...)), NO_ACTION),
    "action a number": (http(reply(action=1)), NO_ACTION),
    "action a list": (http(reply(action=["reject"])), NO_ACTION),
    "symbols a list": (http(reply(symbols=["A"])), "its answer has no `symbols` as rspamd has it"),
    "skipped a text": (http(reply(is_skipped="no")), "its answer has no `is_skipped` as rspamd has it"),
}
