"""P2: any one system call fails once; P3: it fails from then on; P1: the delivery is killed there.

Whatever happens, the mail is filed whole, and then the status is 0; or the mail system tries again: status 75, or death
by a signal; the retry files it, and nothing twice. No other status, no damaged copy, no hang. Each system call of each
process of a delivery is struck (sweep.py), for everything that rules can do with a message (scenarios.py).
"""

from __future__ import annotations

import pytest

from .conftest import Benches, sample
from .judge import CHECKS, NEVER, broken, figures, refiled, undurable
from .record import record
from .scenarios import SCENARIOS
from .sweep import ERRORS, Bench, Fault, Point, Run, sweep

# those whose every call fails once in `make test`, too
FIRST = ("inbox", "folder")
SOME, FEW = 10, 40  # every how-manieth call of those, and of the others
OTHER_ERRORS = ("EIO", "ENOMEM", "EINTR", "EACCES", "ENOSPC", "EMFILE", "EAGAIN", "EINVAL")


def points(bench: Bench) -> list[Point]:
    found = [point for process in bench.processes for point in bench.points(process)]
    assert len(found) > 700, "the trace is no trace of a delivery"
    return found


def swept(made: list[Bench], lasting: bool, step: int) -> list[Run]:
    found = sample(points(made[0]), step)
    runs = sweep(made, [(point, Fault(ERRORS.get(point.call, "EIO"), lasting)) for point in found])
    assert sum(bool(run.struck) for run in runs) > 0.9 * len(runs), "the faults do not strike"
    return runs


@pytest.mark.parametrize("name", SCENARIOS)
def test_one_failing_system_call_costs_no_mail(name: str, benches: Benches) -> None:
    runs = swept(benches(name), lasting=False, step=1 if name in FIRST else FEW)
    assert broken(runs) == []
    assert any(CHECKS["deferred"](run) for run in runs), "no fault made a difference"
    record("P2", "pyfilter", name, **figures(runs))


@pytest.mark.whole  # only with TORTURE=1: seven more errors of every system call
def test_no_error_of_any_system_call_costs_mail(benches: Benches) -> None:
    """Also those that make no sense for the call."""
    made = benches("inbox")
    jobs = [(point, Fault(error)) for point in points(made[0]) for error in OTHER_ERRORS]
    runs = sweep(made, [(point, fault) for point, fault in jobs if fault.error != ERRORS.get(point.call, "EIO")])
    assert broken(runs) == []
    record("P2", "pyfilter", "inbox, the other 7 of 8 errors", **figures(runs))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_system_call_that_fails_for_good_costs_no_mail(name: str, benches: Benches) -> None:
    """Where neither the journal nor the pipe to the launcher can be written, nothing tells the retry what was done."""
    runs = swept(benches(name), lasting=True, step=SOME if name in FIRST else FEW)
    assert broken(run for run in runs if not ("/pyfilter/journal" in run.struck and run.point.call == "write")) == []
    assert broken(runs, never=[name for name in NEVER if name != "twice"]) == []
    assert any(CHECKS["deferred"](run) for run in runs), "no fault made a difference"
    record("P3", "pyfilter", name, **figures(runs))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_kill_at_any_system_call_costs_no_mail(name: str, benches: Benches) -> None:
    made = benches(name)
    runs = sweep(made, [(point, Fault()) for point in sample(points(made[0]), SOME if name in FIRST else FEW)])
    assert broken(runs) == []
    assert sum(CHECKS["deferred"](run) for run in runs) > 0.9 * len(runs), "the kills do not strike"
    visible = [(run.point, run.fault) for run in runs if CHECKS["window"](run)]
    read = sweep(made, visible, "reads it")
    assert broken(read) == []
    taken = sweep(made, visible, "takes it away")
    assert broken(taken, never=("bounced", "lost", "partial", "twice", "hung")) == []
    record("P1", "pyfilter", name, **figures(runs), refiled=refiled(taken))


@pytest.mark.parametrize("name", ["inbox", "folder", "copy", "new folder", "filter", "mbox", "mh", "reply"])
def test_a_message_is_on_disk_before_it_is_visible_and_its_name_before_the_end(name: str, benches: Benches) -> None:
    bench = benches(name)[0]
    bench.points("python")
    assert undurable(bench.trace("python")) == []
