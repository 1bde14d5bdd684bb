"""The fuzzer itself: it runs, finds nothing in a few hundred messages, and says so when it finds something.

Minutes of it belong to `make torture`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("fuzz_message.py")


def run(before: str = "") -> subprocess.CompletedProcess[str]:
    """The script with a fixed seed, after some statements of the test's."""
    code = f"import runpy, sys; {before}sys.argv = ['fuzz', '--rounds', '300', '--seed', '1']; "
    code += f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=dict(os.environ)
    )


def test_three_hundred_messages_keep_all_promises() -> None:
    done = run()
    assert (done.stdout, done.returncode) == ("seed 1: 300 messages, all promises kept\n", 0)


def test_a_broken_promise_is_printed_with_its_message() -> None:
    done = run("from pyfilter.message import words; words.clean = lambda text: text + chr(10); ")
    assert done.returncode == 1
    assert done.stdout.startswith("seed 1, message 1: Broken: not one clean line: ")
    assert done.stdout.splitlines()[1].startswith("b'")


def test_an_exception_is_a_broken_promise() -> None:
    done = run("from pyfilter.message import headers; headers.field_name = lambda *_: 1 / 0; ")
    assert done.returncode == 1
    assert done.stdout.startswith("seed 1, message 1: ZeroDivisionError: division by zero\n")
