"""Any one system call of the launcher fails once, or from then on, or is its last, while a server has to do with it:
no mail is lost, cut or bounced, and none is delivered by both.

As in test_faults.py, but there is a server in the home (counter.py), of one kind or another.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections import Counter as Count
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import AS_INSTALLED, POSTPONED, SOURCES, Ended, Installation, compile_launcher, make
from .counter import DELIVERED, Counter, take
from .test_faults import BUSY, ERRORS, MESSAGE, Bench, Run, stand_in, summary

__all__ = ["stand_in"]

pytestmark = pytest.mark.skipif(
    not shutil.which("strace") and os.environ.get("CI") != "true", reason="needs strace: run `make test` as root"
)

NOBODY = 65534


class Kind(NamedTuple):
    """``takes``: it takes the message, and files it; ``answer``: what it says then, None: nothing, until the launcher
    is gone; ``end``: how the launcher ends when nothing fails; ``uid``: whose it is."""

    takes: bool
    files: bool
    answer: bytes | None
    end: Ended
    uid: int | None = None


DONE, TRIED_AGAIN = Ended(0, b"", b""), Ended(75, POSTPONED, b"")
KINDS = {
    "delivers": Kind(True, True, DELIVERED, DONE),
    "refuses": Kind(True, False, b"77 5.7.1 no\n", Ended(77, b"5.7.1 no\n", b"")),
    "puts off": Kind(True, False, b"75\n", TRIED_AGAIN),
    "raves": Kind(True, True, DELIVERED + b"5.1.1 unknown user\n", TRIED_AGAIN),
    "dies": Kind(True, False, b"", TRIED_AGAIN),
    "dies late": Kind(True, True, b"", TRIED_AGAIN),
    "hangs": Kind(True, False, None, TRIED_AGAIN),
    "is silent": Kind(False, False, None, DONE),
    "raves and takes nothing": Kind(False, False, b"5.1.1 unknown user\n", DONE),
    "is of another version": Kind(False, False, b"", DONE),
    "is another user's": Kind(True, False, b"77 5.7.1 no\n", DONE, NOBODY),
}
LEAST = 50  # system calls of a launcher


class Served:
    """A server of one kind in an installation's home, which files into its scratch/served."""

    def __init__(self, place: Installation, kind: Kind) -> None:
        self._place = place
        self._kind = kind
        self._lock = threading.Lock()
        self.counter = Counter(place.root, self._serve, kind.uid)

    def _serve(self, launcher: socket.socket, message: int, token: int) -> None:
        kind = self._kind
        if kind.takes:
            try:
                take(token)
            except BlockingIOError:
                return
        if kind.files:
            (self._place.scratch / "served").write_bytes(os.pread(message, 1 << 20, 0))
        if kind.answer is None:
            launcher.recv(1)
        elif kind.answer:
            try:
                launcher.send(kind.answer)
            except BrokenPipeError:
                return


class WarmBench(Bench):
    """Of two places, each with a server."""

    def __init__(self, places: list[Installation], stand_in: Path, kind: Kind) -> None:
        super().__init__(places, stand_in)
        self._served = {place.root: Served(place, kind) for place in places}

    def run_in(self, place: Installation, strace: tuple[str, ...], faults: str) -> Run:
        end = place.run(message=MESSAGE, prefix=strace, env={"HOME": str(place.root), "PATH": "/usr/bin:/bin"})
        self._served[place.root].counter.wait()
        served = place.scratch / "served"
        copies = [copy for copy in (place.delivered, served.read_bytes() if served.exists() else None) if copy]
        return Run(faults, end, b"twice" if len(copies) > 1 else copies[0] if copies else None)

    def close(self) -> None:
        for served in self._served.values():
            served.counter.close()


def broken(kind: Kind, runs: list[Run]) -> list[Run]:
    return [
        run
        for run in runs
        if run.filed not in (None, MESSAGE)
        or (run.end.status == 0 and (run.filed is None or run.end.output))
        or (run.end.status == 77 and run.end != kind.end)
        or (run.end.status == 75 and run.end.output not in (POSTPONED, b""))
        or (run.end.status < 0 and run.end.output)
        or (run.end.status not in (0, 75, 77) and run.end.status > 0)
    ]


Make = Callable[[str], WarmBench]


