"""The raw symbols of instrument ids that a vendor gives anew each day, by session.

Databento's ids are unique within a UTC day, and a session has parts of two: it begins at 18:00 in
New York. A name holds from the day that gives it to the end of the session.
"""

import datetime
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from zerodte.arrays import Bool
from zerodte.constants import HOUR
from zerodte.market.calendar import calendar
from zerodte.market.osi import MarketError
from zerodte.records.dbn import Records

#: Symbols by session, None for one outside the calendar, and id.
SessionSymbols: TypeAlias = dict[tuple[datetime.date | None, int], str]

_HOURS_OF_DAY: Final = 24


class Naming(NamedTuple):
    """That an id has a name; sessions and days begin with whole hours, so the hour will do.

    Attributes:
        hour: Of the record that says so, hours since 1970 in UTC.
        number: The id.
        symbol: The name.
    """

    hour: int
    number: int
    symbol: str


class NamedRecords(NamedTuple):
    """What is known of records, n of them.

    Attributes:
        is_named: Whether each has one name, shape (n,).
        is_ambiguous: Whether each has an id with two names in its session, shape (n,).
        symbols: The names.
    """

    is_named: Bool
    is_ambiguous: Bool
    symbols: SessionSymbols


class DailySymbols:
    """The names of the instruments of one dataset."""

    def __init__(self) -> None:
        self._lasting: dict[int, str] = {}
        # By session and id, the names by UTC day.
        self._names: dict[tuple[datetime.date | None, int], dict[int, set[str]]] = {}

    def add_lasting(self, number: int, symbol: str) -> None:
        """Take a name that holds at all times; the first of an id stands."""
        self._lasting.setdefault(number, symbol)

    def add(self, naming: Naming) -> None:
        """Take a name; one from outside the calendar names nothing."""
        session = _session(naming.hour)
        if session is not None:
            days = self._names.setdefault((session, naming.number), {})
            days.setdefault(naming.hour // _HOURS_OF_DAY, set()).add(naming.symbol)

    def find(self, rows: Records) -> NamedRecords:
        """The names of records, by receive time and id.

        An id whose names differ within one UTC day has none; where two days of a session differ,
        the records of the later day have theirs.
        """
        is_named, is_ambiguous = np.zeros((2, len(rows)), np.bool_)
        symbols: SessionSymbols = {}
        for session, day, at in _parts(rows):
            numbers, places = np.unique(rows["instrument_id"][at], return_inverse=True)
            found = [self._find(session, day, number) for number in numbers.tolist()]
            is_named[at] = np.array([bool(name) for name in found])[places]
            is_ambiguous[at] = np.array([name == "" for name in found])[places]
            for number, name in zip(numbers.tolist(), found, strict=True):
                if name:
                    symbols[session, number] = name
        return NamedRecords(is_named, is_ambiguous, symbols)

    def _find(self, session: datetime.date | None, day: int, number: int) -> str | None:
        """The name of an id on a UTC day of a session: "" with several, None without one."""
        if number in self._lasting:
            return self._lasting[number]
        days = self._names.get((session, number), {})
        own = [names for since, names in sorted(days.items()) if since <= day]
        if not own:
            return None
        newest = days[max(days)]
        return next(iter(own[-1])) if own[-1] == newest and len(newest) == 1 else ""


def _parts(rows: Records) -> Iterator[tuple[datetime.date | None, int, Bool]]:
    """The sessions of records, and each one's UTC days, with a mask of the records of them."""
    hours = rows["ts_recv"] // np.uint64(HOUR)
    parts: dict[tuple[datetime.date | None, int], list[int]] = {}
    for hour in np.unique(hours).tolist():
        parts.setdefault((_session(hour), hour // _HOURS_OF_DAY), []).append(hour)
    for (session, day), own in parts.items():
        yield session, day, np.isin(hours, np.array(own, np.uint64))


def _session(hour: int) -> datetime.date | None:
    """The session of an hour; None outside the calendar."""
    try:
        return calendar().session_of(hour * HOUR).date
    except (MarketError, ValueError, OverflowError, OSError):
        return None
