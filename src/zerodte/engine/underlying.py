"""Underlyings: their own quotes, and index values, which are trades of a thing without quotes."""

import numpy as np
import numpy.typing as npt

from zerodte.compiled import kernel
from zerodte.config import STALE_AFTER
from zerodte.engine.book import NEVER, RAW_PER_DOLLAR, Book, grown
from zerodte.engine.instant import Spot
from zerodte.records.dbn import UNDEF_PRICE, Records


class Underlyings:
    """The latest price of every underlying, by its number in order of arrival.

    Args:
        cadence: Interval at which index values come, ns; 0 for an event feed.
    """

    def __init__(self, cadence: int) -> None:
        self.book = Book()
        self._patience = max(STALE_AFTER, 2 * cadence)
        self._numbers: dict[str, int] = {}
        self._own_group = np.empty(0, np.int32)
        self._value = np.empty(0)
        self._valued = np.empty(0, np.int64)

    def add(self, symbol: str) -> int:
        """The number of a symbol, which is new the first time."""
        number = self._numbers.setdefault(symbol, len(self._numbers))
        size = len(self._numbers)
        self.book.grow(size, size)
        self._value = grown(self._value, size, np.nan)
        self._valued = grown(self._valued, size, NEVER)
        self._own_group = np.arange(len(self._value), dtype=np.int32)
        return number

    def apply_quotes(self, records: Records, numbers: npt.NDArray[np.int32], cadence: int) -> None:
        """Take quotes in order; `numbers` tells whose, shape (m,), negative: nobody's."""
        self.book.apply(records, numbers, self._own_group, cadence)

    def apply_values(self, records: Records, numbers: npt.NDArray[np.int32]) -> None:
        """Take index values (trade records) in order; the last of each index wins."""
        _apply_values(records, numbers, self._value, self._valued)

    def own_price(self, symbol: str, now: int) -> Spot | None:
        """The symbol's own fresh price: its quote's mid, else its index value, else None."""
        number = self._numbers.get(symbol)
        if number is None:
            return None
        bid, ask = self.book.bid[number], self.book.ask[number]
        if self.book.is_fresh(number, now) and 0.0 < bid < ask:
            return Spot(float(0.5 * (bid + ask)), "equity_quote")
        value = self.index_value(symbol, now)
        return Spot(value, "index") if value > 0.0 else None

    def index_value(self, symbol: str, now: int) -> float:
        """The fresh value of an index; NaN where there is none."""
        number = self._numbers.get(symbol)
        if number is None or now - self._patience > self._valued[number]:
            return np.nan
        return float(self._value[number])

    def newest_quote(self) -> int | None:
        """Receive time of the newest quote of any underlying, UTC ns, or None."""
        return _newest(self.book.newest)

    def newest_value(self) -> int | None:
        """Receive time of the newest value of any index, UTC ns, or None."""
        return _newest(self._valued)


def _newest(times: npt.NDArray[np.int64]) -> int | None:
    newest = int(times.max(initial=NEVER))
    return None if newest == NEVER else newest


@kernel
def _apply_values(
    records: Records,
    numbers: npt.NDArray[np.int32],
    value: npt.NDArray[np.float64],
    valued: npt.NDArray[np.int64],
) -> None:
    for i in range(numbers.shape[0]):
        at, raw = numbers[i], records[i].price
        if at < 0 or raw == UNDEF_PRICE or raw <= 0:
            continue
        value[at] = raw / RAW_PER_DOLLAR
        valued[at] = np.int64(records[i].ts_recv)
