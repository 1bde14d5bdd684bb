"""Names made of other names: in which order they are made, and circles.

In: of each name the names it is made of. Out: the names in an order in which everything a name is made of
stands before it, so that nothing is made twice and nothing has to call itself, however long a chain is; names
in a circle, and what is made of them, are left out. Each circle is one error that shows the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter

from pyfilter import limits
from pyfilter.language.check_report import Report
from pyfilter.language.tree import Span

__all__ = ["in_order"]


def in_order(made_of: Mapping[str, set[str]], place: Callable[[str], Span], report: Report) -> list[str]:
    """``place``: where a name is defined."""
    left = dict(made_of)
    lost: set[str] = set()
    for _ in range(limits.PROBLEMS):
        try:
            names = list(TopologicalSorter({name: left[name] & left.keys() for name in left}).static_order())
            break
        except CycleError as error:
            circle = _from_the_first(error.args[1], place)
            lost.update(circle)
            report.add(
                "E208",
                f"`{circle[0]}` is made of itself",
                place(circle[0]),
                "",
                f"the circle is {' → '.join((*circle, circle[0]))}",
            )
            left = {name: parts for name, parts in left.items() if name not in lost}
    else:
        return []
    made: list[str] = []
    for name in names:
        if lost.isdisjoint(made_of[name]):
            made.append(name)
        else:
            lost.add(name)
    return made


def _from_the_first(circle: list[str], place: Callable[[str], Span]) -> list[str]:
    """The names of a circle, the one that is defined first at the head, each made of the next."""
    # graphlib gives each name before the one that is made of it
    names = circle[:0:-1]
    first = min(range(len(names)), key=lambda number: place(names[number]).start)
    return names[first:] + names[:first]
