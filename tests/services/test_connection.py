"""Connections to scanners: every way to one; and neither time nor size is exceeded, whatever the other side does."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyfilter.language.endpoints import Endpoint, endpoint
from pyfilter.services import connection
from pyfilter.services.connection import CHUNK, Budget, Failed, connect, read_all, send_all

from .certificates import Certificate
from .fake_scanner import Fake, Line, reset_while_told

SECONDS = 20  # where nothing should take long
SHORT = 0.3  # where the end of it is waited for

LONG = bytes(16_000_000)  # more than the buffers of two sockets hold


def fails(act: Callable[[], object]) -> str:
    with pytest.raises(Failed) as failed:
        act()
    return str(failed.value)


def connected(place: Endpoint | str, certificates: Path | None = None) -> socket.socket:
    to = endpoint(place) if isinstance(place, str) else place
    return connect(to, Budget(SECONDS), SECONDS, str(certificates) if certificates else None)


def refused(place: Endpoint | str, certificates: Path | None = None) -> str:
    return fails(lambda: connected(place, certificates))


def late(place: str, budget: float, seconds: float) -> str:
    return fails(lambda: connect(endpoint(place), Budget(budget), seconds))


def hello(line: Line) -> None:
    line.send(b"hello")


@pytest.fixture(scope="module")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("localhost"), "DNS:localhost", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("other"), "DNS:spam.example.com")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Nobody accepts what it is asked."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def address(listening: socket.socket) -> str:
    return f"127.0.0.1:{listening.getsockname()[1]}"


# ------------------------------------------------------------ the budget


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(connection.time, "monotonic", lambda: self.now)


def test_a_budget_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    budget = Budget(30)
    assert (budget.left(), budget.left(3), budget.left(40)) == (30, 3, 30)
    clock.now += 28
    assert (budget.left(), budget.left(3)) == (2, 2)
    clock.now += 2
    assert fails(budget.left) == "no whole answer within 30 seconds"
    assert fails(Budget(0.5).part(0).left) == "no whole answer within 0 seconds"


def test_a_part_of_a_budget_does_not_outlive_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    budget = Budget(30)
    assert budget.part(3).left() == 3
    assert budget.part(40).left() == 30
    clock.now += 28
    part = budget.part(3)
    assert (part.left(), part.seconds) == (2, 3)


# ------------------------------------------------------------ ways to a scanner


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_over_tcp(host: str) -> None:
    with Fake(hello) as fake, connected(fake.address.replace("127.0.0.1", host)) as line:
        assert read_all(line, 100, Budget(SECONDS)) == b"hello"


def test_over_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError as error:
            pytest.skip(f"this machine has no IPv6 ({error})")
        listening.listen()
        with connected(f"[::1]:{listening.getsockname()[1]}") as line:
            assert line.getpeername()[:2] == listening.getsockname()[:2]


def test_over_a_unix_socket(tmp_path: Path) -> None:
    with Fake(hello, path=tmp_path / "socket") as fake, connected(fake.address) as line:
        assert read_all(line, 100, Budget(SECONDS)) == b"hello"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_over_tls(host: str, localhost: Certificate) -> None:
    with Fake(hello, tls=localhost.server()) as fake:
        place = f"tls:{fake.address.replace('127.0.0.1', host)}"
        with connected(place, localhost.certificate) as line:
            assert isinstance(line, ssl.SSLSocket)
            assert read_all(line, 100, Budget(SECONDS)) == b"hello"


# ------------------------------------------------------------ who is not let in


def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert refused(address(bound)) == "Connection refused"


def test_paths_without_a_listener(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    place = f"unix:{path}"
    assert refused(place) == "No such file or directory"
    path.touch()
    assert refused(place) == "Connection refused"
    assert refused(f"{place}/in/it") == "Not a directory"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    assert refused(place) == "Connection refused"
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other_kind:
        other_kind.bind(str(path))
        assert refused(place) == "Protocol wrong type for socket"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every socket")
def test_a_socket_of_somebody_elses(tmp_path: Path) -> None:
    with Fake(hello, path=tmp_path / "socket") as fake:
        (tmp_path / "socket").chmod(0)
        assert refused(fake.address) == "Permission denied"


def test_a_certificate_that_is_not_trusted(localhost: Certificate, other: Certificate) -> None:
    for trusted in (None, other.certificate):
        with Fake(hello, tls=localhost.server()) as fake:
            assert refused(f"tls:{fake.address}", trusted) == "its certificate is not trusted (self-signed certificate)"
        assert fake.happened == ["gone"]


def test_a_certificate_of_another_name(other: Certificate) -> None:
    for host, what in (("localhost", "Hostname"), ("127.0.0.1", "IP address")):
        with Fake(hello, tls=other.server()) as fake:
            why = refused(f"tls:{fake.address.replace('127.0.0.1', host)}", other.certificate)
        assert why == f"its certificate is not trusted ({what} mismatch, certificate is not valid for '{host}')"


def test_certificates_that_cannot_be_read(tmp_path: Path, listener: socket.socket) -> None:
    path = tmp_path / "trusted.pem"
    place = f"tls:{address(listener)}"
    assert refused(place, path) == f"the certificates in {path} cannot be read (No such file or directory)"
    path.write_text("no certificate\n")
    assert refused(place, path) == f"the certificates in {path} cannot be read (No certificate in it)"


def test_a_server_without_tls(localhost: Certificate) -> None:
    def act(line: Line) -> None:
        line.connection.recv(1)
        line.send(b"SPAMD/1.0 76 Bad header line\r\n")

    with Fake(act) as fake:
        assert "wrong version number" in refused(f"tls:{fake.address}", localhost.certificate)


# ------------------------------------------------------------ who lets one wait


def filled(listening: socket.socket, waiting: list[socket.socket]) -> None:
    """``waiting``: connections until no more can."""
    listening.listen(0)
    while len(waiting) < 10:
        line = socket.socket(listening.family)
        waiting.append(line)
        line.settimeout(0.1)
        try:
            line.connect(listening.getsockname())
        except (TimeoutError, BlockingIOError):
            return
    raise AssertionError("the queue is never full")


@pytest.fixture
def full() -> Iterator[socket.socket]:
    waiting: list[socket.socket] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        filled(listening, waiting)
        yield listening
    for line in waiting:
        line.close()


@pytest.fixture
def full_unix(tmp_path: Path) -> Iterator[socket.socket]:
    waiting: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        filled(listening, waiting)
        yield listening
    for line in waiting:
        line.close()


def test_a_full_queue(full: socket.socket) -> None:
    assert late(address(full), SECONDS, SHORT) == "no connection within 0.3 seconds"
    assert late(address(full), SHORT, SECONDS) == "no connection within 0.3 seconds"


def test_a_full_queue_of_a_unix_socket(full_unix: socket.socket) -> None:
    place = f"unix:{full_unix.getsockname()}"
    assert late(place, SECONDS, SHORT) == "no connection within 0.3 seconds"
    assert late(place, SHORT, SECONDS) == "no connection within 0.3 seconds"


def test_a_place_in_the_queue_of_a_unix_socket(full_unix: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, as Linux would without a deadline."""
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        full_unix.accept()[0].close()

    monkeypatch.setattr(connection.time, "sleep", sleep)
    with connected(f"unix:{full_unix.getsockname()}") as line:
        assert line.getpeername() == full_unix.getsockname()
    assert slept == [connection.FULL_SECONDS]


