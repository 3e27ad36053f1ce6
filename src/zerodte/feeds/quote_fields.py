"""Fields of quotes and trades that vendors send as dollars: what can be, and its fixed point."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.importers.chain_tape import fixed
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, Records

#: Vendors tell times in milliseconds.
NS_PER_MS: Final = 1_000_000
#: What times in milliseconds can be; one in seconds or in microseconds is outside.
MOMENTS_MS: Final = (10**12, 2**43)
#: Beyond, dollars and contracts are garbled; so is a bid so many times the ask.
MOST_DOLLARS: Final = 1e6
MOST_CONTRACTS: Final = 1e7
MOST_CROSSED: Final = 20.0
_LARGEST_SIZE: Final = 1e9
_INT64: Final = np.iinfo(np.int64)


def whole_numbers(told: Sequence[int]) -> I64:
    """Whole numbers as a vendor tells them, int64[n]; those that have no room are clipped."""
    try:
        return np.array(told, np.int64)
    except OverflowError:
        low, high = int(_INT64.min), int(_INT64.max)
        return np.array([min(max(one, low), high) for one in told], np.int64)


def are_possible(bid: F64, ask: F64) -> Bool:
    """Which quotes can be, bool[n].

    Args:
        bid: Dollars, float64[n]; NaN if unknown.
        ask: Likewise.
    """
    is_garbled: Bool = ~((np.nan_to_num(bid) >= 0.0) & (np.nan_to_num(bid) < MOST_DOLLARS))
    is_garbled |= ~((np.nan_to_num(ask) >= 0.0) & (np.nan_to_num(ask) < MOST_DOLLARS))
    is_garbled |= (ask > 0.0) & (bid > MOST_CROSSED * ask)
    return ~is_garbled


def are_sizes(sizes: F64) -> Bool:
    """Which sizes can be, contracts, bool[n]; NaN is an unknown one."""
    found: Bool = (np.nan_to_num(sizes) >= 0.0) & (np.nan_to_num(sizes) <= MOST_CONTRACTS)
    return found


def are_traded(sizes: F64) -> Bool:
    """Which sizes can be those of trades, bool[n]: whole contracts, and at least one."""
    found: Bool = (sizes >= 1.0) & (sizes <= MOST_CONTRACTS) & (sizes == np.floor(sizes))
    return found


def fill_side(out: Records, side: str, dollars: F64, sizes: F64) -> None:
    """Fill in a side of quotes.

    Args:
        out: Records with a top of book, n of them.
        side: "bid" or "ask".
        dollars: float64[n]; what is no price becomes undefined.
        sizes: Likewise.
    """
    is_price = (dollars >= 0.0) & (dollars < MOST_DOLLARS)
    prices = fixed(np.where(is_price, dollars, 0.0))
    out[f"{side}_px_00"] = np.where(is_price, prices, UNDEF_PRICE)
    is_size = (sizes >= 0.0) & (sizes < _LARGEST_SIZE)
    whole = np.where(is_size, sizes, 0.0).astype(np.uint32)
    out[f"{side}_sz_00"] = np.where(is_size, whole, np.uint32(UNDEF_SIZE))
