"""P8: each target of tests/fuzz/targets is fuzzed for some seconds, 30 where CI=true; two at a time. What
was found in long runs stands in docs/fuzzing.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from .targets import BROKEN, TARGETS

ROOT = Path(__file__).parents[2]
CI = os.environ.get("CI") == "true"
SECONDS = "30" if CI else "3"
AT_A_TIME = 2

Done = subprocess.CompletedProcess[str]


def run(module: str, *arguments: str) -> Done:
    command = [sys.executable, "-m", f"tests.fuzz.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def atheris() -> None:
    """There are wheels of it for Linux on x86-64 only."""
    if find_spec("atheris") is None:
        lack = "atheris is not installed: pip install atheris"
        pytest.fail(lack) if CI else pytest.skip(lack)


@pytest.fixture(scope="module")
def fuzzed(request: pytest.FixtureRequest, atheris: None) -> Iterator[dict[str, Future[Done]]]:
    """Of each target that a test here asks for, what the fuzzer says in the end."""
    wanted = [
        item.callspec.params["fuzzed_target"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "fuzzed_target" in item.fixturenames
    ]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {target: pool.submit(run, "run", target, "--seconds", SECONDS) for target in wanted}


@pytest.mark.parametrize("fuzzed_target", TARGETS)
def test_no_input_breaks_a_promise(fuzzed_target: str, fuzzed: dict[str, Future[Done]]) -> None:
    done = fuzzed[fuzzed_target].result()
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(rf"{fuzzed_target}: \d+ executions in \d+ s, all promises kept\n", done.stdout), done.stdout


@pytest.mark.usefixtures("atheris")
def test_a_broken_promise_is_found_and_printed() -> None:
    done = run("run", BROKEN, "--seconds", "20")
    assert done.returncode == 1
    assert "AssertionError: it went off" in done.stdout
    *_, title, found = done.stdout.splitlines()
    assert title == "broken: a promise is broken by"
    assert "BOMB" in found and found.startswith("b'")


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_and_what_was_found_once_break_none(target: str) -> None:
    done = run("seeds", target)
    assert re.fullmatch(rf"{target}: \d+ seeds, all promises kept\n", done.stdout), done.stdout + done.stderr
    assert done.returncode == 0


def test_each_target_is_in_the_table() -> None:
    files = {path.stem for path in (ROOT / "tests" / "fuzz" / "targets").glob("*.py")}
    assert files - {"__init__", BROKEN} == set(TARGETS)
