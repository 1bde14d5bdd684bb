"""P1 and P2 of the programs that deliver mail elsewhere, measured the same way; nothing is demanded of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .deliverers import PEERS
from .judge import CHECKS, figures
from .peers import PeerBench
from .record import record
from .sweep import ERRORS, Fault, sweep

pytestmark = pytest.mark.whole  # only with TORTURE=1: how other programs take the same faults

AT_A_TIME = 4  # some of them sleep for many seconds when something fails


@pytest.mark.parametrize("scenario", ["inbox", "folder"])
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_under_the_same_faults(name: str, scenario: str, tmp_path: Path) -> None:
    if why := PEERS[name].missing:
        pytest.skip(why)
    benches: list[PeerBench] = []
    try:
        benches += (PeerBench(tmp_path / str(n), PEERS[name], scenario) for n in range(AT_A_TIME))
        points = benches[0].points()
        for promise, kills in (("P2", False), ("P1", True)):
            faults = [(point, Fault() if kills else Fault(ERRORS.get(point.call, "EIO"))) for point in points]
            runs = sweep(benches, faults)
            assert any(CHECKS["deferred"](run) for run in runs), "no fault made a difference"
            record(promise, name, scenario, **figures(runs))
    finally:
        for bench in benches:
            bench.home.close()
