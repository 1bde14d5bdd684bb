"""What the clock and the calendar of this machine say.

Three kinds of Question, all answered from the C library with the local zone (TZ, else /etc/localtime)::

    clock     ""                      what the calendar shows now
    local     seconds since 1970      what the calendar shows at that moment
    moment    YYYY-MM-DD HH:MM:SS     the seconds since 1970 of that local date and time

What the calendar shows is plain data: (seconds since 1970, year, month, day, hour, minute, second, weekday from
Monday = 0, seconds ahead of UTC). The zone has summer time: what holds now need not hold at another moment.

A time that is skipped in spring or comes twice in autumn is what mktime(3) makes of it. Errors: Unknown, where the C
library cannot count so far.
"""

from __future__ import annotations

import time

from pyfilter.engine.moments import WEEKDAYS
from pyfilter.engine.questions import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.services.answers import Inquiry

    Shown = tuple[int, int, int, int, int, int, int, int, int]

__all__ = ["local", "moment", "now", "shown", "stated"]


def now(inquiry: Inquiry) -> Shown | Unknown:
    return shown(int(time.time()))


def local(inquiry: Inquiry) -> Shown | Unknown:
    return shown(int(inquiry.argument))


def moment(inquiry: Inquiry) -> int | Unknown:
    date, _, clock = inquiry.argument.partition(" ")
    year, month, day = [int(number) for number in date.split("-")]
    hour, minute, second = [int(number) for number in clock.split(":")]
    try:
        return int(time.mktime((year, month, day, hour, minute, second, 0, 1, -1)))
    except (OverflowError, ValueError):
        return Unknown(f"the calendar of this machine does not reach {inquiry.argument}")


def shown(seconds: int) -> Shown | Unknown:
    """What the local calendar shows ``seconds`` after 1970-01-01 00:00 UTC."""
    try:
        at = time.localtime(seconds)
    except (OverflowError, OSError, ValueError):
        return Unknown(f"the calendar of this machine does not reach {seconds} seconds from 1970")
    return (
        seconds, at.tm_year, at.tm_mon, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec, at.tm_wday, at.tm_gmtoff,
    )  # fmt: skip


def stated(
    day: str | None = None, minute: int | None = None, after: int | None = None, weekday: str | None = None
) -> Shown | Unknown:
    """What the calendar shows at a moment of which a part is named (Stated in language/trials.py).

    Without ``day`` it is today, or the first day from today on that is such a ``weekday``; without a time it is noon
    where a day is named, else the time that it is now."""
    at = time.localtime()
    date = (at.tm_year, at.tm_mon, at.tm_mday)
    if day is not None:
        year, month, of_month = [int(number) for number in day.split("-")]
        date = (year, month, of_month)
    elif weekday is not None:
        date = (*date[:2], date[2] + (WEEKDAYS.index(weekday) - at.tm_wday) % 7)
    if after is not None:
        minute = 0
    elif minute is None:
        minute = 12 * 60 if day or weekday else at.tm_hour * 60 + at.tm_min
    try:  # mktime(3) takes days and minutes that run over
        return shown(int(time.mktime((*date, 0, minute, 0, 0, 1, -1))) + (after or 0))
    except (OverflowError, ValueError):
        return Unknown(f"the calendar of this machine does not reach {day}")
