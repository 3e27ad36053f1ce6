"""Quotes of contracts as records, and the last one of each."""

import math

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.feeds.quote_fields import are_possible, are_sizes, fill_side
from zerodte.records.dbn import UNDEF_PRICE, Records, records


class LastQuotes:
    """Turns quotes into records of `cmbp-1`.

    Attributes:
        mids: Mids of contracts, dollars, by id; NaN without a quote.
        times: Times of the last quotes by the vendor, UTC ns, by id; 0 without one.
        garbled_count: Quotes with prices or sizes that cannot be, which are left out.
    """

    def __init__(self) -> None:
        self.mids: F64 = np.full(1, math.nan)
        self.times: I64 = np.zeros(1, np.int64)
        self.garbled_count = 0

    def make_room(self, largest: int) -> None:
        """Make room for ids up to `largest`."""
        if largest >= len(self.mids):
            more = 2 * largest + 1 - len(self.mids)
            self.mids = np.concatenate([self.mids, np.full(more, math.nan)])
            self.times = np.concatenate([self.times, np.zeros(more, np.int64)])

    def take(
        self, ids: I64, times: I64, received: I64, bids: tuple[F64, F64], asks: tuple[F64, F64]
    ) -> Records:
        """The records of quotes, without those that cannot be.

        One without any side takes back the quote before, and its sides are undefined.

        Args:
            ids: Instruments, int64[n]; what has 0 is left out.
            times: By the vendor, UTC ns, int64[n].
            received: When each came, UTC ns, int64[n].
            bids: Dollars and sizes, float64[n] each; NaN where unknown.
            asks: Likewise.
        """
        (bid, bid_size), (ask, ask_size) = bids, asks
        is_possible = are_possible(bid, ask) & are_sizes(bid_size) & are_sizes(ask_size)
        self.garbled_count += int(np.count_nonzero(~is_possible & (ids > 0)))
        is_possible &= ids > 0
        out = records("cmbp-1", len(ids))
        out["instrument_id"], out["ts_event"], out["ts_recv"] = ids, times, received
        out["price"], out["action"], out["side"] = UNDEF_PRICE, b"M", b"N"
        fill_side(out, "bid", *bids)
        fill_side(out, "ask", *asks)
        is_two_sided = (bid >= 0.0) & (ask > 0.0)
        mids = np.where(is_two_sided, (bid + ask) / 2.0, math.nan)
        self.mids[ids[is_possible]] = mids[is_possible]
        self.times[ids[is_possible]] = times[is_possible]
        return out[is_possible]
