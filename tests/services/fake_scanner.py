"""A scanner that does what it is told, most of it wrong, and notes what happened at the socket.

A way to act is a function that is given the Line of one connection. What it does there is noted in
``Fake.happened``, in this order:

========== =======================================================================
asked      the whole question was read
sent       all that should be sent was taken by the other side
closed     the connection was closed
reset      it was closed by RST
gone       the other side closed it, before it was told all or while it waited
========== =======================================================================

A question, spamd's or rspamd's, is a header of lines with CRLF, an empty line, and as many bytes as its
Content-Length says.
"""

from __future__ import annotations

import errno
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = [
    "Fake",
    "Line",
    "answering",
    "answering_and_resetting_while_told",
    "answering_for_ever",
    "dripping",
    "echo",
    "hang_up",
    "read_nothing",
    "reset",
    "reset_while_told",
    "say_nothing",
]

SECONDS = 20  # a test that hangs ends


class Line:
    """One connection to the fake."""

    def __init__(self, connection: socket.socket, fake: Fake) -> None:
        self.connection = connection
        self.fake = fake

    def note(self, what: str) -> None:
        self.fake.happened.append(what)

    def question(self) -> bytes:
        """All that is asked."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0 or len(data) < end + 4 + content_length(data[:end]):
            chunk = self.connection.recv(65536)
            if not chunk:
                raise ConnectionResetError
            data += chunk
        self.fake.asked.append(data)
        self.note("asked")
        return data

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)
        self.note("sent")

    def send_for_ever(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            self.connection.sendall(piece)

    def wait(self) -> None:
        """Until the other side has had enough."""
        while self.connection.recv(65536):
            pass
        raise ConnectionResetError

    def wait_without_reading(self) -> None:
        self.fake.over.wait(SECONDS)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.note("reset")


def content_length(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Fake:
    """A server on a thread; ``address`` as the setting takes it. ``asked``: the questions, ``happened``: see above."""

    def __init__(
        self, act: Callable[[Line], None], path: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.act = act
        self.tls = tls
        self.asked: list[bytes] = []
        self.happened: list[str] = []
        self.over = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        # small buffers, so that one who does not read is noticed
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(str(path) if path else ("127.0.0.1", 0))
        self.listener.listen()
        self.address = f"unix:{path}" if path else f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self.over.is_set():
                connection.close()
                return
            connection.settimeout(SECONDS)
            try:
                with self.tls.wrap_socket(connection, server_side=True) if self.tls else connection as line:
                    self.act(Line(line, self))
                    if line.fileno() >= 0:
                        # whoever closes with something unread resets, and the answer may be lost
                        line.shutdown(socket.SHUT_WR)
                        self.happened.append("closed")
                        while line.recv(65536):
                            pass
            except (ConnectionError, ssl.SSLError):
                self.happened.append("gone")
            except OSError as error:
                if error.errno != errno.ENOTCONN:  # reset before it was closed here
                    raise
                self.happened.append("gone")

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *raised: object) -> None:
        self.finish()

    def finish(self) -> list[str]:
        """What has happened, all told: waits for the connection under way."""
        if not self.over.is_set():
            self.over.set()
            with socket.socket(self.listener.family) as last:
                last.connect(self.listener.getsockname())
            self.thread.join(SECONDS)
            assert not self.thread.is_alive()
            self.listener.close()
        return self.happened


# ------------------------------------------------------------ ways to act


def answering(answer: bytes) -> Callable[[Line], None]:
    """Reads the question and answers."""

    def act(line: Line) -> None:
        line.question()
        line.send(answer)

    return act


def answering_for_ever(pieces: Callable[[], Iterator[bytes]]) -> Callable[[Line], None]:
    def act(line: Line) -> None:
        line.question()
        line.send_for_ever(pieces())

    return act


def read_nothing(line: Line) -> None:
    line.wait_without_reading()


def say_nothing(line: Line) -> None:
    line.question()
    line.wait()


def hang_up(line: Line) -> None:
    line.question()


def reset(line: Line) -> None:
    line.question()
    line.reset()


def reset_while_told(line: Line) -> None:
    line.connection.recv(1)
    line.reset()


def echo(line: Line) -> None:
    line.send(line.question())


def answering_and_resetting_while_told(answer: bytes) -> Callable[[Line], None]:
    def act(line: Line) -> None:
        line.connection.recv(1)
        line.send(answer)
        line.reset()

    return act


def dripping(answer: bytes) -> Callable[[Line], None]:
    """A byte now and then: each is in time, all together never."""

    def act(line: Line) -> None:
        line.question()
        for place in itertools.count():
            line.connection.sendall(answer[place % len(answer) :][:1])
            line.fake.over.wait(0.02)

    return act
