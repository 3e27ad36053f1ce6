"""Everything that a server asks of a market: from its last tick, its samples, its finished days."""

import datetime
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zerodte.history.error import HistoryError
from zerodte.market.calendar import new_york_clock
from zerodte.runtime.archive import Archive
from zerodte.runtime.pulse import Pulse
from zerodte.server.source import Changes, Figures, SampleEvent
from zerodte.session.session import Session
from zerodte.views.frame import Frame
from zerodte.views.leaderboard import leaderboard
from zerodte.views.series import hedge_flow, series
from zerodte.views.snapshot import snapshot, snapshot_at
from zerodte.views.stream import stream
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health
from zerodte.wire.heatmap import HeatmapMetric, HeatmapMode
from zerodte.wire.hedge_flow import Side
from zerodte.wire.leaderboard import LeaderMetric
from zerodte.wire.window import BarSize, StrikeBarSize


@dataclass(frozen=True, slots=True)
class Shown:
    """The session that answers are given from, and where it comes from."""

    session: Session
    source: Source


class Desk:
    """Answers from a session that somebody else moves; see `MarketSource`.

    What is answered from samples is computed while ticks go on: kept samples do not change.

    Args:
        archive: Has the finished sessions that `at` may ask for.

    Attributes:
        lock: Held while a session is read or moved.
        pulse: How far the market is.
        shown: What is answered from; None: nothing yet.
        problem: What is wrong, or None: before anything is shown, or when no more ticks will come.
    """

    def __init__(self, archive: Archive | None = None) -> None:
        self.lock = threading.Lock()
        self.pulse = Pulse()
        self.shown: Shown | None = None
        self.problem: str | None = "starting: nothing has been read yet"
        self._archive = archive

    def health(self) -> Health:
        """Healthy once ready, until playing ends early."""
        unkept = self._archive.problem if self._archive else None
        problems = (self.problem,) if self.problem else ()
        return Health.of(*problems, warnings=(unkept,) if unkept else ())

    def symbols(self) -> list[str]:
        """The underlyings answered for, sorted; none before the first session is shown."""
        shown = self.shown
        return shown.session.symbols() if shown else []

    def on_sample(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called after each sample."""
        return self.pulse.on_sample(call)

    def version(self, changes: Changes) -> int:
        """A number that grows when answers may change."""
        return self.pulse.version(changes)

    def figures(self) -> Figures:
        """How the market is doing."""
        with self.lock:
            return self.pulse.figures(self.shown.session if self.shown else None)

    def snapshot(
        self,
        symbol: str,
        expiry: datetime.date | None,
        strike_range: float,
        at: int | None = None,
    ) -> bytes:
        """The snapshot body."""
        return self._chain_answer(symbol, expiry, strike_range, at, settled=False)

    def exposure(
        self,
        symbol: str,
        expiry: datetime.date | None,
        strike_range: float,
        at: int | None = None,
    ) -> bytes:
        """The same on settled open interest."""
        return self._chain_answer(symbol, expiry, strike_range, at, settled=True)

    def series(self, symbol: str, bar: BarSize, minutes: int, at: int | None = None) -> bytes:
        """The series body."""
        return series(self._frame(symbol, at), bar, minutes)

    def hedge_flow(
        self, symbol: str, side: Side, bar: BarSize, minutes: int, at: int | None = None
    ) -> bytes:
        """The hedge flow body."""
        return hedge_flow(self._frame(symbol, at), side, bar, minutes)

    def heatmap(
        self,
        symbol: str,
        metric: HeatmapMetric,
        mode: HeatmapMode,
        bar: StrikeBarSize,
        minutes: int,
        at: int | None = None,
    ) -> bytes:
        """The heatmap body."""
        return heatmap(self._frame(symbol, at), metric, mode, bar, minutes)

    def strike_flow(
        self, symbol: str, bar: StrikeBarSize, minutes: int, at: int | None = None
    ) -> bytes:
        """The strike flow body."""
        return strike_flow(self._frame(symbol, at), bar, minutes)

    def leaderboard(self, metric: LeaderMetric, n: int) -> bytes:
        """The leaderboard body."""
        with self.lock:
            shown = self._ready()
            return leaderboard(shown.session, shown.source, metric, n)

    def events(self, symbol: str, after: int | None) -> Sequence[SampleEvent]:
        """The samples of this session after an instant, as a stream shows them."""
        frame = self._frame(symbol, None)
        if symbol not in self.symbols():
            raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
        return [SampleEvent(*event) for event in stream(frame, after)]

    def _chain_answer(
        self,
        symbol: str,
        expiry: datetime.date | None,
        strike_range: float,
        at: int | None,
        *,
        settled: bool,
    ) -> bytes:
        if at is not None:
            return snapshot_at(self._frame(symbol, at), expiry, strike_range, settled=settled)
        with self.lock:
            shown = self._ready()
            return snapshot(
                shown.session, shown.source, symbol, expiry, strike_range, settled=settled
            )

    def _frame(self, symbol: str, at: int | None) -> Frame:
        with self.lock:
            shown = self._ready()
            session = shown.session
            if at is None:
                return Frame.live(session, shown.source, symbol)
            date = new_york_clock(at).date()
            if date == session.hours.date:
                if session.now < min(at, session.hours.close):
                    raise ApiError("invalid_at", _not_yet(session))
                return Frame.past(session.kept(symbol), shown.source, symbol, at)
        if date > session.hours.date:
            raise ApiError("invalid_at", _not_yet(session))
        return self._finished(date, symbol, at, shown.source)

    def _finished(self, date: datetime.date, symbol: str, at: int, source: Source) -> Frame:
        """A symbol on the date of another session than the one in motion."""
        try:
            found = self._archive.read(date, symbol) if self._archive else None
        except HistoryError as error:  # which the archive has logged
            message = f"what is kept of {symbol} on {date} cannot be read; the log says why"
            raise ApiError("session_unreadable", message) from error
        if found is None:
            return Frame.past(None, source, symbol, at)
        return Frame.past(found.day, found.source, symbol, at)

    def _ready(self) -> Shown:
        if self.shown is None:
            raise ApiError("warming_up", self.problem or "starting")
        return self.shown


def _not_yet(session: Session) -> str:
    now = new_york_clock(session.now)
    return f"at lies ahead: the clock of the market stands at {now:%Y-%m-%dT%H:%M:%S}"
