"""What a spam scanner wrote into the header. The samples are written for this test, in the shapes scanners use.

Each row: the scanner's lines, then the verdict as (spam, score, threshold, tests).
"""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message import spam_headers
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

Told = tuple[bool, float, float | None, tuple[str, ...]]

SAMPLES: dict[str, tuple[bytes, Told]] = {
    "SpamAssassin, spam": (
        (
            b"X-Spam-Checker-Version: SpamAssassin 4.0.1 (2024-03-25) on mail.example.com\n"
            b"X-Spam-Flag: YES\n"
            b"X-Spam-Level: ******\n"
            b"X-Spam-Status: Yes, score=6.3 required=5.0 tests=BAYES_99,HTML_MESSAGE,\n"
            b"\tMIME_HTML_ONLY,T_SCC_BODY_TEXT_LINE autolearn=no\n"
            b"\tautolearn_force=no version=4.0.1\n"
            b"X-Spam-Report: *  3.5 BAYES_99 ...\n"
        ),
        (True, 6.3, 5.0, ("BAYES_99", "HTML_MESSAGE", "MIME_HTML_ONLY", "T_SCC_BODY_TEXT_LINE")),
    ),
    "SpamAssassin, ham": (
        b"X-Spam-Level: \nX-Spam-Status: No, score=-2.1 required=5.0 tests=BAYES_00,DKIM_SIGNED\n autolearn=ham\n",
        (False, -2.1, 5.0, ("BAYES_00", "DKIM_SIGNED")),
    ),
    "SpamAssassin, no test": (
        b"X-Spam-Status: No, score=0.0 required=5.0 tests=none autolearn=no version=4.0.1\n",
        (False, 0.0, 5.0, ()),
    ),
    "SpamAssassin, an empty list": (
        b"X-Spam-Status: No, score=0.5 required=5.0 tests= autolearn=no\n",
        (False, 0.5, 5.0, ()),
    ),
    "SpamAssassin, scores with the tests": (
        b"X-Spam-Status: Yes, score=5.1 required=5.0 tests=A_B=2.6,C_D=2.5 shortcircuit=no\n",
        (True, 5.1, 5.0, ("A_B", "C_D")),
    ),
    "SpamAssassin 2": (
        (
            b"X-Spam-Status: Yes, hits=7.9 required=5.0\r\n"
            b"\ttests=CLICK_BELOW,HTML_70_80,\r\n\t      NO_REAL_NAME\r\n\tversion=2.55\r\n"
        ),
        (True, 7.9, 5.0, ("CLICK_BELOW", "HTML_70_80", "NO_REAL_NAME")),
    ),
    "SpamAssassin, a list broken behind blanks": (
        b"X-Spam-Status: Yes, hits=4.4 tagged_above=0.0 required=4.0\n tests=A, B,\n C autolearn=no\n",
        (True, 4.4, 4.0, ("A", "B", "C")),
    ),
    "amavis": (
        (
            b"X-Virus-Scanned: Debian amavis at mail.example.com\n"
            b"X-Spam-Flag: YES\n"
            b"X-Spam-Score: 6.821\n"
            b"X-Spam-Level: ******\n"
            b"X-Spam-Status: Yes, score=6.821 tagged_above=2 required=6.31\n"
            b"\ttests=[BAYES_99=3.5, HTML_MESSAGE=0.001,\n\tRDNS_NONE=0.793, SUBJ-X.1=2.5]\n"
            b"\tautolearn=no autolearn_force=no\n"
        ),
        (True, 6.821, 6.31, ("BAYES_99", "HTML_MESSAGE", "RDNS_NONE", "SUBJ-X.1")),
    ),
    "amavis, no test": (
        b"X-Spam-Flag: NO\nX-Spam-Score: -1\nX-Spam-Status: No, score=-1 tagged_above=-999 required=6.31 tests=[]\n",
        (False, -1.0, 6.31, ()),
    ),
    "amavis, the list not closed": (b"X-Spam-Status: No, score=1 tests=[A=1, B=0\n", (False, 1.0, None, ("A", "B"))),
    "rspamd, spam": (
        (
            b"X-Spamd-Result: default: False [8.50 / 15.00];\n"
            b"\tBAYES_SPAM(5.10)[99.99%];\n"
            b"\tFROM_HAS_DN(0.00)[];\n"
            b"\tR_SPF_ALLOW(-0.20)[+ip4:203.0.113.25];\n"
            b"\tTO_DN_NONE(0.00)[]\n"
            b"X-Rspamd-Server: mail\n"
            b"X-Spam: Yes\n"
        ),
        (True, 8.5, 15.0, ("BAYES_SPAM", "FROM_HAS_DN", "R_SPF_ALLOW", "TO_DN_NONE")),
    ),
    "rspamd, ham": (
        b"X-Spamd-Result: default: False [-0.10 / 15.00]; MIME_GOOD(-0.10)[text/plain]\n",
        (False, -0.1, 15.0, ("MIME_GOOD",)),
    ),
    "rspamd, refused": (b"X-Spamd-Result: default: True [25.00 / 15.00]\n", (True, 25.0, 15.0, ())),
    "rspamd, its status": (b"X-Spam-Status: Yes, score=8.50\nX-Spamd-Bar: ++++++++\n", (True, 8.5, None, ())),
    "rspamd, its status and its result": (
        b"X-Spam-Status: No, score=1.20\nX-Spamd-Result: default: False [1.20 / 15.00]; A(1.20)[]\n",
        (False, 1.2, 15.0, ("A",)),
    ),
    "rspamd, its score": (b"X-Rspamd-Score: 3.5\n", (False, 3.5, None, ())),
    "Exim": (b"X-Spam-Score: -6.7 (------)\nX-Spam-Bar: ------\n", (False, -6.7, None, ())),
    "a flag alone": (b"X-Spam-Flag: YES\n", (True, 0.0, None, ())),
    "a level alone": (b"X-Spam-Level: ***\n", (False, 3.0, None, ())),
    "an empty level": (b"X-Spam-Level:\n", (False, 0.0, None, ())),
    "names and words in any case": (b"x-spam-flag: yEs\nX-SPAM-SCORE: 1\n", (True, 1.0, None, ())),
    "a comma between the words": (b"X-Spam-Status: Yes, score=5, required=4, tests=A\n", (True, 5.0, 4.0, ("A",))),
    "no verdict, but points": (b"X-Spam-Status: score=5 required=4\n", (True, 5.0, 4.0, ())),
    "no verdict, and fewer points": (b"X-Spam-Status: hits=3.9 required=4\n", (False, 3.9, 4.0, ())),
    "exactly the threshold": (b"X-Spam-Status: score=4 required=4\n", (True, 4.0, 4.0, ())),
    "a test twice": (b"X-Spam-Status: No, score=1 tests=A,B,A\n", (False, 1.0, None, ("A", "B"))),
}

