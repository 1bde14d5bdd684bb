"""A peer under the same sweep as pyfilter: a bench for sweep.py around a Home of deliverers.py.

A peer is no installation of ours, and strace follows all of its processes at once: the n-th call of each of them is
struck. Their words to a sender count only where Postfix would obey them.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from .deliverers import Deliverer, Ended, Home
from .scenarios import SCENARIOS, look
from .sweep import Fault, Point, Run, points_of, struck_lines

__all__ = ["PeerBench"]

# with a fault, and of the retry, which may have to wait for a lock that the first try has left
LONGEST_SECONDS, LONGEST_RETRY_SECONDS = 10, 40
# what outranks the exit status: RFC 3463's codes at the beginning of the output
CODE = re.compile(rb"[245]\.\d{1,3}\.\d{1,3} ")


class PeerBench:
    """One home of a peer, and the trace beside it."""

    def __init__(self, base: Path, deliverer: Deliverer, scenario: str) -> None:
        self.scenario = SCENARIOS[scenario]
        self.home = Home(base, deliverer, scenario)
        self._trace = base / f"{self.home.user}.trace"
        base.mkdir(parents=True, exist_ok=True)
        ended = self.home.deliver()
        assert ended.status == 0, ended

    def points(self) -> list[Point]:
        self.home.empty()
        ended = self._deliver("-f")
        assert ended.status == 0, ended
        return points_of(self._lines(), self.home.deliverer.name)

    def run(self, point: Point, fault: Fault, reader: str = "") -> Run:
        self.home.empty()
        began = time.monotonic()
        ended = self._deliver("-f", *fault.options(point))
        seconds = time.monotonic() - began
        seen = final = look(self.home)
        again = None
        if ended.fate == "deferred":
            again = self._deliver()
            final = look(self.home)
        struck = struck_lines(self._lines(), fault)
        return Run(self.scenario, point, fault, ended, seen, struck, seconds, again, final, reader)

    def _deliver(self, *strace: str) -> Ended:
        options = ("-q", "-y", "-s", "160", "-o", str(self._trace), *strace) if strace else ()
        ended = self.home.deliver(*options, longest=LONGEST_SECONDS if strace else LONGEST_RETRY_SECONDS)
        obeyed = ended.output if CODE.match(ended.output) else b""
        return ended._replace(output=obeyed, complaints=b"")

    def _lines(self) -> list[str]:
        return self._trace.read_text(errors="replace").splitlines()
