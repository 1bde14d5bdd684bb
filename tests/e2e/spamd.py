"""Debian's spamd inside the machine, on its stock port: started, waited for, stopped and started again.

It runs as root and answers as the user who is named (``User``), as on a real host; ``-L``: nothing outside is
asked. Its log is followed, so that a test can count the messages it looked at.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from .follow import SECONDS, Follower

__all__ = ["GTUBE", "HAM_STATUS", "SPAM_STATUS", "Spamd", "without_verdict"]

# the Generic Test for Unsolicited Bulk Email: every installation gives it 1000 points
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

# the lines of a verdict, as they are filed
VERDICT = (
    rb"X-Spam-Flag: %b\nX-Spam-Score: -?\d+\.\d+\n"
    rb"X-Spam-Status: %b, score=-?\d+\.\d+ required=5\.0\s+tests=%b.*\n(?: .*\n)*"
)
SPAM_STATUS = VERDICT % (b"YES", b"Yes", rb"(?:[A-Z0-9_]+,)*GTUBE")
HAM_STATUS = VERDICT % (b"NO", b"No", b"[A-Z]")

ADDRESS = ("127.0.0.1", 783)
LOG = Path("/var/log/spamd.log")
SCANNED = re.compile(r"result: (?P<verdict>[Y.]) .*,user=(?P<user>[^,]+),.*mid=<(?P<id>[^>]*)>")


class Spamd:
    """A running spamd, and what its log says."""

    def __init__(self) -> None:
        LOG.write_text("")
        self.log = Follower(LOG)
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        options = ["-L", "-i", "127.0.0.1", "-p", str(ADDRESS[1]), "-m", "2", "--create-prefs", "--helper-home-dir"]
        self.process = subprocess.Popen(["spamd", *options, "-s", "stderr"], stderr=LOG.open("ab"))
        deadline = time.monotonic() + SECONDS
        while not answers():
            assert self.process.poll() is None, LOG.read_text()
            assert time.monotonic() < deadline, "spamd does not listen"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, so that its port refuses."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        assert not answers()

    def scanned(self, message_id: str, times: int) -> list[tuple[str, str]]:
        """(user, "Y" or ".") of each time it looked at this message, which are so many and no more."""
        deadline = time.monotonic() + SECONDS
        while len(found := self._results(message_id)) < times:
            assert self.log.next_line(deadline) is not None, f"not scanned {times} times: {message_id}"
        begun = sum(f"checking message <{message_id}>" in line for line in LOG.read_text().splitlines())
        assert begun == times
        return sorted(found)

    def _results(self, message_id: str) -> list[tuple[str, str]]:
        found = [match for line in self.log.lines if (match := SCANNED.search(line))]
        return [(match["user"], match["verdict"]) for match in found if match["id"] == message_id]


def answers() -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(ADDRESS) == 0


def without_verdict(data: bytes) -> bytes:
    """A message less its X-Spam-* fields."""
    header, empty, body = data.partition(b"\n\n")
    kept = re.sub(rb"(?mi)^X-Spam-[^:\n]*:.*\n(?:[ \t].*\n)*", b"", header + b"\n")
    return kept[:-1] + empty + body if empty else kept[:-1]
