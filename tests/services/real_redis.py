"""Debian's redis-server at a Unix socket of its own, in a directory of its own; it writes each command to disk."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["Redis", "missing"]

SECONDS = 60  # until it listens; some 0.05 on an idle machine
OPTIONS = ("--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "always")


def missing() -> str:
    """Why there is none here; empty if there is."""
    if not shutil.which("redis-server"):
        return "redis-server is not installed: apt-get install redis-server"
    try:
        import redis  # noqa: F401
    except ImportError:
        return "the library redis is not installed: pip install redis"
    return ""


class Redis:
    """A running one. ``address``: as `--state` takes it; ``socket``: its path."""

    def __init__(self, *options: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pyfilter-redis-"))
        self.socket = self.directory / "socket"
        self.address = f"unix://{self.socket}?db=0"
        self._options = options
        self.start()

    def start(self) -> None:
        """Returns when it listens."""
        place = ("--unixsocket", str(self.socket), "--dir", str(self.directory))
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", *OPTIONS, *place, *self._options], stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + SECONDS
        while not self._listens():
            assert self.process.poll() is None, (self.directory / "log").read_text()
            assert time.monotonic() < until, "redis-server does not listen"
            time.sleep(0.01)

    def stop(self) -> None:
        """It ends, and what it knows stays."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)

    def ask(self, *words: str) -> str:
        """What redis-cli prints."""
        done = subprocess.run(
            ["redis-cli", "-s", str(self.socket), *words], capture_output=True, text=True, check=True, timeout=SECONDS
        )
        return done.stdout.strip()

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(SECONDS)
        shutil.rmtree(self.directory)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asking:
            if asking.connect_ex(str(self.socket)):
                return False
            asking.sendall(b"PING\r\n")
            return asking.recv(100).startswith((b"+PONG", b"-NOAUTH"))  # not -LOADING
