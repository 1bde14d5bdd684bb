"""Coverage-guided fuzzing: inputs are changed, and those that reach new branches are changed on (promise P8).

    python -m tests.fuzz.run TARGET [--seconds 30 | --runs 10000000] [--directory D]

TARGET is a module of tests/fuzz/targets. It ends after so many seconds or executions, or with the first input that
breaks a promise, takes longer than HANG_SECONDS or more memory than MEMORY_MB: then that is printed as Python bytes,
below the exception, and the exit status is 1. With ``--directory`` the inputs that were found worth keeping stay there,
and the next run begins with them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .targets import BROKEN, TARGETS

ROOT = Path(__file__).parents[2]
# one input; the promise is one second of CPU for a whole message, and instrumented code is slower
HANG_SECONDS = 10
MEMORY_MB = 1024
# lines of what the fuzzer says that are shown with an input
SHOWN_LINES = 40


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=(*TARGETS, BROKEN))
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args(arguments)
    # in memory, where there is some: the target `journal` writes a file for each input
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    place = tempfile.mkdtemp(prefix="pyfilter-fuzz-", dir=memory)
    try:
        return fuzz(
            options.target, options.seconds or (0 if options.runs else 30), options.runs, options.directory, place
        )
    finally:
        shutil.rmtree(place, ignore_errors=True)


def fuzz(target: str, seconds: int, runs: int, kept: Path | None, place: str) -> int:
    directory = kept or Path(place)
    directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.guided", target, str(directory.resolve())]
    command += [f"-max_total_time={seconds}", f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MEMORY_MB}"]
    command += [f"-runs={runs}"] if runs else []
    before = set(directory.glob("found-*"))
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": place},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = done.stdout + done.stderr
    for found in sorted(set(directory.glob("found-*")) - before):
        print(reason(done))
        print(f"{target}: a promise is broken by\n{found.read_bytes()!r}")
        return 1
    ended = re.search(r"^Done (\d+) runs in (\d+) second", said, re.M)
    if done.returncode or ended is None:
        print("\n".join(said.splitlines()[-SHOWN_LINES:]))
        print(f"{target}: the fuzzer itself failed, status {done.returncode}")
        return 1
    print(f"{target}: {ended[1]} executions in {ended[2]} s, all promises kept")
    return 0


def reason(done: subprocess.CompletedProcess[str]) -> str:
    """The exception, or what libFuzzer says of a hang or of memory."""
    exception = done.stdout.partition("=== Uncaught Python exception: ===")[2].strip()
    return exception or "\n".join(done.stderr.splitlines()[-SHOWN_LINES:])


if __name__ == "__main__":
    sys.exit(main())
