"""The digits of a sample: how values are kept, and what they are afterwards."""

from typing import Final

import numpy as np

from zerodte.arrays import F64, I32
from zerodte.session.sample import NO_QUOTE, UNITS_PER_DOLLAR

_MOST_UNITS: Final = np.iinfo(np.int32).max


def units(prices: F64) -> I32:
    """Prices in dollars as they are kept; `NO_QUOTE` for NaN."""
    whole = np.minimum(np.rint(prices * UNITS_PER_DOLLAR), _MOST_UNITS)
    return np.where(np.isnan(prices), NO_QUOTE, whole).astype(np.int32)


def dollars(kept: I32) -> F64:
    """Kept prices in dollars; NaN for `NO_QUOTE`."""
    return np.where(kept == NO_QUOTE, np.nan, kept / UNITS_PER_DOLLAR)


def single(values: F64) -> F64:
    """Values with the digits that float32 has."""
    return values.astype(np.float32).astype(np.float64)
