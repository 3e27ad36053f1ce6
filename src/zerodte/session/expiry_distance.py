"""Where an instant stands in its session, and how far a chain's expiry is from it."""

import datetime
import functools
from dataclasses import dataclass

import numpy as np

from zerodte.engine.chain_inputs import ChainClock
from zerodte.market.calendar import Calendar, TradingSession
from zerodte.market.contracts import Chain
from zerodte.pricing.clock import (
    elapsed_minutes,
    next_hour_share,
    remaining_variance_share,
    tau_years,
)

_MINUTES_AN_HOUR = 60.0


@dataclass(frozen=True, slots=True)
class ExpiryDistance:
    """What lies between today's close and an expiry; it stays the same all day.

    Attributes:
        sessions: Sessions after today's, up to and including the expiry's own.
        minutes: Of those that can be traded: an AM-settled expiry's own day has none.
        am_settled: Whether it settles at its day's opening.
    """

    sessions: int
    minutes: float
    am_settled: bool

    @property
    def whole_sessions(self) -> int:
        """Sessions that are wholly ahead; -1 for an AM-settled expiry of today."""
        return self.sessions - self.am_settled


def expiry_distance(today: TradingSession, chain: Chain, calendar: Calendar) -> ExpiryDistance:
    """How far a chain's expiry is; it is not before today's date."""
    return _distance(today, chain.expiry, chain.am_settled, calendar)


@functools.lru_cache(maxsize=1024)
def _distance(
    today: TradingSession, expiry: datetime.date, am_settled: bool, calendar: Calendar
) -> ExpiryDistance:
    minutes = calendar.minutes_between(today.date, expiry)
    last = calendar.session(expiry)
    if am_settled and last is not None and expiry > today.date:
        minutes -= last.minutes
    sessions = calendar.sessions_between(today.date, expiry)
    return ExpiryDistance(sessions, minutes, am_settled)


@functools.lru_cache(maxsize=256)
def clock_at(now: int, today: TradingSession, ahead: ExpiryDistance) -> ChainClock:
    """The trading clock of a chain at `now` (UTC ns), which belongs to today's session."""
    length = today.minutes
    elapsed = elapsed_minutes(now, today.open, today.close)
    share_today = remaining_variance_share(elapsed, length)
    remaining = share_today + ahead.whole_sessions
    hour = next_hour_share(elapsed, length) * share_today / remaining if share_today else 0.0
    return ChainClock(
        now=now,
        tau=float(tau_years(now, today.open, today.close, np.array([ahead.whole_sessions]))[0]),
        hours_left=(length - elapsed + ahead.minutes) / _MINUTES_AN_HOUR,
        elapsed_pct=100.0 * elapsed / length,
        remaining_share=remaining,
        next_hour_share=hour,
    )
