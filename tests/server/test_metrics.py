"""Figures as Prometheus reads them: asked of a real server over HTTP."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter.server.tally import BUCKETS, Tally
from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

from .conftest import RULES
from .serving import QUEUED, Client, Server


class Shown(Server):
    """A server that shows its figures."""

    def __init__(self, directory: Path) -> None:
        self.figures = directory / "metrics"
        super().__init__(directory, RULES, "--metrics", f"unix:{self.figures}")

    def get(self, method: str = "GET", path: str = "/metrics") -> tuple[int, str]:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        connection.sock.connect(str(self.figures))
        connection.request(method, path)
        response = connection.getresponse()
        text = response.read().decode()
        if response.status == 200:
            assert response.getheader("Content-Type", "").startswith("text/plain; version=")
        connection.close()
        return response.status, text

    def samples(self) -> dict[str, float]:
        status, text = self.get()
        assert status == 200
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    pytest.importorskip("prometheus_client", reason="needs prometheus_client: pip install 'pyfilter-mail[metrics]'")
    made = Shown(tmp_path)
    yield made
    made.process.kill()
    made.process.wait()
    assert made.process.stdout is not None
    made.process.stdout.close()


def test_what_was_done_and_what_there_is(shown: Shown) -> None:
    client = Client(shown)
    texts = [QUEUED + b"Subject: %b\r\n\r\nx" % subject for subject in (b"hello", b"no", b"later")]
    for text in texts:
        client.mail(text, "me@y.example", "you@y.example")
    found = shown.samples()
    outcomes = {word: found[f'pyfilter_deliveries_total{{outcome="{word}"}}'] for word in Tally().outcomes}
    assert outcomes == {"delivered": 2, "rejected": 2, "deferred": 2}
    assert found["pyfilter_messages_total"] == found["pyfilter_delivery_seconds_count"] == 3
    assert found["pyfilter_message_bytes_total"] == sum(len(text.replace(b"\r", b"")) + 1 for text in texts)
    assert found['pyfilter_delivery_seconds_bucket{le="+Inf"}'] == 3
    assert 0 < found["pyfilter_delivery_seconds_sum"] < 3 * 60
    assert found["pyfilter_workers"] == 2
    assert found["pyfilter_connections_total"] == found["pyfilter_open_connections"] == 1
    assert found["pyfilter_in_flight"] == found["pyfilter_held_bytes"] == 0
    assert found["process_resident_memory_bytes"] > 1 << 20


def test_what_is_on_its_way_is_seen(shown: Shown) -> None:
    client = Client(shown)
    client.begin("me@y.example")
    client.send(b"x" * 5000)
    while not (found := shown.samples())["pyfilter_held_bytes"]:
        pass
    assert found["pyfilter_held_bytes"] == 5000
    client.close()
    while shown.samples()["pyfilter_open_connections"]:
        pass
    assert shown.samples()["pyfilter_held_bytes"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 200), ("GET", "/x", 404), ("POST", "/metrics", 405), ("HEAD", "/", 200)]
)
def test_other_requests(shown: Shown, method: str, path: str, status: int) -> None:
    got, text = shown.get(method, path)
    assert got == status
    assert (text == "") == (method == "HEAD")


def test_what_is_no_request_is_not_answered_and_harms_nothing(shown: Shown) -> None:
    for said in (b"\r\n" * 10_000, b"GET " + b"x" * 20_000, b"\0" * 100):
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(30)
        end.connect(str(shown.figures))
        try:
            end.sendall(said)
            end.shutdown(socket.SHUT_WR)
            heard = end.recv(1000)
        except ConnectionError:
            heard = b""
        assert heard == b"" or heard.startswith(b"HTTP/1.1 405 ")
        end.close()
    assert shown.get()[0] == 200
    assert shown.figures.stat().st_mode & 0o777 == 0o660
    assert shown.stop() == 0
    assert not shown.figures.exists()


def test_without_the_library_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from pyfilter.cli.serve import command
    from pyfilter.server import metrics

    monkeypatch.setattr(metrics, "is_installed", lambda: False)
    ended = CliRunner().invoke(command, ["--metrics", "127.0.0.1:0"])
    assert ended.output == (
        "pyfilter serve: --metrics needs the library prometheus_client: pip install 'pyfilter-mail[metrics]'\n"
    )


def test_each_time_falls_into_one_bucket() -> None:
    tally = Tally()
    for seconds in (0.0, 0.002, 0.0021, 59.0, 60.1, 1e9):
        tally.begun(10)
        tally.done([Outcome(DELIVERED), Outcome(REJECTED), Outcome(DEFERRED)], seconds)
    assert sum(tally.buckets) == tally.messages == 6
    assert tally.buckets[:2] == [2, 1]
    assert tally.buckets[-2:] == [1, 2]
    assert BUCKETS[-1] == float("inf")
    assert tally.in_flight == 0
    assert set(tally.outcomes.values()) == {6}
