"""Layout fs: folders are directories in the Maildir, at any depth, made as safely as any other."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyfilter.delivery.execute import execute
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED

from .box import QUEUED, RAW, SETTINGS, Box, make_plan
from .tracing import PACKAGES, Call, Filings, calls, run

FS: dict[str, object] = {"layout": "fs"}
NESTED: Filings = (("copy", "INBOX", ""), ("copy", "A", "S"), ("file", "A/B/C", ""))
SEEN = {".": [QUEUED], "A": [QUEUED], "A/B/C": [QUEUED]}


def deliver(box: Box, *filings: tuple[str, str | None, str], raw: bytes = RAW, **settings: object) -> str:
    outcome = execute(make_plan(*filings, layout="fs", **settings), Message.from_bytes(raw), str(box.home))
    assert outcome.status is DELIVERED, outcome
    return outcome.detail


def test_a_folder_and_one_in_it_live_side_by_side(box: Box) -> None:
    for folder in ("A", "A/B", "C/D", "C", "C/D/E"):
        deliver(box, ("file", folder, ""))
    assert box.visible() == {folder: [RAW] for folder in ("A", "A/B", "C", "C/D", "C/D/E")}
    assert box.residue() == []


def test_what_is_made_is_a_folder_and_those_above_it_are_none(box: Box) -> None:
    before = os.umask(0o777)
    try:
        deliver(box, ("file", "A/B.x/ž", ""))
    finally:
        os.umask(before)
    made = {str(path.relative_to(box.path)): stat.S_IMODE(path.stat().st_mode) for path in box.path.rglob("*")}
    parts = ("cur", "new", "tmp")
    directories = ["A", "A/B.x", "A/B.x/&AX4-", *parts, *(f"A/B.x/&AX4-/{part}" for part in parts)]
    assert {name for name, mode in made.items() if mode == 0o700} == set(directories)
    assert {name for name in made if name not in directories and "/new/" not in name} == {"subscriptions"}
    assert (box.path / "subscriptions").read_bytes() == b"V\t2\n\nA\tB.x\t&AX4-\n"


def test_a_directory_that_only_holds_folders_is_none_where_none_may_be_made(box: Box) -> None:
    box.make("", "A/B")
    detail = deliver(box, ("file", "A", ""), ("file", "A/B", "S"), create_folders=False)
    assert detail == "there is no folder 'A', and `create-folders = no`: the inbox instead"
    assert box.visible() == {".": [RAW], "A/B": [RAW]}
    assert sorted(os.listdir(box.path / "A")) == ["B"]


def test_folders_of_the_other_layout_are_left_alone(box: Box) -> None:
    box.make("", ".A.B")
    deliver(box, ("file", "A/B", ""))
    assert box.visible() == {"A/B": [RAW]}


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: Path(path).touch(), lambda path: os.symlink("nowhere", path)])
def test_what_stands_in_place_of_a_directory_above_defers(box: Box, make: Callable[[Path], None]) -> None:
    box.make("")
    make(box.path / "A")
    outcome = execute(
        make_plan(("copy", "INBOX", ""), ("file", "A/B", ""), layout="fs"), Message.from_bytes(RAW), str(box.home)
    )
    assert outcome.status is DEFERRED
    assert outcome.detail.startswith(f"{box.path}/A/B: ")
    assert box.visible() == {} and box.residue() == []


# --- the order of the calls, and what if one fails -------------------------


def made_and_synced(found: list[Call]) -> list[str]:
    """Directories that are made and brought to disk, in order, as paths in the Maildir."""
    told = []
    for call in found:
        path = call.text.split("/Maildir", 1)[1].split(">")[0].split('"')[0] if "/Maildir" in call.text else None
        if call.name == "mkdir" and path is not None:
            told.append(f"mkdir {path}")
        elif call.name == "mkdirat" and '"tmp"' in call.text:
            told.append(f"tmp in {path}")
        elif call.name == "fsync" and path is not None and "/tmp/" not in path and "/new" not in path:
            told.append(f"fsync {path}")
    return told


def test_every_directory_is_on_disk_before_tmp_is_there(box: Box, strace: None) -> None:
    box.make("")
    assert made_and_synced(calls(box, (("file", "A/B/C", ""),), FS | {"subscribe": False})) == [
        *("mkdir /A", "fsync "),
        *("mkdir /A/B", "fsync /A"),
        *("mkdir /A/B/C", "fsync /A/B"),
        *("fsync /A/B/C", "tmp in /A/B/C"),
    ]


def test_a_directory_that_another_delivery_made_is_brought_to_disk_too(box: Box, strace: None) -> None:
    """The other one may not have come so far, and the power may go when this one has said "delivered"."""
    box.make("")
    (box.path / "A").mkdir()
    assert made_and_synced(calls(box, (("file", "A/B", ""),), FS | {"subscribe": False})) == [
        *("mkdir /A", "fsync "),
        *("mkdir /A/B", "fsync /A"),
        *("fsync /A/B", "tmp in /A/B"),
    ]


def test_a_folder_that_is_there_costs_no_directory(box: Box, strace: None) -> None:
    box.make("", "A/B")
    assert made_and_synced(calls(box, (("file", "A/B", ""),), FS)) == []


def each_call(tmp_path: Path, inject: str, judge: Callable[[Box, str, str], None]) -> None:
    """A delivery into nested folders that are missing, once for each of its calls, with that call spoilt."""

    def fresh(number: int) -> Box:
        box = Box(tmp_path / str(number) / "home")
        box.home.mkdir(parents=True, mode=0o700)
        return box

    memory = {"brk", "mmap", "munmap", "mremap", "madvise", "rt_sigaction"}
    found = [call for call in calls(fresh(0), NESTED, FS) if call.name not in memory]
    assert len(found) > 60

    def act(number: int) -> None:
        box, call = fresh(number + 1), found[number]
        said = run(box, NESTED, FS, ["-e", f"inject={call.name}:{inject}:when={call.number}"])
        judge(box, said, f"{call}: {said!r}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(act, range(len(found))))


def test_a_call_that_fails_loses_nothing(tmp_path: Path, strace: None) -> None:
    def judge(box: Box, said: str, story: str) -> None:
        if said.startswith("delivered "):
            assert box.visible() == SEEN, story
        else:
            assert said.startswith("deferred ") and box.visible() == {}, story
            deliver(box, *NESTED, raw=QUEUED)
            assert box.visible() == SEEN, story

    each_call(tmp_path, "error=EIO", judge)


def test_a_kill_loses_nothing_and_doubles_nothing(tmp_path: Path, strace: None) -> None:
    def judge(box: Box, said: str, story: str) -> None:
        assert said == "", story
        deliver(box, *NESTED, raw=QUEUED)
        assert box.visible() == SEEN, story

    each_call(tmp_path, "signal=KILL", judge)


def test_sixteen_deliverers_make_one_folder(tmp_path: Path) -> None:
    box = Box(tmp_path / "home")
    box.home.mkdir(mode=0o700)
    words = [sys.executable, "-I", "-S", str(Path(__file__).with_name("crowd.py")), PACKAGES, str(box.home), "16", "2"]
    done = subprocess.run([*words, json.dumps(SETTINGS | FS)], capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    folder = "Crowd/&AX0-lu&AWU-ou&AQ0-k&AP0-"
    sent = sorted(f"Subject: {number}-{at}" for number in range(16) for at in range(2))
    visible = box.visible()
    assert visible.keys() == {".", folder}
    for contents in visible.values():
        assert sorted(raw.decode().split("\n")[0] for raw in contents) == sent
    assert (box.path / "subscriptions").read_bytes() == b"V\t2\n\nCrowd\t&AX0-lu&AWU-ou&AQ0-k&AP0-\n"
    assert os.listdir(box.path / "Crowd") == ["&AX0-lu&AWU-ou&AQ0-k&AP0-"]
