"""The ids of a thread."""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message
from pyfilter.message.thread import ids


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (b"Subject: x\n", []),
        (b"Message-ID: <a@b>\n", ["<a@b>"]),
        (b"References: <1@x>\n <2@x><3@x>\nMessage-ID: <4@x>\nIn-Reply-To: <3@x>\n",
         ["<4@x>", "<3@x>", "<1@x>", "<2@x>"]),
        (b"In-Reply-To: Your message of Monday, <a@b> (and more)\n", ["<a@b>"]),
        (b"In-Reply-To: Your message of Monday\n", []),
        (b"References: 1@x, 2@x\n", ["<1@x>", "<2@x>"]),
        (b"Message-ID: <ticket-17>\n", ["<ticket-17>"]),
        (b"Message-ID: <>\nReferences: < >\n", []),
        (b"Message-ID: <a\x00b@c>\n", ["<a\ufffdb@c>"]),
        (b"References: <one@x\n\t>\n", ["<one@x>"]),
        (b"References: <a@b> <a@b>\nReferences: <c@d>\n", ["<a@b>", "<c@d>"]),
    ],
)  # fmt: skip
def test_each_id_is_a_value_once(fields: bytes, found: list[str]) -> None:
    assert ids(Message(fields + b"\nbody\n")) == found


def test_a_header_past_its_limit_is_not_read() -> None:
    with pytest.raises(Unreadable):
        ids(Message(b"X: y\n" * (limits.HEADER_FIELDS + 1)))