# what cannot be read says nothing
NOTHING: dict[str, bytes] = {
    "no field": b"Subject: x\n",
    "another word": b"X-Spam-Flag: perhaps\n",
    "a word in front": b"X-Spam: high\n",
    "another status": b"X-Spam-Status: OK 0.007\n",
    "only a threshold": b"X-Spam-Status: required=5\n",
    "nothing": b"X-Spam-Status:\nX-Spam-Flag: \nX-Spamd-Result:\n",
    "not a number": b"X-Spam-Score: nan\n",
    "without end": b"X-Spam-Score: inf\n",
    "an exponent": b"X-Spam-Score: 1e999\n",
    "a number of other scripts": "X-Spam-Score: ٣\n".encode(),
    "two signs": b"X-Spam-Score: --5\n",
    "only a sign": b"X-Spam-Score: -\n",
    "two points": b"X-Spam-Score: 1.2.3\n",
    "only a point": b"X-Spam-Score: .\n",
    "a long number": b"X-Spam-Score: " + b"1" * 21 + b"\n",
    "other signs for a level": b"X-Spam-Level: ****+\n",
    "past its limit": b"X-Spam-Flag: YES" + b" " * limits.SPAM_FIELD_BYTES + b"\n",
    "a field of another name": b"X-Spam-Flagged: YES\nXX-Spam-Flag: YES\nX-Spam_Flag: YES\n",
}

