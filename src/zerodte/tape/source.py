"""The interface between sources of market data and their users."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from zerodte.market.calendar import TradingSession
from zerodte.records.tick import Tick
from zerodte.tape.dbnfile import DbnFile
from zerodte.tape.sidecars import Notes


class TickSource(Protocol):
    """A session's market data: a tape, a running simulation, or the recording of a live feed.

    Everything except `ticks` is available before the first tick.
    """

    @property
    def session(self) -> TradingSession:
        """The trading session."""
        ...

    @property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """Raw symbol by instrument id, per dataset."""
        ...

    @property
    def initial_symbols(self) -> Mapping[str, Mapping[int, str]]:
        """The part of `symbols` that is available before the first tick."""
        ...

    @property
    def notes(self) -> Notes:
        """Its origin, and facts for its users."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """Problems of the data that a user should know about."""
        ...

    def kind(self, dataset: str) -> str:
        """The kind of a dataset's instruments: options, equity or index."""
        ...

    def ticks(self) -> Iterator[Tick]:
        """The ticks, in order; it may block until the next one is available."""
        ...


class FileSource(TickSource, Protocol):
    """A session's market data in files, which can be read again and in part."""

    @property
    def selected_files(self) -> Sequence[DbnFile]:
        """The files whose records are in ticks, by name."""
        ...

    def ticks_of(self, dataset: str, schema: str) -> Iterator[Tick]:
        """The ticks of one dataset and schema alone, in order.

        Raises:
            TapeError: If a file is damaged.
        """
        ...
