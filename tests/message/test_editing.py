"""Lines above a message: one field each, whatever stands in them."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter.message.editing import edited, lines_above
from pyfilter.message.message import Message

LF = b"Subject: x\n\ntext\n"
CRLF = b"Subject: x\r\n\r\ntext\r\n"

CASES = [
    ([], LF, b""),
    ([("X-Pyfilter-Problem", "rules do not check")], LF, b"X-Pyfilter-Problem: rules do not check\n"),
    ([("X-Pyfilter-Problem", "rules do not check")], CRLF, b"X-Pyfilter-Problem: rules do not check\r\n"),
    ([("X-A", "1"), ("X-B", "2")], LF, b"X-A: 1\nX-B: 2\n"),
    ([("X-A", "one\r\nBcc: evil@example.net\n\nbody")], LF, b"X-A: one Bcc: evil@example.net body\n"),
    ([("X-A: y\nX-B", "1")], LF, b"X-AyX-B: 1\n"),
    ([("", "1")], LF, b"X-Pyfilter: 1\n"),
    ([("X-A", "")], LF, b"X-A:\n"),
    ([("X-A", " a \x00\x1b[2J\u202e b ")], LF, b"X-A: a [2J b\n"),
    ([("X-A", "žába")], LF, b"X-A: =?utf-8?b?xb7DoWJh?=\n"),
    ([("X-A", "1")], b"", b"X-A: 1\n"),
    ([("X-A", "1")], b"\nno header at all", b"X-A: 1\n"),
    (
        [("X-A", "word " * 20)],
        LF,
        b"X-A: word word word word word word word word word word word word word word\n word word word word word word\n",
    ),
]


@pytest.mark.parametrize(("headers", "raw", "lines"), CASES)
def test_the_lines_are(headers: list[tuple[str, str]], raw: bytes, lines: bytes) -> None:
    assert lines_above(headers, raw) == lines


@given(st.text(), st.text(max_size=3000))
def test_a_pair_is_one_field_of_lines_that_are_not_too_long(name: str, value: str) -> None:
    made = lines_above([(name, value)], CRLF)
    lines = made.split(b"\r\n")
    assert lines.pop() == b""
    assert b"\n" not in b"".join(lines) and b"\r" not in b"".join(lines)
    assert made.isascii()
    assert all(line.startswith(b" ") and line.strip() for line in lines[1:])
    assert not lines[0].startswith(b" ")
    assert max(map(len, lines)) <= 998
    assert len(email.message_from_bytes(made + LF).keys()) == 2


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200))
def test_any_text_can_be_read_back(value: str) -> None:
    made = lines_above([("X-A", value)], LF)
    read = str(email.message_from_bytes(made + LF, policy=email.policy.default)["X-A"])
    if max(map(len, made.splitlines())) < 998:
        assert read == value


# ------------------------------------------------------------------- edits

REMOVED = ("remove", "x-spam-*", "")
ADDED = ("add", "X-Spam-Flag", "YES")

EDITED = [
    (b"Subject: x\n\nX-Spam-Flag: NO\n", (REMOVED,), b"Subject: x\n\nX-Spam-Flag: NO\n"),
    (b"X-Spam-Flag: NO\nSubject: x\n\n", (REMOVED,), b"Subject: x\n\n"),
    (b"x-SPAM-flag : NO\n\tno\n \nSubject: x\n\n", (REMOVED,), b"Subject: x\n\n"),
    (b"Subject: x\r\nX-Spam-Status: No,\r\n\tscore=1\r\nTo: y\r\n\r\nz", (REMOVED,), b"Subject: x\r\nTo: y\r\n\r\nz"),
    (b"Subject: x\nX-Spam-Level:", (REMOVED,), b"Subject: x\n"),
    (b"X-Spam: yes\nX-Spammer: z\n\n", (REMOVED,), b"X-Spam: yes\nX-Spammer: z\n\n"),
    (b"X-Spam-Flag: NO\n\nbody", (REMOVED, ADDED), b"X-Spam-Flag: YES\n\nbody"),
    (b"Subject: x\n\n", (ADDED, ADDED, REMOVED), b"Subject: x\n\n"),
    (b"Subject: x\n\n", (ADDED, REMOVED, ADDED), b"X-Spam-Flag: YES\nSubject: x\n\n"),
    (b"A: 1\nB: 2\nA: 3\n\n", (("remove", "a", ""),), b"B: 2\n\n"),
    (b"no header", (REMOVED, ADDED), b"X-Spam-Flag: YES\n\nno header"),
    (
        b"no header\r\nX-Spam-Flag: NO\r\n",
        (REMOVED, ADDED),
        b"X-Spam-Flag: YES\r\n\r\nno header\r\nX-Spam-Flag: NO\r\n",
    ),
    (b"\nno header", (REMOVED, ADDED), b"X-Spam-Flag: YES\n\nno header"),
    (b"", (ADDED,), b"X-Spam-Flag: YES\n"),
    (b"", (REMOVED,), b""),
    # a byte order mark, which editors on Windows put before the first field
    (b"\xef\xbb\xbfTo: y\n\nz", (ADDED,), b"\xef\xbb\xbfX-Spam-Flag: YES\nTo: y\n\nz"),
    (b"\xef\xbb\xbfX-Spam: n\nX-Spam-B: c\n\nz", (REMOVED, ADDED), b"\xef\xbb\xbfX-Spam-Flag: YES\nX-Spam: n\n\nz"),
    (b"\xef\xbb\xbfX-Spam-A: b\nTo: y\n\nz", (REMOVED, ADDED), b"X-Spam-Flag: YES\nTo: y\n\nz"),
    (b"\xef\xbb\xbfX-Spam-A: b\nTo: y\n\nz", (REMOVED,), b"To: y\n\nz"),
    (b"\xef\xbb\xbfno header", (ADDED,), b"X-Spam-Flag: YES\n\n\xef\xbb\xbfno header"),
]


@pytest.mark.parametrize(("raw", "edits", "filed"), EDITED)
def test_the_header_as_edited(raw: bytes, edits: tuple[tuple[str, str, str], ...], filed: bytes) -> None:
    assert b"".join(edited(Message.from_bytes(raw), edits)) == filed


def test_a_line_put_above_hides_no_field() -> None:
    """Found by tests/fuzz/targets/message.py: behind other lines a byte order mark made Subject a broken line."""
    above = b"".join(edited(Message.from_bytes(b"\xef\xbb\xbfSubject: x\n\nbody\n"), (ADDED,)))
    assert Message.from_bytes(above).values("subject") == ["x"]


@given(
    st.lists(
        st.sampled_from(
            [
                b"X-Spam-Flag: NO\n", b"x-spam-status: a\n\tb\n", b"Subject: x\n", b"X-Spam-\n", b" fold\n", b"\n",
                b"\r\n", b"X-Spam-Level:\r\n", b"From me\n", b"--x\n", b"broken line\n", b"\xef\xbb\xbf", b"body",
                b"\0", b"\r", b": \n",
            ]
        ),
        max_size=12,
    ).map(b"".join)
)  # fmt: skip
def test_what_is_not_taken_out_stays_in_its_order(raw: bytes) -> None:
    message = Message(raw)
    kept = b"".join(edited(message, (REMOVED,)))
    gone = [field for field in message.fields if field.name.startswith("x-spam-")]
    rest, at = b"", 0
    for field in gone:
        rest += raw[at : field.start]
        at = field.end
    assert kept == rest + raw[at:]
    again = Message(b"".join(edited(message, (REMOVED, ADDED))))
    assert [field.name for field in again.fields if field.name.startswith("x-spam-")] == ["x-spam-flag"]
