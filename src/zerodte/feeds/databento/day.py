"""A session of Databento's history: the slices in which it is fetched."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zerodte.constants import CALENDAR_DAY, MINUTE
from zerodte.feeds.databento.historical import MOST_SYMBOLS, HistoricalQuery
from zerodte.feeds.session_fetch import market_span
from zerodte.market.calendar import TradingSession, epoch_day
from zerodte.records.dbn import OPRA

#: What is fetched of the whole day.
REFERENCE_SCHEMAS: Final = ("definition", "statistics")
#: What is fetched of the session.
MARKET_SCHEMAS: Final = ("tcbbo", "cbbo-1s")
#: Length of a slice, ns. What came of one is lost if the connection breaks, and paid for.
_SLICE: Final = 30 * MINUTE


def session_queries(session: TradingSession, raws: Sequence[str]) -> tuple[HistoricalQuery, ...]:
    """The slices of a session: by schema, time, and parts of the symbols."""
    day = day_start(session.date)
    spans = [(schema, day, day + CALENDAR_DAY) for schema in REFERENCE_SCHEMAS]
    since, until = market_span(session)
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
