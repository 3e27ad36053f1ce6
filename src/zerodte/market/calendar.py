"""When the market trades: sessions, early closes and holidays, and New York's clock.

Instants are int UTC nanoseconds, dates are US/Eastern market dates. The schedule comes from a
calendar library, is read once and kept as int64 arrays; nothing here knows what is traded.
"""

import datetime
import functools
import warnings
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import I64
from zerodte.clock import NEW_YORK as NEW_YORK  # noqa: PLC0414
from zerodte.clock import new_york as new_york  # noqa: PLC0414
from zerodte.clock import new_york_clock as new_york_clock  # noqa: PLC0414
from zerodte.clock import parse_new_york as parse_new_york  # noqa: PLC0414
from zerodte.constants import MINUTE
from zerodte.market.osi import MarketError

#: The years whose sessions are known. Reading all of them takes a few hundredths of a second.
FIRST_DAY = datetime.date(1990, 1, 1)
LAST_DAY = datetime.date(2099, 12, 31)
_KNOWN = f"{FIRST_DAY} to {LAST_DAY}"

_USUAL_CLOSE = datetime.time(16)
# From 18:00 New York on, an instant belongs to the coming session.
_EVENING = datetime.timedelta(hours=24 - 18)
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def epoch_day(date: datetime.date) -> int:
    """Days since 1970-01-01."""
    return date.toordinal() - _EPOCH


def from_epoch_day(day: int) -> datetime.date:
    """The date that lies `day` days after 1970-01-01."""
    return datetime.date.fromordinal(_EPOCH + day)


@dataclass(frozen=True, slots=True)
class TradingSession:
    """One day's regular trading hours.

    Attributes:
        date: The market date.
        open: UTC nanoseconds.
        close: UTC nanoseconds; 13:00 New York on an early close.
    """

    date: datetime.date
    open: int
    close: int

    @property
    def minutes(self) -> float:
        """The session's length: 390 on a usual day, 210 on a half day."""
        return (self.close - self.open) / MINUTE

    @property
    def is_early_close(self) -> bool:
        """Whether it ends before 16:00 New York."""
        return self.close < new_york(self.date, _USUAL_CLOSE)


class Calendar:
    """Sessions in order, as three parallel arrays.

    Args:
        days: int64[n], ascending: market dates as days since 1970-01-01.
        opens: int64[n], UTC nanoseconds.
        closes: int64[n], UTC nanoseconds.
    """

    def __init__(
        self,
        days: I64,
        opens: I64,
        closes: I64,
    ) -> None:
        self._days = days
        self._opens = opens
        self._closes = closes

    def session(self, date: datetime.date) -> TradingSession | None:
        """The session of a date, or None on a weekend or holiday.

        Raises:
            MarketError: If the date lies outside the known years; so for every method here.
        """
        at = self._first_from(date)
        if at == len(self._days) or self._days[at] != epoch_day(date):
            return None
        return self._session_at(at)

    def session_of(self, instant: int) -> TradingSession:
        """The session that an instant (UTC nanoseconds) belongs to.

        A session owns the time from 18:00 New York of the last session's day to 18:00 of its
        own, weekends and holidays between them included: what is downloaded in the evening
        belongs to the next session.
        """
        shown = new_york_clock(instant).replace(tzinfo=None)
        return self._session_at(self._first_from((shown + _EVENING).date()))

    def previous(self, date: datetime.date) -> TradingSession:
        """The last session before a date."""
        return self._session_at(self._first_from(date) - 1)

    def next(self, date: datetime.date) -> TradingSession:
        """The first session after a date."""
        return self._session_at(self._first_after(date))

    def sessions_between(self, after: datetime.date, until: datetime.date) -> int:
        """How many sessions d there are with after < d <= until; 0 where `until` is earlier."""
        return max(0, self._first_after(until) - self._first_after(after))

    def minutes_between(self, after: datetime.date, until: datetime.date) -> float:
        """The lengths of the sessions d with after < d <= until, added up."""
        days = slice(self._first_after(after), self._first_after(until))
        return int((self._closes[days] - self._opens[days]).sum()) / MINUTE

    def _first_from(self, date: datetime.date) -> int:
        return int(np.searchsorted(self._days, _known(date)))

    def _first_after(self, date: datetime.date) -> int:
        return int(np.searchsorted(self._days, _known(date), side="right"))

    def _session_at(self, at: int) -> TradingSession:
        if not 0 <= at < len(self._days):
            raise MarketError(f"no session there; sessions are known from {_KNOWN}")
        day, opens, closes = self._days[at], self._opens[at], self._closes[at]
        return TradingSession(from_epoch_day(int(day)), int(opens), int(closes))


def _known(date: datetime.date) -> int:
    if not FIRST_DAY <= date <= LAST_DAY:
        raise MarketError(f"no sessions are known for {date}; they are from {_KNOWN}")
    return epoch_day(date)


@functools.cache
def calendar() -> Calendar:
    """The calendar of the New York Stock Exchange, which US listed options follow.

    The library's own Cboe calendars miss the early close of 24 December.
    """
    # Importing pandas takes most of a second: not before a session is asked for.
    from pandas_market_calendars import get_calendar  # noqa: PLC0415

    with warnings.catch_warnings():
        # The library calls parts of pandas that pandas is about to rename.
        warnings.simplefilter("ignore", DeprecationWarning)
        schedule = get_calendar("NYSE").schedule(FIRST_DAY, LAST_DAY)
    days = schedule.index.to_numpy().astype("M8[D]").astype(np.int64)
    opens, closes = (
        schedule[column].dt.tz_convert(None).to_numpy().astype("M8[ns]").astype(np.int64)
        for column in ("market_open", "market_close")
    )
    return Calendar(days, opens, closes)
