"""Simulated sessions to play one after another, each simulated by its own process."""

import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from zerodte.feeds.simulator.block_source import BlockSource
from zerodte.feeds.simulator.block_stream import BlockStream
from zerodte.feeds.simulator.evening import Evening
from zerodte.feeds.simulator.output import SIMULATED_NOTES
from zerodte.market.calendar import TradingSession, calendar
from zerodte.records.tick import Tick
from zerodte.tape.folder import kind_of
from zerodte.tape.sidecars import Notes


@dataclass(frozen=True, slots=True)
class SimulatedSession:
    """A session that is being simulated, as a `TickSource`.

    Attributes:
        session: The trading session.
        stream: Its blocks.
    """

    session: TradingSession
    stream: BlockStream
    notes: Notes = SIMULATED_NOTES
    warnings: Sequence[str] = ()

    @property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """The symbols of each dataset; waits until the simulation has them."""
        return self.stream.symbols()

    @property
    def initial_symbols(self) -> Mapping[str, Mapping[int, str]]:
        """All symbols."""
        return self.symbols

    def kind(self, dataset: str) -> str:
        """The kind of a dataset's instruments."""
        return kind_of(dataset, self.symbols[dataset])

    def ticks(self) -> Iterator[Tick]:
        """The ticks of its blocks; waits for each block."""
        for block in self.stream.blocks():
            yield from block.ticks()


class MakesSimulation(Protocol):
    """Makes the simulation of a session."""

    def __call__(self, session: TradingSession, *, before: Evening | None) -> BlockSource:
        """Make it; `before` is what the session before left, if that was played to its end."""
        ...


class Demo:
    """Endless simulated sessions that follow one another. The first starts at once.

    Iterate it once; each later session starts to be simulated when the iteration reaches it.

    Args:
        first: The first session; the calendar gives the others.
        make: Makes the simulation of a session, in another process. It must be picklable: a
            function or class of a module, or a partial of one.

    Attributes:
        first: The first session.
    """

    def __init__(self, first: TradingSession, make: MakesSimulation) -> None:
        self.first = first
        self._make = make
        self._lock = threading.Lock()
        self._is_closed = False
        self._current = self._simulate(first)

    def __iter__(self) -> Iterator[SimulatedSession]:
        """The sessions, until `close`."""
        while not self._is_closed:
            yield self._current
            stream = self._current.stream
            stream.close()
            following = calendar().next(self._current.session.date)
            with self._lock:
                if not self._is_closed:
                    self._current = self._simulate(following, stream.evening)

    def close(self) -> None:
        """End the simulation; callable from any thread."""
        with self._lock:
            self._is_closed = True
            self._current.stream.close()

    def _simulate(self, session: TradingSession, before: Evening | None = None) -> SimulatedSession:
        make = functools.partial(self._make, session, before=before)
        return SimulatedSession(session, BlockStream(make))
