"""P1, P2, P3 of the warm way: whatever system call of a server's clerk fails or is its last, no mail is lost, and none
comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import AT_A_TIME, sample
from .judge import CHECKS, broken, figures, refiled
from .record import record
from .sweep import ERRORS, Fault, Point, Run, sweep
from .warm import SCENARIO, ClerkBench

STEP = 12

FAULTS = {"P1": "a kill at", "P2": "an error of", "P3": "an error for good of"}


def fault_of(promise: str, point: Point) -> Fault:
    return Fault() if promise == "P1" else Fault(ERRORS.get(point.call, "EIO"), lasting=promise == "P3")


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> list[ClerkBench]:
    return [ClerkBench(tmp_path_factory.mktemp("warm")) for _ in range(AT_A_TIME)]


def swept(benches: list[ClerkBench], promise: str) -> list[Run]:
    points = benches[0].points()
    assert len(points) > 50, "the trace is no trace of a delivery"
    return sweep(benches, [(point, fault_of(promise, point)) for point in sample(points, STEP)])


@pytest.mark.parametrize("promise", FAULTS, ids=FAULTS.values())
def test_whatever_befalls_a_clerk_costs_no_mail(promise: str, benches: list[ClerkBench]) -> None:
    runs = swept(benches, promise)
    assert sum(bool(run.struck) for run in runs) > 0.9 * len(runs), "the faults do not strike"
    assert broken(runs) == []
    assert any(CHECKS["deferred"](run) for run in runs), "no fault made a difference"
    record(promise, "pyfilter", SCENARIO.name, **figures(runs))


def test_what_a_reader_does_before_the_retry_costs_no_mail(benches: list[ClerkBench]) -> None:
    """The clerk was killed when the copy was visible already."""
    killed = swept(benches, "P1")
    visible = [(run.point, run.fault) for run in killed if CHECKS["window"](run)]
    assert broken(sweep(benches, visible, "reads it")) == []
    taken = sweep(benches, visible, "takes it away")
    assert broken(taken, never=("bounced", "lost", "partial", "twice", "hung")) == []
    record("P1", "pyfilter", SCENARIO.name, **figures(killed), refiled=refiled(taken))


def test_a_clerk_delivers_where_nothing_fails(tmp_path: Path) -> None:
    """And not the launcher's Python, which would take away nothing of what is struck."""
    assert {point.call for point in ClerkBench(tmp_path).points()} >= {"accept4", "recvmsg", "fsync", "linkat"}
