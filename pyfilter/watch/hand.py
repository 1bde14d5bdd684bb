"""The worker (worker.py) as the watching process has it: a hand that does one job at a time.

``give`` hands it a job, ``take`` has the answer when its socket says that there is one. A hand that dies, or that is at
one job for longer than a delivery may take, has failed at this job; it is started anew for the next.

Errors: OSError where no process can be started; Lost, whose text says how it ended.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from pyfilter.watch.worker import JOB_BYTES

__all__ = ["Hand", "Lost"]

# of our own environment, for programs that rules run and for local time
INHERITED = ("LANG", "LOGNAME", "PATH", "TZ", "USER")

BOOT = "import sys; sys.path[:] = {path!r}; from pyfilter.watch.worker import main; main({descriptor}, {home!r})"


class Lost(Exception):
    """It ended in the midst of a job."""


class Hand:
    """``locks``: descriptors that it holds, too."""

    def __init__(self, home: str, locks: Sequence[int]) -> None:
        self._home = home
        self._locks = locks
        self._process: subprocess.Popen[bytes] | None = None
        self.end: socket.socket | None = None
        self.is_busy = False

    def give(self, *words: bytes) -> None:
        """One job (worker.py). Raises OSError."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self.end is not None
        self.end.sendall(b"\0".join(words))
        self.is_busy = True

    def take(self) -> tuple[str, str]:
        """The answer. Raises Lost."""
        assert self.end is not None
        self.is_busy = False
        try:
            packet = self.end.recv(JOB_BYTES)
        except OSError:
            packet = b""
        if not packet:
            raise Lost(self._buried())
        word, _, why = packet.decode("utf-8").partition("\0")
        return word, why

    def kill(self) -> None:
        """End it at once, with what its rules have started."""
        if self._process is not None and self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def close(self) -> None:
        """It ends when nobody speaks with it any more."""
        if self.end is not None:
            self.end.close()
            self.end = None
        if self._process is not None:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self.kill()
                self._process.wait()

    def _start(self) -> None:
        if self.end is not None:
            self.end.close()
        self.end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            script = BOOT.format(path=sys.path, descriptor=other.fileno(), home=self._home)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-P", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno(), *self._locks],
                env={"HOME": self._home, **{name: os.environ[name] for name in INHERITED if name in os.environ}},
                start_new_session=True,
            )

    def _buried(self) -> str:
        assert self._process is not None
        self.kill()
        status = self._process.wait()
        return f"signal {-status}" if status < 0 else f"status {status}"
