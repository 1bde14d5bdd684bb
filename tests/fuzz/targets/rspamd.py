"""Answers of rspamd (services/rspamd.py): a verdict that can be shown, or one sentence.

An input that begins with ``HTTP`` is all of the answer, any other its JSON."""

from __future__ import annotations

from pyfilter.engine.questions import Unknown
from pyfilter.language.vocabulary import SETTINGS
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import rspamd
from pyfilter.services.answers import Inquiry

from ..fuzz_message import one_line
from .spamd import sane

LONGEST = 500
FIELDS = ()
WORDS = (
    b"HTTP/1.1 ", b"200 OK", b"100 Continue", b"\r\n", b"\r\n\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked",
    b"Content-Encoding: zstd", b"Connection: close", b'"score":', b'"action":', b'"required_score":', b'"symbols":',
    b'"thresholds":', b'"add header":', b'"reject"', b'"is_skipped":', b"true", b"null", b"NaN", b"Infinity", b"1e999",
    b"-0.0", b"{", b"}", b"[", b"]", b",", b'"', b"\\ud800", b"\\u0000", b"\xff", b"9" * 40, b"[" * 60,
)  # fmt: skip
JSON = b'{"score":7.5,"required_score":15.0,"action":"add header","symbols":{"GTUBE":{"score":0},"R_X":{}}}'
SEEDS = (
    JSON,
    b'{"score":1,"action":"no action","thresholds":{"add header":6},"is_skipped":true,"symbols":{}}',
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(JSON), JSON),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(JSON), JSON),
    b"HTTP/1.0 500 Internal Server Error\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
)
INQUIRY = Inquiry("", Message(b"Subject: x\n\nx\n"), Envelope(), {name: row.default for name, row in SETTINGS.items()})


class _Said:
    """A connection from which the answer comes."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def __enter__(self) -> _Said:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def settimeout(self, seconds: float) -> None:
        pass

    def recv_into(self, buffer: memoryview) -> int:
        piece = self._left[: len(buffer)]
        self._left = self._left[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


answer = b""
rspamd.connect = lambda *_: _Said(answer)  # type: ignore[assignment,misc,return-value]
rspamd.send_all = lambda *_: None


def examine(data: bytes) -> None:
    global answer
    answer = data if data.startswith(b"HTTP") else b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data
    told = rspamd.check(INQUIRY)
    if isinstance(told, Unknown):
        assert told.why.startswith("rspamd at ") and one_line(told.why) and len(told.why) < 300
        return
    sane(told, "rspamd")
