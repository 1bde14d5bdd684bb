"""What the processes of a server have cost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from . import cpu
from .cpu import Group

# a child that spends, is waited for, and leaves its parent behind
SPENDS = """
import os, sys, time
if os.fork() == 0:
    while time.process_time() < 0.3: pass
    os._exit(0)
os.wait()
memory = b"x" * 30_000_000
print("spent", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["a control group", "a tree of processes"])
def group(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    if request.param == "a tree of processes":
        monkeypatch.setattr(cpu, "_made", lambda name: None)
    made = Group("bench-test")
    if request.param == "a control group" and not made.is_exact:
        pytest.skip("no control group can be made here")
    yield made
    made.close()


def test_what_a_child_has_spent_counts_when_it_has_gone(group: Group) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SPENDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=group.enter
    ) as process:
        group.root = process.pid
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"spent\n"
        assert group.processes() == [process.pid]
        assert group.seconds() >= 0.25  # of 0.3: the tree counts ticks
        ((_, peak),) = group.peaks()
        assert 30_000_000 <= peak < 100_000_000
        process.stdin.close()


def test_we_are_not_in_it(group: Group) -> None:
    assert os.getpid() not in group.processes()
    assert group.seconds() == 0
