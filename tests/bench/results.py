"""What was measured: one ``Run`` of one part, kept in build/bench/PART.json until the next run of it.

A row is one round of one contender with one case: its figures, or what made it invalid. What is said of a run is the
median over its rounds; a ratio is the median of the ratios of each round, in which the two stood side by side, so that
a machine that is busy slows both. An invalid round makes the whole cell invalid: there is no figure then.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from .cpu import Group

__all__ = ["DIRECTORY", "Row", "Run", "attempt", "in_turn", "load"]

DIRECTORY = Path(__file__).parents[2] / "build" / "bench"
# what is compared, as Debian calls it
PACKAGES = ("procmail", "maildrop", "fdm", "dovecot-core", "dovecot-sieve", "dovecot-lmtpd", "postfix")
Contender = TypeVar("Contender")


class Row(NamedTuple):
    round: int
    contender: str
    case: str
    figures: dict[str, float]
    trouble: str = ""


class Run:
    """One run of ``part``. ``counts``: how much was measured, for the reader."""

    def __init__(self, part: str, counts: dict[str, int], circumstances: dict[str, str] | None = None) -> None:
        self.part = part
        self.counts = counts
        self.circumstances = circumstances or _circumstances()
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        self.rows.append(row)

    def save(self) -> None:
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        kept = {
            "counts": self.counts,
            "circumstances": self.circumstances,
            "rows": [row._asdict() for row in self.rows],
        }
        (DIRECTORY / f"{self.part}.json").write_text(json.dumps(kept, indent=1))

    # ------------------------------------------------------------ what it says

    @property
    def contenders(self) -> list[str]:
        return list(dict.fromkeys(row.contender for row in self.rows))

    @property
    def cases(self) -> list[str]:
        return list(dict.fromkeys(row.case for row in self.rows))

    def trouble(self, contender: str, case: str) -> str:
        """Why there is no figure; "" if there is."""
        rows = self._rows(contender, case)
        return next((row.trouble for row in rows if row.trouble), "" if rows else "not measured")

    def median(self, contender: str, case: str, figure: str) -> float | None:
        if self.trouble(contender, case):
            return None
        found = [row.figures[figure] for row in self._rows(contender, case) if figure in row.figures]
        return statistics.median(found) if found else None

    def ratio(self, one: tuple[str, str], other: tuple[str, str], figure: str) -> float | None:
        """Of ``one`` to ``other``, each (contender, case): the median of the rounds' ratios."""
        if self.trouble(*one) or self.trouble(*other):
            return None
        below = {row.round: row.figures.get(figure) for row in self._rows(*other)}
        found = [
            row.figures[figure] / base
            for row in self._rows(*one)
            if figure in row.figures and (base := below.get(row.round))
        ]
        return statistics.median(found) if found else None

    def _rows(self, contender: str, case: str) -> list[Row]:
        return [row for row in self.rows if (row.contender, row.case) == (contender, case)]


def load(part: str) -> Run | None:
    """The last run of ``part``; None if there was none."""
    file = DIRECTORY / f"{part}.json"
    if not file.exists():
        return None
    kept = json.loads(file.read_text())
    run = Run(part, kept["counts"], kept["circumstances"])
    run.rows = [Row(**row) for row in kept["rows"]]
    return run


def attempt(measured: Callable[[], Row], round: int, contender: str, case: str) -> Row:
    """What was measured; a row without figures where it went wrong, so that the others still have their turn."""
    try:
        return measured()
    except RuntimeError as error:
        return Row(round, contender, case, {}, " ".join(str(error).split()))


def in_turn(contenders: Sequence[Contender], round: int) -> list[Contender]:
    """The order of this round: every second one is the other way round, so that nobody is always first."""
    return list(contenders) if round % 2 else list(reversed(contenders))


def _circumstances() -> dict[str, str]:
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES]
    found = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    probe = Group("bench-probe")
    is_exact = probe.is_exact
    probe.close()
    model = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ""
    )
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "kernel": platform.release(),
        "processors": f"{os.cpu_count()} × {model}".rstrip(" ×"),
        "load": f"{os.getloadavg()[0]:.1f}",  # of the minute before
        "python": platform.python_version(),
        "counted": "control group" if is_exact else "ticks of the processes",
        "versions": ", ".join(found),
    }
