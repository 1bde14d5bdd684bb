"""P6: the mail server is killed while it hands the message over, so that the pipe ends as behind a whole message.
Nothing is filed, and the mail waits; the next try files it.

A feeder starts the delivery as Postfix's local(8) does, in a session of its own, writes so many bytes, waits until they
have been read, and is killed. Who it had started becomes a child of the test (PR_SET_CHILD_SUBREAPER of prctl(2)),
which so learns its status.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import WHOLE
from .deliverers import BODY, DELIVERERS, LONGEST_SECONDS, PEERS, PYFILTER, Deliverer, Home, fate, whole
from .record import record

PR_SET_CHILD_SUBREAPER = 36
LONG_BODY = BODY + b"one more line, of many in a long message\n" * 7000  # some 300 kB: a pipe holds 65,536 bytes
MESSAGE = b"From a@x.example Tue Nov 24 04:38:40 2026\n" + LONG_BODY
END_OF_HEADER = MESSAGE.index(b"\n\n")
# each would be a message to somebody who does not know better: cut in the header, at its end, behind a line, in one
ODD = [1, 42, 60, END_OF_HEADER, END_OF_HEADER + 1, END_OF_HEADER + 2, 4096, 65_536, 65_537, len(MESSAGE) - 1]
OFFSETS = sorted(ODD + [len(MESSAGE) * part // 41 for part in range(1, 41)]) if WHOLE else ODD[1::2]

FEEDER = """
import fcntl, json, subprocess, sys, termios, time
command, environment, account = json.loads(sys.argv[1])
delivery = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    env=environment, cwd="/", start_new_session=True, umask=0o077, **account)
delivery.stdin.write(sys.stdin.buffer.read())
delivery.stdin.flush()
while fcntl.ioctl(delivery.stdin, termios.FIONREAD, bytes(4)) != bytes(4):
    time.sleep(0.001)  # until it runs and has read it all; there is no event for that
print(delivery.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def orphans_come_to_us() -> Iterator[None]:
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
    yield
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 0) == 0


def cut(home: Home, offset: int) -> int:
    """Feed so many bytes of MESSAGE; the exit status of the delivery, or minus the signal."""
    account = {} if home.user is None else {"user": home.user, "group": home.user, "extra_groups": []}
    words = json.dumps([home.command, home.environment, account])
    feeder = subprocess.Popen([sys.executable, "-c", FEEDER, words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with feeder:
        assert feeder.stdin is not None
        assert feeder.stdout is not None
        feeder.stdin.write(MESSAGE[:offset])
        feeder.stdin.close()
        delivery = int(feeder.stdout.readline())
        feeder.kill()
    return ended(delivery)


def ended(process: int) -> int:
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def figures(base: Path, deliverer: Deliverer) -> dict[str, int]:
    counts = Counter(runs=0, delivered=0, deferred=0, bounced=0, filed=0, never=0)
    with Home(base, deliverer, "folder") as home:
        for offset in OFFSETS:
            home.empty()
            counts.update({"runs": 1, fate(cut(home, offset)): 1, "filed": bool(home.filed())})
        home.empty()
        again = home.deliver(message=MESSAGE)
        counts["never"] += again.status != 0 or not any(whole(text, LONG_BODY) for text in home.filed())
    return dict(counts)


def test_nothing_of_a_cut_message_is_filed(tmp_path: Path) -> None:
    found = figures(tmp_path, PYFILTER)
    record("P6", PYFILTER.name, "folder", **found)
    runs = len(OFFSETS)
    assert found == {"runs": runs, "delivered": 0, "deferred": runs, "bounced": 0, "filed": 0, "never": 0}


@pytest.mark.whole  # the peers are measured by make torture
@pytest.mark.parametrize("peer", PEERS)
def test_the_peers(tmp_path: Path, peer: str) -> None:
    if DELIVERERS[peer].missing:
        pytest.skip(DELIVERERS[peer].missing)
    found = figures(tmp_path, DELIVERERS[peer])
    record("P6", peer, "folder", **found)
    assert (found["runs"], found["never"]) == (len(OFFSETS), 0)
