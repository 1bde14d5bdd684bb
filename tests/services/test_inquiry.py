"""What a service is given: the message as actions have changed it, where the question says so."""

from __future__ import annotations

import pytest

from pyfilter.engine.questions import Question
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import answers

CAME = Message.from_bytes(b"Subject: came\n\n")
CHANGED = Message.from_bytes(b"Subject: changed\n\n")


def raw(inquiry: answers.Inquiry) -> bytes:
    return inquiry.message.raw


@pytest.mark.parametrize(("changed", "given"), [(None, CAME.raw), (CHANGED, CHANGED.raw)])
def test_a_service_is_given(changed: Message | None, given: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(answers.SERVICES, "spamd", (__name__, "raw"))
    assert answers.answer(Question("spamd", "", changed), CAME, Envelope.of_archive(CAME), {}) == given
