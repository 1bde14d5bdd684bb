"""P8: a minute of hostile mail; see tests/fuzz/fuzz_message.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "fuzz" / "fuzz_message.py"


def test_a_minute_of_hostile_mail() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--seconds", "60"], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("all promises kept\n"), done.stdout + done.stderr
