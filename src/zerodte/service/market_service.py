"""The interface of a market: answers to queries, their versions, new samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from zerodte.wire.health import Health
from zerodte.wire.query import Changes, Query
from zerodte.wire.stream import SampleEvent, StreamQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStats:
    """A market's counts, for its operator. Counts are since the start; lags are NaN while unknown.

    Attributes:
        records: Records applied, by kind.
        ticks: Ticks applied.
        samples: Sample times passed, each counted once for all symbols.
        tick_lag: Seconds from when the last tick was due until its answers could be given.
        sample_lag: The same for the last sample.
        queues: Records or frames waiting, by queue.
        gaps: Intervals in which nothing was received.
        left_out: Records left out, by reason.
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
    """Whether a market can answer, and its symbols, sorted."""

    health: Health
    symbols: tuple[str, ...]


class MarketService(Protocol):
    """A market that answers queries.

    `answer` and `events` are called on worker threads, concurrently, and may take as long as a
    computation takes. The other methods are called on the event loop and must not block.
    """

    def answer(self, query: Query) -> bytes:
        """The body of the answer to a query, including its degraded forms.

        Raises:
            ApiError: With one of the query's `codes`; `warming_up` while there is no answer yet,
                `invalid_at` for an instant in the future, `history_unavailable` while a store
                does not respond.
        """
        ...

    def version(self, query: Query) -> int:
        """A number that grows whenever the answer to a query may have changed."""
        ...

    def reads_history(self, query: Query) -> bool:
        """Whether the answer to a query is read from a store, which may take long."""
        ...

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """A symbol's samples of this session after an instant, in order.

        Args:
            query: The symbol's query.
            after: UTC ns; None for the newest sample only.

        Returns:
            Empty if there is no sample yet. Only the last one has its snapshot.

        Raises:
            ApiError: symbol_not_found or warming_up.
        """
        ...

    def tick(self, query: StreamQuery) -> bytes | None:
        """A symbol now, as JSON of a `SymbolTick`; None while nothing can be said of it.

        It is called on worker threads, as `answer` is.
        """
        ...

    def subscribe(
        self, call: Callable[[], None], changes: Changes = "sample"
    ) -> Callable[[], None]:
        """Call `call` after each sample, or tick, on any thread.

        Args:
            call: It must not block.
            changes: What to call it after.

        Returns:
            What ends the subscription.
        """
        ...

    def status(self) -> MarketStatus:
        """Whether answers can be given now, and for which symbols."""
        ...

    def stats(self) -> MarketStats:
        """The market's counts."""
        ...
