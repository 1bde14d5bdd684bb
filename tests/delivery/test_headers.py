"""Lines above a message: one field each, whatever stands in them."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter.delivery.headers import lines_above

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
