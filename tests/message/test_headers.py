"""Where the fields of a header begin and end (RFC 5322), whatever a mailer or an attacker made of it.

Each row: the bytes, the fields as (name, value behind the colon), what is left as the body.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.message import headers
from pyfilter.message.headers import Field, line_by_line, scan

REGULAR: dict[str, tuple[bytes, list[tuple[str, bytes]], bytes]] = {
    "two fields": (b"From: a@b\nSubject: c\n\nbody\n", [("from", b" a@b\n"), ("subject", b" c\n")], b"body\n"),
    "CRLF": (b"A: b\r\nC: d\r\n\r\nbody\r\n", [("a", b" b\r\n"), ("c", b" d\r\n")], b"body\r\n"),
    "no space behind the colon": (b"A:b\n\n", [("a", b"b\n")], b""),
    "an empty value": (b"A:\nB:c\n\n", [("a", b"\n"), ("b", b"c\n")], b""),
    "a colon in the value": (b"A: b: c\n\n", [("a", b" b: c\n")], b""),
    "a fold with a space": (b"A: b\n c\nD: e\n\n", [("a", b" b\n c\n"), ("d", b" e\n")], b""),
    "a fold with a tab": (b"A: b\r\n\tc\r\n\r\nx", [("a", b" b\r\n\tc\r\n")], b"x"),
    "several folds": (b"A:\n b\n c\n\tNo: field\n\n", [("a", b"\n b\n c\n\tNo: field\n")], b""),
    "names in lower case": (b"X-Cron-ENV: b\n\n", [("x-cron-env", b" b\n")], b""),
    "every character of a name": (b"!#$%&'*+-./09AZ^_`az{|}~: b\n\n", [("!#$%&'*+-./09az^_`az{|}~", b" b\n")], b""),
    "a repeated field": (b"A: 1\nA: 2\n\n", [("a", b" 1\n"), ("a", b" 2\n")], b""),
    "an empty body": (b"A: b\n\n", [("a", b" b\n")], b""),
    "an empty line first: no header": (b"\nA: b\n\nbody", [], b"A: b\n\nbody"),
    "CRLF first: no header": (b"\r\nA: b\r\n", [], b"A: b\r\n"),
    "fields in the body": (b"A: b\n\nC: d\n", [("a", b" b\n")], b"C: d\n"),
    "nothing at all": (b"", [], b""),
}

# each leniency towards broken mail; the names are the last column of VIOLATIONS.md
LENIENT: dict[str, tuple[bytes, list[tuple[str, bytes]], bytes]] = {
    "mixed line ends": (b"A: b\nC: d\r\n\nbody", [("a", b" b\n"), ("c", b" d\r\n")], b"body"),
    "no empty line": (b"A: b\nC: d\n", [("a", b" b\n"), ("c", b" d\n")], b""),
    "no line end": (b"A: b\nC: d", [("a", b" b\n"), ("c", b" d")], b""),
    "bare CR": (b"A: b\rC: d\n\nbody", [("a", b" b\rC: d\n")], b"body"),
    "CR before CRLF": (b"A: b\r\r\n\r\r\nbody", [("a", b" b\r\r\n")], b"\r\r\nbody"),
    "CR before the last byte": (b"A: b\n\rx", [("a", b" b\n")], b"\rx"),
    "byte order mark, no field": (b"\xef\xbb\xbf\nA: b\n", [], b"\xef\xbb\xbf\nA: b\n"),
    "NUL in a value": (b"A: b\0c\n\n", [("a", b" b\0c\n")], b""),
    "8-bit in a value": (b"A: \xe9\xff\n\n", [("a", b" \xe9\xff\n")], b""),
    "space before the colon": (b"Subject \t: b\n\n", [("subject", b" b\n")], b""),
    "line of spaces": (b"A: b\n \t\nC: d\n\n", [("a", b" b\n \t\n"), ("c", b" d\n")], b""),
    "byte order mark": (b"\xef\xbb\xbfA: b\nC: d\n\nbody", [("a", b" b\n"), ("c", b" d\n")], b"body"),
    "broken line": (b"A: b\nno field\nC: d\n\n", [("a", b" b\n"), ("", b"no field\n"), ("c", b" d\n")], b""),
    "broken line, folded": (b"A: b\nnone\n so\nC: d\n\n", [("a", b" b\n"), ("", b"none\n so\n"), ("c", b" d\n")], b""),
    "empty name": (b"A: b\n: none\nC: d\n\n", [("a", b" b\n"), ("", b": none\n"), ("c", b" d\n")], b""),
    "name with a space": (b"A: b\nC D: e\nF: g\n\n", [("a", b" b\n"), ("", b"C D: e\n"), ("f", b" g\n")], b""),
    "8-bit in a name": (b"A: b\nC\xe9: e\nF: g\n\n", [("a", b" b\n"), ("", b"C\xe9: e\n"), ("f", b" g\n")], b""),
    "NUL in a name": (b"A: b\nC\0: e\nF: g\n\n", [("a", b" b\n"), ("", b"C\0: e\n"), ("f", b" g\n")], b""),
    "body right away": (
        b"A: b\nDear all,\nhello: you\n",
        [("a", b" b\n"), ("", b"Dear all,\n"), ("hello", b" you\n")],
        b"",
    ),
    "body right away, two lines": (b"A: b\nDear all,\nI am\n\nx", [("a", b" b\n")], b"Dear all,\nI am\n\nx"),
    "body right away, an empty line": (b"A: b\nDear all,\n\nC: d\n", [("a", b" b\n")], b"Dear all,\n\nC: d\n"),
    "boundary right away": (b"A: b\n--x\nC: d\n\n", [("a", b" b\n")], b"--x\nC: d\n\n"),
    "mbox line within": (b"A: b\nFrom x y\nC: d\n\n", [("a", b" b\n"), ("", b"From x y\n"), ("c", b" d\n")], b""),
    "quoted mbox line first": (b">From x y\nC: d\n\n", [("", b">From x y\n"), ("c", b" d\n")], b""),
    "mbox lines before the body": (
        b"A: b\n>>From x\n>From y\n\nz",
        [("a", b" b\n"), ("", b">>From x\n"), ("", b">From y\n")],
        b"z",
    ),
    "no field first": (b"Hello\nA: b\n\n", [], b"Hello\nA: b\n\n"),
    "fold first": (b" folded\nA: b\n\n", [], b" folded\nA: b\n\n"),
}


def seen(raw: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    header = scan(raw)
    return [(field.name, raw[field.value : field.end]) for field in header.fields], raw[header.body :]


@pytest.mark.parametrize(("raw", "fields", "body"), REGULAR.values(), ids=REGULAR)
def test_a_header(raw: bytes, fields: list[tuple[str, bytes]], body: bytes) -> None:
    assert seen(raw) == (fields, body)


@pytest.mark.parametrize(("raw", "fields", "body"), LENIENT.values(), ids=LENIENT)
def test_a_broken_header(raw: bytes, fields: list[tuple[str, bytes]], body: bytes) -> None:
    assert seen(raw) == (fields, body)


@pytest.mark.parametrize("raw", [row[0] for row in (REGULAR | LENIENT).values()], ids=REGULAR | LENIENT)
def test_the_fields_laid_end_to_end_are_the_header(raw: bytes) -> None:
    header = scan(raw)
    assert b"".join(raw[field.start : field.end] for field in header.fields) == raw[: header.end]
    assert raw[header.end : header.body] in (b"", b"\n", b"\r\n")


def test_offsets() -> None:
    header = scan(b"\xef\xbb\xbfA : b\nCc:\n d\r\n\r\nbody")
    assert [(f.name, f.start, f.value, f.end) for f in header.fields] == [("a", 0, 6, 9), ("cc", 9, 12, 17)]
    assert (header.end, header.body, header.excess) == (17, 19, "")


def test_a_field_shows_its_place() -> None:
    assert repr(Field("to", 0, 3, 9)) == "Field('to', 0, 3, 9)"


def test_as_many_fields_as_the_limit_allows() -> None:
    header = scan(b"A: b\n" * limits.HEADER_FIELDS + b"\nbody")
    assert (len(header.fields), header.excess) == (2000, "")


def test_one_field_more_stops_the_scan_there() -> None:
    header = scan(b"A: b\n" * (limits.HEADER_FIELDS + 1) + b"\nbody")
    assert (len(header.fields), header.excess) == (2000, "the header has more than 2000 fields")
    assert header.end == header.body == 5 * 2000


def test_a_header_as_large_as_the_limit_allows() -> None:
    raw = b"A: b\nC: " + b"x" * (limits.HEADER_BYTES - 9) + b"\n"
    header = scan(raw + b"\nbody")
    assert (header.end, header.excess) == (limits.HEADER_BYTES, "")


def test_one_byte_more_stops_before_the_field_that_holds_it() -> None:
    raw = b"A: b\nC: " + b"x" * (limits.HEADER_BYTES - 8) + b"\n"
    header = scan(raw + b"\nbody")
    assert [field.name for field in header.fields] == ["a"]
    assert header.excess == "the header is larger than 1048576 bytes"


def test_a_name_no_line_could_hold_is_none() -> None:
    assert [field.name for field in scan(b"x" * 998 + b": y\n").fields] == ["x" * 998]
    assert scan(b"x" * 999 + b": y\n").fields == ()


def test_folds_count_for_the_size_of_the_header() -> None:
    header = scan(b"A: b\n" + b" c\n" * limits.HEADER_BYTES)
    assert (header.fields, header.excess) == ((), "the header is larger than 1048576 bytes")


def test_fifty_megabytes_of_folds_are_not_read_to_their_end() -> None:
    """25 million lines of one space took four seconds."""

    class Counted(bytes):
        finds = 0

        def find(self, piece: Any, start: Any = None, end: Any = None, /) -> int:
            Counted.finds += 1
            return super().find(piece, start, end)

    for first in (b"A: b\n", b"A: b\nbroken\n"):
        Counted.finds = 0
        header = scan(Counted(first + b" \n" * (8 * limits.HEADER_BYTES) + b"C: d\n\n"))
        assert header.excess == "the header is larger than 1048576 bytes"
        assert Counted.finds < limits.HEADER_BYTES


LINES = st.sampled_from(
    [
        b"Subject: a", b"SUBJECT :b", b"subject:", b"To: x", b" fold: a", b"\tfold", b" ", b"Subject", b"From a@x 1",
        b"From : a", b">From x", b"--b", b"--b: c", b"X-Y:\rz", b"", b"\r", b"no field", b": empty",
        b"\xef\xbb\xbfTo: x",
        b"X-" + b"y" * 80 + b": long", b"\xfc: x",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_names_that_were_seen_before_give_the_same_header(lines: list[bytes], line_end: bytes, ended: bool) -> None:
    raw = line_end.join([*lines, b"", b"body", b""][: None if ended else -2])
    slow = line_by_line(raw)
    for _ in range(2):
        found = scan(raw)
        for name in ("subject", "to", "from", "x-y", "--b", "absent"):
            assert list(map(repr, found.named(name))) == [repr(field) for field in slow.fields if field.name == name]
        assert (found.end, found.body, found.excess) == (slow.end, slow.body, slow.excess)
        assert list(map(repr, found.fields)) == list(map(repr, slow.fields))
        assert found.names == [field.name for field in slow.fields]


def test_what_is_kept_of_names_is_bounded() -> None:
    for number in range(3 * headers.KEPT):
        scan(b"X-%d: a\n\n" % number)
    scan(b"X-" + b"y" * 500 + b": a\n\n")
    assert len(headers._names) <= headers.KEPT
    assert max(map(len, headers._names)) <= headers.KEPT_BYTES + 1