def test_a_server_that_does_not_greet(listener: socket.socket) -> None:
    assert late(f"tls:{address(listener)}", SECONDS, SHORT) == "no connection within 0.3 seconds"


def test_no_time_left(listener: socket.socket) -> None:
    assert late(address(listener), 0, 3) == "no connection within 0 seconds"
    assert late("unix:/no/socket", 0, 3) == "no connection within 0 seconds"


# ------------------------------------------------------------ names


def known(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[int, object]) -> None:
    found = [(family, socket.SOCK_STREAM, 0, "", where) for family, where in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_that_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(SECONDS))
    try:
        for budget, seconds in ((SECONDS, SHORT), (SHORT, SECONDS)):
            why = late("spam.example.com:783", budget, seconds)
            assert why == "the name spam.example.com was not found within 0.3 seconds"
    finally:
        over.set()


def test_a_name_that_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    why = refused("spam.example.com:783")
    assert why == "the name spam.example.com is unknown (Name or service not known)"


@pytest.mark.parametrize("host", ["spam..example.com", ".example.com", "x" * 64])
def test_what_cannot_be_a_name(host: str) -> None:
    assert refused(f"{host}:783") == f"the name {host} is unknown (it is no name of a host)"
    assert refused(f"tls:{host}:783") == f"the name {host} is unknown (it is no name of a host)"


def test_a_dead_address_leaves_time_for_the_next(
    full: socket.socket, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, (socket.AF_INET, full.getsockname()), (socket.AF_INET, listener.getsockname()))
    with connect(endpoint("spam.example.com:783"), Budget(SECONDS), 1) as line:
        assert line.getpeername() == listener.getsockname()


def test_dead_addresses_only(full: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, *[(socket.AF_INET, full.getsockname())] * 3)
    assert late("spam.example.com:783", SECONDS, SHORT) == "no connection within 0.3 seconds"


