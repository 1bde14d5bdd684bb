"""The moment a Date header names (RFC 5322, section 3.3; the obsolete forms of section 4.3; asctime).

In: the header's text. Out: seconds since 1970-01-01 00:00 UTC, or None where the text names no moment.

- The day of the week is not looked at: the date decides. Comments are skipped.
- A year of two digits is 2000 to 2049 or 1950 to 1999; 100 to 999 count from 1900, also where they are written `0102`,
  as programs did that took tm_year for the year.
- A zone that is missing, unknown or broken is UTC, as section 4.3 has it of unknown names: the day is worth more than
  the hour. The names of North America are known; `-600` is `-0600`.
- The 60th second, a leap second, is the one that follows.
- `Nov 24 12:00:00 2026`, as asctime writes it, and `24-Nov-2026` are read too.

Limit: LENGTH. Never raises. Time: linear.
"""

from __future__ import annotations

from pyfilter.message.headers import Unreadable
from pyfilter.message.quoting import comment_end

__all__ = ["MONTHS", "day_at", "days_of", "moment", "month_length"]

LENGTH = 1000  # characters; a date with its comment has fewer than 80
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# hours ahead of UTC (RFC 5322, section 4.3)
_ZONES = {"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}


def moment(text: str) -> int | None:
    """Seconds since 1970 in UTC of a Date header's ``text``; None if it names no moment."""
    words = _words(text)
    if words and words[0][:3].lower() in _WEEKDAYS:
        del words[0]
    if not words:
        return None
    if words[0][:3].lower() in MONTHS and len(words) >= 3:  # asctime: month, day, time, [zone,] year
        words = [words[1], words[0], words[-1], *words[2:-1]]
    elif words[0].count("-") == 2:
        words[:1] = words[0].split("-")
    if len(words) < 4:
        return None
    day, month, year = _number(words[0], 2), words[1][:3].lower(), _year(words[2])
    if day is None or year is None or month not in MONTHS:
        return None
    number = MONTHS.index(month) + 1
    if not 1 <= day <= month_length(year, number):
        return None
    seconds = _time(words[3])
    if seconds is None:
        return None
    return days_of(year, number, day) * 86400 + seconds - _zone(words[4] if len(words) > 4 else "")


def month_length(year: int, month: int) -> int:
    """How many days ``month`` (from 1) has."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1] + leap


def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this day of the Gregorian calendar."""
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400 - 719162  # as many lie before 1970
    return days + sum([month_length(year, number) for number in range(1, month)]) + day - 1


def day_at(days: int) -> tuple[int, int, int]:
    """Year, month and day so many days after 1970-01-01."""
    year = 1970 + days // 365  # about as many years too late as leap days have passed: one step a year
    while (rest := days - days_of(year, 1, 1)) < 0:
        year += rest // 366
    while rest >= 365 + (month_length(year, 2) == 29):
        rest -= 365 + (month_length(year, 2) == 29)
        year += 1
    month = 1
    while rest >= (length := month_length(year, month)):
        rest -= length
        month += 1
    return year, month, rest + 1


def _words(text: str) -> list[str]:
    """What stands between blanks, commas and comments; [] if it is too long or a comment does not close."""
    if len(text) > LENGTH:
        return []
    parts = []
    at = 0
    while (start := text.find("(", at)) >= 0:
        parts.append(text[at:start])
        try:
            end = comment_end(text, start + 1)
        except Unreadable:
            return []
        if end < 0:
            return []
        at = end + 1
    parts.append(text[at:])
    # blanks may stand around the colons of a time (section 4.3)
    words = ":".join([part.strip() for part in " ".join(parts).split(":")])
    return words.replace(",", " ").split()


def _number(text: str, digits: int) -> int | None:
    """Decimal digits of ASCII alone: int() takes signs, underscores and digits of every script."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def _year(text: str) -> int | None:
    year = _number(text, 4)
    if year is None or len(text) < 2:
        return None
    if len(text) == 2:
        return year + (2000 if year < 50 else 1900)
    if 100 <= year < 1000:
        return year + 1900
    return year if year >= 1900 else None


def _time(text: str) -> int | None:
    """Seconds since midnight."""
    pieces = text.split(":")
    if len(pieces) not in (2, 3):
        return None
    numbers = [_number(piece.partition(".")[0], 2) for piece in pieces]
    hour, minute, second = (*numbers, 0)[:3]
    if hour is None or minute is None or second is None or hour > 23 or minute > 59 or second > 60:
        return None
    return hour * 3600 + minute * 60 + second


def _zone(text: str) -> int:
    """Seconds ahead of UTC; 0 of what is no zone."""
    if text[:1] not in ("+", "-"):
        return _ZONES.get(text.upper(), 0) * 3600
    digits = text[1:].replace(":", "")
    number = _number(digits, 4)
    if number is None or len(digits) < 3 or number > 2359 or number % 100 > 59:
        return 0
    ahead = number // 100 * 3600 + number % 100 * 60
    return -ahead if text[0] == "-" else ahead
