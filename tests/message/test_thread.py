"""The ids of a thread. Each row: the fields, then what is read."""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message
from pyfilter.message.thread import ids

CASES: dict[str, tuple[bytes, list[str]]] = {
    "no id": (b"Subject: x\n", []),
    "its own": (b"Message-ID: <a@b>\n", ["<a@b>"]),
    "its own, its parent's, the others": (
        b"References: <1@x>\n <2@x> <3@x>\nMessage-ID: <4@x>\nIn-Reply-To: <3@x>\n",
        ["<4@x>", "<3@x>", "<1@x>", "<2@x>"],
    ),
    "no word of an old In-Reply-To": (b"In-Reply-To: Your message of Monday\n", []),
    "each once": (b"References: <a@b> <a@b>\n <c@d>\n", ["<a@b>", "<c@d>"]),
}

LENIENT: dict[str, tuple[bytes, list[str]]] = {
    "an id among words": (b"In-Reply-To: Your message of Monday, <a@b> (and more)\n", ["<a@b>"]),
    "ids without brackets": (b"References: 1@x, 2@x\n", ["<1@x>", "<2@x>"]),
    "ids without a blank between": (b"References: <1@x><2@x>\n", ["<1@x>", "<2@x>"]),
    "an id without @": (b"Message-ID: <ticket-17>\n", ["<ticket-17>"]),
    "an id that is folded": (b"References: <one@x\n\t>\n", ["<one@x>"]),
    "brackets with nothing inside": (b"Message-ID: <>\nReferences: < >\n", []),
    "a NUL in an id": (b"Message-ID: <a\x00b@c>\n", ["<a\ufffdb@c>"]),
    "References twice": (b"References: <a@b>\nReferences: <c@d>\n", ["<a@b>", "<c@d>"]),
}


@pytest.mark.parametrize("name", [*CASES, *LENIENT])
def test_each_id_is_a_value_once(name: str) -> None:
    fields, found = (CASES | LENIENT)[name]
    assert ids(Message(fields + b"\nbody\n")) == found


def test_a_header_past_its_limit_is_not_read() -> None:
    with pytest.raises(Unreadable):
        ids(Message(b"X: y\n" * (limits.HEADER_FIELDS + 1)))
