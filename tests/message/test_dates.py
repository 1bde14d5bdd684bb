"""The moments that Date headers name: message/dates.py."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter.message.dates import LENGTH, day_at, days_of, moment, month_length
from pyfilter.message.message import Message

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
NOON = 1795521600  # 2026-11-24 12:00 UTC


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 24 Nov 2026 12:00:00 +0000",
        "24 Nov 2026 12:00 -0000",
        "Tue, 24 Nov 2026 13:00:00 +0100",
        "Tue, 24 Nov 2026 06:30:00 -0530",
        "Tue, 24 Nov 2026 14:00:00 +02:00",
        "Tue, 24 Nov 26 12:00:00 GMT",
        "Tue, 24 Nov 126 12:00:00 UT",
        "tue,24 nov 2026 12:00:00 Z",
        "Tue, 24 November 2026 12:00:00 UTC",
        "24 Nov 2026 04:00:00 PST",
        "24 Nov 2026 08:00:00 EDT",
        "24 Nov 2026 12:00:00 XYZ",
        "24 Nov 2026 12:00:00",
        "24-Nov-2026 12:00:00 +0000",
        "Tue Nov 24 12:00:00 2026",
        "Tue Nov 24 04:00:00 PST 2026",
        "Tue, 24 (the (day)) Nov 2026 12 : 00 : 00 +0000 (GMT)",
        "Mon, 24 Nov 2026 11:59:60 +0000",
        "24 Nov 2026 12:00:00.750 +0000",
        "24 Nov 0126 12:00:00 +0000",
        "24 Nov 2026 06:00:00 -600",
        "24 Nov 2026 12:00:00 +2400",
        "24 Nov 2026 12:00:00 +0060",
        "24 Nov 2026 12:00:00 +-0500",
        "24 Nov 2026 12:00:00 01800",
    ],
)
def test_all_of_these_are_noon(text: str) -> None:
    assert moment(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tue",
        "yesterday",
        "Tue, 24 Nov 2026",
        "31 Feb 2026 12:00:00 +0000",
        "29 Feb 2025 12:00:00 +0000",
        "0 Nov 2026 12:00:00 +0000",
        "24 Nov 2026 24:00:00 +0000",
        "24 Nov 2026 12:60:00 +0000",
        "24 Nov 2026 12 +0000",
        "24 Nov 99999 12:00:00 +0000",
        "24 Nov 0001 12:00:00 +0000",
        "24 Nov 6 12:00:00 +0000",
        "\u0662\u0664 Nov 2026 12:00:00 +0000",
        "2_4 Nov 2026 12:00:00 +0000",
        "24 Nov 2026 12:00:00 (never closed",
        "24 Nov 2026 12:00:00 " + "(" * 500 + ")" * 478,
        "24 Nov 2026 12:00:00 +0000" + " " * LENGTH,
        "2026-11-24 12:00:00",
    ],
)
def test_none_of_these_is_a_moment(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(("written", "year"), [("00", 2000), ("49", 2049), ("50", 1950), ("99", 1999), ("100", 2000)])
def test_a_short_year_is_of_this_or_the_last_century(written: str, year: int) -> None:
    assert moment(f"1 Jan {written} 00:00 +0000") == days_of(year, 1, 1) * 86400


@given(st.dates(date(1900, 1, 1)))
def test_the_calendar_agrees_with_the_standard_library(day: date) -> None:
    assert days_of(day.year, day.month, day.day) == (day - date(1970, 1, 1)).days


def test_february_has_29_days_in_leap_years() -> None:
    assert [month_length(year, 2) for year in (1900, 2000, 2024, 2026)] == [28, 29, 29, 28]


@given(st.integers(-(10**7), 10**7))
def test_each_day_has_its_number(days: int) -> None:
    assert days_of(*day_at(days)) == days


@given(st.dates())
def test_days_are_those_of_the_standard_library(day: date) -> None:
    assert day_at(days_of(day.year, day.month, day.day)) == (day.year, day.month, day.day)
    assert days_of(day.year, day.month, day.day) == day.toordinal() - date(1970, 1, 1).toordinal()


@given(st.text(max_size=1200) | st.text(alphabet="0123456789 :,+-()\\.JanNovTueGMT", max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    found = moment(text)
    assert found is None or -(2**40) < found < 2**40


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year >= 1970))
def test_what_the_standard_library_writes_is_read(at: datetime) -> None:
    text = format_datetime(at)
    assert moment(text) == int(parsedate_to_datetime(text).timestamp())


# zones that the standard library makes something of, and pyfilter UTC; years that it takes for those of antiquity
BROKEN = ("+-", " 01800", " 0102 ")


def test_the_dates_of_real_mail_are_those_that_the_standard_library_reads() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of mail is not here")
    read, others = 0, []
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file())[:4000]:
        for text in Message(path.read_bytes()[:100_000]).values("date")[:1]:
            try:
                expected = parsedate_to_datetime(text)
            except (ValueError, OverflowError):
                continue
            if any(part in text for part in BROKEN):
                continue
            if expected.tzinfo is None:
                expected = expected.replace(tzinfo=UTC)
            found = moment(text)
            read += 1
            if found != int(expected.timestamp()):
                others.append((text, found, int(expected.timestamp())))
    assert read > 100
    assert others == []
