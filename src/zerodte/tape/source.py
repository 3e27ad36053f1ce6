"""What can be played: the seam between where market data comes from and what is done with it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from zerodte.market.calendar import TradingSession
from zerodte.records.tick import Tick
from zerodte.tape.sidecars import Notes


class TickSource(Protocol):
    """A session's market data: a tape is one, a simulation under way, a live feed being recorded.

    Everything but `ticks` is known before the first tick.
    """

    @property
    def session(self) -> TradingSession:
        """The trading session."""
        ...

    @property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """Raw symbol by instrument id, of every dataset."""
        ...

    @property
    def listed(self) -> Mapping[str, Mapping[int, str]]:
        """Those of `symbols` that are known before the first tick."""
        ...

    @property
    def notes(self) -> Notes:
        """What made it, and what is to be known of it."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What a reader should be told before trusting it."""
        ...

    def kind(self, dataset: str) -> str:
        """What the instruments of a dataset are: options, equity or index."""
        ...

    def ticks(self) -> Iterator[Tick]:
        """The ticks, in order; the next may have to be waited for."""
        ...
