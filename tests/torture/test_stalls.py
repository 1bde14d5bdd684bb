"""P16: something stands still, and the delivery ends within its deadline: the mail is filed, or it waits.

The rows are in stalls.py. What lies where a delivery was made to stall is taken away again, and the mail server's next
try files the message, once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

import pyfilter.status
from pyfilter.language.loading import load

from ..launcher.conftest import AS_INSTALLED, compile_launcher
from .conftest import WHOLE
from .deliverers import DELIVERERS, MESSAGE, PEERS, PYFILTER, Ended, Home, whole
from .record import record
from .stalls import DEADLINE, PEERS_STALLS, STALLS, Stall

HUNG_SECONDS = 20  # ten times the deadline of the rules
SAMPLE = [stall for stall in STALLS if WHOLE or not stall.name.endswith(("silent writer", "full"))]


class Stalled(NamedTuple):
    ended: Ended
    seconds: float
    filed: list[bytes]
    left: list[Path]


def deliver(home: Home) -> Stalled:
    began = time.monotonic()
    ended = home.deliver()
    return Stalled(ended, time.monotonic() - began, filed(home), home.leftovers())


def filed(home: Home) -> list[bytes]:
    """What a reader sees, of whatever format."""
    mail = home.path / "Mail"
    found = home.filed() if home.maildir.is_dir() else []
    if (mail / "old.mbox").is_file():
        found += [text.partition(b"\n")[2] for text in (mail / "old.mbox").read_bytes().split(b"From a@x.example")[1:]]
    return found + [path.read_bytes() for path in (mail / "old").glob("[0-9]*") if path.is_file()]


@contextmanager
def prepared(base: Path, stall: Stall) -> Iterator[Home]:
    with Home(base, PYFILTER, rules="") as home:
        home.write(".pyfilterrc", DEADLINE + stall.rules.replace("HOME", str(home.path)))
        for name in ("friends.txt", "more.rules", "away.txt"):
            home.write(name, "# away\n")
        home.write("stuck", "#!/bin/sh\ncat >/dev/null\n", 0o755)
        assert load(str(home.path)).problem == ""
        if stall.after:
            other = MESSAGE.replace(b"<1@x.example>", b"<0@x.example>").replace(b"<a@x.example>", b"<b@x.example>")
            assert home.deliver(message=other).status == 0
            for path in [
                *home.maildir.glob("**/new/*"),
                *home.maildir.glob("**/cur/*"),
                *home.path.glob("Mail/old.mbox"),
                *home.path.glob("Mail/old/[0-9]*"),
            ]:
                path.unlink()
        yield home


@pytest.fixture(scope="module")
def tally() -> Iterator[dict[str, dict[str, float]]]:
    """The figures of each kind of stall, recorded when all are there."""
    kinds: dict[str, dict[str, float]] = {}
    yield kinds
    for kind, figures in kinds.items():
        record("P16", PYFILTER.name, kind, **figures)


def add(tally: dict[str, dict[str, float]], stall: Stall, figures: Mapping[str, float], seconds: float) -> None:
    kind = stall.name[stall.name.index("a FIFO") :] if " is a FIFO" in stall.name else "locks, programs, scanners, logs"
    sums = tally.setdefault(kind, {})
    for name, number in figures.items():
        sums[name] = sums.get(name, 0) + number
    sums["slowest"] = max(sums.get("slowest", 0), round(seconds, 1))


@pytest.mark.parametrize("stall", SAMPLE, ids=[stall.name for stall in SAMPLE])
def test_a_delivery_ends_whatever_stands_still(
    tmp_path: Path, stall: Stall, tally: dict[str, dict[str, float]]
) -> None:
    if os.geteuid() and "system's log" in stall.name:
        pytest.skip("only root can put another /dev/log in place")
    with prepared(tmp_path, stall) as home:
        with stall.make(home):
            first = deliver(home)
        found = [whole(text) for text in first.filed]
    figures = Counter(
        runs=1,
        bounced=first.ended.fate == "bounced" or first.ended.output not in (b"", b"4.3.0 delivery postponed\n"),
        lost=first.ended.status == 0 and not any(found),
        partial=not all(found),
        twice=len(found) > 1 or (first.ended.fate == "deferred" and any(found)),
        hung=first.seconds > HUNG_SECONDS,
    )
    print(f"{stall.name}: {first.ended.status} {first.seconds:.1f} s, filed {len(found)}, left {len(first.left)}")
    ends = {name: int(first.ended.fate == name) for name in ("delivered", "deferred")}
    add(tally, stall, {**figures, **ends}, first.seconds)
    assert {name for name, count in figures.items() if count} == {"runs"}, first
    if stall.filed is not None:
        assert (first.ended.fate == "delivered") == stall.filed, first


def test_a_feeder_that_stands_still(tmp_path: Path) -> None:
    """Standard input never ends. Rules cannot shorten that time, so it is the launcher's that a compiler has."""
    launcher = compile_launcher(tmp_path, AS_INSTALLED, "DEADLINE_MS=1000")
    python = f"python3.{sys.version_info.minor}"
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib" / python).mkdir(parents=True)
    (tmp_path / "lib" / python / "site-packages").symlink_to(Path(pyfilter.status.__file__).parents[1])
    (tmp_path / "bin" / python).symlink_to(Path(sys.executable).resolve())
    with Home(tmp_path, PYFILTER) as home:
        home.command[0] = str(shutil.copy2(launcher, tmp_path / "bin" / "pyfilter-deliver"))
        with subprocess.Popen(home.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=home.environment) as one:
            assert one.stdin is not None
            assert one.stdout is not None
            one.stdin.write(MESSAGE)
            one.stdin.flush()
            assert one.wait(HUNG_SECONDS) == 75
            assert one.stdout.read() == b"4.3.0 delivery postponed\n"
        assert home.filed() == []
        assert home.leftovers() == []
    record("P16", PYFILTER.name, "standard input never ends", runs=1, deferred=1, hung=0)


@pytest.mark.whole  # the peers are measured by make torture
@pytest.mark.parametrize("peer", PEERS)
def test_the_peers(tmp_path: Path, peer: str) -> None:
    if DELIVERERS[peer].missing:
        pytest.skip(DELIVERERS[peer].missing)
    for name, make in PEERS_STALLS.items():
        with Home(tmp_path, DELIVERERS[peer], "folder") as home:
            with make(home):
                first = deliver(home)
            found = [whole(text) for text in first.filed]
            record(
                "P16",
                peer,
                name,
                runs=1,
                **{first.ended.fate: 1},
                lost=int(first.ended.status == 0 and not any(found)),
                partial=int(not all(found)),
                hung=int(first.ended.hung),
                slowest=round(first.seconds, 1),
            )
