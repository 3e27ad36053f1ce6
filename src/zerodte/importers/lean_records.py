"""Lean's rows as the records of a tape.

A bar is known when it ends, and that is when its records are received. Its quote is the one that
stood then; its trade is its whole volume at its last price, beside the quote that stood before it.
"""

from datetime import date, time
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, U32
from zerodte.importers.lean_rows import MINUTE_MS, LeanRows
from zerodte.market.calendar import new_york
from zerodte.records.dbn import PRICE_SCALE, STAT_OPEN_INTEREST, UNDEF_PRICE, Records, records

#: Of option and equity prices in Lean's files; those of indices are plain.
TEN_THOUSANDTHS: Final = 1e-4
_MILLISECOND: Final = 10**6
_DAY: Final = 86_400_000
_QUOTE: Final = ("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00")


def midnight(day: date) -> int:
    """The beginning of a day in New York, UTC nanoseconds."""
    return new_york(day, time())


def ends(bars: LeanRows, day: date) -> I64:
    """When bars of a day end, shape (n,), UTC nanoseconds."""
    return midnight(day) + (bars.time + MINUTE_MS) * _MILLISECOND


def quotes(bars: LeanRows, ids: U32, day: date, schema: str) -> Records:
    """The quotes that stood when quote bars ended; an empty side has no price and no size.

    Args:
        bars: Quote bars, n of them.
        ids: Instrument id by place.
        day: Theirs.
        schema: "cbbo-1m" or "bbo-1m".
    """
    out = records(schema, len(bars))
    out["instrument_id"] = ids[bars.place]
    out["ts_recv"] = ends(bars, day)
    for side in ("bid", "ask"):
        price = bars.column(f"{side} close")
        there = price > 0
        out[f"{side}_px_00"] = np.where(there, _fixed(price, TEN_THOUSANDTHS), UNDEF_PRICE)
        out[f"{side}_sz_00"] = np.where(there, bars.column(f"{side} size"), 0)
    return out


def trades(bars: LeanRows, quote_bars: LeanRows, quoted: Records, ids: U32, day: date) -> Records:
    """One trade for each trade bar, with the quote of the minute before.

    Args:
        bars: Trade bars, n of them.
        quote_bars: Quote bars of the same day and places, m of them.
        quoted: Their quotes, shape (m,).
        ids: Instrument id by place.
        day: Theirs.
    """
    out = records("tcbbo", len(bars))
    out["instrument_id"] = ids[bars.place]
    out["ts_event"] = out["ts_recv"] = ends(bars, day)
    out["price"] = _fixed(bars.column("close"), TEN_THOUSANDTHS)
    out["size"] = bars.column("volume")
    standing = _standing(quote_bars, bars)
    known = standing >= 0
    for name in _QUOTE:
        out[name][known] = quoted[name][standing[known]]
    return out


def _standing(quote_bars: LeanRows, trade_bars: LeanRows) -> I64:
    """The newest quote bar of the same place that had ended when each trade bar began.

    Returns:
        int64[len(trade_bars)], positions in `quote_bars`; -1 where there is none.
    """
    if not len(quote_bars):
        return np.full(len(trade_bars), -1, np.int64)
    ended = quote_bars.place * _DAY + quote_bars.time + MINUTE_MS
    order = np.argsort(ended, kind="stable")
    began = trade_bars.place * _DAY + trade_bars.time
    last = np.searchsorted(ended[order], began, side="right") - 1
    found: I64 = order[last]
    return np.where((last >= 0) & (quote_bars.place[found] == trade_bars.place), found, -1)


def statistics(rows: LeanRows, ids: U32, day: date) -> Records:
    """Settled open interest, dated and received when it was published."""
    out = records("statistics", len(rows))
    out["instrument_id"] = ids[rows.place]
    out["stat_type"] = STAT_OPEN_INTEREST
    out["ts_event"] = out["ts_recv"] = midnight(day) + rows.time * _MILLISECOND
    out["quantity"] = rows.column("open interest")
    return out


def index_values(bars: LeanRows, ids: U32, day: date) -> Records:
    """The values of an index at the ends of its bars."""
    out = records("trades", len(bars))
    out["instrument_id"] = ids[bars.place]
    out["ts_event"] = out["ts_recv"] = ends(bars, day)
    out["price"] = _fixed(bars.column("close"), 1.0)
    out["size"] = 0  # nothing trades where an index has a value
    return out


def _fixed(prices: F64, unit: float) -> I64:
    """Prices in a unit of dollars as a tape holds them, in units of 1e-9; 0 where there is none."""
    scaled: I64 = np.rint(np.nan_to_num(prices) * (unit / PRICE_SCALE)).astype(np.int64)
    return scaled
