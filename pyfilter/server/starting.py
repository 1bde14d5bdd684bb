"""Workers that the server starts itself: processes of its own user.

In: the home whose mail they deliver, "" for many. Out: a ``Begun`` each: our end of its socket, and how it is seen off.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable

__all__ = ["BOOT", "INHERITED", "OPTIONS", "Begun", "Own"]

# of our own environment, for programs that rules run, for local time, and for what several hosts share
INHERITED = ("LANG", "LOGNAME", "PATH", "TZ", "USER", "PYFILTER_STATE")
# nothing of the directory it starts in, of the user's or of site packages has a say
OPTIONS = ("-I", "-S", "-P", "-c")
BOOT = "import sys; sys.path[:] = {path!r}; from pyfilter.server.worker import main; main({descriptor}, {home!r})"


class Begun:
    """A worker that has begun. ``bury`` kills it where it still lives, and is called once it should have ended."""

    __slots__ = ("bury", "end")

    def __init__(self, end: socket.socket, bury: Callable[[], None]) -> None:
        self.end = end
        self.bury = bury


class Own:
    """Starts workers for ``home``, whoever is asked for."""

    def __init__(self, home: str) -> None:
        self._home = home

    def begin(self, owner: str) -> asyncio.Future[Begun]:
        """A Future that is done; of what went wrong OSError."""
        future: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(self._begin())
        except OSError as error:
            future.set_exception(error)
        return future

    def _begin(self) -> Begun:
        ours, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            script = BOOT.format(path=sys.path, descriptor=other.fileno(), home=self._home)
            process = subprocess.Popen(
                [sys.executable, *OPTIONS, script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                env={
                    "HOME": self._home or "/",
                    **{name: os.environ[name] for name in INHERITED if name in os.environ},
                },
                start_new_session=True,
            )
        return Begun(ours, lambda: _bury(process))


def _bury(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()