@pytest.fixture
def bench(tmp_path: Path, build_directory: Path, stand_in: Path, log_socket: object) -> Iterator[Make]:
    made: list[WarmBench] = []

    def make_one(name: str, sources: Path = SOURCES) -> WarmBench:
        kind = KINDS[name]
        if kind.uid is not None and os.geteuid() != 0:
            pytest.skip("only root has another user at hand")
        definitions = ["TAKING_MS=100"] + ["DEADLINE_MS=500"] * (name == "hangs")
        log = f'LOG_SOCKET="{build_directory / "log"}"'
        program = compile_launcher(build_directory, AS_INSTALLED, log, *definitions, sources=sources)
        places = [make(tmp_path / f"venv{n}", program, log_socket) for n in range(2)]
        made.append(WarmBench(places, stand_in, kind))
        return made[-1]

    yield make_one
    for one in made:
        one.close()


@pytest.mark.parametrize("name", KINDS)
def test_one_failing_system_call(bench: Make, name: str, tmp_path: Path) -> None:
    made, kind = bench(name), KINDS[name]
    points = made.points("deliver", tmp_path / "trace", kind.end)
    assert len(points) > LEAST
    errors = ERRORS if name == "delivers" else ERRORS[:1]
    runs = made.all("deliver", [f"{call}:error={error}:when={n}" for call, n in points for error in errors])
    assert broken(kind, runs) == []
    assert {run.end.status for run in runs} >= {75, kind.end.status}, "no fault struck, or each did"
    summary("one fault, the server", name, runs)


@pytest.mark.parametrize("name", KINDS)
def test_a_system_call_that_fails_for_good(bench: Make, name: str, tmp_path: Path) -> None:
    made, kind = bench(name), KINDS[name]
    calls = sorted({call for call, _ in made.points("deliver", tmp_path / "trace", kind.end)})
    errors = [error for error in ERRORS if error not in BUSY] if name == "delivers" else ["ENOSYS"]
    runs = made.all("deliver", [f"{call}:error={error}:when=1+" for call in calls for error in errors])
    assert broken(kind, runs) == []
    summary("lasting fault, the server", name, runs)


@pytest.mark.parametrize("name", KINDS)
def test_a_kill_at_any_system_call(bench: Make, name: str, tmp_path: Path) -> None:
    made, kind = bench(name), KINDS[name]
    points = made.points("deliver", tmp_path / "trace", kind.end)
    runs = made.all("deliver", [f"{call}:signal=KILL:when={n}" for call, n in points])
    assert broken(kind, runs) == []
    assert Count(run.end.status for run in runs)[-9] > LEAST
    summary("kill, the server", name, runs)


BUGS = {  # what a careless change could do -> the kind of server that shows it, and the call that must fail
    "who cannot tell has it": ("? THEIRS : NOBODY_KNOWS", "? OURS : OURS", "dies late", ""),
    "an error of reading is an answer": (
        "if (length >= 0 || (errno != EAGAIN && errno != EINTR)) {",
        'if (length < 0 && errno == EIO)\n            finish(DELIVERED, "");\n        if (length >= 0) {',
        "hangs",
        "recvfrom:error=EIO:when=1",
    ),
    "whose server it is does not matter": ("peer.uid == geteuid()", "peer.uid != 12345", "is another user's", ""),
    "an answer is believed by its beginning": (
        "length == sizeof delivered - 1 && memcmp(text, delivered, length) == 0",
        "memcmp(text, delivered, sizeof delivered - 1) == 0",
        "raves",
        "",
    ),
}


@pytest.mark.parametrize(("right", "wrong", "name", "fault"), BUGS.values(), ids=BUGS)
def test_the_sweep_finds_a_bug(
    bench: Callable[..., WarmBench], tmp_path: Path, right: str, wrong: str, name: str, fault: str
) -> None:
    sources = shutil.copytree(SOURCES, tmp_path / "sources")
    text = (sources / "handover.c").read_text()
    assert text.count(right) == 1
    (sources / "handover.c").write_text(text.replace(right, wrong))
    runs = bench(name, sources).all("deliver", [fault] if fault else ["getppid:error=EINTR:when=9"])
    assert broken(KINDS[name], runs) != [] or {run.end for run in runs} != {KINDS[name].end}
