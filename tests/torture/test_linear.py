"""P9, P10: CPU time at n, 2n and 4n bytes of every bomb (tests/fuzz/bombs.py), up to 1 MiB of a header or of a text
that a pattern is held against and 10 MiB of a body, and the memory that the largest takes; with TORTURE=1 alone, since
a busy machine must fail no build.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..fuzz.bombs import BOMBS, CODEC_BOMBS, HIGHEST_RATIO, MEGABYTE, PATTERN_BOMBS, SECONDS, Bomb, measured
from .record import record

pytestmark = pytest.mark.whole  # measures time: `make torture`

ROOT = Path(__file__).parents[2]
# bytes, besides three times the message
MEMORY = 64 * MEGABYTE

# what is promised, what kind of bomb -> the bombs
KINDS: dict[tuple[str, str], dict[str, Bomb]] = {}
for name, bomb in BOMBS.items():
    KINDS.setdefault(("P9", name.partition(":")[0]), {})[name] = bomb
KINDS["P9", "character sets"] = CODEC_BOMBS
for name, bomb in PATTERN_BOMBS.items():
    KINDS.setdefault(("P10", name.partition(":")[0]), {})[name] = bomb


@pytest.fixture(scope="module")
def weights() -> dict[str, int]:
    """Bytes of each bomb, in processes whose memory nothing else has grown."""
    command = [sys.executable, "-m", "tests.fuzz.bombs", "--memory"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name: int(weight) for weight, _, name in (line.partition(" ") for line in done.stdout.splitlines())}


@pytest.mark.parametrize(("promise", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_time_and_memory_are_bounded(promise: str, kind: str, weights: dict[str, int]) -> None:
    bombs = KINDS[promise, kind]
    figures = {name: measured(bomb) for name, bomb in bombs.items()}
    ratios = [ratio for _, found in figures.values() for ratio in found]
    longest = max(times[-1] for times, _ in figures.values()) / 1000
    taken = {name: weight for name, weight in weights.items() if name in bombs}
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
