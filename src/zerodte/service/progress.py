"""The progress of a market: counts, versions of its answers, and notification of samples."""

import logging
from collections import Counter
from collections.abc import Callable

from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.logs import log
from zerodte.records.tick import Tick
from zerodte.service.market_service import MarketStats
from zerodte.session.session import Session
from zerodte.wire.base import timestamp
from zerodte.wire.query import Query

_NAN = float("nan")


class Progress:
    """Counts of one market, written by the thread that advances it and read by any.

    Attributes:
        ticks: Ticks applied, including silent ones.
        samples: Sample times passed.
        gaps: Runs of ticks that report missing data.
    """

    def __init__(self) -> None:
        self.ticks = self.samples = self.gaps = 0
        self._records: Counter[str] = Counter()
        self._tick_lag = self._sample_lag = _NAN
        self._session: Session | None = None
        self._last = 0
        self._is_open = False
        self._bumps = 0
        self._gap = ""
        self._subscribers: list[Callable[[], None]] = []

    def bump(self) -> None:
        """Count a change of every answer: readiness, a failure, another session."""
        self._bumps += 1

    def tick(self, tick: Tick, session: Session, lag: float) -> None:
        """Count a tick applied to `session`, `lag` seconds after it was due."""
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
        self.advance(session, lag)

    def advance(self, session: Session, lag: float) -> None:
        """Count a second, and notify the subscribers if it brought a sample."""
        self.ticks += 1
        self._tick_lag = lag
        if session is not self._session:
            self._session, self._last = session, 0
        hours, now = session.hours, session.now
        if (is_open := session.is_open) != self._is_open:  # also shown by answers from samples
            self._is_open = is_open
            self.bump()
        newest = min(now, hours.close) // SAMPLE_INTERVAL
        last = max(self._last, hours.open // SAMPLE_INTERVAL)
        if newest > last:
            self.samples += newest - last
            self._last = newest
            self._sample_lag = lag
            for call in tuple(self._subscribers):
                call()

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        """See `MarketService.subscribe`."""
        self._subscribers.append(call)
        return lambda: self._subscribers.remove(call)

    def version(self, query: Query) -> int:
        """See `MarketService.version`."""
        counts = {"tick": self.ticks, "sample": self.samples, "never": 0}
        return counts[query.varies_with] + self._bumps

    def stats(self, session: Session | None) -> MarketStats:
        """See `MarketService.stats`; the caller holds the session's lock."""
        return MarketStats(
            records=dict(self._records),
            ticks=self.ticks,
            samples=self.samples,
            tick_lag=self._tick_lag,
            sample_lag=self._sample_lag,
            gaps=self.gaps,
            left_out=session.left_out() if session else {},
        )
