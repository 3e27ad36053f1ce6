"""What whoever asks needs of a market: finished answers, their versions, samples as they come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from zerodte.wire.health import Health
from zerodte.wire.query import Query
from zerodte.wire.stream import SampleEvent, StreamQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStats:
    """How a market is doing, for its operator. Counts are since the start; lags NaN while unknown.

    Attributes:
        records: Records taken, by kind.
        ticks: Ticks taken.
        samples: Sample times passed, each once for all symbols.
        tick_lag: Seconds from when the last tick was due until its answers could be given.
        sample_lag: The same of the last sample.
        queues: Records or frames that wait, by queue.
        gaps: Intervals in which nothing was received.
        left_out: Records that were left out, by reason.
    """

    records: Mapping[str, int] = field(default_factory=dict)
    ticks: int = 0
    samples: int = 0
    tick_lag: float = float("nan")
    sample_lag: float = float("nan")
    queues: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """Whether a market can answer, and for which symbols, sorted."""

    health: Health
    symbols: tuple[str, ...]


class MarketService(Protocol):
    """A market that answers queries.

    `answer`, `events` and `stats` are called on worker threads, several at a time, and may take as
    long as a first computation takes. The rest is called on the event loop and must not block.
    """

    def answer(self, query: Query) -> bytes:
        """The body of the answer to a query, degraded forms included.

        Raises:
            ApiError: With one of the query's `codes`; `warming_up` while there is no answer yet,
                `invalid_at` for an instant that is still to come.
        """
        ...

    def version(self, query: Query) -> int:
        """A number that grows whenever the answer to a query may turn out different."""
        ...

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """A symbol's samples of this session after an instant, in order.

        Args:
            query: Whose.
            after: UTC ns; None for the newest sample alone.

        Returns:
            None of them where there is no sample yet. The last one alone has its snapshot.

        Raises:
            ApiError: symbol_not_found or warming_up.
        """
        ...

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called, on any thread, after each sample; what is returned ends that."""
        ...

    def status(self) -> MarketStatus:
        """Whether answers can be given now, and about what."""
        ...

    def stats(self) -> MarketStats:
        """How the market is doing."""
        ...
