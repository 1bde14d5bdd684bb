"""A message as rules see it: the bytes that are filed, and the values of its fields."""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message.message import Message, Unreadable

LETTER = b"""\
From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>
To: jane@example.org, Pat <pat@example.org>
Cc: jane+work@example.org
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=
 from the sea
Received: from a
Received: from b
Message-ID: <1@example.org>

Dear Jane
"""


def test_what_is_filed_is_what_came() -> None:
    message = Message.from_bytes(LETTER)
    assert (message.raw, message.from_line, message.size) == (LETTER, b"", len(LETTER))


FROM_LINES: dict[str, tuple[bytes, bytes]] = {
    "LF": (
        b"From jane@example.org Mon Nov 23 10:00:00 2026\nA: b\n\nc\n",
        b"From jane@example.org Mon Nov 23 10:00:00 2026\n",
    ),
    "CRLF": (b"From x y\r\nA: b\r\n", b"From x y\r\n"),
    "nothing below": (b"From x y\n", b"From x y\n"),
    "only the first": (b"From x y\nFrom z\nA: b\n", b"From x y\n"),
    "no line end": (b"From x y", b""),
    "a field": (b"From: a@b\n", b""),
    "a quoted one": (b">From x y\nA: b\n", b""),
    "in small letters": (b"from x y\nA: b\n", b""),
    "below an empty line": (b"\nFrom x y\nA: b\n", b""),
    "behind a byte order mark": (b"\xef\xbb\xbfFrom x y\nA: b\n", b""),
}

LENIENT_FROM_LINES: dict[str, tuple[bytes, bytes]] = {
    "line ends of bare CR": (b"From x y\rA: b\r\rbody\r\n", b""),
}


@pytest.mark.parametrize(
    ("data", "line"), (FROM_LINES | LENIENT_FROM_LINES).values(), ids=FROM_LINES | LENIENT_FROM_LINES
)
def test_the_mbox_line_is_cut_off(data: bytes, line: bytes) -> None:
    message = Message.from_bytes(data)
    assert message.from_line == line
    assert message.from_line + message.raw == data
    assert message.size == len(data) - len(line)


def test_values_are_text() -> None:
    message = Message.from_bytes(LETTER)
    assert message.values("subject") == ["Grüße from the sea"]
    assert message.values("received") == ["from a", "from b"]
    assert message.values("x-cron-env") == []


def test_raw_values_stand_as_they_came() -> None:
    message = Message.from_bytes(LETTER)
    assert message.raw_values("subject") == [b" =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n from the sea"]
    assert message.raw_values("received") == [b" from a", b" from b"]
    assert message.raw_values("x-cron-env") == []


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"A: b\r\n", b" b"),
        (b"A: b\n", b" b"),
        (b"A: b", b" b"),
        (b"A: b\r", b" b\r"),
        (b"A: b\r\r\n", b" b\r"),
        (b"A:\n", b""),
    ],
)
def test_a_raw_value_ends_before_its_line_end(raw: bytes, value: bytes) -> None:
    assert Message.from_bytes(raw).raw_values("a") == [value]


def test_all_values_in_order() -> None:
    message = Message.from_bytes(b"A: 1\nbroken\nB: =?utf-8?Q?2?=\nA: 3\n\nC: 4\n")
    assert message.all_values() == ["1", "2", "3"]


def test_a_broken_line_has_no_name() -> None:
    message = Message.from_bytes(b"A: 1\nbroken\nB: 2\n\n")
    assert message.raw_values("") == []
    assert message.values("") == []
    assert message.mailboxes("") == []
    assert [field.name for field in message.fields] == ["a", "", "b"]


def test_mailboxes_of_several_headers() -> None:
    message = Message.from_bytes(LETTER)
    assert [box.address for box in message.mailboxes("to", "cc", "bcc")] == [
        "jane@example.org",
        "pat@example.org",
        "jane+work@example.org",
    ]
    assert [box.text for box in message.mailboxes("from")] == ["Jörg <joerg@example.org>"]


def test_mailboxes_of_every_occurrence() -> None:
    message = Message.from_bytes(b"To: a@x\nTO: b@x\n\n")
    assert [box.address for box in message.mailboxes("to")] == ["a@x", "b@x"]


def test_reading_twice_changes_nothing() -> None:
    message = Message.from_bytes(LETTER)
    for _ in range(2):
        assert len(message.mailboxes("to", "cc")) == 3
        assert message.values("subject") == ["Grüße from the sea"]


LIST_IDS: dict[str, tuple[bytes, list[str]]] = {
    "RFC 2919": (b'List-Id: "Lena\'s Joke List" <lenas-jokes.example.org>', ["lenas-jokes.example.org"]),
    "brackets alone": (b"List-ID: <a.example.org>", ["a.example.org"]),
    "folded": (b"List-Id: A list\n\t<a.example.org>\n", ["a.example.org"]),
    "brackets in the description": (b"List-Id: <b.example.org> a list <a.example.org>", ["a.example.org"]),
    "several": (b"List-Id: <a.example.org>\nList-Id: <b.example.org>\n", ["a.example.org", "b.example.org"]),
    "an encoded description": (b"List-Id: =?utf-8?Q?=3Cb=3E?= <a.example.org>", ["a.example.org"]),
    "none": (b"Subject: a\n", []),
}

