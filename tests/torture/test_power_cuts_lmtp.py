"""P4 by LMTP: the power is cut while 16 clients send. What was answered with 250 is there, whole, when it comes back.

All processes of the server are stopped at some moment, in the midst of whatever they are at; the image (images.py) is
cut off then, and looked at. The clients have read by then what they were told: each 250 must stand for a message. Then
everything goes on, until the next cut. Deliveries share their waits for the disk here (delivery/together.py), which is
what this is about.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from ..server.serving import Client, Server
from .conftest import WHOLE
from .images import SYSTEMS, Image, mounted
from .record import record

CLIENTS = 16
CUTS = 60 if WHOLE else 4
RULES = 'rule "even" { when header "X-Number" matches "*[02468]"; file into "Even" }\n'
TEXT = b"a line of some text, as it stands in mail\r\n" * 150 + b"the end"


def message(number: int) -> bytes:
    return b"Received: from x by y; now\r\nX-Number: %d\r\nSubject: x\r\n\r\n" % number + TEXT


class Crowd:
    """Clients that send until they are told to stop; ``answered``: the numbers of what the server took."""

    def __init__(self, server: Server) -> None:
        self.answered: set[int] = set()
        self.refused: list[bytes] = []
        self._server = server
        self._is_over = False
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _send(self, number: int) -> None:
        client = Client(self._server)
        while not self._is_over:
            number += CLIENTS
            (reply,) = client.mail(message(number))
            if reply.startswith(b"250 "):
                self.answered.add(number)
            else:
                self.refused.append(reply)

    def wait(self, more: int) -> None:
        """Until so many more were answered."""
        until = len(self.answered) + more
        while len(self.answered) < until and any(thread.is_alive() for thread in self._threads):
            time.sleep(0.001)

    def stop(self) -> None:
        self._is_over = True
        for thread in self._threads:
            thread.join()


def look(home: Path) -> tuple[Counter[int], list[str]]:
    """How often each number lies there whole, and what lies there otherwise."""
    found: Counter[int] = Counter()
    partial = []
    for path in [*home.glob("Maildir/new/*"), *home.glob("Maildir/.*/new/*")]:
        text = path.read_bytes()
        number = re.search(rb"^X-Number: (\d+)\n", text, re.MULTILINE)
        if number and text.endswith(message(int(number[1])).replace(b"\r\n", b"\n") + b"\n"):
            found[int(number[1])] += 1
        else:
            partial.append(f"{path}: {len(text)} bytes")
    return found, partial


def cut_while_they_send(directory: Path, system: str, rules: str, cuts: int) -> Counter[str]:
    """The figures of so many cuts."""
    chance = random.Random(20261124)
    figures = Counter(runs=0, delivered=0, bounced=0, lost=0, partial=0, twice=0)
    home = directory / "home"
    home.mkdir()
    with Image(system) as image, mounted(home, *image.options):
        home.chmod(0o700)
        server = Server(directory, rules)
        try:
            crowd = Crowd(server)
            try:
                for _ in range(cuts):
                    crowd.wait(chance.randint(1, 40))
                    processes = [*server.workers(), server.process.pid]
                    for process in processes:
                        os.kill(process, signal.SIGSTOP)
                    cut = image.cut()
                    answered = set(crowd.answered)
                    with mounted(home, *cut):
                        found, partial = look(home)
                    figures.update(
                        runs=1,
                        lost=len(answered - set(found)),
                        partial=len(partial),
                        twice=sum(count > 1 for count in found.values()),
                    )
                    for process in processes:
                        os.kill(process, signal.SIGCONT)
            finally:
                crowd.stop()
            figures.update(delivered=len(crowd.answered), bounced=len(crowd.refused))
        finally:
            server.stop()
    return figures


@pytest.fixture
def base(tmp_path: Path) -> Path:
    if os.geteuid():
        pytest.skip("only root can mount file systems")
    return tmp_path


@pytest.mark.parametrize("system", SYSTEMS if WHOLE else ["ext4"])
def test_what_was_answered_is_there_after_a_power_cut(base: Path, system: str) -> None:
    figures = cut_while_they_send(base, system, RULES, CUTS)
    record("P4", "pyfilter", f"LMTP, {CLIENTS} clients, {system}", **figures)
    assert figures["lost"] == figures["partial"] == figures["twice"] == figures["bounced"] == 0
    assert figures["delivered"] >= CUTS


def test_without_waiting_for_the_disk_it_is_lost(base: Path) -> None:
    """So a loss would be seen."""
    assert cut_while_they_send(base, "ext4", f"set durable = none\n{RULES}", 2)["lost"] > 0
