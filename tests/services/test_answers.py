"""A service that fails as nobody foresaw leaves its question unknown: the mail is filed, and not put off for ever."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pyfilter.engine.questions import Question, Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import answers


def asked(kind: str) -> str:
    found = answers.answer(Question(kind), Message(b"Subject: x\n\n"), Envelope(), {})
    assert isinstance(found, Unknown) and found.asked
    return found.why


@pytest.mark.parametrize("kind", sorted(answers.OUTSIDE))
def test_a_library_that_cannot_be_loaded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = answers.SERVICES[kind]
    monkeypatch.setitem(sys.modules, module, None)
    assert asked(kind).startswith(f"{kind} could not be asked, which nobody foresaw (ModuleNotFoundError: ")


def test_a_service_with_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("broken")
    module.check = lambda inquiry: 1 / 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "broken", module)
    monkeypatch.setitem(answers.SERVICES, "spamd", ("broken", "check"))
    assert asked("spamd") == "spamd could not be asked, which nobody foresaw (ZeroDivisionError: division by zero)"
