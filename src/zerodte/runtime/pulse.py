"""What a market tells of itself while it is played: how far it is, and that a sample was taken."""

import logging
from collections import Counter
from collections.abc import Callable

from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.logs import log
from zerodte.records.tick import Tick
from zerodte.server.source import Changes, Figures
from zerodte.session.session import Session
from zerodte.wire.base import timestamp

_NAN = float("nan")


class Pulse:
    """Counts of one market; written by the thread that plays, read by any.

    Attributes:
        ticks: Ticks taken, silent ones included.
        samples: Sample times passed.
        gaps: Runs of ticks that say they may have missed something.
    """

    def __init__(self) -> None:
        self.ticks = self.samples = self.gaps = 0
        self._records: Counter[str] = Counter()
        self._tick_lag = self._sample_lag = _NAN
        self._session: Session | None = None
        self._last = 0
        self._is_open = False
        self._turns = 0
        self._gap = ""
        self._calls: list[Callable[[], None]] = []

    def turned(self) -> None:
        """Count what changes every answer: readiness, a failure, another session to answer from."""
        self._turns += 1

    def took(self, tick: Tick, session: Session, lag: float) -> None:
        """Count a tick that `session` has taken, `lag` seconds after it was due."""
        self._records.update(tick.counts())
        if tick.gap and not self._gap:
            self.gaps += 1
            log(
                "gap",
                logging.WARNING,
                since=timestamp(tick.end - SECOND).isoformat(),
                reason=tick.gap,
            )
        self._gap = tick.gap
        self.passed(session, lag)

    def passed(self, session: Session, lag: float) -> None:
        """Count a second that has passed, and say so if it brought a sample."""
        self.ticks += 1
        self._tick_lag = lag
        if session is not self._session:
            self._session, self._last = session, 0
        hours, now = session.hours, session.now
        if (is_open := session.is_open) != self._is_open:  # as is said beside samples, too
            self._is_open = is_open
            self.turned()
        newest = min(now, hours.close) // SAMPLE_INTERVAL
        last = max(self._last, hours.open // SAMPLE_INTERVAL)
        if newest > last:
            self.samples += newest - last
            self._last = newest
            self._sample_lag = lag
            for call in tuple(self._calls):
                call()

    def on_sample(self, call: Callable[[], None]) -> Callable[[], None]:
        """See `MarketSource.on_sample`."""
        self._calls.append(call)
        return lambda: self._calls.remove(call)

    def version(self, changes: Changes) -> int:
        """See `MarketSource.version`."""
        counts = {"tick": self.ticks, "sample": self.samples, "never": 0}
        return counts[changes] + self._turns

    def figures(self, session: Session | None) -> Figures:
        """See `MarketSource.figures`; `session` must not be taking a tick meanwhile."""
        return Figures(
            records=dict(self._records),
            ticks=self.ticks,
            samples=self.samples,
            tick_lag=self._tick_lag,
            sample_lag=self._sample_lag,
            gaps=self.gaps,
            left_out=session.left_out() if session else {},
        )
