"""What a `given` says of the clock: `given today is 2026-12-25`, `given now is 2026-12-24 + 18 hours`,
`given time is 18:00`, `given weekday is saturday`.

In: the test, as lowered, and what was stated above it. Out: both together, or what is wrong, in words. The day, the
time and the day of the week are said one by one and agree; `now` says a day, or a moment counted from where it begins.
"""

from __future__ import annotations

from dataclasses import replace

from pyfilter.language.check_texts import Lowered
from pyfilter.language.tree import Point, Test
from pyfilter.language.trials import Stated
from pyfilter.language.vocabulary import WORDS
from pyfilter.message.dates import days_of

__all__ = ["CLOCK", "HELP", "stated"]

# fields that the clock answers
CLOCK = frozenset({"now", "today", "time", "weekday"})
HELP = "write `given today is 2026-12-24`, `given time is 18:00` or `given weekday is saturday`"


def stated(node: Test, lowered: Lowered, above: Stated) -> Stated | str:
    """``above`` with what ``node`` says, or the words on what is wrong with it."""
    new = _alone(node, lowered)
    if isinstance(new, str):
        return new
    for part in ("day", "weekday", "minute", "after"):
        said, before = getattr(new, part), getattr(above, part)
        if said is None or said == before:
            continue
        if before is not None or (part in ("minute", "after") and (above.minute, above.after) != (None, None)):
            return "another answer is given above"
        above = replace(above, **{part: said})
    if above.day is not None and above.weekday is not None and (is_ := _weekday(above)) != above.weekday:
        return f"that day is a {is_}"
    return above


def _alone(node: Test, lowered: Lowered) -> Stated | str:
    if lowered[0] == "is" and len(lowered[2][0]) == 1:
        (word,) = lowered[2][0]
        return Stated(weekday=word)
    if lowered[0] != "compare" or lowered[2][0] != "==":
        return "it leaves open which moment"
    key, operand = lowered[1], lowered[2][1]
    if key == "time":
        return Stated(minute=operand)
    if not isinstance(operand, tuple):
        return "only a part of the day"
    assert node.relation is not None
    value = node.relation.values[0]
    if operand[0] != "day" or not isinstance(value, Point):
        return "no moment by itself"
    if value.by is None:
        return Stated(day=operand[1])
    return "no day by itself" if key == "today" else Stated(day=operand[1], after=int(operand[2]))


def _weekday(moment: Stated) -> str:
    assert moment.day is not None
    year, month, day = (int(number) for number in moment.day.split("-"))
    days = days_of(year, month, day) + (moment.after or 0) // 86400
    return WORDS["weekday"][(days + 3) % 7]  # 1970-01-01 was a Thursday
