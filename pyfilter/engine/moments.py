"""Dates and times: the values of the fields that the clock and the Date header give, and how moments are compared.

``read`` gives the values of the fields of TIME_FIELDS (fields.py), as numbers in text: ``date``, ``now`` and ``today``
in seconds since 1970, ``age`` in seconds, ``time`` in minutes since midnight, ``weekday`` as its English word.

- What the clock says is asked once a message; what the calendar shows at another moment, and when a day begins, are
  questions of their own: the zone has summer time.
- A day is all of it: `date < 2026-07-01` ends where that day begins, `date > 2026-07-01` begins where it ends. So is
  `today`, on both sides: `today > date` holds from the day after on.
- Whole days more or less move a day in the calendar, not by so many hours.
- A Date header that names no moment is no `date` and no `age`. A message from the future has an age below nothing:
  it is younger than any.
"""

from __future__ import annotations

from pyfilter.engine.fields import UNDECIDED
from pyfilter.engine.questions import Question
from pyfilter.message.dates import MONTHS, day_at, days_of, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.engine.fields import Case

    Shown = tuple[int, int, int, int, int, int, int, int, int]

__all__ = ["WEEKDAYS", "formatted", "holds", "read", "told", "within"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# part of a moment -> its place in what the calendar shows (engine/questions.py)
_PARTS = {"year": 1, "month": 2, "day": 3}


def read(key: str, case: Case) -> list[str]:
    """The values of the field ``key``. Raises what ``Case.fact`` raises."""
    field, _, part = key.partition(".")
    if part:
        shown = _shown(field, case)
        return [] if shown is None else [str(shown[_PARTS[part]])]
    if field in ("date", "age"):
        sent = _sent(case)
        if sent is None:
            return []
        return [str(sent if field == "date" else _clock(case)[0] - sent)]
    now = _clock(case)
    if field == "time":
        return [str(now[4] * 60 + now[5])]
    return [WEEKDAYS[now[7]] if field == "weekday" else str(now[0])]


def holds(value: str, operator: str, operand: tuple[Any, ...], case: Case) -> bool:
    """Whether the moment ``value`` stands so to ``operand`` (language/program.py)."""
    return any(_OPERATORS[operator](int(value), *span) for span in _spans(operand, case))


def within(value: str, first: tuple[Any, ...], last: tuple[Any, ...], case: Case) -> bool:
    """Whether the moment ``value`` lies between two operands, both included."""
    return holds(value, ">=", first, case) and holds(value, "<=", last, case)


def formatted(key: str, form: str, case: Case) -> str:
    """The moment of the field ``key`` as ``form`` (letters of FORMATS) writes it, an age in words; empty if there is
    none."""
    if key == "age":
        return "".join([told(key, value, case) for value in case.values(key)])
    shown = _shown(key, case)
    if shown is None:
        return ""
    first, *pieces = form.split("%")
    made = [first]
    for piece in pieces:
        made += [FORMATS[piece[0]](shown), piece[1:]]
    return "".join(made)


def told(key: str, value: str, case: Case) -> str:
    """``value`` of the field ``key`` as a trace tells it: a moment as the local calendar shows it, an age in the
    largest unit that it fills."""
    if key == "weekday":
        return value
    number = int(value)
    if key == "time":
        return f"{number // 60}:{number % 60:02d}"
    if key == "age":
        count, unit = next((n, unit) for unit, size in _UNITS if (n := abs(number) // size) or size == 1)
        words = f"{count} {unit}{'' if count == 1 else 's'}"
        return f"{words} still to come" if number < 0 else words
    try:
        return formatted(key, "%Y-%m-%d" if key == "today" else "%Y-%m-%d %H:%M", case)
    except UNDECIDED:
        return value


_UNITS = (("year", 365 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))

# letter behind `%` -> what it writes, the same in every locale
FORMATS: dict[str, Callable[[Shown], str]] = {
    "Y": lambda at: f"{at[1]:04d}",
    "y": lambda at: f"{at[1] % 100:02d}",
    "m": lambda at: f"{at[2]:02d}",
    "d": lambda at: f"{at[3]:02d}",
    "H": lambda at: f"{at[4]:02d}",
    "M": lambda at: f"{at[5]:02d}",
    "S": lambda at: f"{at[6]:02d}",
    "b": lambda at: MONTHS[at[2] - 1].capitalize(),
    "a": lambda at: WEEKDAYS[at[7]][:3].capitalize(),
    "A": lambda at: WEEKDAYS[at[7]].capitalize(),
}

# a moment against a span of seconds, of which ``end`` is no part
_OPERATORS: dict[str, Callable[[int, int, int], bool]] = {
    "<": lambda at, start, end: at < start,
    "<=": lambda at, start, end: at < end,
    ">": lambda at, start, end: at >= end,
    ">=": lambda at, start, end: at >= start,
    "==": lambda at, start, end: start <= at < end,
}


def _spans(operand: tuple[Any, ...], case: Case) -> list[tuple[int, int]]:
    """From which second to before which the operand lasts; a field that is absent lasts never."""
    kind, base, shift = operand
    if kind == "day":
        year, month, of_month = [int(number) for number in base.split("-")]
        day = days_of(year, month, of_month)
    elif base == "today":
        day = days_of(*_clock(case)[1:4])
    else:
        moments = [int(value) + shift for value in case.values(base)]
        if kind == "field":
            return [(at, at + 1) for at in moments]
        days = [days_of(*_local(at, case)[1:4]) for at in moments]
        return [(_midnight(day, case), _midnight(day + 1, case)) for day in days]
    if shift % 86400 == 0:
        day, shift = day + int(shift // 86400), 0
    return [(_midnight(day, case) + shift, _midnight(day + 1, case) + shift)]


def _midnight(days: int, case: Case) -> int:
    """The second in which the day begins that lies so many days after 1970-01-01."""
    year, month, day = day_at(days)
    if not 1 <= year <= 9999:  # as no calendar of a machine counts
        return days * 86400
    answer: Any = case.fact(Question("moment", f"{year:04d}-{month:02d}-{day:02d} 00:00:00"))
    return int(answer)


def _sent(case: Case) -> int | None:
    values = case.message.values("date")
    return moment(values[0]) if values else None


def _clock(case: Case) -> Shown:
    answer: Any = case.fact(Question("clock"))
    shown: Shown = answer
    return shown


def _shown(field: str, case: Case) -> Shown | None:
    """What the local calendar shows at the moment of ``field``."""
    if field != "date":
        return _clock(case)
    values = case.values("date")
    if not values:
        return None
    return _local(int(values[0]), case)


def _local(seconds: float, case: Case) -> Shown:
    answer: Any = case.fact(Question("local", str(int(seconds))))
    shown: Shown = answer
    return shown
