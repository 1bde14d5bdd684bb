"""A score is unknown unless no answer to what is unknown could change it: held against every answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from pyfilter.engine.scores import judged
from pyfilter.language.points import OPERATORS

VERDICTS = (True, False, None)


def by_hand(operator: str, limit: float, points: tuple[float, ...], verdicts: tuple[bool | None, ...]) -> bool | None:
    """The verdict that all answers to the unknown agree on."""
    found = set()
    for answers in product((True, False), repeat=len(points)):
        if all(verdict in (None, answer) for verdict, answer in zip(verdicts, answers, strict=True)):
            total = sum(value for value, answer in zip(points, answers, strict=True) if answer)
            found.add(OPERATORS[operator](total, limit))
    return found.pop() if len(found) == 1 else None


def cases() -> Iterator[tuple[str, float, tuple[float, ...]]]:
    for operator in OPERATORS:
        for limit in (-2, 0, 1, 2.5, 3, 5):
            for points in ((3, 2), (3, -1, 1), (2.5, -10, 3, -2), (-1, -1, 2.5)):
                yield operator, limit, points


@pytest.mark.parametrize(("operator", "limit", "points"), list(cases()))
def test_every_mix_of_verdicts(operator: str, limit: float, points: tuple[float, ...]) -> None:
    for verdicts in product(VERDICTS, repeat=len(points)):
        asked: list[int] = []

        def judge(condition: tuple[int], verdicts: tuple[bool | None, ...] = verdicts) -> bool | None:
            asked.append(condition[0])  # noqa: B023
            return verdicts[condition[0]]

        lines = tuple((value, (number,), number) for number, value in enumerate(points))
        tally = judged(("score", operator, limit, lines, 0), judge)
        assert tally.verdict is by_hand(operator, limit, points, verdicts), verdicts
        assert asked == list(range(len(asked))), "in order, each once"
        assert tally.whole is (len(asked) == len(points))


def test_what_can_change_nothing_is_not_asked() -> None:
    def judge(condition: tuple[int]) -> bool:
        assert condition[0] < 2, "asked in vain"
        return True

    lines = tuple((value, (number,), number) for number, value in enumerate((3.0, 3.0, 1.0, -1.0)))
    assert judged(("score", ">=", 5, lines, 0), judge).verdict is True


def test_tenths_are_added_as_people_add_them() -> None:
    lines = tuple((0.1, (number,), number) for number in range(8))
    tally = judged(("score", ">=", 0.8, lines, 0), lambda condition: True)
    assert (tally.verdict, tally.points) == (True, 0.8)


def test_a_great_many_undecided_lines_end() -> None:
    lines = tuple((1.000001**number, (number,), number) for number in range(64))
    assert judged(("score", "==", 7.5, lines, 0), lambda condition: None).verdict is None
