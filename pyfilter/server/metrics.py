"""Figures for Prometheus, over HTTP, where the server is told to (`--metrics`).

In: a Tally, and what there is now. Out: at ``GET /metrics`` the text format that Prometheus reads. prometheus_client
makes it (the extra `metrics`), and is asked only when somebody comes; nothing of it is in the way of a delivery.

- Whoever reaches the socket can read the figures. No address, no folder and nothing of a message is among them.
- One request a connection, of REQUEST_BYTES at most, within REQUEST_SECONDS.

Sources: the Prometheus text exposition format 0.0.4; RFC 9112.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from pyfilter.server.tally import BUCKETS, Tally

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

__all__ = ["Metrics", "is_installed"]

REQUEST_BYTES = 8192
REQUEST_SECONDS = 5
# requests at once; Prometheus sends one
REQUESTS = 20


def is_installed() -> bool:
    """Whether prometheus_client is there."""
    from importlib.util import find_spec

    return find_spec("prometheus_client") is not None


class Metrics:
    """``now``: name -> what it is now, asked each time."""

    def __init__(self, tally: Tally, now: dict[str, tuple[str, Callable[[], float]]]) -> None:
        from prometheus_client import CollectorRegistry, ProcessCollector

        self._tally = tally
        self._now = now
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self._requests = 0

    def collect(self) -> Iterable[Metric]:
        """The figures, as prometheus_client asks for them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        tally = self._tally
        deliveries = CounterMetricFamily(
            "pyfilter_deliveries", "Copies for one recipient, by what became of them.", labels=["outcome"]
        )
        for word, count in tally.outcomes.items():
            deliveries.add_metric([word], count)
        yield deliveries
        for name, text, value in (
            ("messages", "Messages that came.", tally.messages),
            ("message_bytes", "Bytes of these.", tally.bytes),
            ("connections", "Connections that were taken.", tally.connections),
            ("recipients_unknown", "Recipients who are not here.", tally.unknown),
            ("messages_put_off", "Messages for which there was no room.", tally.put_off),
        ):
            yield CounterMetricFamily(f"pyfilter_{name}", text, value=value)
        counts = zip(BUCKETS, accumulate(tally.buckets), strict=True)
        yield HistogramMetricFamily(
            "pyfilter_delivery_seconds",
            "From the end of a message to its replies.",
            buckets=[("+Inf" if bound == float("inf") else str(bound), count) for bound, count in counts],
            sum_value=tally.seconds,
        )
        yield GaugeMetricFamily("pyfilter_in_flight", "Messages that are being delivered.", value=tally.in_flight)
        for name, (text, ask) in self._now.items():
            yield GaugeMetricFamily(f"pyfilter_{name}", text, value=ask())

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        self._requests += 1
        try:
            if self._requests <= REQUESTS:
                request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_SECONDS)
                writer.write(self._answer(request))
                await asyncio.wait_for(writer.drain(), REQUEST_SECONDS)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            pass
        finally:
            self._requests -= 1
            writer.close()

    def _answer(self, request: bytes) -> bytes:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        method, _, rest = request.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return _response("405 Method Not Allowed", "text/plain", b"GET /metrics\n")
        if path not in (b"/metrics", b"/"):
            return _response("404 Not Found", "text/plain", b"GET /metrics\n")
        whole = _response("200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry))
        return whole if method == b"GET" else whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _response(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode("ascii") + body
