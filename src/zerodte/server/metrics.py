"""What `/metrics` exposes, as tables, and the server's own counters.

A symbol is never a label: the number of symbols is not bounded here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import zerodte
from zerodte.alerts.stats import AlertStats, no_alerts
from zerodte.service.market_service import MarketStats, MarketStatus

T = TypeVar("T")
Reading: TypeAlias = float | Mapping[str, float]

_FAMILIES = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
# `_created` series are of no use here and double the size of the exposition.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class CacheStats(Protocol):
    """What is measured of the response cache: its entries and their bytes."""

    size: int

    def __len__(self) -> int:
        """How many answers are cached."""
        ...


class StreamStats(Protocol):
    """What is measured of the streams."""

    sent: int
    skipped: int

    @property
    def readers(self) -> int:
        """How many streams are open."""
        ...


@dataclass(frozen=True, slots=True)
class ServerStats:
    """What is measured of a server besides its requests."""

    cache: CacheStats
    stream: StreamStats


@dataclass(frozen=True)
class Row(Generic[T]):
    """A metric that is read on each scrape; one series per label value if it has a `label`."""

    name: str
    kind: Literal["counter", "gauge"]
    meaning: str
    read: Callable[[T], Reading]
    label: str | None = None


# fmt: off
_MARKET: tuple[Row[MarketStats], ...] = (
    Row("zerodte_records", "counter", "Records read from the feed or tape.",
        lambda market: market.records, "kind"),
    Row("zerodte_records_left_out", "counter", "Records that could not be used, by reason.",
        lambda market: market.left_out, "reason"),
    Row("zerodte_ticks", "counter", "Ticks applied.", lambda market: market.ticks),
    Row("zerodte_samples", "counter", "Sample times passed.", lambda market: market.samples),
    Row("zerodte_tick_lag_seconds", "gauge",
        "Delay from when the last tick was due until answers included it.",
        lambda market: market.tick_lag),
    Row("zerodte_sample_lag_seconds", "gauge", "The same delay for the last sample.",
        lambda market: market.sample_lag),
    Row("zerodte_gaps", "counter", "Intervals in which a feed or recorder reports missing data.",
        lambda market: market.gaps),
    Row("zerodte_queue_depth", "gauge", "Items waiting, by queue.",
        lambda market: market.queues, "queue"),
)
_STATUS: tuple[Row[MarketStatus], ...] = (
    Row("zerodte_healthy", "gauge", "1 while /health answers 200, 0 while it answers 503.",
        lambda status: status.health.status == "Healthy"),
)
_SERVER: tuple[Row[ServerStats], ...] = (
    Row("zerodte_cache_entries", "gauge", "Answers cached.", lambda server: len(server.cache)),
    Row("zerodte_cache_bytes", "gauge", "Bytes of the answers cached, in all codings.",
        lambda server: server.cache.size),
    Row("zerodte_stream_readers", "gauge", "Open streams.", lambda server: server.stream.readers),
    Row("zerodte_stream_samples_sent", "counter", "Samples sent, counted once per reader.",
        lambda server: server.stream.sent),
    Row("zerodte_stream_samples_skipped", "counter", "Samples that slow readers missed.",
        lambda server: server.stream.skipped),
)
_ALERTS: tuple[Row[AlertStats], ...] = (
    Row("zerodte_alerts_sent", "counter", "Events that an alert target has taken.",
        lambda alerts: alerts.sent, "target"),
    Row("zerodte_alerts_failed", "counter", "Attempts to reach an alert target that failed.",
        lambda alerts: alerts.failed, "target"),
    Row("zerodte_alerts_dropped", "counter",
        "Events that an alert target will not get: refused, or too many waited.",
        lambda alerts: alerts.dropped, "target"),
    Row("zerodte_alerts_waiting", "gauge", "Events that wait for an alert target.",
        lambda alerts: alerts.waiting, "target"),
)
_BUILD: tuple[Row[None], ...] = (
    Row("zerodte_build_info", "gauge", "Always 1; the version is the label.",
        lambda _: {zerodte.__version__: 1}, "version"),
)
# fmt: on


class _Table(Collector, Generic[T]):
    """Rows about one subject, which is read once per scrape."""

    def __init__(self, rows: Sequence[Row[T]], subject: Callable[[], T]) -> None:
        self._rows, self._subject = rows, subject

    def describe(self) -> Iterator[Metric]:
        for row in self._rows:
            yield _FAMILIES[row.kind](
                row.name, row.meaning, labels=[row.label] if row.label else []
            )

    def collect(self) -> Iterator[Metric]:
        subject = self._subject()
        for row, metric in zip(self._rows, self.describe(), strict=True):
            reading = row.read(subject)
            by_label = reading.items() if isinstance(reading, Mapping) else [(None, reading)]
            for label, value in by_label:
                metric.add_sample(
                    row.name + ("_total" if row.kind == "counter" else ""),
                    {row.label: label} if row.label and label is not None else {},
                    value,
                )
            yield metric


class Metrics:
    """The metrics of one server."""

    def __init__(
        self,
        stats: Callable[[], MarketStats],
        status: Callable[[], MarketStatus],
        alerts: Callable[[], AlertStats] = no_alerts,
    ) -> None:
        """Count from zero.

        Args:
            stats: Reads the market's own counts.
            status: Reads how it is.
            alerts: Reads the counts of alerts.
        """
        self._registry = CollectorRegistry()
        self._registry.register(_Table(_STATUS, status))
        self._registry.register(_Table(_MARKET, stats))
        self._registry.register(_Table(_ALERTS, alerts))
        self._registry.register(_Table(_BUILD, lambda: None))
        ProcessCollector(registry=self._registry)
        self._seconds = Histogram(
            "zerodte_http_request_seconds",
            "Time from a request's head until its answer was handed to the connection; for a "
            "stream, how long it was open.",
            ("route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._bytes = self._counter(
            "zerodte_http_answer_bytes", "Bytes of bodies sent, after compression.", "route"
        )
        self._lookups = self._counter(
            "zerodte_cache_lookups",
            "Cache lookups by result: cached (hit), computed (miss), or waiting for another "
            "request's computation (shared).",
            "result",
        )
        self._aborted = self._counter(
            "zerodte_connections_aborted",
            "Connections aborted because of the client, by reason.",
            "reason",
        )

        # Resolving a label costs more than incrementing, so the bound methods are cached.
        self._observe = cache(lambda route, status: self._seconds.labels(route, status).observe)
        self._add = cache(lambda route: self._bytes.labels(route).inc)
        self._look = cache(lambda result: self._lookups.labels(result).inc)

    def watch(self, cache: CacheStats, stream: StreamStats) -> None:
        """Also expose the sizes of a server's cache and streams."""
        server = ServerStats(cache, stream)
        self._registry.register(_Table(_SERVER, lambda: server))

    def count_answer(self, route: str, status: int, seconds: float, size: int) -> None:
        """Count an answered request."""
        self._observe(route, status)(seconds)
        self._add(route)(size)

    def count_lookup(self, result: str) -> None:
        """Count a cache lookup by its result."""
        self._look(result)()

    def count_abort(self, reason: str) -> None:
        """Count an aborted connection."""
        self._aborted.labels(reason).inc()

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, label: str) -> Counter:
        return Counter(name, meaning, (label,), registry=self._registry)
