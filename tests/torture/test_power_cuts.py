"""P4: the power is cut right after status 0, or in the middle of a delivery. What was delivered is there when it comes
back; what was not is nowhere in part, and the mail server's next try files it.

Right after: each deliverer files one message after another into a home on an image (images.py), and each time the
image is cut off the moment it has ended. In the middle: pyfilter is killed at each of its calls that change the disk,
and the image is cut off then; once as the disk is, and once with all that the kernel had in mind on it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import WHOLE
from .deliverers import BODY, DELIVERERS, PEERS, PYFILTER, Deliverer, Home, whole
from .images import SYSTEMS, Image, after, standing
from .record import record
from .scenarios import SCENARIOS

CUTS, PEERS_CUTS, SINKS_CUTS = (200, 20, 50) if WHOLE else (3, 0, 3)
SINKS = ("folder", "mbox", "mh", "new folder", "layout fs")
NEW = 'rule "cron" { when header "X-Number" matches "{number}"; file into "New/{number}" }\n'
RULES = {name: scenario.rules for name, scenario in SCENARIOS.items()} | {
    "new folder": NEW,
    "layout fs": f"set layout = fs\n{NEW}",
    "not durable": 'set durable = none\nrule "cron" { when subject contains "cron"; file into "Cron" }\n',
}
# those that change what is on the disk
CALLS = "write,pwrite64,fsync,fdatasync,link,linkat,rename,renameat,unlink,unlinkat,mkdir,mkdirat,fchmod,ftruncate"


class After(NamedTuple):
    """What a reader sees: how often each number lies there whole, and what lies there otherwise."""

    whole: Counter[int]
    partial: list[str]


def numbered(number: int) -> bytes:
    return b"X-Number: %d\n" % number + BODY


def message(number: int) -> bytes:
    return b"From a@x.example Tue Nov 24 04:38:40 2026\n" + numbered(number)


def look(home: Home) -> After:
    """Everything in the Maildir, in the mbox and in the MH directory."""
    found: Counter[int] = Counter()
    partial = []
    for place, text in _texts(home):
        number = re.search(rb"^X-Number: (\d+)\n", text, re.MULTILINE)
        if number and whole(text, numbered(int(number[1]))):
            found[int(number[1])] += 1
        else:
            partial.append(f"{place}: {len(text)} bytes")
    return After(found, partial)


def _texts(home: Home) -> Iterator[tuple[str, bytes]]:
    yield from (("the Maildir", text) for text in home.filed())
    mail = home.path / "Mail"
    for path in (mail / "old").glob("[0-9]*"):
        yield str(path), path.read_bytes()
    if (mail / "old.mbox").is_file():
        for text in (b"\n" + (mail / "old.mbox").read_bytes()).split(b"\nFrom ")[1:]:
            yield "the mbox", text.partition(b"\n")[2]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    if os.geteuid():
        pytest.skip("only root can mount file systems")
    return tmp_path


def cut_after_each(base: Path, deliverer: Deliverer, system: str, scenario: str, cuts: int) -> dict[str, int]:
    """The figures of so many deliveries, each with a cut right after it."""
    counts = Counter(runs=0, delivered=0, deferred=0, bounced=0, lost=0, partial=0)
    rules = RULES[scenario] if deliverer is PYFILTER else None
    with Home(base, deliverer, "folder", rules) as home, Image(system) as image, standing(home, *image.options):
        for number in range(cuts):
            ended = home.deliver(message=message(number))
            cut = image.cut()
            with after(home, cut):
                seen = look(home)
                assert not list(home.maildir.glob("new/*")), "the rules have errors"
            counts.update({"runs": 1, ended.fate: 1, "partial": bool(seen.partial)})
            counts["lost"] += ended.fate == "delivered" and not seen.whole[number]
    return dict(counts)


@pytest.mark.parametrize("scenario", SINKS)
@pytest.mark.parametrize("system", SYSTEMS if WHOLE else ["ext4"])
def test_what_is_delivered_is_there_after_a_power_cut(base: Path, system: str, scenario: str) -> None:
    cuts = CUTS if scenario == "folder" else SINKS_CUTS
    figures = cut_after_each(base, PYFILTER, system, scenario, cuts)
    record("P4", PYFILTER.name, f"{scenario}, {system}", **figures)
    assert figures == {"runs": cuts, "delivered": cuts, "deferred": 0, "bounced": 0, "lost": 0, "partial": 0}


@pytest.mark.parametrize("system", SYSTEMS if WHOLE else ["ext4"])
def test_what_does_not_ask_for_it_is_not(base: Path, system: str) -> None:
    """`set durable = none` says so; and the test above can fail on this file system."""
    figures = cut_after_each(base, PYFILTER, system, "not durable", 3)
    record("P4", PYFILTER.name, f"`durable = none`, {system}", **figures)
    assert figures["lost"] == 3


@pytest.mark.whole  # the peers are measured by make torture
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("peer", PEERS)
def test_the_peers(base: Path, peer: str, system: str) -> None:
    if DELIVERERS[peer].missing:
        pytest.skip(DELIVERERS[peer].missing)
    figures = cut_after_each(base, DELIVERERS[peer], system, "folder", PEERS_CUTS)
    record("P4", peer, f"folder, {system}", **figures)
    assert figures["delivered"] == PEERS_CUTS


# ------------------------------------------------------------ in the middle


def points(home: Home) -> list[tuple[str, int]]:
    """Each call of a delivery that changes the disk, and the how-manieth of its name it is in its process."""
    trace = home.path.with_name("trace")
    assert home.deliver("-f", "-o", str(trace), "-e", f"trace={CALLS}", message=message(0)).status == 0
    assert not list(home.maildir.glob("new/*")), "the rules have errors"
    counts: Counter[tuple[str, str]] = Counter()
    for line in trace.read_text(errors="replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            counts[found[1], found[2]] += 1
    most: Counter[str] = Counter()
    for (_, call), count in counts.items():
        most[call] = max(most[call], count)
    return [(call, n) for call, count in sorted(most.items()) for n in range(1, count + 1)]


@pytest.mark.parametrize("scenario", SINKS)
@pytest.mark.parametrize("system", SYSTEMS if WHOLE else ["ext4"])
def test_a_cut_in_the_middle_leaves_no_part_and_the_next_try_files_it(base: Path, system: str, scenario: str) -> None:
    counts = Counter(runs=0, deferred=0, lost=0, partial=0, never=0, twice=0)
    step = 1 if WHOLE else 4
    with (
        Home(base, PYFILTER, "folder", RULES[scenario]) as home,
        Image(system) as image,
        standing(home, *image.options),
    ):
        moments = points(home)
        assert len(moments) > 10
        for number, (call, n) in enumerate(moments[::step], 1):
            empty(home)
            home.deliver(
                "-f",
                "-e",
                f"trace={call}",
                "-e",
                f"inject={call}:signal=KILL:when={n}",
                "-o",
                "/dev/null",
                message=message(number),
            )
            wait_for_orphans(home)
            for written in (False, True):
                if written:
                    os.sync()
                with after(home, image.cut()):
                    before = look(home)
                    for lock in home.path.glob("Mail/*.lock"):
                        os.utime(
                            lock, (0, 0)
                        )  # the mail server waits before it tries again: what a kill has left is old
                    again = home.deliver(message=message(number))
                    seen = look(home)
                counts["partial"] += bool(seen.partial or (before.partial and scenario != "mbox"))
                counts["lost"] += not before.whole[0] or not seen.whole[0]
                counts["never"] += again.status != 0 or not seen.whole[number]
                counts["twice"] += seen.whole[number] > 1
                counts.update(runs=1, deferred=1)
    record("P4", PYFILTER.name, f"{scenario}, {system}, cut in the middle", **counts)
    assert {name: counts[name] for name in ("lost", "partial", "never")} == {"lost": 0, "partial": 0, "never": 0}


def wait_for_orphans(home: Home) -> None:
    """The launcher was killed: what it had started dies with it, but not in the same moment."""
    mark = b"HOME=" + os.fsencode(home.path) + b"\0"
    until = time.monotonic() + 10
    while time.monotonic() < until and any(mark in variables for variables in environments()):
        time.sleep(0.005)


def environments() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it is gone
            yield path.read_bytes() + b"\0"


def empty(home: Home) -> None:
    """Only message 0 is left, and nothing of a delivery that was killed."""
    for path in [*home.maildir.glob("**/new/*"), *home.maildir.glob("**/tmp/*"), *home.path.glob("Mail/*.lock")]:
        if b"X-Number: 0\n" not in path.read_bytes() or path.parent.name == "tmp":
            path.unlink()
    for path in (home.path / "Mail" / "old").glob("*"):
        if b"X-Number: 0\n" not in path.read_bytes():
            path.unlink()
    if (mbox := home.path / "Mail" / "old.mbox").exists():
        text = mbox.read_bytes()
        mbox.write_bytes(text[: text.index(b"\nFrom ", 1) + 1] if b"\nFrom " in text[1:] else text)
    shutil.rmtree(home.path / ".local", ignore_errors=True)
    os.sync()
