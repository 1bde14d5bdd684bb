"""P3: a disk that is full or read-only, and limits of the system: the mail waits, soon, and leaves nothing behind, as
often as it is tried; with room again, it is filed.

Disks: the whole home lies on a tmpfs. Limits: setrlimit(2), by prlimit(1) in front; a limit that is so low that not
even the program can be started is the caller's trouble, and does not count. Nobody's limit of processes holds for
root, so that pyfilter, too, has an account of its own here, where its installation is open to others.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import WHOLE
from .deliverers import DELIVERERS, PEERS, PYFILTER, Deliverer, Ended, Home, whole
from .images import standing
from .record import record

TRIES, PEERS_TRIES = (100, 10) if WHOLE else (4, 0)


class Disk(NamedTuple):
    """Options of its tmpfs; what makes the lack, and what mends it."""

    options: str
    spoil: Callable[[Path], None]
    mend: Callable[[Path], None]


def fill(place: Path, left: int = 0) -> None:
    with (place / "filler").open("wb") as filler:
        disk = os.statvfs(place)
        filler.write(bytes(disk.f_bavail * disk.f_frsize - left))


def take_all_inodes(place: Path) -> None:
    for number in range(os.statvfs(place).f_favail):
        (place / f"filler{number}").touch()


def make_room(place: Path) -> None:
    for path in place.glob("filler*"):
        path.unlink()


def remount(option: str) -> Callable[[Path], None]:
    return lambda place: subprocess.run(["mount", "-o", f"remount,{option}", place], check=True) and None


DISKS = {
    "no room": Disk("size=1m", fill, make_room),
    "room for a part of the message": Disk("size=1m", lambda place: fill(place, 8192), make_room),
    "no inodes": Disk("size=4m,nr_inodes=200", take_all_inodes, make_room),
    "read-only": Disk("size=4m", remount("ro"), remount("rw")),
}
LIMITS = [
    *(f"--fsize={number}" for number in (0, 1, 4096, 9000)),
    *(f"--nofile={number}" for number in (3, 4, 5, 6, 7, 8, 10, 14)),
    *(f"--as={number << 20}" for number in (1, 2, 4, 8, 12, 16, 20, 24, 32)),
    *(f"--data={number << 10}" for number in (64, 512, 4096)),
    *(f"--stack={number << 10}" for number in (4, 16, 64, 128, 256)),
    *(f"--nproc={number}" for number in (0, 1)),
]
START = ("runs", "delivered", "deferred", "bounced", "lost", "partial", "twice", "never", "left")


class Tally:
    """Counts of deliveries in one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.counts: dict[str, int | float] = dict.fromkeys(START, 0)
        self.counts["slowest"] = 0.0
        self.stories: list[str] = []

    def deliver(self, what: str, *prefix: str) -> Ended:
        """A delivery under shortage."""
        began = time.monotonic()
        ended = self._home.deliver(prefix=prefix)
        seconds = round(time.monotonic() - began, 1)
        if ended.complaints.startswith(b"prlimit: failed to execute"):
            return ended
        found = [whole(text) for text in self._home.filed()]
        self.counts["slowest"] = max(self.counts["slowest"], seconds)
        struck = Counter({"runs": 1, ended.fate: 1})
        struck["lost"] += ended.status == 0 and not any(found)
        struck["partial"] += not all(found)
        self._count(what, ended, struck)
        return ended

    def again(self, what: str) -> None:
        """And without."""
        ended = self._home.deliver()
        found = [whole(text) for text in self._home.filed()]
        self._count(
            what, ended, Counter(never=int(ended.status != 0 or not any(found)), twice=int(found.count(True) > 1))
        )

    def _count(self, what: str, ended: Ended, struck: Counter[str]) -> None:
        for name, number in struck.items():
            self.counts[name] += number
        if any(number for name, number in struck.items() if name not in ("runs", "delivered", "deferred")):
            self.stories.append(f"{what}: {dict(struck)}, {ended}")

    def files(self) -> int:
        """Everything that lies in the home, whatever it is."""
        return sum(len(files) for _, _, files in os.walk(self._home.path))


def on_disk(base: Path, deliverer: Deliverer, name: str, tries: int) -> Tally:
    disk = DISKS[name]
    with (
        Home(base, deliverer, "folder") as home,
        standing(home, "-t", "tmpfs", "-o", f"{disk.options},mode=700", "tmpfs"),
    ):
        assert home.deliver().status == 0
        home.empty()
        tally = Tally(home)
        disk.spoil(home.path)
        tally.deliver(name)
        before = tally.files()
        for _ in range(tries - 1):
            tally.deliver(name)
        tally.counts["left"] += len(home.leftovers())
        if deliverer is PYFILTER:
            assert tally.files() == before, sorted(home.path.rglob("*"))
        disk.mend(home.path)
        if tally.counts["deferred"]:
            tally.again(name)
    return tally


def under_limits(base: Path, deliverer: Deliverer) -> Tally:
    with Home(base, deliverer, "folder") as home:
        if home.deliver().status != 0:
            pytest.skip(f"{deliverer.program} is not installed where others can run it")
        tally = Tally(home)
        for limit in LIMITS:
            home.empty()
            ended = tally.deliver(limit, "prlimit", limit, "--")
            if ended.fate == "deferred":
                tally.again(limit)
            tally.counts["left"] += len(home.leftovers())
    return tally


def check(tally: Tally) -> None:
    assert tally.stories == []
    assert tally.counts["left"] == 0
    assert tally.counts["deferred"], "nothing was short"


@pytest.fixture(autouse=True)
def root() -> None:
    if os.geteuid():
        pytest.skip("only root can mount file systems and make accounts")


@pytest.mark.parametrize("name", DISKS)
def test_a_disk_without_room_defers_and_nothing_grows(tmp_path: Path, name: str) -> None:
    tally = on_disk(tmp_path, PYFILTER, name, TRIES)
    record("P3, short of everything", PYFILTER.name, f"disk: {name}", **tally.counts)
    check(tally)
    assert tally.counts["deferred"] == TRIES


def test_whatever_limit_is_short_the_mail_waits_or_is_filed(tmp_path: Path) -> None:
    tally = under_limits(tmp_path, PYFILTER._replace(own_account=True))
    record("P3, short of everything", PYFILTER.name, "limits of the system", **tally.counts)
    check(tally)


@pytest.mark.whole  # the peers are measured by make torture
@pytest.mark.parametrize("peer", PEERS)
def test_the_peers(tmp_path: Path, peer: str) -> None:
    if DELIVERERS[peer].missing:
        pytest.skip(DELIVERERS[peer].missing)
    for name in DISKS:
        tally = on_disk(tmp_path, DELIVERERS[peer], name, PEERS_TRIES)
        record("P3, short of everything", peer, f"disk: {name}", **tally.counts)
    tally = under_limits(tmp_path, DELIVERERS[peer])
    record("P3, short of everything", peer, "limits of the system", **tally.counts)
    assert tally.counts["runs"]
