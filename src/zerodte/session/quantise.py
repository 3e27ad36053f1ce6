"""The digits of a sample: how values are stored, and what they are when read."""

from typing import Final

import numpy as np

from zerodte.arrays import F64, I32
from zerodte.session.sample import NO_QUOTE, UNITS_PER_DOLLAR

_MOST_UNITS: Final = np.iinfo(np.int32).max


def units(prices: F64) -> I32:
    """Prices in dollars as they are stored; `NO_QUOTE` for NaN."""
    whole = np.minimum(np.rint(prices * UNITS_PER_DOLLAR), _MOST_UNITS)
    return np.where(np.isnan(prices), NO_QUOTE, whole).astype(np.int32)


def dollars(prices: I32) -> F64:
    """Stored prices in dollars; NaN for `NO_QUOTE`."""
    return np.where(prices == NO_QUOTE, np.nan, prices / UNITS_PER_DOLLAR)


def single(values: F64) -> F64:
    """Values with the digits that float32 has."""
    return values.astype(np.float32).astype(np.float64)
