"""Connections to scanners: made, fed and read within one budget of time, and bounded in size.

Blocking sockets with a deadline: every step waits no longer than what is left of the budget, whatever the
other side does. A host's name is looked up on a thread that nobody waits for longer than that, since the
resolver knows no deadline.

Errors: ``Failed``, whose text says what happened, for the log.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time

from pyfilter.language.endpoints import Endpoint

__all__ = ["Budget", "Failed", "connect", "read_all", "send_all"]

# bytes read at once
CHUNK = 65536


class Failed(Exception):
    """The service could not be asked, or did not answer; the text says why."""


class Budget:
    """``seconds`` from now; ``left`` raises Failed when they are spent."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """Seconds that are left, at most ``most``."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Failed(f"no whole answer within {self.seconds:g} seconds")
        return left if most is None else min(left, most)


def connect(place: Endpoint, budget: Budget, seconds: float, certificates: str | None = None) -> socket.socket:
    """A socket that is connected within ``seconds``. ``certificates``: a PEM file of those that are trusted
    for ``tls:``; None for the system's. Raises Failed."""
    try:
        if place.path:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            return _within(connection, place.path, budget.left(seconds))
        limited = Budget(budget.left(seconds))
        failures: list[OSError] = []
        for family, kind, protocol, _, address in _addresses(place, limited):
            connection = socket.socket(family, kind, protocol)
            try:
                _within(connection, address, limited.left())
                break
            except OSError as error:
                failures.append(error)
        else:
            raise failures[0]
        return _tls(connection, place, limited, certificates) if place.tls else connection
    except TimeoutError:
        raise Failed(f"no connection within {seconds:g} seconds") from None
    except ssl.SSLCertVerificationError as error:
        raise Failed(f"its certificate is not trusted ({error.verify_message})") from None
    except OSError as error:
        raise Failed(error.strerror or str(error)) from None


def _within(connection: socket.socket, address: object, seconds: float) -> socket.socket:
    try:
        connection.settimeout(seconds)
        connection.connect(address)  # type: ignore[arg-type]
    except BaseException:
        connection.close()
        raise
    return connection


def _addresses(place: Endpoint, budget: Budget) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, object]]:
    found: list[object] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(budget.left())
    if not found:
        raise Failed(f"the name {place.host} was not found within {budget.seconds:g} seconds")
    if isinstance(found[0], OSError):
        raise Failed(f"the name {place.host} is unknown ({found[0].strerror})")
    return found[0]  # type: ignore[return-value]


def _tls(connection: socket.socket, place: Endpoint, budget: Budget, certificates: str | None) -> socket.socket:
    try:
        context = ssl.create_default_context(cafile=certificates)
        connection.settimeout(budget.left())
        return context.wrap_socket(connection, server_hostname=place.host)
    except BaseException:
        connection.close()
        raise


def send_all(connection: socket.socket, data: bytes, budget: Budget) -> None:
    """Send ``data`` whole. Raises Failed."""
    try:
        connection.settimeout(budget.left())  # sendall takes it for the whole of what it sends
        connection.sendall(data)
    except TimeoutError:
        raise Failed(f"it did not take the message within {budget.seconds:g} seconds") from None
    except OSError as error:
        raise Failed(f"it did not take the message ({error.strerror or error})") from None


def read_all(connection: socket.socket, most: int, budget: Budget) -> bytes:
    """What the other side sends until it closes. Raises Failed, also for more than ``most`` bytes."""
    data = bytearray()
    try:
        while True:
            connection.settimeout(budget.left())
            chunk = connection.recv(CHUNK)
            if not chunk:
                return bytes(data)
            data += chunk
            if len(data) > most:
                raise Failed(f"its answer is longer than {most} bytes")
    except TimeoutError:
        raise Failed(f"no whole answer within {budget.seconds:g} seconds") from None
    except OSError as error:
        raise Failed(f"it closed the connection ({error.strerror or error})") from None
