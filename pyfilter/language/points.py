"""Points: how they are added and compared, when rules are checked and when they are asked alike.

Sums are rounded to millionths, so that 0.1 and 0.2 are 0.3.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["OPERATORS", "points_of"]

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "==": lambda left, right: left == right,
}


def points_of(values: Iterable[float]) -> float:
    """The sum of ``values``."""
    return round(float(sum(values)), 6)
