"""Date headers (message/dates.py): a moment or none; what the moment is written as is the same moment."""

from __future__ import annotations

from pyfilter.message.dates import LENGTH, MONTHS, day_at, days_of, moment

LONGEST = 100
FIELDS = ("date",)
WORDS = (
    *(month.encode() for month in MONTHS),
    b"Tue, ", b" 2026", b"12:00:00", b":60", b"+0100", b"-1200", b"GMT", b"EST", b"(", b")", b"\\", b"29 Feb ", b"-",
    b"24-Nov-2026", b"\xd9\xa3", b"_", b"+", b"0102",
)  # fmt: skip
SEEDS = (
    b"Tue, 24 Nov 2026 12:00:00 +0100",
    b"24 Nov 26 12:00 GMT (Central (European) Time)",
    b"Tue Nov 24 12:00:00 2026",
    b"Tue Nov 24 12:00:00 CET 2026",
    b"Tuesday, 24-Nov-26 12 : 00 : 60 -600",
    b"29 Feb 2000 23:59:60.5 EDT",
)
# 1900, and 10000 with a zone of 23:59
EARLIEST, LATEST = days_of(1900, 1, 1) * 86400 - 86400, days_of(10000, 1, 1) * 86400 + 86400


def examine(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    found = moment(text)
    if found is None:
        return
    assert len(text) <= LENGTH
    assert EARLIEST <= found < LATEST
    days, seconds = divmod(found, 86400)
    year, month, day = day_at(days)
    assert days_of(year, month, day) == days
    if year < 1900 or year > 9999:
        return  # by its zone
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    for written in (f"{day} {MONTHS[month - 1]} {year} {clock} +0000", f"({text[:0]}) x".replace("x", text)):
        assert moment(written) == found, written
