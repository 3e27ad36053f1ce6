"""Events of DXLink as records: quotes of options and equities, values, open interest."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.feeds.interest_records import InterestRecords
from zerodte.feeds.quote_fields import MOMENTS_MS, MOST_DOLLARS, NS_PER_MS, are_possible, fill_side
from zerodte.feeds.tastytrade.protocol import EventBlock
from zerodte.importers.chain_tape import fixed
from zerodte.market.calendar import from_epoch_day
from zerodte.market.roots import root_info
from zerodte.records.dbn import (
    INDEX,
    TASTY_EQUITY,
    TASTY_OPRA,
    UNDEF_TIME,
    Records,
    records,
)
from zerodte.tape.feed_manifest import FeedStream

TASTY_DEFINITIONS: Final = FeedStream(TASTY_OPRA, "definition")
TASTY_STATISTICS: Final = FeedStream(TASTY_OPRA, "statistics")
TASTY_QUOTES: Final = FeedStream(TASTY_OPRA, "cbbo-1s")
TASTY_TRADES: Final = FeedStream(TASTY_OPRA, "tcbbo", has_conditions=True, has_cancels=True)
TASTY_VALUES: Final = FeedStream(INDEX, "trades")
TASTY_EQUITIES: Final = FeedStream(TASTY_EQUITY, "bbo-1s")

#: Days since 1970 that can be those of a session.
_DAYS: Final = (10_000, 40_000)


class QuoteRecords:
    """Turns quotes and values into records, and knows the last ones.

    Args:
        symbols: The underlyings, in the order of their ids.

    Attributes:
        mids: Mids of contracts, dollars, by id; NaN without a quote.
        spots: Prices of underlyings, dollars; NaN if unknown.
        garbled_count: Events with prices that cannot be, which are left out.
        undated_count: Events with a time that cannot be, which is then unknown, or that of receipt.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self.mids: F64 = np.full(1, math.nan)
        self.spots = dict.fromkeys(symbols, math.nan)
        self.garbled_count = self.undated_count = 0
        self._ids: dict[str, tuple[FeedStream, int]] = {}
        self._traded: set[str] = set()
        for symbol in symbols:
            stream = TASTY_VALUES if root_info(symbol).is_index else TASTY_EQUITIES
            count = sum(1 for other, _ in self._ids.values() if other == stream)
            self._ids[symbol] = stream, count + 1

    def streams(self) -> tuple[FeedStream, ...]:
        """Those of the underlyings."""
        return tuple(dict.fromkeys(stream for stream, _ in self._ids.values()))

    def numbered(self) -> dict[str, dict[int, str]]:
        """The underlyings by dataset and id."""
        found: dict[str, dict[int, str]] = {}
        for symbol, (stream, number) in self._ids.items():
            found.setdefault(stream.dataset, {})[number] = symbol
        return found

    def make_room(self, largest: int) -> None:
        """Make room for ids up to `largest`."""
        if largest >= len(self.mids):
            more = np.full(2 * largest + 1 - len(self.mids), math.nan)
            self.mids = np.concatenate([self.mids, more])

    def options(self, block: EventBlock, ids: Sequence[int]) -> Records:
        """Quotes of contracts; those whose id is 0, and those that cannot be, are left out."""
        bid, ask = block.numbers("bidPrice"), block.numbers("askPrice")
        numbers = np.array(ids, np.int64)
        is_possible = self._possible(bid, ask, numbers > 0)
        out = records("cbbo-1s", block.count)
        out["instrument_id"] = numbers.astype(np.uint32)
        self._fill(out, block, bid, ask)
        is_two_sided = is_possible & (bid >= 0.0) & (ask > 0.0)
        self.mids[numbers[is_possible]] = np.where(is_two_sided, (bid + ask) / 2.0, math.nan)[
            is_possible
        ]
        return out[is_possible]

    def underlying(self, block: EventBlock) -> tuple[str, Records]:
        """The stream of underlyings and its records: quotes of equities, or values of indices.

        An index is disseminated with a bid and an ask too, but its value is that of its trades.
        """
        stream = TASTY_VALUES if block.kind == "Trade" else TASTY_EQUITIES
        names = block.texts("eventSymbol")
        known = [self._ids.get(name) for name in names]
        numbers = np.array([one[1] if one and one[0] == stream else 0 for one in known], np.int64)
        out = records(stream.schema, block.count)
        out["instrument_id"], out["ts_recv"] = numbers, block.received
        if block.kind == "Trade":
            price = block.numbers("price")
            is_possible = (price > 0.0) & (price < MOST_DOLLARS) & (numbers > 0)
            times = block.numbers("time")
            is_known = self._dated(times)
            dated = np.where(is_known, times, 0.0).astype(np.int64) * NS_PER_MS
            out["ts_event"] = np.where(is_known, dated, block.received)
            out["price"] = fixed(np.where(is_possible, price, math.nan))
            out["size"] = 0
            self._learn(block, price, is_possible)
            self._traded.update(itertools.compress(names, is_possible.tolist()))
        else:
            bid, ask = block.numbers("bidPrice"), block.numbers("askPrice")
            is_ours = np.array([one is not None for one in known], np.bool_)
            is_quoted = self._possible(bid, ask, is_ours) & (bid > 0.0) & (ask >= bid)
            is_possible = is_quoted & (numbers > 0)
            self._fill(out, block, bid, ask)
            # An index without a value yet has its mid, for the window of strikes alone.
            is_new = np.array([name not in self._traded for name in names], np.bool_)
            self._learn(block, (bid + ask) / 2.0, is_quoted & is_new)
        return stream.name, out[is_possible]

    def learn_closes(self, block: EventBlock) -> None:
        """Take the close of the day before for the price of underlyings that have none."""
        closes = block.numbers("prevDayClosePrice").tolist()
        for symbol, close in zip(block.texts("eventSymbol"), closes, strict=True):
            if math.isnan(self.spots.get(symbol, 0.0)) and 0.0 < close < MOST_DOLLARS:
                self.spots[symbol] = close

    def _learn(self, block: EventBlock, prices: F64, is_possible: Bool) -> None:
        for symbol, price, is_known in zip(
            block.texts("eventSymbol"), prices.tolist(), is_possible.tolist(), strict=True
        ):
            if is_known:
                self.spots[symbol] = price

    def _possible(self, bid: F64, ask: F64, is_ours: Bool) -> Bool:
        """Which quotes of ours can be; NaN is an unknown side."""
        is_garbled = ~are_possible(bid, ask)
        self.garbled_count += int(np.count_nonzero(is_garbled & is_ours))
        return is_ours & ~is_garbled

    def _dated(self, times: F64) -> Bool:
        """Which times, in milliseconds, can be; what is 0 or NaN is not told."""
        is_known: Bool = (times > MOMENTS_MS[0]) & (times < MOMENTS_MS[1])
        self.undated_count += int(np.count_nonzero(~is_known & (times > 0.0)))
        return is_known

    def _fill(self, out: Records, block: EventBlock, bid: F64, ask: F64) -> None:
        out["ts_recv"] = block.received
        changed = np.fmax(block.numbers("bidTime"), block.numbers("askTime"))
        is_known = self._dated(changed)
        times = np.where(is_known, changed, 0.0).astype(np.uint64) * np.uint64(NS_PER_MS)
        out["ts_event"] = np.where(is_known, times, np.uint64(UNDEF_TIME))
        for side, dollars in (("bid", bid), ("ask", ask)):
            fill_side(out, side, dollars, block.numbers(f"{side}Size"))


def summaries(interest: InterestRecords, block: EventBlock, ids: Sequence[int]) -> Records:
    """The open interest of summaries that is new."""
    figures, days = block.integers("openInterest"), block.integers("dayId")
    dates = [from_epoch_day(day) if _DAYS[0] < day < _DAYS[1] else None for day in days]
    return interest.take(ids, figures, dates, block.received.tolist())


def ids_of(block: EventBlock, numbers: Mapping[str, int]) -> list[int]:
    """The ids of the events' contracts; 0 where unknown."""
    return [numbers.get(name, 0) for name in block.texts("eventSymbol")]
