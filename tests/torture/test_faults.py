"""P2: any one system call fails once; P1: the delivery is killed at any one system call.

After a fault the mail is filed whole, and then the status is 0; or the mail system tries
again: status 75, or death by a signal. No other status, no damaged copy, no hang.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from .conftest import WHOLE, Ended, Home, Point, sample

POSTPONED = b"4.3.0 delivery postponed\n"
ERRORS = ["EIO", "ENOMEM", "EINTR", "EACCES", "ENOSPC", "EMFILE", "EAGAIN", "EINVAL"] if WHOLE else ["EIO", "EINTR"]

# Faults strike the launcher alone, or launcher and Python (-f: each process at its own n-th call).
WHERE = {"launcher": (), "launcher and Python": ("-f",)}


def broken_promises(ends: Iterable[tuple[Point, str, Ended]]) -> list[tuple[Point, str, Ended]]:
    """Those ends where mail was lost, bounced or damaged."""
    return [
        (point, fault, end)
        for point, fault, end in ends
        if end.damaged
        or (end.status == 0 and (end.whole != 1 or end.output))
        or (end.status == 75 and end.output not in (POSTPONED, b""))
        or (end.status not in (0, 75) and end.status >= 0)
        or (end.status < 0 and end.output)
    ]


@pytest.mark.parametrize("which", WHERE.values(), ids=WHERE)
def test_one_failing_system_call_costs_no_mail(home: Home, which: tuple[str, ...]) -> None:
    points = sample(home.points(*which), 17 if which else 2)
    assert len(points) > 20
    ends = [
        (point, error, home.deliver(*which, "-e", f"inject={point.call}:error={error}:when={point.n}"))
        for point in points
        for error in ERRORS
    ]
    assert broken_promises(ends) == []
    statuses = {end.status for _, _, end in ends}
    assert 75 in statuses, "no fault struck"
    summary("one fault", which, ends)


@pytest.mark.parametrize("which", WHERE.values(), ids=WHERE)
def test_a_system_call_that_fails_for_good_costs_no_mail(home: Home, which: tuple[str, ...]) -> None:
    """P3: from the first call on. EINTR and EAGAIN mean "once more" and cannot last; a delivery they kept busy
    would end at its deadline."""
    calls = sorted({point.call for point in home.points(*which)})
    ends = [
        (Point(call, 1), error, home.deliver(*which, "-e", f"inject={call}:error={error}:when=1+"))
        for call in (calls if WHOLE else calls[::3])
        for error in (sorted({*ERRORS} - {"EINTR", "EAGAIN"}) if WHOLE else ["ENOMEM"])
    ]
    assert broken_promises(ends) == []
    summary("lasting fault", which, ends)


@pytest.mark.parametrize("which", WHERE.values(), ids=WHERE)
def test_a_kill_at_any_system_call_costs_no_mail(home: Home, which: tuple[str, ...]) -> None:
    points = sample(home.points(*which), 17 if which else 2)
    ends = []
    duplicates = 0
    for point in points:
        killed = home.deliver(*which, "-e", f"inject={point.call}:signal=KILL:when={point.n}")
        ends.append((point, "KILL", killed))
        if killed.status != 0:
            retried = home.again()
            assert (retried.status, retried.damaged) == (0, 0), point
            assert retried.whole in (1, 2), point
            duplicates += retried.whole - 1
    assert broken_promises(ends) == []
    assert any(end.status < 0 for _, _, end in ends)
    summary(f"kill, {duplicates} filed twice after the retry", which, ends)


def summary(what: str, which: tuple[str, ...], ends: list[tuple[Point, str, Ended]]) -> None:
    """For `make torture -s`: how it ended how often."""
    counts = {status: sum(end.status == status for _, _, end in ends) for status in {end.status for _, _, end in ends}}
    where = next(name for name, options in WHERE.items() if options == which)
    print(f"\n{what}, {where}: {len(ends)} runs, by status {dict(sorted(counts.items()))}")
