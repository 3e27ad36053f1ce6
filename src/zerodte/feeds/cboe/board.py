"""The last quotes, open interest and volume of a tape's contracts, as Cboe's website lists them."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import numpy as np

from zerodte.arrays import F64, I64, U32
from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.feeds.cboe.http import cboe_name
from zerodte.importers.cboe_delayed import CBOE_DELAY
from zerodte.market.osi import find_osi
from zerodte.market.roots import root_info, underlying_of
from zerodte.records.dbn import (
    PRICE_SCALE,
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    UNDEF_PRICE,
    Records,
)
from zerodte.records.tick import Tick
from zerodte.tape.metadata import utc_datetime
from zerodte.tape.source import FileSource

#: Columns of a contract.
_BID, _ASK, _BID_SIZE, _ASK_SIZE, _INTEREST, _VOLUME = range(6)
_FIELDS: Final = ("bid", "ask", "bid_size", "ask_size", "open_interest", "volume")


class CboeBoard:
    """What a tape's contracts stand at, at a time that only moves on.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: FileSource) -> None:
        self._ticks: Iterator[Tick] = tape.ticks()
        self._next = next(self._ticks, None)
        self._ids: dict[str, U32] = {}
        self._tables: dict[str, F64] = {}
        self._contracts: dict[str, list[tuple[str, str, int]]] = {}
        self._names: dict[str, dict[int, str]] = {}
        self._prices: dict[str, tuple[float, float, float, int]] = {}
        for dataset, symbols in tape.symbols.items():
            if tape.kind(dataset) == "options":
                self._add(dataset, symbols)
            else:
                self._names[dataset] = {
                    number: underlying_of(symbol) for number, symbol in symbols.items()
                }

    @property
    def symbols(self) -> list[str]:
        """The underlyings of its contracts."""
        return sorted(self._contracts)

    def advance(self, until: int) -> None:
        """Move on to a time, UTC ns.

        Raises:
            TapeError: If the tape is damaged.
        """
        while self._next is not None and self._next.end <= until:
            self._take(self._next)
            self._next = next(self._ticks, None)

    def body(self, symbol: str, at: int) -> bytes:
        """The JSON of an underlying's chain.

        Args:
            symbol: One of `symbols`.
            at: The time that the board stands at, UTC ns; it is published later.
        """
        options = [
            {
                "option": name,
                **dict(zip(_FIELDS, self._tables[dataset][row].tolist(), strict=True)),
            }
            for name, dataset, row in self._contracts[symbol]
        ]
        price, bid, ask, traded = self._prices.get(symbol, (0.0, 0.0, 0.0, at))
        data = {
            "symbol": symbol,
            "current_price": price,
            "bid": bid,
            "ask": ask,
            "last_trade_time": f"{new_york_clock(traded):%Y-%m-%dT%H:%M:%S}",
            "options": options,
        }
        published = f"{utc_datetime(at + CBOE_DELAY):%Y-%m-%d %H:%M:%S}"
        return msgspec.json.encode(
            {"timestamp": published, "symbol": cboe_name(symbol), "data": data}
        )

    def _add(self, dataset: str, symbols: Mapping[int, str]) -> None:
        self._ids[dataset] = np.array(sorted(symbols), np.uint32)
        self._tables[dataset] = np.zeros((len(symbols), len(_FIELDS)))
        for row, (_, raw) in enumerate(sorted(symbols.items())):
            if contract := find_osi(raw):
                entry = raw.replace(" ", ""), dataset, row
                symbol = root_info(contract.root).symbol
                self._contracts.setdefault(symbol, []).append(entry)

    def _take(self, tick: Tick) -> None:
        for batch in tick.quotes:
            table, ids, rows = self._known(batch.dataset, batch.records)
            for column, name in ((_BID, "bid_px_00"), (_ASK, "ask_px_00")):
                table[ids, column] = _dollars(rows, name)
            for column, name in ((_BID_SIZE, "bid_sz_00"), (_ASK_SIZE, "ask_sz_00")):
                table[ids, column] = rows[name]
        for batch in tick.trades:
            table, ids, rows = self._known(batch.dataset, batch.records)
            np.add.at(table[:, _VOLUME], ids, rows["size"])
        for batch in tick.statistics:
            table, ids, rows = self._known(batch.dataset, batch.records)
            for kind, column in ((STAT_OPEN_INTEREST, _INTEREST), (STAT_CLEARED_VOLUME, _VOLUME)):
                mine = rows["stat_type"] == kind
                table[ids[mine], column] = rows["quantity"][mine]
        for batch in tick.underlying:
            self._take_prices(batch.dataset, batch.records)

    def _take_prices(self, dataset: str, rows: Records) -> None:
        names = rows.dtype.names or ()
        columns = [rows["instrument_id"], rows["ts_recv"]]
        if "bid_px_00" in names:
            bids, asks = _dollars(rows, "bid_px_00"), _dollars(rows, "ask_px_00")
            columns += [(bids + asks) / 2.0, bids, asks]
        else:
            prices = _dollars(rows, "price")
            columns += [prices, np.zeros(len(rows)), np.zeros(len(rows))]
        known = self._names.get(dataset, {})
        for number, at, price, bid, ask in zip(*(one.tolist() for one in columns), strict=True):
            if number in known and price > 0.0:
                self._prices[known[number]] = price, bid, ask, int(at)

    def _known(self, dataset: str, rows: Records) -> tuple[F64, I64, Records]:
        """The table of a dataset, the records whose instruments it has, and their rows in it."""
        ids = self._ids.get(dataset)
        if ids is None or not len(ids):
            return np.zeros((1, len(_FIELDS))), np.empty(0, np.int64), rows[:0]
        places = np.minimum(np.searchsorted(ids, rows["instrument_id"]), len(ids) - 1)
        is_known = ids[places] == rows["instrument_id"]
        return self._tables[dataset], places[is_known], rows[is_known]


def minute_of(time: int) -> int:
    """The minute that has begun at a time, both in UTC ns."""
    return time // MINUTE * MINUTE


def _dollars(rows: Records, name: str) -> F64:
    """Prices in dollars; 0 where there is none, as the website has it."""
    raw = rows[name]
    prices: F64 = np.where(raw == UNDEF_PRICE, 0.0, raw * PRICE_SCALE)
    return prices
