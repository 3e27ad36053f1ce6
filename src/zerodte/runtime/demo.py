"""Simulated sessions to be played one after another, each simulated by a process of its own."""

import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zerodte.feeds.simulator.block_stream import BlockStream
from zerodte.feeds.simulator.columns import BlockSource
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
        """What is listed; waits for the simulation to know."""
        return self.stream.symbols()

    @property
    def initial_symbols(self) -> Mapping[str, Mapping[int, str]]:
        """All of them."""
        return self.symbols

    def kind(self, dataset: str) -> str:
        """What the instruments of a dataset are."""
        return kind_of(dataset, self.symbols[dataset])

    def ticks(self) -> Iterator[Tick]:
        """The ticks of its blocks, each block waited for."""
        for block in self.stream.blocks():
            yield from block.ticks()


class Demo:
    """Sessions without end, the first of them being simulated from now on.

    To be iterated once; the next session begins to be simulated when it is asked for.

    Args:
        first: The first session; the calendar tells the others.
        make: Makes the simulation of a session, in a process of its own, so it is to be pickled:
            a function or a class of a module, or a partial of one.

    Attributes:
        first: The first session.
    """

    def __init__(
        self, first: TradingSession, make: Callable[[TradingSession], BlockSource]
    ) -> None:
        self.first = first
        self._make = make
        self._lock = threading.Lock()
        self._is_closed = False
        self._now = self._begun(first)

    def __iter__(self) -> Iterator[SimulatedSession]:
        """The sessions, until `close`."""
        while not self._is_closed:
            yield self._now
            self._now.stream.close()
            with self._lock:
                if not self._is_closed:
                    self._now = self._begun(calendar().next(self._now.session.date))

    def close(self) -> None:
        """End what is being simulated, from any thread."""
        with self._lock:
            self._is_closed = True
            self._now.stream.close()

    def _begun(self, session: TradingSession) -> SimulatedSession:
        return SimulatedSession(session, BlockStream(functools.partial(self._make, session)))
