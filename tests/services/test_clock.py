"""The clock and the calendar of this machine: services/clock.py."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pyfilter.engine.moments import WEEKDAYS
from pyfilter.engine.questions import Question, Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import clock
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


def test_of_a_stated_moment_the_rest_agrees() -> None:
    assert stated("2026-07-01") == (SUMMER + 12 * 3600, 2026, 7, 1, 12, 0, 0, 2, 7200)
    assert stated("2026-07-01", minute=61)[:7] == (SUMMER + 3660, 2026, 7, 1, 1, 1, 0)
    assert stated("2026-10-25", after=4 * 3600)[1:6] == (2026, 10, 25, 3, 0)  # the night has an hour more
    assert stated("2026-10-25", minute=4 * 60)[1:6] == (2026, 10, 25, 4, 0)


def test_a_weekday_is_that_of_the_next_seven_days() -> None:
    today = int(time.time())
    for number, day in enumerate(WEEKDAYS):
        shown = stated(weekday=day, minute=1439)
        assert shown[7] == number
        assert 0 <= shown[0] - today < 8 * 86400


def test_a_time_alone_is_of_today() -> None:
    assert stated(minute=1439)[1:6] == (*time.localtime()[:3], 23, 59)


def stated(
    day: str | None = None, minute: int | None = None, after: int | None = None, weekday: str | None = None
) -> tuple[int, ...]:
    shown = clock.stated(day, minute, after, weekday)
    assert isinstance(shown, tuple)
    return shown
