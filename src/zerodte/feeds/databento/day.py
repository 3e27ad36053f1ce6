"""A session of Databento's history: the slices in which it is fetched, and what they cost."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from zerodte.constants import CALENDAR_DAY, MINUTE
from zerodte.feeds.databento.historical import MOST_SYMBOLS, HistoricalQuery
from zerodte.feeds.feed import FeedError
from zerodte.market.calendar import TradingSession, calendar, epoch_day
from zerodte.records.dbn import OPRA

#: What is fetched of the whole day.
REFERENCE_SCHEMAS: Final = ("definition", "statistics")
#: What is fetched of the session.
MARKET_SCHEMAS: Final = ("tcbbo", "cbbo-1s")
#: Quotes and trades are fetched from before the open until after the last product's close, ns.
_BEFORE_OPEN: Final = 30 * MINUTE
_AFTER_CLOSE: Final = 10 * MINUTE
#: Length of a slice, ns. What came of one is lost if the connection breaks, and paid for.
_SLICE: Final = 30 * MINUTE


@dataclass(frozen=True, slots=True)
class FetchDay:
    """What is to be done about a session.

    Attributes:
        session: The session.
        reason: Why it is not fetched, in words; empty if it is.
        is_whole: Whether a tape of it is there that lacks nothing.
        is_degraded: Whether the vendor says that its data of the day are not what they should be.
        contracts: The number of contracts.
        queries: All of its slices, in the order of fetching.
        missing: Those that are not there yet.
        size: The bytes of these that the vendor would bill.
        cost: Their cost, dollars.
    """

    session: TradingSession
    reason: str = ""
    is_whole: bool = False
    is_degraded: bool = False
    contracts: int = 0
    queries: tuple[HistoricalQuery, ...] = ()
    missing: tuple[HistoricalQuery, ...] = ()
    size: int = 0
    cost: float = 0.0


def sessions_of(first: datetime.date, last: datetime.date) -> list[TradingSession]:
    """The sessions from one date to another, both included.

    Raises:
        FeedError: If there is none.
    """
    found = []
    session = calendar().session(first) or calendar().next(first)
    while session.date <= last:
        found.append(session)
        session = calendar().next(session.date)
    if not found:
        raise FeedError(f"no session from {first} to {last}; the next is on {session.date}")
    return found


def session_queries(session: TradingSession, raws: Sequence[str]) -> tuple[HistoricalQuery, ...]:
    """The slices of a session: by schema, time, and parts of the symbols."""
    day = day_start(session.date)
    spans = [(schema, day, day + CALENDAR_DAY) for schema in REFERENCE_SCHEMAS]
    since, until = session.open - _BEFORE_OPEN, session.late_close + _AFTER_CLOSE
    for start in range(since, until, _SLICE):
        spans += [(schema, start, min(start + _SLICE, until)) for schema in MARKET_SCHEMAS]
    return tuple(
        HistoricalQuery(OPRA, schema, tuple(raws[first : first + MOST_SYMBOLS]), start, end)
        for schema, start, end in spans
        for first in range(0, len(raws), MOST_SYMBOLS)
    )


def query_runs(queries: Sequence[HistoricalQuery]) -> list[HistoricalQuery]:
    """Queries that follow one another in time as one, to be asked about at once."""
    found: dict[tuple[str, tuple[str, ...], int], HistoricalQuery] = {}
    for query in queries:
        before = found.pop((query.schema, query.symbols, query.start), None)
        run = query if before is None else replace(before, end=query.end)
        found[query.schema, query.symbols, query.end] = run
    return list(found.values())


def day_start(date: datetime.date) -> int:
    """The beginning of a day in UTC, ns."""
    return epoch_day(date) * CALENDAR_DAY