def test_an_address_of_a_kind_the_machine_has_not(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, (999, ("", 0)), (socket.AF_INET, listener.getsockname()))
    with connected("spam.example.com:783") as line:
        assert line.getpeername() == listener.getsockname()


def test_of_several_failures_the_first_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        known(monkeypatch, (socket.AF_INET, bound.getsockname()), (999, ("", 0)))
        assert refused("spam.example.com:783") == "Connection refused"


# ------------------------------------------------------------ sending


def test_a_long_message_is_sent_whole() -> None:
    ours, theirs = socket.socketpair()
    data = os.urandom(5 * CHUNK + 1)
    heard: list[bytes] = []
    thread = threading.Thread(target=lambda: heard.append(read_all(theirs, len(data), Budget(SECONDS))))
    thread.start()
    with ours:
        send_all(ours, b"", Budget(SECONDS))
        send_all(ours, data, Budget(SECONDS))
    thread.join(SECONDS)
    theirs.close()
    assert heard == [data]


def test_a_long_message_is_sent_whole_over_tls(localhost: Certificate) -> None:
    data = os.urandom(5 * CHUNK + 1)

    def act(line: Line) -> None:
        told = b""
        while len(told) < len(data):
            told += line.connection.recv(CHUNK)
        line.fake.asked.append(told)
        line.send(b"enough")

    with Fake(act, tls=localhost.server()) as fake, connected(f"tls:{fake.address}", localhost.certificate) as line:
        send_all(line, data, Budget(SECONDS))
        assert read_all(line, 100, Budget(SECONDS)) == b"enough"
    assert fake.asked == [data]


def reads_nothing(line: Line) -> None:
    line.wait_without_reading()
    raise ConnectionResetError


def reads_slowly(line: Line) -> None:
    """Each piece is taken in time, all together never."""
    while line.connection.recv(8192):
        line.fake.over.wait(0.02)
    raise ConnectionResetError


@pytest.mark.parametrize("way", ["", "tls:"])
@pytest.mark.parametrize("act", [reads_nothing, reads_slowly])
def test_one_who_does_not_take_the_message(act: Callable[[Line], None], way: str, localhost: Certificate) -> None:
    with Fake(act, tls=localhost.server() if way else None) as fake:
        with connected(way + fake.address, localhost.certificate) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            why = fails(lambda: send_all(line, LONG, Budget(SHORT)))
        assert why == "it did not take the message within 0.3 seconds"
    assert fake.happened == ["gone"]


def test_one_who_hangs_up_while_told() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        assert fails(lambda: send_all(ours, b"x", Budget(SECONDS))) == "it did not take the message (Broken pipe)"


def test_sending_without_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        why = fails(lambda: send_all(ours, b"x", Budget(0)))
        assert why == "it did not take the message within 0 seconds"
        theirs.settimeout(0)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


# ------------------------------------------------------------ reading


def heard(said: bytes, most: int) -> bytes:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(said)
        return read_all(ours, most, Budget(SECONDS))


def test_what_is_said_is_read_to_its_end() -> None:
    assert heard(b"", 0) == b""
    assert heard(b"x" * 1000, 1000) == b"x" * 1000


@pytest.mark.parametrize("most", [0, 999])
def test_more_than_the_limit(most: int) -> None:
    assert fails(lambda: heard(b"x" * 1000, most)) == f"its answer is longer than {most} bytes"


def test_one_who_never_stops() -> None:
    def act(line: Line) -> None:
        line.send_for_ever(iter(lambda: bytes(4096), b""))

    with Fake(act) as fake, connected(fake.address) as line:
        assert fails(lambda: read_all(line, 100_000, Budget(SECONDS))) == "its answer is longer than 100000 bytes"


def test_one_who_says_nothing() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert fails(lambda: read_all(ours, 100, Budget(SHORT))) == "no whole answer within 0.3 seconds"


def test_one_who_says_a_byte_now_and_then() -> None:
    def act(line: Line) -> None:
        while True:
            line.connection.sendall(b"x")
            line.fake.over.wait(0.02)

    with Fake(act) as fake, connected(fake.address) as line:
        assert fails(lambda: read_all(line, 10_000, Budget(SHORT))) == "no whole answer within 0.3 seconds"


def test_one_who_resets() -> None:
    with Fake(reset_while_told) as fake, connected(fake.address) as line:
        send_all(line, b"x", Budget(SECONDS))
        why = fails(lambda: read_all(line, 100, Budget(SECONDS)))
    assert why == "it closed the connection (Connection reset by peer)"
