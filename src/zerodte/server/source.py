"""The seam between HTTP and the market: what a server needs from whatever computes answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol, TypeAlias

from zerodte.wire.health import Health
from zerodte.wire.heatmap import HeatmapMetric, HeatmapMode
from zerodte.wire.hedge_flow import Side
from zerodte.wire.leaderboard import LeaderMetric
from zerodte.wire.window import BarSize, StrikeBarSize

#: What may make an answer turn out different: a tick, a sample, nothing.
Changes: TypeAlias = Literal["tick", "sample", "never"]


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """A sample of a symbol as a stream shows it.

    Attributes:
        time: The sample's, UTC ns; whole seconds.
        bar: A series bar, JSON on one line.
        snapshot: The snapshot without `body` and `strikes`, likewise; None where a newer one
            follows.
    """

    time: int
    bar: bytes
    snapshot: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a market is doing, for its keeper. Counts are since the start; lags NaN while unknown.

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


class MarketSource(Protocol):
    """Answers as finished JSON.

    Those with a symbol, the leaderboard and `figures` are called on worker threads, several at a
    time, and may take as long as a first computation takes; the rest is called on the event loop
    and must not block.

    A symbol is trimmed, upper-cased and of a symbol's form, but perhaps unknown. `at` is a past
    instant, UTC ns, None for now: the answer is that of the last sample not after it. Each method
    raises `ApiError` with the codes it names, and `warming_up` while it cannot answer yet; with
    `at` also `invalid_at` for an instant that is still to come.
    """

    def snapshot(
        self, symbol: str, expiry: date | None, strike_range: float, at: int | None = None
    ) -> bytes:
        """The body of `/v1/flow/zero-dte/snapshot/{symbol}`, degraded forms included.

        Args:
            symbol: Whose chain.
            expiry: Another expiry than today's; None for today's.
            strike_range: Fraction of spot kept in `strikes`, 0.001 to 0.10.
            at: A past instant, or None.

        Raises:
            ApiError: `symbol_not_found`, `expiry_not_found`, `invalid_expiry` (with `at`).
        """
        ...

    def exposure(
        self, symbol: str, expiry: date | None, strike_range: float, at: int | None = None
    ) -> bytes:
        """The body of `/v1/exposure/zero-dte/{symbol}`; arguments and errors as `snapshot`."""
        ...

    def series(self, symbol: str, bar: BarSize, minutes: int, at: int | None = None) -> bytes:
        """The body of `/v1/flow/zero-dte/series/{symbol}`; `minutes` 1 to 390."""
        ...

    def hedge_flow(
        self, symbol: str, side: Side, bar: BarSize, minutes: int, at: int | None = None
    ) -> bytes:
        """The body of `/v1/flow/zero-dte/hedge-flow/{symbol}`."""
        ...

    def heatmap(
        self,
        symbol: str,
        metric: HeatmapMetric,
        mode: HeatmapMode,
        bar: StrikeBarSize,
        minutes: int,
        at: int | None = None,
    ) -> bytes:
        """The body of `/v1/flow/zero-dte/heatmap/{symbol}`.

        Raises:
            ApiError: `no_strike_data_for_window`.
        """
        ...

    def strike_flow(
        self, symbol: str, bar: StrikeBarSize, minutes: int, at: int | None = None
    ) -> bytes:
        """The body of `/v1/flow/zero-dte/strike-flow/{symbol}`; errors as `heatmap`."""
        ...

    def leaderboard(self, metric: LeaderMetric, n: int) -> bytes:
        """The body of `/v1/flow/zero-dte/leaderboard`; `n` 1 to 100."""
        ...

    def events(self, symbol: str, after: int | None) -> Sequence[SampleEvent]:
        """A symbol's samples of this session after an instant, in order.

        Args:
            symbol: As for `snapshot`.
            after: UTC ns; None for the newest sample alone.

        Returns:
            None of them where there is no sample yet. The last one alone has its snapshot.

        Raises:
            ApiError: `symbol_not_found` or `warming_up`.
        """
        ...

    def on_sample(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called, on any thread, after each sample; what comes back ends that."""
        ...

    def version(self, changes: Changes) -> int:
        """A number that grows whenever answers of that kind may turn out different."""
        ...

    def figures(self) -> Figures:
        """How the market is doing."""
        ...

    def health(self) -> Health:
        """Whether answers can be given now, and if not, why."""
        ...

    def symbols(self) -> list[str]:
        """The symbols answered for, sorted."""
        ...
