"""What a delivery costs: at most twice a bare interpreter with four rules, hardly more with a thousand.

`make bench` runs this; `make test` does not (conftest.py): a time is no matter for a test suite.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .delivery_cpu import Scratch, contenders, measure, ratio, table

TURNS = 60


@pytest.fixture(scope="module")
def times(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    root: Path = tmp_path_factory.mktemp("bench")
    os.chmod(root, 0o700)
    scratch = Scratch(root)
    times = measure(scratch, contenders(scratch, (4, 1000, 5000)), TURNS)
    print("\n" + table(times))
    return times


def test_four_rules(times: dict[str, list[float]]) -> None:
    assert ratio(times, "4 rules", "python3 -I -S -c pass") <= 2.0


def test_a_thousand_rules(times: dict[str, list[float]]) -> None:
    assert ratio(times, "1000 rules", "4 rules") <= 1.3
