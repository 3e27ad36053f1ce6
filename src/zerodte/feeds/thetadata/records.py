"""The terminal's columns as records: trades with their quotes, quotes, open interest, values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from zerodte.arrays import I64, Bool
from zerodte.clock import new_york_clock
from zerodte.feeds.thetadata.conditions import ThetaConditionReader
from zerodte.feeds.thetadata.table import ThetaTable, contract_of
from zerodte.importers.chain_tape import fixed
from zerodte.importers.trade_columns import TRADE_LAYOUT, TradeColumns
from zerodte.importers.trade_tape import trade_records
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract
from zerodte.records.dbn import STAT_OPEN_INTEREST, UNDEF_SIZE, Records, records

#: Beyond, dollars and contracts are garbled; so is a bid so many times the ask.
_MOST_DOLLARS: Final = 1e6
_MOST_CONTRACTS: Final = 10_000_000
_MOST_CROSSED: Final = 20.0
_SIDES: Final = ("bid", "ask", "bid_size", "ask_size")


class ThetaRecords:
    """Turns the columns of one underlying into records.

    Args:
        session: The session; what is of another time is left out.
        ids: Instrument ids of the contracts.

    Attributes:
        conditions: Reads sale conditions.
        left_out: Rows that are left out, by reason.
    """

    def __init__(self, session: TradingSession, ids: Mapping[Contract, int]) -> None:
        self.conditions = ThetaConditionReader()
        self.left_out: Counter[str] = Counter()
        self._session = session
        self._span = calendar().span(session)
        self._ids = ids
        self._known: dict[tuple[str, ...], int] = {}

    def trades(self, tables: Sequence[ThetaTable]) -> tuple[Records, TradeColumns]:
        """Trades of whole contracts as `tcbbo`, with their conditions and cancels.

        A cancel is that of the newest trade of its contract, exchange, price and size.
        """
        parts = []
        for table in tables:
            rows = np.zeros(table.count, TRADE_LAYOUT)
            rows["contract"] = self._numbers(table)
            rows["time"], rows["venue"] = (
                table.columns["trade_timestamp"],
                table.columns["exchange"],
            )
            rows["condition"] = self.conditions.read(table.integers("condition").tolist())
            for name in ("sequence", "price", "size", *_SIDES):
                rows[name] = table.columns[name]
            # A trade before the first quote has none.
            for side in ("bid", "ask"):
                rows[side] = np.nan_to_num(table.prices(side))
            is_garbled = ~((rows["price"] > 0.0) & (rows["price"] < _MOST_DOLLARS))
            is_garbled |= (rows["size"] <= 0) | (rows["size"] > _MOST_CONTRACTS)
            parts.append(rows[self._keeps(rows["contract"], rows["time"], table, is_garbled)])
        columns = TradeColumns(np.concatenate([np.zeros(0, TRADE_LAYOUT), *parts]))
        columns.match_cancels(self.left_out)
        # A contract's index is its id here.
        numbers = np.arange(max(self._ids.values(), default=0) + 1, dtype=np.uint32)
        return trade_records(columns, numbers), columns

    def quotes(self, table: ThetaTable) -> Records:
        """Quotes as `cbbo-1m`; a contract without bid and ask has none yet."""
        out = records("cbbo-1m", table.count)
        numbers, times = self._numbers(table), table.integers("timestamp")
        out["instrument_id"] = np.maximum(numbers, 0)
        out["ts_recv"] = times
        bid, ask = table.prices("bid"), table.prices("ask")
        keeps = self._keeps(numbers, times, table, np.zeros(table.count, np.bool_))
        for side, dollars in (("bid", bid), ("ask", ask)):
            sizes = table.integers(f"{side}_size")
            out[f"{side}_px_00"] = fixed(np.where(keeps, dollars, 0.0))
            out[f"{side}_sz_00"] = np.where(keeps & (sizes >= 0), sizes, UNDEF_SIZE)
        out = out[keeps & ((bid > 0.0) | (ask > 0.0))]
        return _by_time(out)

    def interest(self, table: ThetaTable) -> Records:
        """The open interest of the session's morning, as statistics."""
        times, figures = table.integers("timestamp"), table.integers("open_interest")
        numbers = self._numbers(table)
        self.left_out["figures of contracts that are not listed"] += int((numbers < 0).sum())
        is_of_today = np.array(
            [new_york_clock(at).date() == self._session.date for at in times.tolist()], np.bool_
        )
        keeps = (numbers >= 0) & is_of_today & (figures >= 0)
        out = records("statistics", int(keeps.sum()))
        out["instrument_id"], out["quantity"] = numbers[keeps], figures[keeps]
        out["ts_event"] = out["ts_recv"] = times[keeps]
        out["stat_type"] = STAT_OPEN_INTEREST
        return _by_time(out)

    def values(self, table: ThetaTable, number: int) -> Records:
        """The values of an index, as trades of no size."""
        times, prices = table.integers("timestamp"), table.prices("price")
        keeps = (prices > 0.0) & (prices < _MOST_DOLLARS) & self._is_today(times)
        out = records("trades", int(keeps.sum()))
        out["instrument_id"], out["size"] = number, 0
        out["ts_event"] = out["ts_recv"] = times[keeps]
        out["price"] = fixed(prices[keeps])
        return _by_time(out)

    def sentences(self) -> list[str]:
        """What was left out or could not be read, in words."""
        counted = [f"{count:,} {reason}" for reason, count in sorted((+self.left_out).items())]
        return [*self.conditions.sentences(), *counted]

    def _numbers(self, table: ThetaTable) -> I64:
        """The id of each row's contract; -1 if it is not listed."""
        texts = table.contracts()
        for one in set(texts) - self._known.keys():
            contract = contract_of(one)
            self._known[one] = -1 if contract is None else self._ids.get(contract, -1)
        return np.array([self._known[one] for one in texts], np.int64)

    def _keeps(self, numbers: I64, times: I64, table: ThetaTable, is_garbled: Bool) -> Bool:
        """Which rows stay; the others are counted."""
        bid, ask = (np.nan_to_num(table.prices(side)) for side in ("bid", "ask"))
        for dollars in (bid, ask):
            is_garbled |= ~((dollars >= 0.0) & (dollars < _MOST_DOLLARS))
        is_garbled |= (ask > 0.0) & (bid > _MOST_CROSSED * ask)
        for name in ("bid_size", "ask_size"):
            is_garbled |= table.integers(name) > _MOST_CONTRACTS
        is_listed = numbers >= 0
        self.left_out["rows of contracts that are not listed"] += int((~is_listed).sum())
        self.left_out["garbled rows"] += int((is_garbled & is_listed).sum())
        keeps: Bool = is_listed & ~is_garbled & self._is_today(times)
        return keeps

    def _is_today(self, times: I64) -> Bool:
        found: Bool = (times >= self._span[0]) & (times < self._span[1])
        return found


def _by_time(rows: Records) -> Records:
    return rows[np.argsort(rows["ts_recv"], kind="stable")]
