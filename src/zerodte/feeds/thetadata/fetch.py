"""Finished sessions from ThetaData's history as tapes.

The contracts of a day are those of the expiries that the live feeds follow, with all strikes.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.clock import new_york
from zerodte.constants import MINUTE
from zerodte.feeds.feed import FeedError
from zerodte.feeds.session_fetch import FetchDay, SessionFetch, market_span
from zerodte.feeds.slice_folder import SliceFolder
from zerodte.feeds.thetadata.client import ThetaClient, ThetaQuery
from zerodte.feeds.thetadata.records import ThetaRecords
from zerodte.feeds.thetadata.table import ThetaTable
from zerodte.feeds.universe import Universe, is_live
from zerodte.importers.chain_tape import SETTLED_BY, definitions
from zerodte.market.calendar import TradingSession
from zerodte.market.osi import Contract, format_osi, parse_osi
from zerodte.market.roots import root_info, roots_of
from zerodte.records.dbn import INDEX, THETA_OPRA, Records
from zerodte.tape.compression import ZSTD_SUFFIX
from zerodte.tape.writer import TapeWriter

_ORIGIN: Final = "recorded from ThetaData's history"
_NO_VALUES: Final = "the subscription or the day has no values of the index; spot is parity"
#: Length of a slice of trades, ns.
_SLICE: Final = 30 * MINUTE

_Slices = SliceFolder[ThetaQuery, ThetaTable]


class ThetaFetch(SessionFetch[ThetaQuery, ThetaTable]):
    """Plans and fetches sessions of some underlyings.

    Args:
        client: The vendor.
        symbols: The underlyings.
        out: The folder of tapes, each in a folder named by its date.
        replaces: Whether tapes that lack something are replaced.
    """

    dataset = THETA_OPRA
    schemas = ("definition", "statistics", "tcbbo", "cbbo-1m")
    # The smallest subscription with trades has four; the terminal lets 16 more wait.
    concurrency = 4

    def __init__(
        self, client: ThetaClient, symbols: Sequence[str], out: Path, *, replaces: bool
    ) -> None:
        super().__init__(client, symbols, out, replaces=replaces)
        self._client = client

    def _ask(self, day: FetchDay[ThetaQuery]) -> FetchDay[ThetaQuery]:
        session = day.session
        if time.time_ns() < market_span(session)[1]:
            return replace(day, reason="is not over yet")
        raws: list[str] = []
        queries: list[ThetaQuery] = []
        for symbol in self._symbols:
            followed = self._followed(symbol, session)
            if not followed:
                return replace(day, reason=f"the vendor has no contract of {symbol}")
            raws += sorted(map(format_osi, followed))
            queries += session_queries(session, symbol, followed)
        slices = self._slices(session)
        missing = tuple(query for query in queries if not slices.has(query))
        return replace(
            day,
            contracts=len(raws),
            raws=tuple(raws),
            queries=tuple(queries),
            missing=missing,
            size=None,
            cost=None,
        )

    def _followed(self, symbol: str, session: TradingSession) -> list[Contract]:
        listed = [
            contract
            for root in roots_of(symbol)
            for contract in self._client.contracts(root, session.date)
            if is_live(contract, session.date)
        ]
        expiries = set(Universe(session.date).expiries(listed))
        return [contract for contract in listed if contract.expiry in expiries]

    def _write(self, day: FetchDay[ThetaQuery], slices: _Slices, folder: Path) -> None:
        writer = TapeWriter(folder, notes=[f"{_ORIGIN}: {', '.join(self._symbols)}"])
        has_market = False
        for symbol in self._symbols:
            has_market |= self._write_symbol(symbol, day, slices, writer)
        if not has_market:
            names = ", ".join(self._symbols)
            raise FeedError(
                f"the vendor has no quote and no trade of {names} on {day.session.date}"
            )
        writer.finish()

    def _write_symbol(
        self, symbol: str, day: FetchDay[ThetaQuery], slices: _Slices, writer: TapeWriter
    ) -> bool:
        """Write what is there of an underlying; returns whether it has a quote or a trade."""
        contracts = [
            contract
            for contract in map(parse_osi, day.raws)
            if root_info(contract.root).symbol == symbol
        ]
        ids = writer.ids(THETA_OPRA, list(map(format_osi, contracts)))
        found = ThetaRecords(day.session, dict(zip(contracts, ids.tolist(), strict=True)))

        def write(dataset: str, schema: str, name: str, content: Records) -> int:
            if len(content):
                name = f"{dataset}.{name}.{schema}{ZSTD_SUFFIX}".lower()
                writer.write(dataset, schema, content, name=name)
            return len(content)

        settled = new_york(day.session.date, SETTLED_BY)
        listed = definitions(contracts, ids, symbol, settled)
        write(THETA_OPRA, "definition", symbol, listed)
        queries = [query for query in day.queries if root_info(query.root).symbol == symbol]
        interest = [
            found.interest(slices.read(query)) for query in queries if query.schema == "statistics"
        ]
        write(THETA_OPRA, "statistics", symbol, np.concatenate(interest))
        count = 0
        for query in queries:
            if query.schema == "cbbo-1m":
                name = f"{query.root}.{query.expiry}"
                count += write(THETA_OPRA, "cbbo-1m", name, found.quotes(slices.read(query)))
                alike = (query.root, query.expiry, "tcbbo")
                tables = [
                    slices.read(one)
                    for one in queries
                    if (one.root, one.expiry, one.schema) == alike
                ]
                rows, trades = found.trades(tables)
                count += len(rows)
                if len(rows):
                    writer.write(
                        THETA_OPRA,
                        "tcbbo",
                        rows,
                        name=f"{THETA_OPRA}.{name}.tcbbo{ZSTD_SUFFIX}".lower(),
                        conditions=trades.conditions,
                        cancels=trades.cancels if len(trades.cancels) else None,
                    )
            elif query.schema == "trades":
                number = int(writer.ids(INDEX, [symbol])[0])
                values = found.values(slices.read(query), number)
                if not write(INDEX, "trades", symbol, values):
                    writer.warn({symbol: [_NO_VALUES]})
        if sentences := found.sentences():
            writer.warn({symbol: sentences})
        return count > 0


def session_queries(
    session: TradingSession, symbol: str, contracts: Sequence[Contract]
) -> list[ThetaQuery]:
    """The slices of an underlying: of an index its values; by root and expiry all others.

    Trades come in half-hours.
    """
    date, (since, until) = session.date, market_span(session)
    found = []
    if root_info(symbol).is_index:
        found.append(ThetaQuery("trades", symbol, date, span=(since, until)))
    for root, expiry in sorted({(one.root, one.expiry) for one in contracts}):
        found.append(ThetaQuery("statistics", root, date, expiry))
        found.append(ThetaQuery("cbbo-1m", root, date, expiry, (since, until)))
        found += [
            ThetaQuery("tcbbo", root, date, expiry, (start, min(start + _SLICE, until)))
            for start in range(since, until, _SLICE)
        ]
    return found
