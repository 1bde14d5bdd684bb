"""P12: many deliveries at once, and a mail client that moves, marks and deletes what they file: sent = filed = unique.

Each message is delivered by a process of its own, so many at a time; one that waits is tried again, as the mail server
does. The reader goes through the folder without end: what is new goes to cur/, what lies there gets a flag or, every
third one, is read and deleted, and counts as filed. What is never delivered twice is never lost, whoever moves it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ..delivery.box import SETTINGS
from ..delivery.tracing import PACKAGES
from .conftest import WHOLE
from .deliverers import BODY, DELIVERERS, PEERS, PYFILTER, Deliverer, Home, whole
from .record import record
from .scenarios import SCENARIOS

TRIES = 5
# at a time, messages
CROWDS = [(16, 500), (64, 1000)] if WHOLE else [(16, 48)]
PEERS_CROWDS = [(64, 300)]
MBOX_CROWDS = [(16, 200)] if WHOLE else [(16, 24)]
# without the start of an interpreter for each: messages of each of 64
OF_EACH = 160


def numbered(number: int) -> bytes:
    return b"X-Number: %d\n" % number + BODY


class Reader:
    """A mail client at work in one folder. ``deleted``: what it has read and deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._flags = 0
        self.deleted: list[bytes] = []

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(0.001):
            for name in os.listdir(self._folder / "new"):
                with contextlib.suppress(FileNotFoundError):  # taken back in the meantime
                    os.rename(self._folder / "new" / name, self._folder / "cur" / f"{name}:2,")
            for name in os.listdir(self._folder / "cur"):
                base, _, flags = name.partition(":2,")
                self._flags += 1
                if self._flags % 3 == 0:
                    self.deleted.append((self._folder / "cur" / name).read_bytes())
                    os.unlink(self._folder / "cur" / name)
                elif "S" not in flags:
                    os.rename(self._folder / "cur" / name, self._folder / "cur" / f"{base}:2,{flags}S")


def deliver_all(home: Home, at_a_time: int, messages: int) -> Counter[str]:
    """Every message until it is taken; how the tries ended."""
    ends: Counter[str] = Counter(deferred=0, bounced=0)

    def deliver(number: int) -> list[str]:
        message = b"From a@x.example Tue Nov 24 04:38:40 2026\n" + numbered(number)
        tries = []
        for _ in range(TRIES):
            tries.append(home.deliver(message=message).fate)
            if tries[-1] != "deferred":
                break
        return tries

    with ThreadPoolExecutor(at_a_time) as pool:
        for tries in pool.map(deliver, range(messages)):
            ends.update(tries)
    return ends


def texts(home: Home) -> Iterator[bytes]:
    yield from home.filed()
    mail = home.path / "Mail"
    for path in (mail / "old").glob("[0-9]*"):
        yield path.read_bytes()
    if (mail / "old.mbox").is_file():
        for text in (b"\n" + (mail / "old.mbox").read_bytes()).split(b"\nFrom ")[1:]:
            yield text.partition(b"\n")[2]


def figures(
    base: Path, deliverer: Deliverer, at_a_time: int, messages: int, rules: str | None = None
) -> dict[str, int]:
    began = time.monotonic()
    with Home(base, deliverer, "folder", rules) as home:
        with Reader(home.maildir / ".Cron") as reader:
            ends = deliver_all(home, at_a_time, messages)
        found: Counter[int] = Counter()
        partial = 0
        for text in [*reader.deleted, *texts(home)]:
            number = re.search(rb"^X-Number: (\d+)\n", text, re.MULTILINE)
            if number and whole(text, numbered(int(number[1]))):
                found[int(number[1])] += 1
            else:
                partial += 1
        left = home.leftovers()
    if deliverer is PYFILTER:
        assert left == []
    return {
        "deliverers": at_a_time,
        "sent": messages,
        "deferred": ends["deferred"],
        "bounced": ends["bounced"],
        "lost": messages - len(found),
        "twice": sum(count - 1 for count in found.values()),
        "partial": partial,
        "seconds": round(time.monotonic() - began),
    }


def check(found: dict[str, int]) -> None:
    broken = {name: found[name] for name in ("deferred", "bounced", "lost", "twice", "partial") if found[name]}
    assert broken == {}


@pytest.mark.parametrize(("at_a_time", "messages"), CROWDS)
def test_sent_is_filed_is_unique(tmp_path: Path, at_a_time: int, messages: int) -> None:
    found = figures(tmp_path, PYFILTER, at_a_time, messages)
    record("P12", PYFILTER.name, f"folder, {at_a_time} at a time", **found)
    check(found)


@pytest.mark.parametrize("sink", ["mbox", "mh"])
@pytest.mark.parametrize(("at_a_time", "messages"), MBOX_CROWDS)
def test_sent_is_filed_is_unique_in_other_formats(tmp_path: Path, sink: str, at_a_time: int, messages: int) -> None:
    found = figures(tmp_path, PYFILTER, at_a_time, messages, SCENARIOS[sink].rules)
    record("P12", PYFILTER.name, f"{sink}, {at_a_time} at a time", **found)
    check(found)


@pytest.mark.whole  # tests/delivery/test_crowd.py is the sample of this
def test_ten_thousand_messages(tmp_path: Path) -> None:
    """By 64 processes, each one message after another, into the inbox and a folder (tests/delivery/crowd.py)."""
    began = time.monotonic()
    with Home(tmp_path, PYFILTER) as home:
        program = Path(__file__).parents[1] / "delivery" / "crowd.py"
        words = [sys.executable, "-I", "-S", program, PACKAGES, home.path, "64", str(OF_EACH), json.dumps(SETTINGS)]
        with Reader(home.maildir) as reader:
            crowd = subprocess.run(words, capture_output=True, check=False)
        assert (crowd.returncode, crowd.stderr) == (0, b"")
        found = Counter(text.split(b"\n")[0] for text in [*reader.deleted, *home.filed()])
        assert home.leftovers() == []
    sent = {b"Subject: %d-%d" % (number, at) for number in range(64) for at in range(OF_EACH)}
    figures = {
        "deliverers": 64,
        "sent": len(sent),
        "deferred": 0,
        "bounced": 0,
        "lost": sum(found[subject] < 2 for subject in sent),
        "twice": sum(found[subject] > 2 for subject in sent),
        "partial": len(set(found) - sent),
        "seconds": round(time.monotonic() - began),
    }
    record("P12", PYFILTER.name, "inbox and folder, one process for many messages", **figures)
    check(figures)


@pytest.mark.whole  # the peers are measured by make torture
@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(("at_a_time", "messages"), PEERS_CROWDS)
def test_the_peers(tmp_path: Path, peer: str, at_a_time: int, messages: int) -> None:
    if DELIVERERS[peer].missing:
        pytest.skip(DELIVERERS[peer].missing)
    found = figures(tmp_path, DELIVERERS[peer], at_a_time, messages)
    record("P12", peer, f"folder, {at_a_time} at a time", **found)
    assert found["sent"] == messages
