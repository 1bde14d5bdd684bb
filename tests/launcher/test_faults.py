"""Any one system call of the launcher fails once, or from then on, or is its last: no mail is lost, cut or bounced.

strace(1) follows the launcher alone; Python is a program of a few lines that files the message at one blow. What
strikes launcher and Python together is in tests/torture.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import AS_INSTALLED, POSTPONED, SOURCES, Ended, Installation, compile_launcher, make

pytestmark = pytest.mark.skipif(
    not shutil.which("strace") and os.environ.get("CI") != "true", reason="needs strace: run `make test` as root"
)

MESSAGE = b"Return-Path: <a@x>\nSubject: hello\n\n" + b"hello\n" * 12_000  # more than one read(2) brings
ERRORS = ("EIO", "ENOMEM", "EINTR", "EACCES", "ENOSPC", "EMFILE", "EAGAIN", "EINVAL", "EPERM", "ENOSYS")
BUSY = ("EINTR", "EAGAIN")  # mean "once more": for good they last to the deadline

# strace itself needs the first execve; nobody hears whether a process ended well; arch_prctl(ARCH_SET_FS), with which
# the C library starts, has no way to fail (arch_prctl(2)), and cannot be told apart from its failure.
UNTOUCHED = {"execve", "exit_group", "rt_sigreturn", "arch_prctl"}

STAND_IN = r"""
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    static char data[1 << 20];
    size_t length = 0;
    ssize_t more;
    int file;

    if (count < 2 || chdir(dirname(arguments[0])) || chdir("../scratch"))
        return 1;
    if (access("hang", F_OK) == 0)
        for (;;)
            pause();
    while ((more = read(0, data + length, sizeof data - length)) > 0)
        length += (size_t)more;
    if (more < 0)
        return 75;
    if (access("refuse", F_OK) == 0)
        return write(1, "5.7.1 no\n", 9) == 9 ? 77 : 75;
    if (access("fail", F_OK) == 0)
        return write(2, "oh\n", 3) == 3;
    file = open("part", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, data, length) != (ssize_t)length || rename("part", "delivered"))
        return 75;
    return write(1, "\n2.0.0 delivered\n", 17) != 17;
}
"""

# what is asked of the program in Python's place -> how the launcher ends when nothing fails
SCENARIOS = {
    "deliver": Ended(0, b"", b""),
    "refuse": Ended(77, b"5.7.1 no\n", b""),
    "fail": Ended(75, POSTPONED, b""),
    "hang": Ended(75, POSTPONED, b""),
}


class Run(NamedTuple):
    """A fault, how the launcher ended, and what was filed."""

    fault: str
    end: Ended
    filed: bytes | None


class Bench:
    """Two installations, in which two runs go on side by side."""

    def __init__(self, places: list[Installation], stand_in: Path) -> None:
        self._free: queue.SimpleQueue[Installation] = queue.SimpleQueue()
        for place in places:
            shutil.copy(stand_in, place.bin / "python3.11")
            self._free.put(place)

    def deliver(self, scenario: str, *faults: str, trace: Path | None = None) -> Run:
        place = self._free.get()
        try:
            for path in place.scratch.iterdir():
                path.unlink()
            (place.scratch / scenario).touch()
            inject = [word for fault in faults for word in ("-e", f"inject={fault}")]
            strace = ("strace", "-qq", "-e", "trace=all", "-o", str(trace or place.root / "trace"), *inject)
            return self.run_in(place, strace, " ".join(faults))
        finally:
            self._free.put(place)

    def run_in(self, place: Installation, strace: tuple[str, ...], faults: str) -> Run:
        end = place.run(message=MESSAGE, prefix=strace, env={"HOME": str(place.root), "PATH": "/usr/bin:/bin"})
        return Run(faults, end, place.delivered)

    def points(self, scenario: str, trace: Path, end: Ended | None = None) -> list[tuple[str, int]]:
        """Each system call of the launcher, and which of its name it is; ``end``: how it ends where nothing fails."""
        assert self.deliver(scenario, trace=trace).end == (end or SCENARIOS[scenario])
        calls = Counter(re.findall(r"^([a-z_0-9]+)\(", trace.read_text(errors="replace"), re.MULTILINE))
        return [(call, n) for call in sorted(calls) if call not in UNTOUCHED for n in range(1, calls[call] + 1)]

    def all(self, scenario: str, faults: list[str]) -> list[Run]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda fault: self.deliver(scenario, fault), faults))


def broken_promises(scenario: str, runs: list[Run]) -> list[Run]:
    return [
        run
        for run in runs
        if run.filed not in (None, MESSAGE)
        or (run.end.status == 0 and (scenario != "deliver" or run.filed is None or run.end.output))
        or (run.end.status == 77 and run.end != SCENARIOS["refuse"])
        or (run.end.status == 75 and run.end.output not in (POSTPONED, b""))
        or (run.end.status < 0 and run.end.output)
        or (run.end.status not in (0, 75, 77) and run.end.status > 0)
    ]


@pytest.fixture(scope="module")
def stand_in(build_directory: Path) -> Path:
    program = build_directory / "stand-in"
    subprocess.run(["cc", "-O1", "-static", "-x", "c", "-", "-o", program], input=STAND_IN.encode(), check=True)
    return program


@pytest.fixture(scope="module")
def benches(
    tmp_path_factory: pytest.TempPathFactory, build_directory: Path, stand_in: Path, log_socket: object
) -> Iterator[dict[str, Bench]]:
    """With a deadline that comes in half a second for those that never end by themselves."""
    log = f'LOG_SOCKET="{build_directory / "log"}"'
    programs = {
        "usual": compile_launcher(build_directory, AS_INSTALLED, log),
        "hasty": compile_launcher(build_directory, AS_INSTALLED, log, "DEADLINE_MS=500"),
    }
    yield {
        name: Bench([make(tmp_path_factory.mktemp(name) / "venv", program, log_socket) for _ in range(2)], stand_in)
        for name, program in programs.items()
    }


def bench_of(benches: dict[str, Bench], scenario: str) -> Bench:
    return benches["hasty" if scenario == "hang" else "usual"]


def summary(what: str, scenario: str, runs: list[Run]) -> None:
    """For `pytest -s`."""
    statuses = sorted(Counter(run.end.status for run in runs).items())
    untold = sum(run.filed is not None and run.end.status != 0 for run in runs)
    print(f"\n{what}, {scenario}: {len(runs)} runs, by status {dict(statuses)}, filed and tried again {untold}")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_one_failing_system_call(benches: dict[str, Bench], scenario: str, tmp_path: Path) -> None:
    bench = bench_of(benches, scenario)
    points = bench.points(scenario, tmp_path / "trace")
    assert len(points) > 60
    errors = ERRORS if scenario == "deliver" else ERRORS[:1]
    runs = bench.all(scenario, [f"{call}:error={error}:when={n}" for call, n in points for error in errors])
    assert broken_promises(scenario, runs) == []
    assert {run.end.status for run in runs} >= {75, SCENARIOS[scenario].status}, "no fault struck, or each did"
    summary("one fault", scenario, runs)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_system_call_that_fails_for_good(benches: dict[str, Bench], scenario: str, tmp_path: Path) -> None:
    bench = bench_of(benches, scenario)
    calls = sorted({call for call, _ in bench.points(scenario, tmp_path / "trace")})
    errors = [error for error in ERRORS if error not in BUSY] if scenario == "deliver" else ["ENOSYS"]
    runs = bench.all(scenario, [f"{call}:error={error}:when=1+" for call in calls for error in errors])
    assert broken_promises(scenario, runs) == []
    summary("lasting fault", scenario, runs)


def test_a_system_call_that_asks_for_ever_to_be_called_again(benches: dict[str, Bench], tmp_path: Path) -> None:
    bench = benches["hasty"]
    calls = sorted({call for call, _ in bench.points("deliver", tmp_path / "trace")})
    runs = bench.all("deliver", [f"{call}:error={error}:when=1+" for call in calls for error in BUSY])
    assert broken_promises("deliver", runs) == []
    assert min(run.end.status for run in runs) == 0, "the deadline did not end it"
    summary("lasting fault", "deliver", runs)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_at_any_system_call(benches: dict[str, Bench], scenario: str, tmp_path: Path) -> None:
    """The mail comes again then, and is delivered as if nothing had been."""
    bench = bench_of(benches, scenario)
    points = bench.points(scenario, tmp_path / "trace")
    runs = bench.all(scenario, [f"{call}:signal=KILL:when={n}" for call, n in points])
    assert broken_promises(scenario, runs) == []
    assert Counter(run.end.status for run in runs)[-9] > 60
    assert bench.deliver(scenario).end == SCENARIOS[scenario]
    summary("kill", scenario, runs)


BUGS = {  # what a careless change could do -> the scenario that shows it
    ("message.c", "if (length == 0)", "if (length <= 0)"): ("deliver", "read"),
    ("message.c", "        } else if (written == 0", "        } else if (written < 0) return; else if (written == 0"): (
        "deliver",
        "write",
    ),
    ("report.c", "if (status == REJECTED && written != (ssize_t)length)", "if (0)"): ("refuse", "write"),
}


@pytest.mark.parametrize(("bug", "shown"), BUGS.items(), ids=["-".join(bug[:1]) for bug in BUGS])
def test_the_sweep_finds_a_bug(
    bug: tuple[str, str, str],
    shown: tuple[str, str],
    tmp_path: Path,
    stand_in: Path,
    build_directory: Path,
    log_socket: object,
) -> None:
    name, right, wrong = bug
    sources = shutil.copytree(SOURCES, tmp_path / "sources")
    text = (sources / name).read_text()
    assert text.count(right) == 1
    (sources / name).write_text(text.replace(right, wrong))
    log = f'LOG_SOCKET="{build_directory / "log"}"'
    program = compile_launcher(build_directory, AS_INSTALLED, log, "DEADLINE_MS=500", sources=sources)
    bench = Bench([make(tmp_path / f"venv{n}", program, log_socket) for n in range(2)], stand_in)
    scenario, call = shown
    faults = [f"{call}:error=EIO:when={n}" for n in range(1, 9)]
    assert broken_promises(scenario, bench.all(scenario, faults)) != []


@pytest.mark.parametrize("nameless", [True, False])
def test_without_memory_that_has_a_descriptor(benches: dict[str, Bench], tmp_path: Path, nameless: bool) -> None:
    """A file in /tmp holds the message: one that never has a name, or, where that cannot be, one that has lost it."""
    bench = benches["usual"]
    no_memory = "memfd_create:error=ENOSYS"
    assert bench.deliver("deliver", no_memory, trace=tmp_path / "trace").filed == MESSAGE
    opened = [line for line in (tmp_path / "trace").read_text().splitlines() if line.startswith("openat(")]
    (n,) = [n for n, line in enumerate(opened, 1) if "O_TMPFILE" in line]
    if not nameless:
        no_nameless = f"openat:error=EOPNOTSUPP:when={n}"
        run = bench.deliver("deliver", no_memory, no_nameless, trace=tmp_path / "trace")
        assert (run.end.status, run.filed) == (0, MESSAGE)
        trace = (tmp_path / "trace").read_text()
        assert re.search(r'unlink\("/tmp/pyfilter-\w{6}"\) += 0', trace)
