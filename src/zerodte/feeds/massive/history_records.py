"""The columns of Massive's history as records: trades of a day's file, and open interest."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from zerodte.arrays import I64, Bool
from zerodte.feeds.massive.conditions import MassiveConditionReader
from zerodte.feeds.massive.protocol import OPTION_PREFIX
from zerodte.feeds.quote_fields import MOST_CONTRACTS, MOST_DOLLARS
from zerodte.importers.chain_tape import fixed
from zerodte.importers.trade_columns import TRADE_LAYOUT, TradeColumns
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import find_osi, format_osi
from zerodte.records.dbn import STAT_OPEN_INTEREST, Records, records


class HistoryTrades:
    """Turns the columns of a day's file into trades of one underlying.

    Args:
        session: The session; what is of another time is left out.
        numbers: Ids of the contracts, by raw symbol.

    Attributes:
        left_out: Rows that are left out, or stay in spite of something, by reason.
    """

    def __init__(self, session: TradingSession, numbers: Mapping[str, int]) -> None:
        self.left_out: Counter[str] = Counter()
        self._conditions = MassiveConditionReader()
        self._span = calendar().span(session)
        self._numbers = numbers

    def columns(self, table: pa.Table) -> TradeColumns:
        """Trades of whole contracts, with the trade of each cancel.

        A cancel is that of the newest trade of its contract, exchange, price and size.
        """
        rows = np.zeros(table.num_rows, TRADE_LAYOUT)
        rows["contract"] = _ids(table, self._numbers)
        rows["time"] = table["sip_timestamp"].to_numpy()
        # Trades of one time stay in the order of the file, which has no sequence.
        rows["sequence"] = np.arange(len(rows))
        rows["venue"], rows["price"] = table["exchange"].to_numpy(), table["price"].to_numpy()
        size = np.nan_to_num(table["size"].to_numpy())
        is_ours = (rows["contract"] > 0) & self._is_of_session(rows["time"])
        is_garbled = ~((rows["price"] > 0.0) & (rows["price"] < MOST_DOLLARS))
        is_garbled |= ~((size >= 1.0) & (size <= MOST_CONTRACTS))
        self.left_out["garbled rows"] += int((is_garbled & is_ours).sum())
        rows["size"] = np.where(is_garbled, 0.0, size).astype(np.int64)
        keeps = np.flatnonzero(is_ours & ~is_garbled)
        rows, mine = rows[keeps], table.take(keeps)
        texts = mine["conditions"].to_pylist()
        rows["condition"] = [self._conditions.read(_condition_numbers(text)) for text in texts]
        corrected = sum(text not in ("", "0") for text in mine["correction"].to_pylist())
        self.left_out["trades with a correction, which count as they are"] += corrected
        columns = TradeColumns(rows)
        columns.match_cancels(self.left_out)
        return columns

    def sentences(self) -> list[str]:
        """What was left out or could not be read, in words."""
        counted = [f"{count:,} {reason}" for reason, count in sorted((+self.left_out).items())]
        return [*self._conditions.sentences(), *counted]

    def _is_of_session(self, times: I64) -> Bool:
        found: Bool = (times >= self._span[0]) & (times < self._span[1])
        return found


def trade_rows(columns: TradeColumns) -> Records:
    """Trades as records; a contract's index is its id."""
    out = records("trades", len(columns))
    out["instrument_id"], out["publisher_id"] = columns["contract"], columns["venue"]
    out["ts_event"] = out["ts_recv"] = columns.times
    out["price"], out["size"] = fixed(columns["price"]), columns["size"]
    out["action"], out["side"] = b"T", b"N"
    return out


def interest_records(table: pa.Table, numbers: Mapping[str, int], settled: int) -> Records:
    """Open interest as statistics, of the session's morning."""
    ids, figures = _ids(table, numbers), np.nan_to_num(table["open_interest"].to_numpy(), nan=-1.0)
    keeps = (ids > 0) & (figures >= 0.0)
    out = records("statistics", int(keeps.sum()))
    out["instrument_id"], out["quantity"] = ids[keeps], figures[keeps].astype(np.int64)
    out["ts_event"] = out["ts_recv"] = settled
    out["stat_type"] = STAT_OPEN_INTEREST
    return out


def _ids(table: pa.Table, numbers: Mapping[str, int]) -> I64:
    """The id of each row's contract; 0 if it is not followed."""
    encoded = table["ticker"].combine_chunks().dictionary_encode()
    known = [_id(ticker, numbers) for ticker in encoded.dictionary.to_pylist()]
    if not known:
        return np.zeros(0, np.int64)
    found: I64 = np.array(known, np.int64)[encoded.indices.to_numpy()]
    return found


def _id(ticker: str, numbers: Mapping[str, int]) -> int:
    contract = find_osi(ticker.removeprefix(OPTION_PREFIX))
    return 0 if contract is None else numbers.get(format_osi(contract), 0)


def _condition_numbers(text: str) -> list[int]:
    """The numbers of a column that has one, none, or some with commas between them."""
    return [int(one) if one.strip().isdecimal() else -1 for one in text.split(",") if one.strip()]
