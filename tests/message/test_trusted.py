"""Which fields a stranger cannot have written: those above the Received lines of one's own servers."""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message import trusted
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

OUTSIDE = (
    b"Return-Path: <a@b>\n"
    b"A: ours\n"
    b"Received: from gate by mail\n"
    b"B: the gate's\n"
    b"Received: from stranger by gate\n"
    b"C: a stranger's\n"
    b"Received: from nowhere by stranger\n"
    b"D: a stranger's\n"
    b"\n"
    b"E: the body\n"
)


def names(raw: bytes, hops: int) -> list[str]:
    return [field.name for field in trusted.fields(Message.from_bytes(raw), hops)]


@pytest.mark.parametrize(
    ("raw", "hops", "found"),
    [
        (OUTSIDE, 1, ["return-path", "a"]),
        (OUTSIDE, 2, ["return-path", "a", "received", "b"]),
        (OUTSIDE, 3, ["return-path", "a", "received", "b", "received", "c"]),
        (OUTSIDE, 0, []),
        (OUTSIDE, -1, []),
        (b"From x@y Mon Nov 23\n" + OUTSIDE, 1, ["return-path", "a"]),
        (b"A: b\nRECEIVED \t: x\nC: d\n\n", 1, ["a"]),
        (b"A: b\nReceived:\n folded\nC: d\n\n", 1, ["a"]),
        (b"Received: x\nA: b\n\n", 1, []),
        (b"\xef\xbb\xbfReceived: x\nA: b\n\n", 1, []),
        (b"X-Received: x\nReceived-SPF: pass\nC: d\nReceived: y\n\n", 1, ["x-received", "received-spf", "c"]),
    ],
    ids=[
        "one server", "two servers", "three servers", "none", "fewer than none", "an mbox line above",
        "written in another way", "folded", "Received first", "a byte order mark", "names that begin or end so",
    ],
)  # fmt: skip
def test_above_the_line(raw: bytes, hops: int, found: list[str]) -> None:
    assert names(raw, hops) == found


def test_fewer_lines_than_servers_the_lowest_counts() -> None:
    assert names(b"A: b\nReceived: x\nB: c\nReceived: y\nC: d\n\n", 5) == ["a", "received", "b"]


def test_no_line_at_all_nothing_is_believed() -> None:
    assert names(b"A: b\nC: d\n\nReceived: x\n", 1) == []


def test_a_received_line_in_the_body_is_none() -> None:
    assert names(b"A: b\n\nReceived: x\n\n", 1) == []


@pytest.mark.parametrize("line", [b"Received\0: x\n", b"Received\xa0: x\n", b"Rec eived: x\n", b": Received: x\n"])
def test_a_broken_line_is_no_received_line(line: bytes) -> None:
    assert names(b"A: b\n" + line + b"B: c\nReceived: y\nC: d\n\n", 1) == ["a", "", "b"]


def test_a_long_header_below_the_line_changes_nothing() -> None:
    """A stranger cannot take a verdict back by what he writes into his own header."""
    raw = b"A: b\nReceived: x\n" + b"C: d\n" * (limits.HEADER_FIELDS + 1) + b"\n"
    assert names(raw, 1) == ["a"]


def test_a_header_past_its_limit_before_the_line() -> None:
    raw = b"A: b\nReceived: x\n" + b"C: d\n" * (limits.HEADER_FIELDS + 1) + b"Received: y\n\n"
    with pytest.raises(Unreadable) as problem:
        names(raw, 2)
    assert str(problem.value) == "the header has more than 2000 fields"
