"""Tests of moments, times of day and ages: `date < 2026-07-01`, `time between 22:00 and 6:00`, `age within 2 days`.

In: a test whose relation fits such a field. Out: the test as the Program keeps it. A moment is compared with a day
(ISO), or with `now`, `today` or `date`, each also with `+` or `-` a duration; a time with 24-hour times.
"""

from __future__ import annotations

import re

from pyfilter.language.check_numbers import Numbers
from pyfilter.language.check_report import Report
from pyfilter.language.check_texts import Lowered
from pyfilter.language.tree import Point, Regex, Test, Value
from pyfilter.language.vocabulary import field_kind
from pyfilter.message.dates import month_length

__all__ = ["Dates"]

_TAKES = {
    "moment": "write a day, `2026-12-24`, or a moment: `now - 2 days`",
    "time": "write a time of day: `18:00`",
}
# `18.00`, `6 pm`, `21`
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[.:](?P<minute>\d\d))?[ \t]*(?P<half>[ap])?\.?m?\.?", re.IGNORECASE)
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day", re.IGNORECASE)


class Dates:
    def __init__(self, numbers: Numbers, report: Report) -> None:
        self.numbers = numbers
        self.report = report

    def test(self, node: Test, key: str, kind: str, excerpt: int) -> Lowered | None:
        relation = node.relation
        assert relation is not None
        if relation.word == "exists":
            return "exists", key, None, excerpt
        if relation.exactly:
            self.report.add("E214", "dates are always compared exactly", relation.span, "", "leave out `exactly`")
            return None
        if kind == "seconds" and relation.word != "within":
            return self.numbers.test(node, key, kind, excerpt)
        operands = [self._operand(value, key, kind) for value in relation.values]
        if None in operands:
            return None
        if relation.word == "within":
            return "compare", key, ("<=", operands[0]), excerpt
        if relation.word == "between":
            return self._between(node, key, operands, excerpt)
        operator = relation.operator or "=="
        tests = tuple(("compare", key, (operator, operand), excerpt) for operand in operands)
        return tests[0] if len(tests) == 1 else ("or", *tests)

    def _between(self, node: Test, key: str, operands: list[object], excerpt: int) -> Lowered | None:
        assert node.relation is not None
        low, high = operands
        if isinstance(low, int) and isinstance(high, int) and low > high:  # over midnight
            return "or", ("compare", key, (">=", low), excerpt), ("compare", key, ("<=", high), excerpt)
        days = isinstance(low, tuple) and isinstance(high, tuple) and low[0] == high[0] == "day"
        if days and low[2] == high[2] == 0 and low[1] > high[1]:  # type: ignore[index]
            first, last = (value.span.text for value in node.relation.values)
            help = f"the earlier stands first: `between {last} and {first}`"
            self.report.add("E217", "nothing lies between these two", node.relation.span, "", help)
            return None
        return "between", key, (low, high), excerpt

    def _operand(self, value: Value | Regex, key: str, kind: str) -> object:
        if kind == "seconds":
            return self.numbers.number(value, kind, key)
        if isinstance(value, Point) and value.kind == "time" and kind == "time" and value.by is None:
            return self._time(value)
        if isinstance(value, Point) and kind == "moment" and value.kind != "time":
            shift: float | None = 0
            if value.by is not None:
                shift = self.numbers.number(value.by, "seconds", key)
                if shift is None:
                    return None
                shift = -shift if value.shift == "-" else shift
            if value.kind == "date":
                return ("day", value.base.name, shift) if self._day(value) else None
            if field_kind(value.base.name) == "moment":
                # `today` is a day, and so is what it is compared with
                return "days" if key == "today" else "field", value.base.name, shift
        help = _written(value.span.text) if kind == "time" else _day_meant(value.span.text)
        self.report.add("E215", f"`{key}` cannot be compared with this", value.span, "", help or _TAKES[kind])
        return None

    def _day(self, value: Point) -> bool:
        year, month, day = (int(number) for number in value.base.name.split("-"))
        if not 1 <= month <= 12:
            wrong, help = "a year has 12 months", "the order is year, month, day: `2026-12-24`"
        elif not 1 <= day <= month_length(year, month):
            wrong = f"this month has {month_length(year, month)} days"
            help = f"its last day is `{year:04d}-{month:02d}-{month_length(year, month)}`"
        elif not 1900 <= year < 9999:
            wrong, help = "no mail is of this year", "write the year with its four digits: `2026-12-24`"
        else:
            return True
        self.report.add("E217", f"there is no day {value.base.name}", value.base.span, wrong, help)
        return False

    def _time(self, value: Point) -> int | None:
        hour, minute = (int(number) for number in value.base.name.split(":"))
        if hour < 24 and minute < 60:
            return hour * 60 + minute
        help = "a day goes from `0:00` to `23:59`"
        self.report.add("E217", f"there is no time {value.base.name}", value.base.span, "", help)
        return None


def _written(text: str) -> str:
    """The time of day that was meant, in 24 hours; empty: none."""
    found = _CLOCK.fullmatch(text.strip('"'))
    if not found:
        return ""
    hour, minute, half = int(found["hour"]), found["minute"] or "00", (found["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"write `{hour}:{minute}`" if hour < 24 and int(minute) < 60 else ""


def _day_meant(text: str) -> str:
    inside = text.strip('"')
    if re.fullmatch(r"\d{4}-\d\d-\d\d", inside):
        return f"write `{inside}` without quotes"
    return f"write `weekday is {inside.lower()}`" if _WEEKDAY.fullmatch(inside) else ""
