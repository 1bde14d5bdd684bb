"""P9: what reads mail takes steps in proportion to its length, whatever it holds.

Counted are the lines of pyfilter that are run, which do not depend on the machine. What one line does in C, such as a
search from the beginning for each piece, is not seen so: that a quarter of the largest run takes seconds and not
minutes stands below, and tests/torture/test_linear.py measures.
"""

from __future__ import annotations

import sys
import time
from types import FrameType
from typing import Any

import pytest

import pyfilter

from .bombs import BOMBS, CODEC_BOMBS, PATTERN_BOMBS, Bomb, measured, read

PACKAGE = pyfilter.__path__[0]
SIZES = (2000, 4000, 8000)
# a step more or less for every few bytes, and what is done once
SLACK = 200
# what takes the square of its length takes minutes
CPU_SECONDS = 8
LONG = BOMBS | PATTERN_BOMBS | CODEC_BOMBS


def lines_run(bomb: Bomb, data: bytes) -> int:
    """How many lines of the package are run to read it."""
    count = 0

    def line(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def call(frame: FrameType, event: str, _: object) -> Any:
        return line if frame.f_code.co_filename.startswith(PACKAGE) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        read(bomb, data)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_twice_as_much_takes_twice_the_steps(bomb: Bomb) -> None:
    read(bomb, bomb.make(SIZES[0]))  # what is imported and made once
    counted = [lines_run(bomb, bomb.make(size)) for size in SIZES]
    assert counted[0] > 0
    assert counted[1] <= 2.2 * counted[0] + SLACK
    assert counted[2] <= 2.2 * counted[1] + SLACK


@pytest.mark.parametrize("bomb", LONG.values(), ids=LONG)
def test_a_long_one_takes_no_minutes(bomb: Bomb) -> None:
    data = bomb.make(bomb.largest // 4)
    start = time.process_time()
    read(bomb, data)
    assert time.process_time() - start < CPU_SECONDS


def test_what_takes_the_square_is_found() -> None:
    """So that what is above can fail."""

    def square(data: bytes) -> None:
        from pyfilter.message.quoting import quoted_end

        for place in range(0, len(data), 100):
            quoted_end(data[place:].decode("latin-1"), 0)

    bomb = Bomb(square, lambda size: b'\\"' * (size // 2), 8000)
    counted = [lines_run(bomb, bomb.make(size)) for size in SIZES]
    assert counted[1] > 2.5 * counted[0] and counted[2] > 2.5 * counted[1]


def test_ratios_are_of_what_can_be_measured() -> None:
    times, ratios = measured(Bomb(len, bytes, 400))
    assert len(times) == 3 and ratios == []
