"""The clock and the calendar of this machine: services/clock.py."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pyfilter.engine.questions import Question, Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services.answers import answer

SUMMER, WINTER = 1782856800, 1795521600  # 2026-06-30 22:00 and 2026-11-24 12:00, both UTC


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")  # a zone that needs no database
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def asked(kind: str, argument: str = "") -> object:
    return answer(Question(kind, argument), Message(b""), Envelope(None, None), {})


def test_the_calendar_shows_winter_and_summer_time() -> None:
    assert asked("local", str(WINTER)) == (WINTER, 2026, 11, 24, 13, 0, 0, 1, 3600)
    assert asked("local", str(SUMMER)) == (SUMMER, 2026, 7, 1, 0, 0, 0, 2, 7200)


def test_midnight_of_a_day_in_summer_is_that_of_summer_time_whenever_it_is_asked() -> None:
    assert asked("moment", "2026-07-01 00:00:00") == SUMMER
    assert asked("moment", "2026-11-24 13:00:00") == WINTER


def test_the_clock_shows_what_the_calendar_shows_now() -> None:
    before = int(time.time())
    shown = asked("clock")
    assert isinstance(shown, tuple)
    assert before <= shown[0] <= int(time.time())
    assert shown == asked("local", str(shown[0]))


def test_beyond_the_calendar_nothing_is_known() -> None:
    unknown = asked("local", str(10**30))
    assert isinstance(unknown, Unknown)
    assert unknown.why == f"the calendar of this machine does not reach {10**30} seconds from 1970"
