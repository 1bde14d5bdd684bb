"""What the server has done, as plain numbers: counted where it happens, looked at by whoever asks (metrics.py).

The buckets of ``seconds`` are those of a delivery: a quick one takes some ms, one that asks a scanner some seconds.
"""

from __future__ import annotations

from bisect import bisect_left

from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

__all__ = ["BUCKETS", "Tally"]

# seconds; the last one is what takes longer
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, float("inf"))


class Tally:
    """Since the server began; ``in_flight`` is now."""

    __slots__ = (
        "buckets",
        "bytes",
        "connections",
        "in_flight",
        "messages",
        "outcomes",
        "put_off",
        "seconds",
        "unknown",
    )

    def __init__(self) -> None:
        self.connections = 0
        self.messages = 0
        self.bytes = 0
        self.in_flight = 0
        self.put_off = 0  # messages for which there was no room
        self.unknown = 0  # recipients who are not here
        self.outcomes = {status.word: 0 for status in (DELIVERED, REJECTED, DEFERRED)}
        self.seconds = 0.0
        self.buckets = [0] * len(BUCKETS)

    def begun(self, size: int) -> None:
        """A message came."""
        self.messages += 1
        self.bytes += size
        self.in_flight += 1

    def done(self, outcomes: list[Outcome], seconds: float) -> None:
        """What became of it, for each recipient."""
        self.in_flight -= 1
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        for outcome in outcomes:
            self.outcomes[outcome.status.word] += 1
