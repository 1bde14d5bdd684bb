"""Dates and times in rules, in a zone with summer time, on Tuesday 24 November 2026 at 23:30: engine/moments.py."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pyfilter.agent import decide
from pyfilter.engine.questions import Question
from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import answers, clock

NOW = 1795559400  # 2026-11-24 23:30 in Berlin


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def answer(question: Question, message: Message, envelope: Envelope, settings: dict[str, object]) -> object:
    return clock.shown(NOW) if question.kind == "clock" else answers.answer(question, message, envelope, settings)


def folder(rule: str, date: str) -> str:
    compiled = compile_sources([Source("rules", rule)])
    assert compiled.program is not None, compiled.diagnostics
    header = f"Date: {date}\n\n" if date else "Subject: x\n\n"
    return decide(compiled.program, Message.from_bytes(header.encode()), Envelope(), answer=answer).actions[-1].folder


MIDNIGHT = "Tue, 30 Jun 2026 22:00:00 +0000"  # 1 July in Berlin
BEFORE = "Tue, 30 Jun 2026 21:59:59 +0000"
RECENT = "Tue, 24 Nov 2026 22:00:00 +0000"  # half an hour ago
TODAY = "Tue, 24 Nov 2026 22:45:00 +0000"  # in a quarter of an hour
OCTOBER = "Sat, 24 Oct 2026 22:00:00 +0000"  # the first second of the day on which summer time ends
TO_COME = "Fri, 27 Nov 2026 22:30:01 +0000"


@pytest.mark.parametrize(
    ("condition", "date", "holds"),
    [
        ("date < 2026-07-01", BEFORE, True),
        ("date < 2026-07-01", MIDNIGHT, False),
        ("date is 2026-07-01", MIDNIGHT, True),
        ("date <= 2026-06-30", BEFORE, True),
        ("date <= 2026-06-30", MIDNIGHT, False),
        ("date > 2026-06-30", MIDNIGHT, True),
        ("date > 2026-07-01", MIDNIGHT, False),
        ("date >= 2026-07-01", BEFORE, False),
        ("date between 2026-06-01 and 2026-06-30", BEFORE, True),
        ("date between 2026-06-01 and 2026-06-30", MIDNIGHT, False),
        ("date < 2026-06-30 + 1 day", BEFORE, True),
        ("date.month is 7", MIDNIGHT, True),
        ("date is today", RECENT, True),
        ("date < today", RECENT, False),
        ("date > now + 2 days", TO_COME, True),
        ("date > now + 4 days", TO_COME, False),
        ("date exists", "nonsense", False),
        ("date does not exist", "", True),
        ("not date < 2026-07-01", "nonsense", True),
        ("age > 4 months", MIDNIGHT, True),
        ("age within 30 minutes", RECENT, True),
        ("age within 29 minutes", RECENT, False),
        ("age within 1 second", TO_COME, True),
        ("age between 29 minutes and 31 minutes", RECENT, True),
        ("age exists", "", False),
        ("today is 2026-11-24", "", True),
        ("today is 2026-11-23, 2026-11-25", "", False),
        ("today between 2026-11-24 and 2026-11-24", "", True),
        ("today between 2026-12-24 and 2027-01-02", "", False),
        ("today.year is 2026", "", True),
        ("today is date", RECENT, True),
        ("today > date", RECENT, False),
        ("today < date", TODAY, False),
        ("today <= date", TODAY, True),
        ("today is date", TODAY, True),
        ("today < date", TO_COME, True),
        ("today between date and now", TODAY, True),
        ("today is date - 3 days", TO_COME, True),
        ("today is now - 23 hours", "", True),
        ("today is now - 24 hours", "", False),
        ("today > date", "nonsense", False),
        ("date >= today - 30 days", OCTOBER, True),
        ("date < today - 30 days", OCTOBER, False),
        ("date is today - 30 days", OCTOBER, True),
        ("date is 2026-10-24 + 1 day", OCTOBER, True),
        ("date is 2026-10-25 + 1 hour", OCTOBER, False),
        ("date > 2026-12-24 - 9000 years", OCTOBER, True),
        ("date < 2026-12-24 + 9000 years", OCTOBER, True),
        ("time between 22:00 and 6:00", "", True),
        ("time between 6:00 and 22:00", "", False),
        ("time is 23:30", "", True),
        ("time < 23:30", "", False),
        ("weekday is monday, tuesday", "", True),
        ("weekday is not tuesday", "", False),
    ],
)
def test_a_condition_of_time(condition: str, date: str, holds: bool) -> None:
    assert folder(f'rule "r" {{ when {condition}; file into "Yes" }}', date) == ("Yes" if holds else "INBOX")


def test_holes_are_written_by_the_local_calendar_and_in_no_language() -> None:
    rule = 'rule "r" { file into "{today:%Y-%m} {now:%a %d %b %H}h {date.year} {today} {weekday}" }'
    assert folder(rule, MIDNIGHT) == "2026-11 Tue 24 Nov 23h 2026 2026-11-24 tuesday"


@pytest.mark.parametrize(
    ("date", "age"),
    [
        (RECENT, "30 minutes"),
        (TO_COME, "3 days still to come"),
        (MIDNIGHT, "147 days"),
        ("Sun, 24 Nov 2024 22:30:00 +0000", "2 years"),
        ("Tue, 24 Nov 2026 22:29:59 +0000", "1 second"),
        ("Tue, 24 Nov 2026 22:30:00 +0000", "0 seconds"),
    ],
)
def test_an_age_stands_in_words(date: str, age: str) -> None:
    assert folder('rule "r" { file into "{age}" }', date) == age


def test_there_is_no_age_without_a_date() -> None:
    assert folder('rule "r" { file into "old{age}" }', "nonsense") == "old"
