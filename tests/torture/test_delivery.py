"""The delivery's tests with every error a disk can give, and with hundreds of power cuts.

They are the tests of tests/delivery; TORTURE widens their tables.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DELIVERY = Path(__file__).parents[1] / "delivery"


def test_every_fault_at_every_call() -> None:
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", str(DELIVERY)], check=False)
    assert done.returncode == 0
