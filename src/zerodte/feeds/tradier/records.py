"""Tradier's quotes as records: of contracts, of stocks, and the values of indices."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.constants import SECOND
from zerodte.feeds.last_quotes import LastQuotes
from zerodte.feeds.quote_fields import MOST_DOLLARS
from zerodte.feeds.tradier.chain import TradierQuote
from zerodte.feeds.tradier.protocol import TradierEvent, event_time
from zerodte.importers.chain_tape import fixed
from zerodte.market.roots import root_info
from zerodte.records.dbn import INDEX, TRADIER_EQUITY, TRADIER_OPRA, Records, records
from zerodte.tape.feed_manifest import FeedStream

TRADIER_DEFINITIONS: Final = FeedStream(TRADIER_OPRA, "definition")
TRADIER_STATISTICS: Final = FeedStream(TRADIER_OPRA, "statistics")
TRADIER_QUOTES: Final = FeedStream(TRADIER_OPRA, "cmbp-1")
TRADIER_TRADES: Final = FeedStream(TRADIER_OPRA, "tcbbo", has_conditions=True, has_cancels=True)
TRADIER_VALUES: Final = FeedStream(INDEX, "trades")
TRADIER_EQUITIES: Final = FeedStream(TRADIER_EQUITY, "cmbp-1")

#: A time that is so much later than its receipt counts as unknown, ns: no clock is off by more.
_AHEAD: Final = SECOND


@dataclass(frozen=True, eq=False, slots=True)
class TradierBlock:
    """Events of one kind, in the order in which they came.

    Attributes:
        kind: That of all.
        received: When each one came, UTC ns of the feed's clock, int64[n], ascending.
        events: n of them.
    """

    kind: str
    received: I64
    events: Sequence[TradierEvent]

    @property
    def newest(self) -> int:
        """When the last one came, UTC ns."""
        return int(self.received[-1])

    def ids(self, numbers: Mapping[str, int]) -> I64:
        """The ids of their symbols; 0 where unknown."""
        return np.array([numbers.get(one.symbol, 0) for one in self.events], np.int64)

    def times(self) -> I64:
        """The vendor's times, UTC ns; that of receipt where there is none that can be.

        One of the future cannot be.
        """
        told = np.array(
            [
                max(event_time(one.date), event_time(one.biddate), event_time(one.askdate))
                for one in self.events
            ],
            np.int64,
        )
        return np.where((told > 0) & (told <= self.received + _AHEAD), told, self.received)


class TradierUnderlyings:
    """Quotes of stocks and values of indices as records, and the last prices.

    Args:
        symbols: They, in the order of their ids.

    Attributes:
        spots: Prices, dollars; NaN if unknown.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self.spots = dict.fromkeys(symbols, math.nan)
        self._indices = _numbered(symbol for symbol in symbols if root_info(symbol).is_index)
        self._stocks = _numbered(symbol for symbol in symbols if not root_info(symbol).is_index)
        self._stock_quotes = LastQuotes()
        self._stock_quotes.make_room(len(self._stocks))
        self._valued = dict.fromkeys(self._indices, 0)

    @property
    def indices(self) -> tuple[str, ...]:
        """Those of the symbols that are indices."""
        return tuple(self._indices)

    @property
    def came(self) -> frozenset[str]:
        """Those of the symbols whose value or quote of the session has come."""
        valued = (symbol for symbol, time in self._valued.items() if time)
        times = self._stock_quotes.times
        return frozenset((*valued, *(one for one, number in self._stocks.items() if times[number])))

    @property
    def garbled_count(self) -> int:
        """Quotes with prices or sizes that cannot be, which are left out."""
        return self._stock_quotes.garbled_count

    @property
    def streams(self) -> tuple[FeedStream, ...]:
        """Those of the symbols."""
        values = (TRADIER_VALUES,) if self._indices else ()
        return values + ((TRADIER_EQUITIES,) if self._stocks else ())

    @property
    def numbered(self) -> dict[str, dict[int, str]]:
        """The symbols by dataset and id."""
        both = ((TRADIER_VALUES, self._indices), (TRADIER_EQUITIES, self._stocks))
        return {
            stream.dataset: {number: symbol for symbol, number in numbers.items()}
            for stream, numbers in both
            if numbers
        }

    def quotes(self, block: TradierBlock) -> Records:
        """Quotes of stocks; others are left out."""
        ids = block.ids(self._stocks)
        rows = self._stock_quotes.take(ids, block.times(), block.received, *_sides(block))
        for symbol, number in self._stocks.items():
            mid = float(self._stock_quotes.mids[number])
            if math.isfinite(mid):
                self.spots[symbol] = mid
        return rows

    def values(self, block: TradierBlock) -> Records:
        """Values of indices that the stream sends; others are left out."""
        last = [math.nan if one.last is None else one.last for one in block.events]
        names = [one.symbol for one in block.events]
        return self._values(names, last, block.times().tolist(), block.received.tolist())

    def asked(self, quotes: Sequence[TradierQuote], since: int, received: int) -> Records:
        """Values of indices that were asked for, those of after a time, UTC ns."""
        ours = [one for one in quotes if since <= one.traded <= received + _AHEAD]
        count = len(ours)
        last, times = [one.last for one in ours], [one.traded for one in ours]
        return self._values([one.name for one in ours], last, times, [received] * count)

    def learn(self, quotes: Sequence[TradierQuote]) -> None:
        """Take last prices for the price of what has none yet."""
        for one in quotes:
            if math.isnan(self.spots.get(one.name, 0.0)) and 0.0 < one.price < MOST_DOLLARS:
                self.spots[one.name] = one.price

    def _values(
        self,
        names: Sequence[str],
        prices: Sequence[float],
        times: Sequence[int],
        received: Sequence[int],
    ) -> Records:
        """Values, each newer than the one before: what was asked for may also have come."""
        chosen = []
        for name, price, time, at in zip(names, prices, times, received, strict=True):
            if self._valued.get(name, time) < time and 0.0 < price < MOST_DOLLARS:
                self._valued[name] = time
                self.spots[name] = price
                chosen.append((self._indices[name], price, time, at))
        out = records("trades", len(chosen))
        if chosen:
            numbers, dollars, told, came = zip(*chosen, strict=True)
            out["instrument_id"] = numbers
            out["price"], out["size"] = fixed(np.array(dollars, np.float64)), 0
            out["ts_event"], out["ts_recv"] = told, came
        return out


