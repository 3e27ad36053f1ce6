"""The lowest and the highest price of every underlying since the last sample."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from zerodte.arrays import F64, I32
from zerodte.constants import SPOT_LIMIT
from zerodte.engine.book import grown
from zerodte.engine.chain_inputs import Spot


class PriceRange(NamedTuple):
    """The ends of a price's range, dollars; NaN where unknown."""

    low: float
    high: float

    def around(self, spot: Spot | None) -> "PriceRange":
        """The range of spot, with the spot that ends it.

        Where parity gives spot, the underlying's own prices do not count.
        """
        if spot is None:
            return PriceRange(np.nan, np.nan)
        if spot.source == "put_call_parity":
            return PriceRange(spot.value, spot.value)
        low, high = np.fmin(self.low, spot.value), np.fmax(self.high, spot.value)
        return PriceRange(float(low), float(high))


class PriceRanges:
    """The ranges of all symbols' own prices, by the symbols' numbers."""

    def __init__(self) -> None:
        self._low = np.empty(0)
        self._high = np.empty(0)
        self._spot = np.empty(0)

    def note(self, symbols: I32, prices: F64) -> None:
        """Widen the ranges of the symbols whose prices have just come.

        A price further from the last sample's spot than one may be from parity is not believed: a
        lone bad quote would be a bar's high.

        Args:
            symbols: Their numbers, shape (m,); a number may come twice.
            prices: Of every symbol, dollars, by its number; NaN where unknown.
        """
        self._low, self._high, self._spot = (
            grown(array, len(prices), np.nan) for array in (self._low, self._high, self._spot)
        )
        believed = symbols[~(np.abs(prices[symbols] / self._spot[symbols] - 1.0) > SPOT_LIMIT)]
        came = prices[believed]
        self._low[believed] = np.fmin(self._low[believed], came)
        self._high[believed] = np.fmax(self._high[believed], came)

    def of(self, symbol: int) -> PriceRange:
        """A symbol's range since the last sample."""
        if symbol >= len(self._low):
            return PriceRange(np.nan, np.nan)
        return PriceRange(float(self._low[symbol]), float(self._high[symbol]))

    def restart(self, spots: Mapping[int, float]) -> None:
        """Begin anew after a sample, which found these spots, dollars, by the symbols' numbers."""
        self._low[:] = np.nan
        self._high[:] = np.nan
        for symbol, spot in spots.items():
            if symbol < len(self._spot):
                self._spot[symbol] = spot
