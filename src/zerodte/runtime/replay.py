"""Plays a tick source into a session: at once, up to an instant, or against the wall clock."""

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from zerodte.constants import SECOND
from zerodte.market.calendar import calendar
from zerodte.records.tick import Tick
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.session import Session
from zerodte.session.settings import DEFAULT_SETTINGS, SessionSettings
from zerodte.tape.source import TickSource
from zerodte.wire.envelope import Source

Watch: TypeAlias = Callable[[Session, Tick, list[ClassifiedTrades]], None]


def _unwatched(session: Session, tick: Tick, trades: list[ClassifiedTrades]) -> None:
    pass


def begin(source: TickSource, settings: SessionSettings = DEFAULT_SETTINGS) -> Session:
    """A session with the source's instruments, before its first tick.

    Args:
        source: The tick source.
        settings: What decisions are told besides the data.
    """
    kinds = {dataset: source.kind(dataset) for dataset in source.symbols}
    cadence = source.notes.cadence_seconds * SECOND
    delays = {name: delay * SECOND for name, delay in source.notes.delay_seconds.items()}
    session = Session(source.session, calendar(), kinds, cadence, settings, delays)
    for dataset, symbols in source.initial_symbols.items():
        session.learn(dataset, symbols)
    session.note_imports(source.notes.import_warnings())
    return session


def replay(
    source: TickSource,
    until: int | None = None,
    watch: Watch = _unwatched,
    settings: SessionSettings = DEFAULT_SETTINGS,
) -> Session:
    """Play a source to its end, or to `until` (UTC ns).

    If it ends before `until`, the session stays at its last tick.

    Args:
        source: The tick source.
        until: Where to stop.
        watch: Called with every tick and its trades after the session has applied it.
        settings: What decisions are told besides the data.
    """
    session = begin(source, settings)
    for tick in source.ticks():
        if until is not None and tick.end > until:
            session.advance(until)
            break
        watch(session, tick, session.apply(tick))
    return session


def source_of(source: TickSource, market: Source = "replay") -> Source:
    """Where the data of a tick source comes from: simulated, or else `market`."""
    return "simulated" if source.notes.source == "simulated" else market


class Pace:
    """The wall clock of a replay: how long to wait until an instant of the session is due.

    Records from before the start are played at once, so a replay does not wait through the night.
    """

    def __init__(self, speed: float | None, start: int) -> None:
        """Play at `speed` times the wall clock from `start` (UTC ns); None never waits."""
        self._speed = speed
        self._start = start
        self._origin: tuple[int, int] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether any instant has been waited for."""
        return self._origin is not None

    def is_live(self, due: int) -> bool:
        """Whether the instant `due` is waited for rather than played at once."""
        return self._speed is not None and due > self._start

    def late(self, due: int) -> float:
        """Seconds since the instant `due` of the tape was due; NaN if it is not waited for."""
        if self._speed is None or self._origin is None or not self.is_live(due):
            return float("nan")
        first, start = self._origin
        return (time.monotonic_ns() - start - (due - first) / self._speed) / SECOND

    def wait(self, due: int, stopped: threading.Event) -> bool:
        """Wait until the instant `due` of the session; False if stopped meanwhile."""
        if self._speed is None or not self.is_live(due):
            return not stopped.is_set()
        if self._origin is None:
            self._origin = (due, time.monotonic_ns())
        return not stopped.wait(max(-self.late(due), 0.0))
