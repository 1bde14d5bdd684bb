"""`score`: points of the conditions that hold, against a threshold.

In: a ``Score`` of the tree. Out: the condition as the Program keeps it. Points of nothing, and points that never or
always reach the threshold, are errors: such a condition decides nothing. What a line captures may be unset behind it.
"""

from __future__ import annotations

from collections.abc import Callable

from pyfilter.language.check_patterns import forgive
from pyfilter.language.check_report import Report, on_one_line
from pyfilter.language.check_texts import Lowered, Scope
from pyfilter.language.diagnostics import Note
from pyfilter.language.points import OPERATORS, points_of
from pyfilter.language.tree import Condition, Score, Span, Weight

__all__ = ["score"]

# (condition, scope) -> lowered, what it captures
Judge = Callable[[Condition, Scope], tuple[Lowered | None, Scope]]


def score(
    node: Score, scope: Scope, judge: Judge, number: Callable[[Span], int], report: Report
) -> tuple[Lowered | None, Scope]:
    """``number``: numbers an excerpt."""
    head = number(_head(node))
    made: list[tuple[float, Lowered, int]] = []
    caught: list[Scope] = []
    for weight in node.weights:
        lowered, captured = judge(weight.condition, scope)
        caught.append(captured)
        if lowered is not None:
            made.append((weight.number.value, lowered, number(weight.condition.span)))
    sound = len(made) == len(node.weights)
    for weight in node.weights:
        sound = _weighs(weight, report) and sound
    captured = Scope.some(caught, 0, "stands in one line of a score")
    if not sound or not _decides(node, report):
        return None, captured.then(forgive(node))
    return ("score", node.operator, node.threshold.value, tuple(made), head), captured


def _head(node: Score) -> Span:
    """`score >= 5`."""
    return Span(node.span.source, node.span.start, node.threshold.span.end)


def _weighs(weight: Weight, report: Report) -> bool:
    if weight.number.value:
        return True
    help = "give it points, below zero what speaks against it, or leave the line out"
    report.add("E225", "a line of no points changes nothing", weight.number.span, "", help)
    return False


def _decides(node: Score, report: Report) -> bool:
    """Whether what holds makes any difference."""
    points = [weight.number.value for weight in node.weights]
    low = points_of(value for value in points if value < 0)
    high = points_of(value for value in points if value > 0)
    holds = OPERATORS[node.operator]
    limit = node.threshold.value
    ends = {holds(low, limit), holds(high, limit)}
    if node.operator == "==":
        if low <= limit <= high:
            return True
        ends = {False}
    if len(ends) == 2:
        return True
    head = on_one_line(_head(node).text)
    word = "always holds" if True in ends else "can never hold"
    help = f"the lines give {low:g} to {high:g} points: choose a number between"
    notes = [Note(max(node.weights, key=lambda weight: abs(weight.number.value)).number.span, "the most of one line")]
    report.add("E225", f"`{head}` {word}", node.threshold.span, f"{low:g} at least, {high:g} at most", help, notes)
    return False
