"""Finished sessions from Databento's history: what is missing, what it costs, and its tapes.

The contracts of a day are those that the live feed would follow. Symbols, sizes and costs are
asked for without charge; a session is then fetched slice by slice, and becomes a tape when all of
them are there.
"""

import datetime
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.feeds.databento.day import (
    MARKET_SCHEMAS,
    REFERENCE_SCHEMAS,
    FetchDay,
    day_start,
    query_runs,
    session_queries,
)
from zerodte.feeds.databento.feed import NO_CONDITIONS, ORIGIN
from zerodte.feeds.databento.historical import HistoricalClient
from zerodte.feeds.databento.slices import SliceFolder
from zerodte.feeds.databento.universe import STATISTIC_KINDS, DatabentoUniverse
from zerodte.feeds.feed import FeedError
from zerodte.feeds.tape_lack import lack_of_tape
from zerodte.feeds.universe import expiries_of
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.roots import roots_of
from zerodte.records.dbn import OPRA, Records
from zerodte.tape.error import TapeError
from zerodte.tape.leftovers import sweep, temporary
from zerodte.tape.symbology import metadata_mappings
from zerodte.tape.writer import TapeWriter

_SUFFIX: Final = ".part"
#: Conditions of a day without data.
_ABSENT: Final = ("pending", "missing")
_DEGRADED: Final = "the vendor says that its data of this day are degraded"

Progress = Callable[[str, int, int], None]


class DatabentoFetch:
    """Plans and fetches sessions of some underlyings.

    Args:
        client: The vendor.
        symbols: The underlyings.
        out: The folder of tapes, each in a folder named by its date.
        replaces: Whether tapes that lack something are replaced.
    """

    def __init__(
        self, client: HistoricalClient, symbols: Sequence[str], out: Path, *, replaces: bool
    ) -> None:
        self._client = client
        self._symbols = tuple(sorted(set(symbols)))
        self._out = out
        self._replaces = replaces
        self._span = 0, 0

    def plan(self, session: TradingSession) -> FetchDay:
        """What is to be done about a session. Nothing is fetched, written or paid.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached.
        """
        day = FetchDay(session)
        lack = lack_of_tape(
            self._folder(session), session, self._symbols, (*REFERENCE_SCHEMAS, *MARKET_SCHEMAS)
        )
        if lack == "":
            return replace(day, reason="is there", is_whole=True)
        if lack is not None and not self._replaces:
            return replace(day, reason=f"{lack}; --replace replaces it")
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
        slices = SliceFolder(self._out, session.date)
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

    def fetch(self, day: FetchDay, progress: Progress) -> Path:
        """Fetch a session that was planned; returns its tape.

        Args:
            day: The plan.
            progress: Called with words, the slices that are there, and their number.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or another process fetches the session.
            TapeError: If the disk is full, or the tape cannot be written.
        """
        date, folder = day.session.date, self._folder(day.session)
        count = len(day.queries)
        fetched = 0
        with SliceFolder(self._out, date) as slices:
            for done, query in enumerate(day.missing, start=count - len(day.missing)):
                progress(f"{date} {query.schema}, {fetched / 1e6:,.1f} MB", done, count)
                fetched += slices.fetch(self._client, query)
            progress(f"{date} as a tape", count, count)
            try:
                with temporary(self._out, f".{date}.", _SUFFIX) as hidden:
                    self._write(day, slices, hidden)
                    _put(hidden, folder, replaces=self._replaces)
            except FeedError:
                raise
            except OSError as error:
                raise TapeError(f"{folder}: {error.strerror}; its slices are kept") from error
            slices.remove()
        return folder

    def clean(self, day: FetchDay) -> None:
        """Remove what killed processes have left of a session whose tape is there."""
        sweep(self._out, f".{day.session.date}.", _SUFFIX)
        slices = SliceFolder(self._out, day.session.date)
        if slices.path.exists():
            with slices:
                slices.remove()

    def _folder(self, session: TradingSession) -> Path:
        return self._out / session.date.isoformat()

    def _write(self, day: FetchDay, slices: SliceFolder, folder: Path) -> None:
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
        counts = dict.fromkeys((*REFERENCE_SCHEMAS, *MARKET_SCHEMAS), 0)
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


def _put(hidden: Path, folder: Path, *, replaces: bool) -> None:
    """Give a whole tape its name; one that is there is removed only if it is to be replaced."""
    if not folder.exists() or not replaces:
        hidden.rename(folder)
        return
    with temporary(folder.parent, f".{folder.name}.", _SUFFIX) as aside:
        folder.rename(aside / folder.name)
        try:
            hidden.rename(folder)
        except BaseException:
            (aside / folder.name).rename(folder)
            raise
