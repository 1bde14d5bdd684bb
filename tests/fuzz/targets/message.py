"""Whole messages (message/): the scan of the header, what rules ask of it, headers put above and taken out."""

from __future__ import annotations

from pyfilter.message import (
    addresses,
    bulk,
    charsets,
    copied,
    dates,
    editing,
    envelope,
    headers,
    message,
    parameters,
    quoting,
    thread,
    words,
)
from pyfilter.message.envelope import Envelope
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

from .. import fuzz_message
from ..fuzz_message import one_line

LONGEST = 1000
FIELDS = ("*",)
WORDS = tuple(fuzz_message.PIECES)
SEEDS = tuple(sample[:LONGEST] for sample in fuzz_message.SAMPLES)
MODULES = (addresses, charsets, dates, envelope, headers, message, parameters, quoting, words)  # to be instrumented
PROBLEM = "X-Pyfilter-Problem"


def examine(data: bytes) -> None:
    fuzz_message.examine(data)
    read = Message.from_bytes(data)
    try:
        for one in thread.ids(read):
            assert one_line(one) and one.startswith("<") and one.endswith(">")
        assert one_line(bulk.bulk(read, Envelope.of_archive(read)))
        for text in read.values("date"):
            dates.moment(text)
    except Unreadable:
        pass
    copied.smuggles(read, None)
    edits(read, data[:100].decode("utf-8", "surrogateescape"))


def edits(read: Message, value: str) -> None:
    """What is put above stands there as one field, the rest as it came; what is taken out was named so."""
    above = b"".join(editing.edited(read, (("add", PROBLEM, value),)))
    assert above.endswith(read.raw)
    again = Message(above)
    if not read.header.excess:
        added = again.fields[0]
        assert added.name == PROBLEM.lower()
        between = above[added.end : len(above) - len(read.raw)]
        assert between in (b"", b"\n", b"\r\n")
        if read.fields:
            assert [field.name for field in again.fields[1:]] == [field.name for field in read.fields]
        elif not between:
            assert len(again.fields) == 1
    without = b"".join(editing.edited(read, (("remove", "subject", ""),)))
    kept = [read.raw[field.start : field.end] for field in read.fields if field.name != "subject"]
    assert without == b"".join(kept) + read.raw[read.header.end :]