LENIENT_LIST_IDS: dict[str, tuple[bytes, list[str]]] = {
    "list-id without brackets": (b"List-Id: a.example.org\n", ["a.example.org"]),
    "list-id that is a sentence": (b"List-Id: the list of a\n", []),
    "list-id, missing >": (b"List-Id: <a.example.org\n", ["a.example.org"]),
    "list-id, empty": (b"List-Id: <>\nList-Id:\n", []),
}

# for VIOLATIONS.md
LENIENT = LENIENT_FROM_LINES | LENIENT_LIST_IDS


@pytest.mark.parametrize(("raw", "found"), (LIST_IDS | LENIENT_LIST_IDS).values(), ids=LIST_IDS | LENIENT_LIST_IDS)
def test_list_ids(raw: bytes, found: list[str]) -> None:
    assert Message.from_bytes(raw).list_ids() == found


@pytest.mark.parametrize(
    ("raw", "message_id"),
    [
        (LETTER, "<1@example.org>"),
        (b"Message-Id:\n <1@example.org>\n\n", "<1@example.org>"),
        (b"Message-ID: 1@example.org\nMessage-ID: <2@example.org>\n\n", "1@example.org"),
        (b"Message-ID: <a\x1b[2J\r\n Bcc: b\0@example.org>\n\n", "<a\ufffd[2J Bcc: b\ufffd@example.org>"),
        (b"Subject: a\n\nMessage-ID: <1@example.org>\n", ""),
    ],
)
def test_the_message_id_for_the_log(raw: bytes, message_id: str) -> None:
    assert Message.from_bytes(raw).message_id == message_id


def test_where_the_header_ends() -> None:
    message = Message.from_bytes(b"From x\nA: b\r\n\r\nbody")
    assert (message.header_end, message.body_start) == (6, 8)
    assert message.raw[message.body_start :] == b"body"


OVER = b"Message-ID: <1@example.org>\nTo: a@x\nList-Id: <a>\n" + b"A: b\n" * limits.HEADER_FIELDS


@pytest.mark.parametrize("question", ["raw_values", "values", "mailboxes"])
@pytest.mark.parametrize("name", ["to", "subject"])
def test_past_a_limit_a_named_field_cannot_be_read(question: str, name: str) -> None:
    """Whatever stands within the limit: another occurrence may stand beyond it."""
    with pytest.raises(Unreadable) as problem:
        getattr(Message.from_bytes(OVER), question)(name)
    assert str(problem.value) == "the header has more than 2000 fields"


@pytest.mark.parametrize("question", ["all_values", "list_ids"])
def test_past_a_limit_no_question_about_all_fields_is_answered(question: str) -> None:
    with pytest.raises(Unreadable):
        getattr(Message.from_bytes(OVER), question)()


@pytest.mark.parametrize("place", ["header_end", "body_start"])
def test_past_a_limit_the_end_of_the_header_is_not_known(place: str) -> None:
    with pytest.raises(Unreadable):
        getattr(Message.from_bytes(OVER), place)


def test_past_a_limit_the_message_is_still_whole() -> None:
    message = Message.from_bytes(b"From x\n" + OVER)
    assert message.raw == OVER
    assert message.message_id == "<1@example.org>"
    assert len(message.fields) == limits.HEADER_FIELDS
    assert message.header.excess == "the header has more than 2000 fields"


def test_one_field_past_a_limit_leaves_the_others() -> None:
    message = Message.from_bytes(b"Subject: " + b"=?utf-8?Q?a?= " * 1001 + b"\nTo: a@x\n\n")
    with pytest.raises(Unreadable):
        message.values("subject")
    with pytest.raises(Unreadable):
        message.all_values()
    assert message.values("to") == ["a@x"]
    assert message.message_id == ""


@pytest.mark.parametrize("first", [b"From : a@b.example\n", b"From  \t: a@b.example\n"])
def test_a_field_with_a_blank_before_its_colon_is_no_mbox_line(first: bytes) -> None:
    """RFC 5322, section 4.5 (obs-from); such messages exist, and their sender must not be cut off."""
    message = Message.from_bytes(first + b"Subject: x\n\nx\n")
    assert (message.from_line, message.raw[: len(first)]) == (b"", first)
    assert [box.address for box in message.mailboxes("from")] == ["a@b.example"]


def test_a_thousand_fields_of_recipients_count_together() -> None:
    """350,000 recipients in fields of 500 each: 155 MB, and half a second for each rule that asked for them."""
    field = b"To: " + b"a," * 500 + b"\n"
    assert len(Message.from_bytes(field * 10 + b"\n").mailboxes("to")) == limits.ADDRESSES
    with pytest.raises(Unreadable, match="the to fields have more than 5000 addresses"):
        Message.from_bytes(field * 11 + b"\n").mailboxes("to")
