"""Trading sessions, early closes and holidays, and New York time.

Instants are int UTC nanoseconds, dates are US/Eastern market dates. The schedule comes from a
calendar library and is read once into int64 arrays.
"""

import datetime
import functools
import warnings
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import I64
from zerodte.clock import new_york, new_york_clock
from zerodte.constants import MINUTE
from zerodte.market.osi import MarketError

#: The range of known sessions. Reading all of them takes a few hundredths of a second.
FIRST_DAY = datetime.date(1990, 1, 1)
LAST_DAY = datetime.date(2099, 12, 31)
_YEARS = f"{FIRST_DAY} to {LAST_DAY}"

USUAL_CLOSE = datetime.time(16)
_LATE = 15 * MINUTE
# From 18:00 New York time, an instant belongs to the next session.
_EVENING = datetime.time(18)
_EVENING_TO_MIDNIGHT = datetime.timedelta(hours=24 - 18)
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def epoch_day(date: datetime.date) -> int:
    """Days since 1970-01-01."""
    return date.toordinal() - _EPOCH


def from_epoch_day(day: int) -> datetime.date:
    """The date `day` days after 1970-01-01."""
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
    def late_close(self) -> int:
        """Until when products that trade after the close of stocks trade, UTC nanoseconds."""
        return self.close + _LATE

    @property
    def is_early_close(self) -> bool:
        """Whether it ends before 16:00 New York time."""
        return self.close < new_york(self.date, USUAL_CLOSE)


class Calendar:
    """All sessions in order, as three parallel arrays.

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
            MarketError: If the date is outside the known years; likewise for all methods.
        """
        index = self._first_from(date)
        if index == len(self._days) or self._days[index] != epoch_day(date):
            return None
        return self._session_at(index)

    def session_of(self, instant: int) -> TradingSession:
        """The session that an instant (UTC nanoseconds) belongs to.

        A session owns the time from 18:00 New York time on the day of the previous session to 18:00
        on its own day, including weekends and holidays: data downloaded in the evening belongs to
        the next session.
        """
        local = new_york_clock(instant).replace(tzinfo=None)
        return self._session_at(self._first_from((local + _EVENING_TO_MIDNIGHT).date()))

    def span(self, session: TradingSession) -> tuple[int, int]:
        """The time that a session owns, as `session_of` has it: UTC ns, without its end."""
        start = new_york(self.previous(session.date).date, _EVENING)
        return start, new_york(session.date, _EVENING)

    def previous(self, date: datetime.date) -> TradingSession:
        """The last session before a date."""
        return self._session_at(self._first_from(date) - 1)

    def next(self, date: datetime.date) -> TradingSession:
        """The first session after a date."""
        return self._session_at(self._first_after(date))

    def session_after(self, date: datetime.date, count: int) -> TradingSession:
        """The last of the first `count` sessions after a date, at least one.

        Raises:
            MarketError: If it is beyond the calendar.
        """
        return self._session_at(self._first_after(date) + count - 1)

    def sessions_between(self, after: datetime.date, until: datetime.date) -> int:
        """The number of sessions d with after < d <= until; 0 if `until` is earlier."""
        return max(0, self._first_after(until) - self._first_after(after))

    def minutes_between(self, after: datetime.date, until: datetime.date) -> float:
        """The total minutes of the sessions d with after < d <= until."""
        days = slice(self._first_after(after), self._first_after(until))
        return int((self._closes[days] - self._opens[days]).sum()) / MINUTE

    def _first_from(self, date: datetime.date) -> int:
        return int(np.searchsorted(self._days, _checked_day(date)))

    def _first_after(self, date: datetime.date) -> int:
        return int(np.searchsorted(self._days, _checked_day(date), side="right"))

    def _session_at(self, index: int) -> TradingSession:
        if not 0 <= index < len(self._days):
            raise MarketError(f"no such session; the calendar covers {_YEARS}")
        day, opens, closes = self._days[index], self._opens[index], self._closes[index]
        return TradingSession(from_epoch_day(int(day)), int(opens), int(closes))


def _checked_day(date: datetime.date) -> int:
    if not FIRST_DAY <= date <= LAST_DAY:
        raise MarketError(f"no sessions are known for {date}; the calendar covers {_YEARS}")
    return epoch_day(date)


_SATURDAY = 5
# The Options Clearing Corporation moved expirations to Fridays from this month on.
_FRIDAY_EXPIRIES_SINCE = datetime.date(2015, 2, 1)


@functools.cache
def last_trading_day(expiry: datetime.date) -> datetime.date:
    """The day on which contracts of an expiry trade last.

    Monthly contracts before February 2015 are dated on the Saturday after it.
    """
    if expiry.weekday() != _SATURDAY or not FIRST_DAY < expiry < _FRIDAY_EXPIRIES_SINCE:
        return expiry
    return calendar().previous(expiry).date


@functools.cache
def calendar() -> Calendar:
    """The calendar of the New York Stock Exchange, which US listed options follow.

    The library's Cboe calendars lack the early close of 24 December.
    """
    # Importing pandas takes most of a second, so it is imported on first use.
    from pandas_market_calendars import get_calendar  # noqa: PLC0415

    with warnings.catch_warnings():
        # The library uses parts of pandas that are deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        schedule = get_calendar("NYSE").schedule(FIRST_DAY, LAST_DAY)
    days = schedule.index.to_numpy().astype("M8[D]").astype(np.int64)
    opens, closes = (
        schedule[column].dt.tz_convert(None).to_numpy().astype("M8[ns]").astype(np.int64)
        for column in ("market_open", "market_close")
    )
    return Calendar(days, opens, closes)
