"""What is large is given back when it is free, in whatever order it comes and goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyfilter

# the process has had blocks of 20 MB; how much of them stays when they are free, in MB
SCRIPT = """
import sys
sys.path[:0] = {path!r}
from pyfilter.server.heap import settle
{call}

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20

before = resident()
kept = []
for number in range(6):
    large = b"x" * (20 << 20)
    kept.append(b"y" * 40000)  # what stays, and lies behind it
    del large
print(resident() - before)
"""


def left(call: str) -> int:
    script = SCRIPT.format(path=[str(Path(pyfilter.__file__).parent.parent), *sys.path], call=call)
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def test_what_was_large_is_given_back() -> None:
    assert left("settle()") < 3
    assert left("") > 10, "the C library would have kept it"


def test_garbage_is_still_looked_for() -> None:
    script = (
        "import gc\nfrom pyfilter.server.heap import GARBAGE, settle\nsettle()\n"
        "print(gc.isenabled(), gc.get_threshold()[0] == GARBAGE)"
    )
    path = str(Path(pyfilter.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    )
    assert done.stdout == "True True\n"
