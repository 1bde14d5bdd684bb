"""P8: some seconds of hostile mail, a minute of it with TORTURE=1; see tests/fuzz/fuzz_message.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "fuzz" / "fuzz_message.py"


SECONDS = "60" if os.environ.get("TORTURE") else "5"


def test_hostile_mail() -> None:
    command = [sys.executable, str(SCRIPT), "--seconds", SECONDS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("all promises kept\n"), done.stdout + done.stderr
