"""Underlyings: their own quotes, and index values, which are trades of a thing without quotes.

Several datasets may price one symbol. Each has a place of its own here; the first of them, by name,
that is fresh gives the symbol's price, and the others are compared with it.
"""

from bisect import insort
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, I32, I64, Bool
from zerodte.compiled import kernel
from zerodte.constants import LEAST_VIX, MOST_VIX, OWN_QUOTE_TICKS, OWN_QUOTE_WIDTH
from zerodte.engine.book import NEVER_QUOTED, RAW_PER_DOLLAR, QuoteBook, grown, patience_for
from zerodte.engine.chain_inputs import Spot
from zerodte.records.dbn import UNDEF_PRICE, Records


@dataclass(frozen=True, slots=True)
class OwnQuote:
    """What a tape says of a symbol's own price, dollars; NaN where it says nothing.

    Attributes:
        bid: Of the standing quote.
        ask: Likewise.
        value: The last index value.
        at: When the newer of them was received, UTC ns.
        is_fresh: Whether that is recent.
    """

    bid: float
    ask: float
    value: float
    at: int
    is_fresh: bool


@kernel
def own_mid(bid: float, ask: float) -> float:
    """The mid of an underlying's quote, dollars; NaN where it is none, or too wide for a price."""
    width, mid = ask - bid, 0.5 * (bid + ask)
    if not (bid > 0.0 and width > 0.0) or width > max(OWN_QUOTE_WIDTH * mid, OWN_QUOTE_TICKS):
        return np.nan
    return mid


