"""Lean's rows as the records of a tape.

A bar is known when it ends, so its records are received then. Its quote is the one at its end. Its
trade is its whole volume at its last price, with the quote that was prevailing before the bar.
"""

from datetime import date, time
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, U32
from zerodte.clock import new_york
from zerodte.importers.lean_rows import MINUTE_MS, LeanRows
from zerodte.records.dbn import (
    PRICE_SCALE,
    STAT_OPEN_INTEREST,
    UNDEF_PRICE,
    UNDEF_SIZE,
    Records,
    records,
)

#: The price unit of options and equities in Lean's files, in dollars; index values are in dollars.
TEN_THOUSANDTHS: Final = 1e-4
_MILLISECOND: Final = 10**6
_DAY: Final = 86_400_000
_QUOTE_FIELDS: Final = ("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00")


def midnight(day: date) -> int:
    """The start of a day in New York, UTC nanoseconds."""
    return new_york(day, time())


def ends(bars: LeanRows, day: date) -> I64:
    """The ends of bars, shape (n,), UTC nanoseconds."""
    return midnight(day) + (bars.time + MINUTE_MS) * _MILLISECOND


def quotes(bars: LeanRows, ids: U32, day: date, schema: str) -> Records:
    """The quotes at the ends of quote bars; an empty side has no price and no size.

    Args:
        bars: Quote bars, n of them.
        ids: Instrument ids by contract index.
        day: The date of the bars.
        schema: "cbbo-1m" or "bbo-1m".
    """
    out = records(schema, len(bars))
    out["instrument_id"] = ids[bars.contract_index]
    out["ts_recv"] = ends(bars, day)
    for side in ("bid", "ask"):
        price = bars.column(f"{side} close")
        has_price = price > 0
        out[f"{side}_px_00"] = np.where(has_price, _fixed(price, TEN_THOUSANDTHS), UNDEF_PRICE)
        size = bars.column(f"{side} size")
        out[f"{side}_sz_00"] = np.where(has_price, np.where(np.isnan(size), UNDEF_SIZE, size), 0)
    return out


def trades(
    bars: LeanRows, quote_bars: LeanRows, quote_records: Records, ids: U32, day: date
) -> Records:
    """One trade per trade bar, with the quote of the minute before.

    Args:
        bars: Trade bars, n of them.
        quote_bars: Quote bars of the same day and contracts, m of them.
        quote_records: Their quotes, shape (m,).
        ids: Instrument ids by contract index.
        day: The date of the bars.
    """
    out = records("tcbbo", len(bars))
    out["instrument_id"] = ids[bars.contract_index]
    out["ts_event"] = out["ts_recv"] = ends(bars, day)
    out["price"] = _fixed(bars.column("close"), TEN_THOUSANDTHS)
    out["size"] = bars.column("volume")
    prevailing = _prevailing(quote_bars, bars)
    has_quote = prevailing >= 0
    for name in _QUOTE_FIELDS:
        out[name][has_quote] = quote_records[name][prevailing[has_quote]]
    return out


def _prevailing(quote_bars: LeanRows, trade_bars: LeanRows) -> I64:
    """The contract's newest quote bar that had ended when each trade bar began.

    Returns:
        int64[len(trade_bars)], positions in `quote_bars`; -1 without one.
    """
    if not len(quote_bars):
        return np.full(len(trade_bars), -1, np.int64)
    quote_ends = quote_bars.contract_index * _DAY + quote_bars.time + MINUTE_MS
    order = np.argsort(quote_ends, kind="stable")
    starts = trade_bars.contract_index * _DAY + trade_bars.time
    last = np.searchsorted(quote_ends[order], starts, side="right") - 1
    rows: I64 = order[last]
    is_same = quote_bars.contract_index[rows] == trade_bars.contract_index
    return np.where((last >= 0) & is_same, rows, -1)


def statistics(rows: LeanRows, ids: U32, day: date) -> Records:
    """Settled open interest, with its publication as event and receive time."""
    out = records("statistics", len(rows))
    out["instrument_id"] = ids[rows.contract_index]
    out["stat_type"] = STAT_OPEN_INTEREST
    out["ts_event"] = out["ts_recv"] = midnight(day) + rows.time * _MILLISECOND
    out["quantity"] = rows.column("open interest")
    return out


def index_values(bars: LeanRows, ids: U32, day: date) -> Records:
    """The values of an index at the ends of its bars."""
    out = records("trades", len(bars))
    out["instrument_id"] = ids[bars.contract_index]
    out["ts_event"] = out["ts_recv"] = ends(bars, day)
    out["price"] = _fixed(bars.column("close"), 1.0)
    out["size"] = 0  # an index value is not a transaction
    return out


def _fixed(prices: F64, unit: float) -> I64:
    """Prices in a unit of dollars as fixed-point prices, in units of 1e-9; 0 for NaN."""
    fixed: I64 = np.rint(np.nan_to_num(prices) * (unit / PRICE_SCALE)).astype(np.int64)
    return fixed
