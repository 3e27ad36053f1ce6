"""Finished sessions from Massive's history as tapes: trades and open interest, and no quotes.

Its files of quotes have a hundred gigabytes a day and more. The contracts of a day are those of
the expiries that the live feeds follow, with all strikes.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from zerodte.clock import new_york
from zerodte.feeds.feed import FeedError
from zerodte.feeds.massive.history import MassiveHistory, MassiveQuery
from zerodte.feeds.massive.history_records import HistoryTrades, interest_records, trade_rows
from zerodte.feeds.session_fetch import FetchDay, SessionFetch, market_span
from zerodte.feeds.slice_folder import SliceFolder
from zerodte.feeds.universe import Universe, is_live
from zerodte.importers.chain_tape import SETTLED_BY, definitions
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, format_osi, parse_osi
from zerodte.market.roots import root_info, roots_of
from zerodte.records.dbn import MASSIVE_OPRA, Records
from zerodte.tape.compression import ZSTD_SUFFIX
from zerodte.tape.writer import TapeWriter

_ORIGIN: Final = "recorded from Massive's history"
NO_QUOTES: Final = (
    "there are trades and open interest, and no quotes: trades have no side, and there is no spot, "
    "no implied volatility and no exposure"
)

_Slices = SliceFolder[MassiveQuery, pa.Table]


class MassiveFetch(SessionFetch[MassiveQuery, pa.Table]):
    """Plans and fetches sessions of some underlyings.

    Args:
        history: The vendor.
        symbols: The underlyings.
        out: The folder of tapes, each in a folder named by its date.
        replaces: Whether tapes that lack something are replaced.
    """

    dataset = MASSIVE_OPRA
    schemas = ("definition", "statistics", "trades")

    def __init__(
        self, history: MassiveHistory, symbols: Sequence[str], out: Path, *, replaces: bool
    ) -> None:
        super().__init__(history, symbols, out, replaces=replaces)
        self._history = history

    def _ask(self, day: FetchDay[MassiveQuery]) -> FetchDay[MassiveQuery]:
        session = day.session
        if time.time_ns() < market_span(session)[1]:
            return replace(day, reason="is not over yet")
        if self._history.file_size(session.date) is None:
            return replace(
                day,
                reason="the vendor has no file of it; it comes by about 11:00 New York the day "
                "after",
            )
        followed: list[Contract] = []
        for symbol in self._symbols:
            mine = self._followed(symbol, session)
            if not mine:
                return replace(day, reason=f"the vendor has no contract of {symbol}")
            followed += mine
        queries = _queries(session, self._symbols, followed)
        slices = self._slices(session)
        return replace(
            day,
            contracts=len(followed),
            raws=tuple(sorted(map(format_osi, followed))),
            queries=queries,
            missing=tuple(query for query in queries if not slices.has(query)),
            size=None,
            cost=None,
        )

    def _followed(self, symbol: str, session: TradingSession) -> list[Contract]:
        listed = [
            contract
            for contract in self._history.contracts(symbol, session.date)
            if is_live(contract, session.date) and root_info(contract.root).symbol == symbol
        ]
        expiries = set(Universe(session.date).expiries(listed))
        return [contract for contract in listed if contract.expiry in expiries]

    def _write(self, day: FetchDay[MassiveQuery], slices: _Slices, folder: Path) -> None:
        writer = TapeWriter(folder, notes=[f"{_ORIGIN}: {', '.join(self._symbols)}", NO_QUOTES])
        trades = slices.read(next(one for one in day.queries if one.schema == "trades"))
        count = 0
        for symbol in self._symbols:
            raws = [raw for raw in day.raws if root_info(parse_osi(raw).root).symbol == symbol]
            ids = writer.ids(MASSIVE_OPRA, raws)
            numbers = dict(zip(raws, ids.tolist(), strict=True))
            settled = new_york(day.session.date, SETTLED_BY)
            contracts = list(map(parse_osi, raws))
            _write(writer, symbol, "definition", definitions(contracts, ids, symbol, settled))
            interest = [
                interest_records(slices.read(query), numbers, settled)
                for query in day.queries
                if query.schema == "statistics" and root_info(query.roots[0]).symbol == symbol
            ]
            _write(writer, symbol, "statistics", np.concatenate(interest))
            found = HistoryTrades(day.session, numbers)
            columns = found.columns(trades)
            count += len(columns)
            if len(columns):
                writer.write(
                    MASSIVE_OPRA,
                    "trades",
                    trade_rows(columns),
                    name=_name(symbol, "trades"),
                    conditions=columns.conditions,
                    cancels=columns.cancels if len(columns.cancels) else None,
                )
            writer.warn({symbol: [NO_QUOTES, *found.sentences()]})
        if not count:
            names = ", ".join(self._symbols)
            raise FeedError(f"the vendor has no trade of {names} on {day.session.date}")
        writer.finish()


def _queries(
    session: TradingSession, symbols: Sequence[str], followed: Sequence[Contract]
) -> tuple[MassiveQuery, ...]:
    """The slices of a session: its file, and open interest by root and expiry."""
    date, day = session.date, calendar().previous(session.date).date
    roots = sorted(root for symbol in symbols for root in roots_of(symbol))
    chains = sorted({(one.root, one.expiry) for one in followed})
    return (
        *(MassiveQuery("statistics", date, (root,), expiry, day) for root, expiry in chains),
        MassiveQuery("trades", date, tuple(roots)),
    )


def _write(writer: TapeWriter, symbol: str, schema: str, content: Records) -> None:
    if len(content):
        writer.write(MASSIVE_OPRA, schema, content, name=_name(symbol, schema))


def _name(symbol: str, schema: str) -> str:
    return f"{MASSIVE_OPRA}.{symbol}.{schema}{ZSTD_SUFFIX}".lower()