# fields that contradict each other: the first of the table, and of one name the topmost
CONTRADICTIONS: dict[str, tuple[bytes, bool]] = {
    "flag and status": (b"X-Spam-Status: Yes, score=9\nX-Spam-Flag: NO\n", False),
    "status and rspamd's": (b"X-Spam: No\nX-Spam-Status: Yes, score=9\n", True),
    "rspamd's two": (b"X-Spamd-Result: default: True [1.00 / 2.00]\nX-Spam: No\n", False),
    "word and points": (b"X-Spam-Status: No, score=99.0 required=5.0\n", False),
    "points and word": (b"X-Spam-Status: Yes, score=0.1 required=5.0\n", True),
    "two flags": (b"X-Spam-Flag: NO\nX-Spam-Flag: YES\n", False),
    "two flags, the other way": (b"X-Spam-Flag: YES\nX-Spam-Flag: NO\n", True),
    "two flags, the topmost unreadable": (b"X-Spam-Flag: ?\nX-Spam-Flag: YES\nX-Spam-Score: 0\n", False),
}


def told(lines: bytes, hops: int = 1) -> Told | None:
    found = spam_headers.verdict(Message.from_bytes(lines + b"Received: from x by y\nSubject: z\n\nbody\n"), hops)
    if found is None:
        return None
    assert (found.scanner, found.skipped) == ("headers", "")
    return found.spam, found.score, found.threshold, found.tests


@pytest.mark.parametrize(("lines", "expected"), SAMPLES.values(), ids=SAMPLES)
def test_a_scanners_lines(lines: bytes, expected: Told) -> None:
    assert told(lines) == expected


@pytest.mark.parametrize("lines", NOTHING.values(), ids=NOTHING)
def test_lines_that_say_nothing(lines: bytes) -> None:
    assert told(lines) is None


@pytest.mark.parametrize(("lines", "spam"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_fields_that_contradict_each_other(lines: bytes, spam: bool) -> None:
    found = told(lines)
    assert found is not None
    assert found[0] is spam


def test_score_threshold_and_tests_come_from_the_first_field_that_has_them() -> None:
    lines = (
        b"X-Spam-Level: *********\nX-Spam-Score: 7\nX-Spamd-Result: default: False [6.00 / 15.00]; A(6.00)[]\n"
        b"X-Spam-Status: Yes, score=much required=5.0\nX-Spam-Flag: YES\n"
    )
    assert told(lines) == (True, 6.0, 5.0, ("A",))


def test_only_names_are_tests() -> None:
    """What stands in brackets is often the sender's: an address, a word of his text."""
    lines = b"X-Spamd-Result: default: False [0 / 1]; A(0)[x; <b>(1)[y; c d(0)]; {e}(2)]; F(0)[]\n"
    assert told(lines) == (False, 0.0, 1.0, ("A", "F"))
    assert told("X-Spam-Status: No, score=0 tests=A,é,<b>,,c\0d,E\n".encode()) == (False, 0.0, None, ("A", "E"))


def test_a_strangers_lines_are_not_read() -> None:
    forged = b"Received: from x by y\nX-Spam-Flag: NO\nX-Spam-Status: No, score=-100 required=5\nX-Spam-Score: -100\n\n"
    assert spam_headers.verdict(Message.from_bytes(forged), 1) is None
    found = spam_headers.verdict(Message.from_bytes(b"X-Spam-Status: Yes, score=9\n" + forged), 1)
    assert found is not None
    assert (found.spam, found.score, found.threshold) == (True, 9.0, None)


def test_past_the_limit_of_the_header() -> None:
    raw = b"X-Spam-Flag: YES\n" + b"A: b\n" * limits.HEADER_FIELDS + b"\n"
    with pytest.raises(Unreadable):
        spam_headers.verdict(Message.from_bytes(raw), 1)
