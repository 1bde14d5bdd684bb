"""A server in the place of pyfilter's, at which the launcher hands mail over; it does what a test says."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

__all__ = ["DELIVERED", "Brought", "Counter", "take"]

DELIVERED = b"0 2.0.0 delivered\n"


class Brought(NamedTuple):
    """What a launcher brought: the words of its packet, the message, whether it was sealed."""

    words: list[str]
    message: bytes
    is_sealed: bool


class Counter:
    """Listens in ``home``. ``serve``: what becomes of a launcher; given the connection, its message and its token."""

    def __init__(self, home: Path, serve: Callable[[socket.socket, int, int], None], uid: int | None = None) -> None:
        self.brought: list[Brought] = []
        self._serve = serve
        self._end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        directory = home / ".local/state/pyfilter"
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = os.open(directory, os.O_PATH)
        self._end.bind(f"/proc/self/fd/{self._directory}/socket")
        if uid is not None:
            os.seteuid(uid)
        self._end.listen(8)
        os.seteuid(os.getuid())
        self.path = directory / "socket"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                launcher, _ = self._end.accept()
            except OSError:
                return
            with launcher:
                packet, files, _, _ = socket.recv_fds(launcher, 1 << 16, 2)
                if not files:
                    continue
                message, token = files
                words = packet.decode("utf-8", "surrogateescape").split("\0")
                self.brought.append(Brought(words, os.pread(message, 1 << 20, 0), is_sealed(message)))
                try:
                    self._serve(launcher, message, token)
                finally:
                    for file in files:
                        os.close(file)

    def wait(self) -> None:
        """Until everybody who has called so far is done with."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
            end.settimeout(60)
            end.connect(f"/proc/self/fd/{self._directory}/socket")
            end.send(b"x")
            assert end.recv(1) == b""

    def close(self) -> None:
        if self._end.fileno() < 0:
            return
        self._end.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        self._end.close()
        os.close(self._directory)
        self.path.unlink()


def is_sealed(file: int) -> bool:
    wanted = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    try:
        return fcntl.fcntl(file, fcntl.F_GET_SEALS) == wanted
    except OSError:  # it is no file in memory
        return False


def take(token: int) -> None:
    assert len(os.read(token, 8)) == 8