class TradierQuotes:
    """Quotes of contracts as records.

    Attributes:
        last: The last ones.
    """

    def __init__(self) -> None:
        self.last = LastQuotes()

    def take(self, block: TradierBlock, numbers: Mapping[str, int]) -> Records:
        """Quotes of contracts; those of unknown ones, and those that cannot be, are left out."""
        ids = block.ids(numbers)
        return self.last.take(ids, block.times(), block.received, *_sides(block))

    def standing(
        self, quotes: Sequence[TradierQuote], numbers: Mapping[str, int], received: int
    ) -> Records:
        """Last quotes of contracts, but for those of which as new a one has come."""
        wanted = [
            one
            for one in quotes
            if (number := numbers.get(one.name, 0)) and one.at > int(self.last.times[number])
        ]
        return self.last.take(
            np.array([numbers[one.name] for one in wanted], np.int64),
            np.array([one.at for one in wanted], np.int64),
            np.full(len(wanted), received, np.int64),
            _column([one.bid for one in wanted], [one.bid_size for one in wanted]),
            _column([one.ask for one in wanted], [one.ask_size for one in wanted]),
        )


def _sides(block: TradierBlock) -> tuple[tuple[F64, F64], tuple[F64, F64]]:
    events = block.events
    return (
        _column([one.bid for one in events], [one.bidsz for one in events]),
        _column([one.ask for one in events], [one.asksz for one in events]),
    )


def _column(dollars: Sequence[float | None], sizes: Sequence[float | None]) -> tuple[F64, F64]:
    """Numbers of a side; null is unknown, as NaN."""
    return np.array(dollars, np.float64), np.array(sizes, np.float64)


def _numbered(symbols: Iterable[str]) -> dict[str, int]:
    """Ids of some symbols, from 1 on."""
    return {symbol: place for place, symbol in enumerate(symbols, 1)}
