"""An rspamd that does what it is told, most of it wrong, and notes what happened at the socket.

A way to fail is a function that is given the Line of one connection. What it does there is noted in
``Fake.happened``, in this order:

========== =======================================================================
asked      the whole question was read
sent       all that should be sent was taken by the other side
closed     the connection was closed
reset      it was closed by RST
gone       the other side closed it, before it was told all or while it waited
========== =======================================================================
"""

from __future__ import annotations

import itertools
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["REPLY", "Fake", "Line", "answering", "http", "reply"]

SECONDS = 20  # a test that hangs ends

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


class Line:
    """One connection to the fake."""

    def __init__(self, connection: socket.socket, fake: Fake) -> None:
        self.connection = connection
        self.fake = fake

    def note(self, what: str) -> None:
        self.fake.happened.append(what)

    def question(self) -> bytes:
        """All that is asked."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0 or len(data) < end + 4 + content_length(data[:end]):
            chunk = self.connection.recv(65536)
            if not chunk:
                raise ConnectionResetError
            data += chunk
        self.fake.asked.append(data)
        self.note("asked")
        return data

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)
        self.note("sent")

    def send_for_ever(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            self.connection.sendall(piece)

    def wait(self) -> None:
        """Until the other side has had enough."""
        while self.connection.recv(65536):
            pass
        raise ConnectionResetError

    def wait_without_reading(self) -> None:
        self.fake.over.wait(SECONDS)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.note("reset")


def content_length(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Fake:
    """A server on a thread; ``address`` as the setting takes it. ``asked``: the questions, ``happened``: see above."""

    def __init__(
        self, act: Callable[[Line], None], path: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.act = act
        self.tls = tls
        self.asked: list[bytes] = []
        self.happened: list[str] = []
        self.over = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        # small buffers, so that one who does not read is noticed
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(str(path) if path else ("127.0.0.1", 0))
        self.listener.listen()
        self.address = f"unix:{path}" if path else f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self.over.is_set():
                connection.close()
                return
            connection.settimeout(SECONDS)
            try:
                with self.tls.wrap_socket(connection, server_side=True) if self.tls else connection as line:
                    self.act(Line(line, self))
                    if line.fileno() >= 0:
                        # whoever closes with something unread resets, and the answer may be lost
                        line.shutdown(socket.SHUT_WR)
                        self.happened.append("closed")
                        while line.recv(65536):
                            pass
            except (ConnectionError, ssl.SSLError):
                self.happened.append("gone")

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *raised: object) -> None:
        self.finish()

    def finish(self) -> list[str]:
        """What has happened, all told: waits for the connection under way."""
        if not self.over.is_set():
            self.over.set()
            with socket.socket(self.listener.family) as last:
                last.connect(self.listener.getsockname())
            self.thread.join(SECONDS)
            assert not self.thread.is_alive()
            self.listener.close()
        return self.happened


# ------------------------------------------------------------ ways to act


def answering(answer: bytes) -> Callable[[Line], None]:
    """Reads the question and answers."""

    def act(line: Line) -> None:
        line.question()
        line.send(answer)

    return act


def answering_for_ever(pieces: Callable[[], Iterator[bytes]]) -> Callable[[Line], None]:
    def act(line: Line) -> None:
        line.question()
        line.send_for_ever(pieces())

    return act


def read_nothing(line: Line) -> None:
    line.wait_without_reading()


def say_nothing(line: Line) -> None:
    line.question()
    line.wait()


def hang_up(line: Line) -> None:
    line.question()


def reset(line: Line) -> None:
    line.question()
    line.reset()


def reset_while_told(line: Line) -> None:
    line.connection.recv(1)
    line.reset()


def answer_and_reset_while_told(line: Line) -> None:
    line.connection.recv(1)
    line.send(http(b"{}", status="503 Service Unavailable"))
    line.reset()


def drip(line: Line) -> None:
    """A byte now and then: each is in time, all together never."""
    line.question()
    answer = http(reply())
    for place in itertools.count():
        line.connection.sendall(answer[place % len(answer) :][:1])
        line.fake.over.wait(0.02)


def echo(line: Line) -> None:
    line.send(line.question())


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
        answer_and_reset_while_told,
        r"it did not take the message \((Connection reset by peer|Broken pipe)\)",
        ["sent", "reset"],
    ),
    "a byte now and then": (drip, r"no whole answer within 0\.5 seconds", ["asked", "gone"]),
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
