"""Every call to the kernel fails, or the process is killed in it.

strace counts the calls of one delivery, then lets one of them fail, or kills the process there.
Here nothing of Python stands between the delivery and the system, and the file system is real.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyfilter.delivery.execute import execute
from pyfilter.message.message import Message
from pyfilter.status import DELIVERED

from .box import QUEUED, Box, make_plan
from .tracing import Call, Filings, calls, run

pytestmark = pytest.mark.usefixtures("strace")

SCENARIOS: dict[str, tuple[Filings, list[str]]] = {
    "inbox": ((("keep", "INBOX", ""),), [""]),
    "inbox, and left-overs are looked for": ((("keep", "INBOX", ""),), [""]),
    "marked": ((("file", "Boss", "F"),), ["", ".Boss"]),
    "everything is missing": ((("file", "Boss", ""),), []),
    "two folders": ((("copy", "INBOX", "S"), ("file", "Boss", "")), ["", ".Boss"]),
}
ERRORS = ["EIO"]
if "TORTURE" in os.environ:
    ERRORS += ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EMFILE", "ESTALE", "EEXIST", "ENOENT", "EINTR"]
    ERRORS += ["EFBIG", "ENOMEM", "EINVAL", "ENOTDIR", "ELOOP", "EMLINK", "EXDEV"]

# of the interpreter's own memory; it may need more or less of them in another run
MEMORY = frozenset({"brk", "mmap", "munmap", "mremap", "madvise", "rt_sigaction"})


def settings(name: str) -> dict[str, object]:
    return {"sweep": "left-overs" in name}


def wanted(name: str) -> dict[str, list[bytes]]:
    return {"." if folder == "INBOX" else f".{folder}": [QUEUED] for _, folder, _ in SCENARIOS[name][0]}


def each(
    name: str, directory: Path, act: Callable[[Box, Call], None], skip: frozenset[str] = frozenset()
) -> list[Call]:
    """Run ``act`` for each call of the scenario's delivery, each with a home of its own."""
    filings, existing = SCENARIOS[name]

    def fresh(number: int) -> Box:
        box = Box(directory / str(number) / "home")
        box.home.mkdir(parents=True, mode=0o700)
        box.make(*existing)
        return box

    found = [call for call in calls(fresh(0), filings, settings(name)) if call.name not in skip]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda at: act(fresh(at + 1), found[at]), range(len(found))))
    return found


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_call_that_fails_loses_nothing(name: str, error: str, tmp_path: Path) -> None:
    def act(box: Box, call: Call) -> None:
        printed = run(
            box, SCENARIOS[name][0], settings(name), ["-e", f"inject={call.name}:error={error}:when={call.number}"]
        )
        story = f"{name}: {call} with {error}: {printed!r}"
        word, _, detail = printed.strip().partition(" ")
        seen = box.visible()
        if word == "delivered":
            assert seen == wanted(name), story
        else:
            assert word == "deferred", story
            assert detail, story
            assert seen == {}, story
            assert redeliver(box, name) == wanted(name), story
        if not call.name.startswith("unlink"):
            assert box.residue() == [], story

    assert len(each(name, tmp_path, act, MEMORY)) > 10


def redeliver(box: Box, name: str) -> dict[str, list[bytes]]:
    """The next try of the MTA, without faults, and what a reader sees then."""
    outcome = execute(make_plan(*SCENARIOS[name][0]), Message.from_bytes(QUEUED), str(box.home))
    assert outcome.status is DELIVERED, outcome
    return box.visible()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_kill_leaves_no_part_of_a_message_and_no_lack_of_one(name: str, tmp_path: Path) -> None:
    twice: list[str] = []

    def act(box: Box, call: Call) -> None:
        printed = run(
            box, SCENARIOS[name][0], settings(name), ["-e", f"inject={call.name}:signal=KILL:when={call.number}"]
        )
        story = f"{name}: killed in {call}"
        assert printed == "", story
        for contents in box.visible().values():
            assert contents == [QUEUED], story
        for contents in redeliver(box, name).values():
            assert set(contents) == {QUEUED}, story
            assert len(contents) in (1, 2), story
            if len(contents) == 2 and str(call) not in twice:
                twice.append(str(call))
        assert box.visible().keys() == wanted(name).keys(), story

    each(name, tmp_path, act)
    # from the first copy that is visible to the end: link, fsync, unlink and two close a folder
    assert len(twice) <= 5 * len(SCENARIOS[name][0]) - 1, twice


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("name", ["openat", "write", "fsync", "linkat", "newfstatat"])
def test_a_lasting_fault_defers_every_time_and_tmp_does_not_grow(name: str, error: str, box: Box) -> None:
    filings, existing = SCENARIOS["two folders"]
    other = Box(box.home.parent / "other")
    other.home.mkdir(mode=0o700)
    for one in (box, other):
        one.make(*existing)
    number = next(call.number for call in calls(other, filings, {}) if call.name == name)
    for _ in range(3):
        printed = run(box, filings, {}, ["-e", f"inject={name}:error={error}:when={number}+"])
        assert printed.startswith("deferred ") or (printed == "" and name in ("write", "openat"))
        assert box.visible() == {}
        assert box.residue() == []
