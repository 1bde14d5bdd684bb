"""Scores: the points of the conditions that hold, against a threshold.

``judged`` asks the lines in order, and no further than needed: where the lines behind can change nothing, they are not
asked. A line that cannot be decided may give its points or not: the score is unknown unless that makes no difference.
Points are added in millionths, so that 0.1 and 0.2 are 0.3.
"""

from __future__ import annotations

from pyfilter.language.points import OPERATORS, points_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Tuple = tuple[Any, ...]

__all__ = ["Tally", "judged"]

# totals that are held against a threshold one by one; more undecided lines are unknown
MOST_TOTALS = 1000


class Tally:
    """``verdict``: True, False, None for unknown. ``points``: of what holds. ``held``, ``unknown``: the lines, as
    (points, condition, excerpt). ``whole``: were all lines asked?"""

    __slots__ = ("held", "points", "unknown", "verdict", "whole")

    def __init__(self, verdict: bool | None, held: list[Tuple], unknown: list[Tuple], whole: bool) -> None:
        self.verdict = verdict
        self.points = points_of(line[0] for line in held)
        self.held = held
        self.unknown = unknown
        self.whole = whole


def judged(condition: Tuple, judge: Callable[[Tuple], bool | None]) -> Tally:
    """The tally of a score; ``judge`` decides a condition."""
    _, operator, limit, lines, _ = condition
    held: list[Tuple] = []
    unknown: list[Tuple] = []
    for number, line in enumerate(lines):
        verdict = judge(line[1])
        if verdict is not False:
            (held if verdict else unknown).append(line)
        rest = lines[number + 1 :]
        sure = _agreed(operator, limit, points_of(line[0] for line in held), [line[0] for line in (*unknown, *rest)])
        if sure is not None:
            return Tally(sure, held, unknown, not rest)
    return Tally(None, held, unknown, True)


def _agreed(operator: str, limit: float, points: float, open_: list[float]) -> bool | None:
    """The verdict that every answer to what is still open would give; None if they differ."""
    holds = OPERATORS[operator]
    low = points_of((points, *(value for value in open_ if value < 0)))
    high = points_of((points, *(value for value in open_ if value > 0)))
    if operator != "==":
        lowest, highest = holds(low, limit), holds(high, limit)
        return lowest if lowest is highest else None
    if not low <= limit <= high:
        return False
    totals = {points}
    for value in open_:
        totals |= {points_of((total, value)) for total in totals}
        if len(totals) > MOST_TOTALS:
            return None
    found = {total == limit for total in totals}
    return found.pop() if len(found) == 1 else None