class Underlyings:
    """The latest price of every underlying, by place: one for each dataset and symbol.

    Args:
        cadence: Interval at which index values come, ns; 0 for an event feed.
    """

    def __init__(self, cadence: int) -> None:
        self.book = QuoteBook()
        self._patience = patience_for(cadence)
        self._places: dict[tuple[str, str], int] = {}
        self._symbols: dict[str, int] = {}
        self._places_of: dict[str, list[tuple[str, int]]] = {}
        self._numbers: list[int] = []
        self._symbol_of = np.empty(0, np.int32)
        self._order = np.empty(0, np.int32)
        self._own_group = np.empty(0, np.int32)
        self._value = np.empty(0)
        self._valued = np.empty(0, np.int64)
        self._strange = np.zeros(0, np.int64)

    def add(self, dataset: str, symbol: str) -> int:
        """The place of a symbol's prices in a dataset; a new one the first time."""
        place = self._places.get((dataset, symbol))
        if place is None:
            place = self._places[dataset, symbol] = len(self._places)
            # By name: the order in which datasets are listed may follow from other symbols.
            insort(self._places_of.setdefault(symbol, []), (dataset, place))
            self._numbers.append(self.number(symbol))
            size = place + 1
            self.book.grow(size, size)
            self._value = grown(self._value, size, np.nan)
            self._valued = grown(self._valued, size, NEVER_QUOTED)
            self._strange = grown(self._strange, size, 0)
            if len(self._own_group) != len(self._value):
                self._own_group = np.arange(len(self._value), dtype=np.int32)
        return place

    def number(self, symbol: str) -> int:
        """The number of a symbol, whether or not anything prices it."""
        return self._symbols.setdefault(symbol, len(self._symbols))

    def find(self, symbol: str) -> int | None:
        """The number of a symbol, or None if it has none yet."""
        return self._symbols.get(symbol)

    @property
    def symbols(self) -> list[str]:
        """All symbols, by their numbers."""
        return list(self._symbols)

    @property
    def places(self) -> list[tuple[str, str]]:
        """The dataset and symbol of every place."""
        return list(self._places)

    @property
    def symbol_of(self) -> I32:
        """The number of the symbol at every place, shape (places,)."""
        if len(self._symbol_of) != len(self._numbers):
            self._symbol_of = np.array(self._numbers, np.int32)
        return self._symbol_of

    def apply_quotes(self, records: Records, places: I32, patience: int, now: int) -> None:
        """Take quotes of the tick that ends `now`; `places` (m,) tells whose, negative: none's."""
        self.book.apply(records, places, self._own_group, patience, now)

    def apply_values(self, records: Records, places: I32, now: int, misdated: Bool) -> None:
        """Take index values (trade records) likewise, in order; the one received last wins.

        Those of another session, `misdated` (m,), and what no VIX can be are counted instead.
        """
        prices = records["price"] / RAW_PER_DOLLAR
        is_vix = np.isin(places, [place for _, place in self._places_of.get("VIX", ())])
        strange = misdated | (is_vix & ((prices < LEAST_VIX) | (prices > MOST_VIX)))
        strange &= places >= 0
        np.add.at(self._strange, places[strange], 1)
        _apply_values(
            records, np.where(strange, np.int32(-1), places), now, self._value, self._valued
        )

    def own_price(self, symbol: str, now: int) -> Spot | None:
        """The symbol's own fresh price: a quote's `own_mid`, else an index value, else None."""
        quotes, values = self._fresh(symbol, now)
        if quotes:
            return Spot(quotes[0], "equity_quote")
        return Spot(values[0], "index") if values else None

    def own_quote(self, symbol: str, now: int) -> OwnQuote | None:
        """The symbol's own last quote and index value, of the first fresh place or the newest.

        None where nothing ever priced it.
        """
        found = []
        for order, (_, place) in enumerate(self._places_of.get(symbol, ())):
            quoted, valued = int(self.book.newest[place]), int(self._valued[place])
            if (at := max(quoted, valued)) == NEVER_QUOTED:
                continue
            is_fresh = self.book.is_fresh(place, now) or now - self._patience <= valued
            bid, ask = float(self.book.bid[place]), float(self.book.ask[place])
            quote = OwnQuote(bid, ask, float(self._value[place]), at, is_fresh=is_fresh)
            found.append((is_fresh, -order if is_fresh else at, quote))
        return max(found, key=lambda one: one[:2])[2] if found else None

    def too_wide(self, symbol: str, now: int) -> list[tuple[float, float]]:
        """Bid and ask, dollars, of the symbol's fresh quotes that are too wide for a price."""
        found = []
        for _, place in self._places_of.get(symbol, ()):
            bid, ask = float(self.book.bid[place]), float(self.book.ask[place])
            if self.book.is_fresh(place, now) and 0.0 < bid < ask and np.isnan(own_mid(bid, ask)):
                found.append((bid, ask))
        return found

    def own_prices(self, now: int) -> F64:
        """`own_price` of every symbol by its number, dollars; NaN where there is none."""
        book, symbols = self.book, self.symbol_of
        if len(self._order) != len(self._places):
            self._order = np.array([self._places[name] for name in sorted(self._places)], np.int32)
        prices = np.full(len(self._symbols), np.nan)
        spoke = now - self._patience
        _own_prices(
            book.bid,
            book.ask,
            book.stale(now),
            self._value,
            self._valued,
            spoke,
            self._order,
            symbols,
            prices,
        )
        return prices

    def index_value(self, symbol: str, now: int) -> float:
        """The fresh value of an index; NaN where there is none."""
        _, values = self._fresh(symbol, now)
        return values[0] if values else np.nan

    def disagreement(self, symbol: str, now: int) -> float:
        """How far apart the symbol's own fresh prices are, as a fraction; 0 with fewer than two."""
        quotes, values = self._fresh(symbol, now)
        prices = quotes + values
        return max(prices) / min(prices) - 1.0 if prices else 0.0

    @property
    def strange_values(self) -> I64:
        """How many index values of each place were not believed, shape (places,)."""
        return self._strange[: len(self._places)]

    @property
    def newest_quotes(self) -> I64:
        """Receive time of each place's newest quote, UTC ns, (places,); `NEVER_QUOTED` for none."""
        return self.book.newest[: len(self._places)]

    @property
    def newest_values(self) -> I64:
        """Receive time of each place's newest index value, likewise."""
        return self._valued[: len(self._places)]

    def _fresh(self, symbol: str, now: int) -> tuple[list[float], list[float]]:
        """The symbol's usable mids and index values, in the order of their places."""
        quotes, values = [], []
        for _, place in self._places_of.get(symbol, ()):
            mid = own_mid(self.book.bid[place], self.book.ask[place])
            if self.book.is_fresh(place, now) and not np.isnan(mid):
                quotes.append(float(mid))
            if now - self._patience <= self._valued[place]:
                values.append(float(self._value[place]))
        return quotes, values


@kernel
def _apply_values(records: Records, places: I32, now: int, value: F64, valued: I64) -> None:
    for i in range(places.shape[0]):
        at, raw = places[i], records[i].price
        if at < 0 or raw == UNDEF_PRICE or raw <= 0:
            continue
        received = min(int(records[i].ts_recv), now)
        if received < valued[at]:
            continue
        value[at] = raw / RAW_PER_DOLLAR
        valued[at] = received


@kernel
def _own_prices(
    bid: F64,
    ask: F64,
    stale: Bool,
    value: F64,
    valued: I64,
    spoke: int,
    order: I32,
    symbols: I32,
    prices: F64,
) -> None:
    for place in order:
        if not stale[place] and np.isnan(prices[symbols[place]]):
            prices[symbols[place]] = own_mid(bid[place], ask[place])
    for place in order:
        if valued[place] >= spoke and np.isnan(prices[symbols[place]]):
            prices[symbols[place]] = value[place]
