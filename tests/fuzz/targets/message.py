"""Whole messages (message/): the scan of the header, what rules ask of it, headers put above and taken out."""

from __future__ import annotations

from pyfilter.message import (
    addresses,
    bulk,
    charsets,
    copied,
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
from pyfilter.message.headers import BOM, Unreadable
from pyfilter.message.message import Message

from .. import fuzz_message
from ..fuzz_message import ADDRESSES, one_line

LONGEST = 400
FIELDS = ("*",)
WORDS = tuple(fuzz_message.PIECES)
SEEDS = tuple(sample[:LONGEST] for sample in fuzz_message.SAMPLES)
MODULES = (addresses, charsets, envelope, headers, message, quoting, words)  # to be instrumented
VARIABLES = ("SENDER", "RECIPIENT", "EXTENSION", "DOMAIN", "USER", "CLIENT_HELO")
PROBLEM = "X-Pyfilter-Problem"


def examine(data: bytes) -> None:
    read = Message.from_bytes(data)
    assert read.from_line + read.raw == data, "the message is not what came"
    at = 0
    for field in read.fields:
        assert field.start == at and field.start <= field.value <= field.end, "the fields do not tile the header"
        at = field.end
    assert at == read.header.end <= read.header.body <= len(read.raw)
    texts = [read.message_id]
    for ask in (
        read.all_values,
        read.list_ids,
        lambda: thread.ids(read),
        lambda: [box.text for box in read.mailboxes(*ADDRESSES)],
        lambda: [bulk.bulk(read, Envelope())],
        lambda: named(read),
    ):
        try:
            texts += ask()
        except Unreadable:
            continue
    odd = data[:30].decode("utf-8", "surrogateescape")
    known = Envelope.of_delivery(read, {VARIABLES[len(data) % len(VARIABLES)]: odd})
    texts += [known.sender or "", known.recipient or "", *known.environment.values()]
    for text in texts:
        assert text.isprintable() or one_line(text), f"not one clean line: {text!r}"
    copied.smuggles(read, None)
    edits(read, odd)


def named(read: Message) -> list[str]:
    """The parameters of fields that have some."""
    found: list[str] = []
    for name in ("content-type", "content-disposition"):
        for value in read.raw_values(name):
            main, given = parameters.parameters(value)
            found += [main, *given, *given.values()]
    return found


def edits(read: Message, value: str) -> None:
    """What is put above stands there as one field, the rest as it came; what is taken out was named so."""
    above = b"".join(editing.edited(read, (("add", PROBLEM, value),)))
    mark = read.raw[: len(BOM)] if read.fields and read.raw.startswith(BOM) else b""
    assert above.startswith(mark) and above.endswith(read.raw[len(mark) :])
    again = Message(above)
    if not read.header.excess:
        added = again.fields[0]
        assert added.name == PROBLEM.lower()
        between = above[added.end : len(above) - len(read.raw) + len(mark)]
        assert between in (b"", b"\n", b"\r\n")
        if read.fields:
            assert [field.name for field in again.fields[1:]] == [field.name for field in read.fields]
        elif not between:
            assert len(again.fields) == 1
    without = b"".join(editing.edited(read, (("remove", "subject", ""),)))
    kept = [read.raw[field.start : field.end] for field in read.fields if field.name != "subject"]
    assert without == b"".join(kept) + read.raw[read.header.end :]
