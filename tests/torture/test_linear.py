"""P9, P10: CPU time at n, 2n and 4n bytes of every bomb (tests/fuzz/bombs.py), up to 1 MiB of a header or of a text
that a pattern is held against and 10 MiB of a body, and the memory that the largest takes; with TORTURE=1 alone, since
a busy machine must fail no build.
"""

from __future__ import annotations

import os

import pytest

from ..fuzz.bombs import BOMBS, CODEC_BOMBS, HIGHEST_RATIO, MEGABYTE, PATTERN_BOMBS, SECONDS, Bomb, measured, memory
from .record import record

pytestmark = pytest.mark.skipif("TORTURE" not in os.environ, reason="measures time: `make torture`")

# bytes, besides three times the message
MEMORY = 64 * MEGABYTE

# what is promised, what kind of bomb -> the bombs
KINDS: dict[tuple[str, str], dict[str, Bomb]] = {}
for name, bomb in BOMBS.items():
    KINDS.setdefault(("P9", name.partition(":")[0]), {})[name] = bomb
KINDS["P9", "character sets"] = CODEC_BOMBS
for name, bomb in PATTERN_BOMBS.items():
    KINDS.setdefault(("P10", name.partition(":")[0]), {})[name] = bomb


@pytest.mark.parametrize(("promise", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_time_is_linear(promise: str, kind: str) -> None:
    bombs = KINDS[promise, kind]
    figures = {name: measured(bomb) for name, bomb in bombs.items()}
    ratios = [ratio for _, found in figures.values() for ratio in found]
    longest = max(times[-1] for times, _ in figures.values()) / 1000
    taken = {name: memory(bomb) for name, bomb in bombs.items()}
    record(
        promise,
        "pyfilter",
        kind,
        bombs=len(bombs),
        bytes=max(bomb.largest for bomb in bombs.values()),
        ratio=f"{max(ratios):.2f}" if ratios else "too short to tell",
        seconds=f"{longest:.2f}",
        megabytes=max(taken.values()) >> 20,
    )
    slow = {
        name: (times, found)
        for name, (times, found) in figures.items()
        if max(found, default=0) >= HIGHEST_RATIO or times[-1] >= SECONDS * 1000
    }
    assert slow == {}  # milliseconds at n, 2n and 4n, and ratios
    assert {name: bytes for name, bytes in taken.items() if bytes > MEMORY + 3 * bombs[name].largest} == {}
