"""Finished sessions from Databento's history: what is missing, what it costs, and its tapes.

The contracts of a day are those that the live feed would follow. Symbols, sizes and costs are
asked for without charge; a session is then fetched slice by slice, and becomes a tape when all of
them are there.
"""

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.feeds.databento.day import (
    MARKET_SCHEMAS,
    REFERENCE_SCHEMAS,
    day_start,
    query_runs,
    session_queries,
)
from zerodte.feeds.databento.feed import NO_CONDITIONS, ORIGIN
from zerodte.feeds.databento.historical import HistoricalClient, HistoricalQuery
from zerodte.feeds.databento.universe import STATISTIC_KINDS, DatabentoUniverse
from zerodte.feeds.feed import FeedError
from zerodte.feeds.session_fetch import FetchDay, SessionFetch
from zerodte.feeds.slice_folder import SliceFolder
from zerodte.feeds.universe import expiries_of
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.market.calendar import calendar
from zerodte.market.roots import roots_of
from zerodte.records.dbn import OPRA, Records
from zerodte.tape.dbnfile import DbnFile
from zerodte.tape.symbology import metadata_mappings
from zerodte.tape.writer import TapeWriter

#: Conditions of a day without data.
_ABSENT: Final = ("pending", "missing")
_DEGRADED: Final = "the vendor says that its data of this day are degraded"


class DatabentoFetch(SessionFetch[HistoricalQuery, tuple[DbnFile, list[Records]]]):
    """Plans and fetches sessions of some underlyings.

    Args:
        client: The vendor.
        symbols: The underlyings.
        out: The folder of tapes, each in a folder named by its date.
        replaces: Whether tapes that lack something are replaced.
    """

    dataset = OPRA
    schemas = (*REFERENCE_SCHEMAS, *MARKET_SCHEMAS)

    def __init__(
        self, client: HistoricalClient, symbols: Sequence[str], out: Path, *, replaces: bool
    ) -> None:
        super().__init__(client, symbols, out, replaces=replaces)
        self._client = client
        self._span = 0, 0

    def _ask(self, day: FetchDay[HistoricalQuery]) -> FetchDay[HistoricalQuery]:
        session = day.session
        if not self._span[1]:
            self._span = self._client.span_of(OPRA)
        if day_start(session.date) < self._span[0]:
            return replace(day, reason="is from before the vendor's history")
        if day_start(session.date + datetime.timedelta(days=1)) > self._span[1]:
            return replace(day, reason="is not in the vendor's history yet")
        condition = self._client.condition_of(OPRA, session.date)
        if condition in _ABSENT:
            return replace(day, reason=f"is {condition}, says the vendor")
        parents = [f"{root}.OPT" for symbol in self._symbols for root in roots_of(symbol)]
        names = self._client.contracts(OPRA, parents, session.date)
        universe = DatabentoUniverse(self._symbols, session.date, VendorIds({}))
        universe.add((), names)
        raws = sorted(universe.symbols.values())
        if absent := set(self._symbols) - expiries_of(raws).keys():
            return replace(day, reason=f"the vendor has no contract of {', '.join(sorted(absent))}")
        queries = session_queries(session, raws)
        slices = self._slices(session)
        missing = tuple(query for query in queries if not slices.has(query))
        runs = query_runs(missing)
        return replace(
            day,
            is_degraded=condition == "degraded",
            contracts=len(raws),
            queries=queries,
            missing=missing,
            size=sum(map(self._client.size, runs)),
            cost=sum(map(self._client.cost, runs)),
        )

    def _write(
        self,
        day: FetchDay[HistoricalQuery],
        slices: SliceFolder[HistoricalQuery, tuple[DbnFile, list[Records]]],
        folder: Path,
    ) -> None:
        """Write the records of all slices, a file for each schema and time."""
        names = ", ".join(self._symbols)
        writer = TapeWriter(
            folder,
            notes=[f"{ORIGIN}: {names}"],
            warnings=dict.fromkeys(
                self._symbols, (NO_CONDITIONS, *((_DEGRADED,) if day.is_degraded else ()))
            ),
        )
        first, end = calendar().span(day.session)
        counts = dict.fromkeys(self.schemas, 0)
        for (schema, _), queries in itertools.groupby(day.queries, lambda q: (q.schema, q.start)):
            symbols: dict[int, str] = {}
            found: list[Records] = []
            for query in queries:
                file, chunks = slices.read(query)
                found += chunks
                symbols |= {
                    number: symbol
                    for number, symbol, since, until in metadata_mappings(file.metadata)
                    if since <= day.session.date < until
                }
            rows = np.concatenate(found) if found else None
            if rows is None:
                continue
            rows = rows[(rows["ts_recv"] >= first) & (rows["ts_recv"] < end)]
            if schema == "statistics":
                rows = rows[np.isin(rows["stat_type"], STATISTIC_KINDS)]
            if len(rows):
                rows = rows[np.argsort(rows["ts_recv"], kind="stable")]
                writer.write(OPRA, schema, rows, symbols)
                counts[schema] += len(rows)
        if not any(counts[schema] for schema in MARKET_SCHEMAS):
            raise FeedError(
                f"the vendor has no quote and no trade of {names} on {day.session.date}"
            )
        writer.finish()
