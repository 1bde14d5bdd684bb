"""Every message of the corpus is read: real mail, spam, bounces, and other projects' torture tests.

The corpus lies beside the checkout and is no part of the project; without it there is nothing to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message, Unreadable
from pyfilter.message.parameters import parameters

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "mail"
ADDRESSES = ("from", "to", "cc", "bcc", "reply-to", "sender", "resent-from", "resent-to", "resent-cc", "return-path")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus in ../shared/corpus/mail")


def messages() -> Iterator[tuple[Path, bytes]]:
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and path.suffix != ".tsv":
            yield path, path.read_bytes()


def test_every_message_is_read_whole() -> None:
    """Nothing goes past a limit, nothing is raised, and what was read is what came."""
    unreadable: list[str] = []
    count = 0
    for path, data in messages():
        count += 1
        message = Message.from_bytes(data)
        assert message.from_line + message.raw == data, path
        header = message.header
        assert b"".join(message.raw[field.start : field.end] for field in header.fields) == message.raw[: header.end]
        Envelope.of_archive(message)
        Envelope.of_delivery(message, {})
        try:
            texts = message.all_values() + message.list_ids()
            for box in message.mailboxes(*ADDRESSES):
                assert box.address.isprintable(), (path, box)
                texts += box.forms()
            for name in ("content-type", "content-disposition"):
                for raw in message.raw_values(name):
                    texts += parameters(raw)[1].values()
        except Unreadable as problem:
            unreadable.append(f"{path}: {problem}")
            continue
        for text in texts:
            assert len(text.splitlines()) <= 1, (path, text)
            text.encode()
    assert unreadable == []
    assert count > 5000


def test_mail_as_it_is_has_senders_and_subjects() -> None:
    """Reading nothing would raise nothing: most of the messages have what mail has."""
    total = with_sender = with_subject = with_recipient = 0
    for _, data in messages():
        message = Message.from_bytes(data)
        total += 1
        with_sender += any(box.domain for box in message.mailboxes("from", "sender"))
        with_recipient += any(box.address for box in message.mailboxes("to", "cc", "bcc"))
        with_subject += any(message.values("subject"))
    assert with_sender > 0.9 * total
    assert with_recipient > 0.8 * total
    assert with_subject > 0.9 * total
