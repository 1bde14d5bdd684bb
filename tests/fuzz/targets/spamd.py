"""Answers of spamd (services/spamd.py): a verdict that can be shown, or one sentence."""

from __future__ import annotations

import math

from pyfilter import limits
from pyfilter.engine.questions import Unknown
from pyfilter.language.vocabulary import SETTINGS
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services import scanner, spamd
from pyfilter.services.answers import Inquiry

from ..fuzz_message import one_line

LONGEST = 400
FIELDS = ()
WORDS = (
    b"SPAMD/1.1 ", b"0 EX_OK", b"76 Bad header line", b"75 EX_TEMPFAIL", b"\r\n", b"\r\n\r\n", b"\n", b"Spam: ",
    b"True ; 15.0 / 5.0", b"False ; ", b"Yes;", b"nan", b"inf", b"1e400", b"-0", b"Content-length: ", b"10", b"0",
    b"-1", b"_1", b"Compress: zlib", b"DidSet: local", b"User: x", b"BAYES_99,", b",", b"\xff", b"\0", b"\xd9\xa3",
)  # fmt: skip
SEEDS = (
    b"SPAMD/1.1 0 EX_OK\r\nContent-length: 21\r\nSpam: True ; 7.5 / 5.0\r\n\r\nBAYES_99,HTML_MESSAGE",
    b"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: False ; -1.0 / 5.0\r\n\r\n",
    b"SPAMD/1.0 76 Bad header line: (EOF during headers)\r\n",
    b"SPAMD/1.1 75 EX_TEMPFAIL\r\nSpam: x\r\n\r\n",
    b"SPAMD/1.1 0 EX_OK\r\nContent-length: 3\r\nDidSet: local,remote\r\nSpam: Yes;1/2\r\n\r\nA,B",
)
INQUIRY = Inquiry("", Message(b"Subject: x\n\nx\n"), Envelope(), {name: row.default for name, row in SETTINGS.items()})


class _Nowhere:
    """A connection on which nothing happens."""

    def __enter__(self) -> _Nowhere:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def shutdown(self, how: int) -> None:
        pass


answer = b""
spamd.connect = lambda *_: _Nowhere()  # type: ignore[assignment,misc,return-value]
spamd.send_all = lambda *_: None
spamd.read_all = lambda *_: answer


def examine(data: bytes) -> None:
    global answer
    answer = data
    told = spamd.check(INQUIRY)
    if isinstance(told, Unknown):
        assert told.why.startswith("spamd at ") and one_line(told.why) and len(told.why) < 300
        return
    sane(told, "spamd")


def sane(told: Verdict, whose: str) -> None:
    """Whether a verdict can be compared and written into a header."""
    assert told.scanner == whose and isinstance(told.spam, bool)
    assert math.isfinite(told.score) and (told.threshold is None or math.isfinite(told.threshold))
    assert len(told.tests) <= limits.SPAM_TESTS and scanner.tests(told.tests) == told.tests
    for _, value in told.headers():
        assert value.isascii() and value.isprintable()
