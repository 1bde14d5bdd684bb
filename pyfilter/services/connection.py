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

from pyfilter import deadline, limits
from pyfilter.language.endpoints import Endpoint

__all__ = ["Budget", "Failed", "connect", "read_all", "send_all"]

# bytes read at once
CHUNK = 65536
# between two tries to get into the queue of a Unix socket that is full
FULL_SECONDS = 0.02


class Failed(Exception):
    """The service could not be asked, or did not answer; the text says why."""


class Spent(Failed):
    """No time is left."""


class Budget:
    """``seconds`` from now, or what the delivery has left but limits.FILING_SECONDS; ``left`` raises Failed when they
    are spent."""

    def __init__(self, seconds: float) -> None:
        seconds = min(seconds, max(0.1, deadline.left() - limits.FILING_SECONDS))
        self.seconds = round(seconds, 2)
        self._end = time.monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """Seconds that are left, at most ``most``."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Spent(f"no whole answer within {self.seconds:g} seconds")
        return left if most is None else min(left, most)

    def part(self, seconds: float) -> Budget:
        """A budget of ``seconds`` from now, which ends no later than this one."""
        part = Budget(min(seconds, self.seconds))
        part._end = min(part._end, self._end)
        return part


def connect(place: Endpoint, budget: Budget, seconds: float, certificates: str | None = None) -> socket.socket:
    """A socket that is connected within ``seconds``. ``certificates``: a PEM file of those that are trusted
    for ``tls:``; None for the system's. Raises Failed."""
    part = budget.part(seconds)
    try:
        if place.path:
            return _unix(place.path, part)
        connection = _tcp(place, part)
        return _tls(connection, place, part, certificates) if place.tls else connection
    except (Spent, TimeoutError):
        raise Failed(f"no connection within {part.seconds:g} seconds") from None
    except ssl.SSLCertVerificationError as error:
        raise Failed(f"its certificate is not trusted ({error.verify_message.rstrip('.')})") from None
    except ssl.SSLError as error:
        raise Failed(f"no TLS with it ({_cause(error)})") from None
    except OSError as error:
        raise Failed(_cause(error)) from None


def _cause(error: OSError) -> str:
    """In words; OpenSSL's own texts name a line of C as well."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return error.strerror or str(error)


def _unix(path: str, budget: Budget) -> socket.socket:
    while True:
        try:
            return _within(socket.socket(socket.AF_UNIX), path, budget.left())
        except BlockingIOError:  # as many wait as may: with a deadline, Linux says so and does not wait for a place
            time.sleep(budget.left(FULL_SECONDS))


def _tcp(place: Endpoint, budget: Budget) -> socket.socket:
    """Connected to the first address that answers; each has an equal share of the time, since a dead one eats its
    share up."""
    addresses = _addresses(place, budget)
    failures: list[OSError] = []
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        seconds = budget.left() / (len(addresses) - number)
        try:
            return _within(socket.socket(family, kind, protocol), address, seconds)
        except OSError as error:
            failures.append(error)
    raise failures[0]


def _within(connection: socket.socket, address: object, seconds: float) -> socket.socket:
    try:
        connection.settimeout(seconds)
        connection.connect(address)  # type: ignore[arg-type]
    except BaseException:
        connection.close()
        raise
    return connection


def _addresses(
    place: Endpoint, budget: Budget
) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, object]]:
    found: list[object] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error.strerror)
        except UnicodeError:  # an empty label, or one of more than 63 characters
            found.append("it is no name of a host")

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(budget.left())
    if not found:
        raise Failed(f"the name {place.host} was not found within {budget.seconds:g} seconds")
    if not isinstance(found[0], list):
        raise Failed(f"the name {place.host} is unknown ({found[0]})")
    return found[0]


def _tls(connection: socket.socket, place: Endpoint, budget: Budget, certificates: str | None) -> socket.socket:
    try:
        try:
            context = ssl.create_default_context(cafile=certificates)
        except OSError as error:
            why = "No certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
            raise Failed(f"the certificates in {certificates} cannot be read ({why})") from None
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
    except (Spent, TimeoutError):
        raise Failed(f"it did not take the message within {budget.seconds:g} seconds") from None
    except OSError as error:
        raise Failed(f"it did not take the message ({_cause(error)})") from None


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
        raise Failed(f"it closed the connection ({_cause(error)})") from None
