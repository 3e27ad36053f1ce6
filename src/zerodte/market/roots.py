"""What an OSI root means: the symbol it belongs to, how it settles and how it is exercised.

A table and its two readers. A root that the table does not name is an equity's or an ETF's.
"""

from dataclasses import dataclass
from typing import Literal

Settlement = Literal["AM", "PM"]
Style = Literal["european", "american"]


@dataclass(frozen=True, slots=True)
class Root:
    """The facts that hold for every contract of a root.

    Attributes:
        root: The OSI root.
        symbol: The underlying it belongs to; SPX and SPXW both belong to SPX.
        settlement: 'AM' settles at the opening of the expiry, so that the contract cannot be
            traded on that day; 'PM' at its close.
        style: Of exercise.
        is_index: Whether the underlying is an index: a value, without quotes of its own.
    """

    root: str
    symbol: str
    settlement: Settlement
    style: Style
    is_index: bool


# Source: the exchanges' contract specifications (Cboe; Nasdaq for NDX, NDXP and XND).
_INDEX_ROOTS: tuple[tuple[str, str, Settlement, Style], ...] = (
    ("SPX", "SPX", "AM", "european"),
    ("SPXW", "SPX", "PM", "european"),
    ("SPXPM", "SPX", "PM", "european"),
    ("XSP", "XSP", "PM", "european"),
    ("NDX", "NDX", "AM", "european"),
    ("NDXP", "NDX", "PM", "european"),
    ("XND", "XND", "PM", "european"),
    ("RUT", "RUT", "AM", "european"),
    ("RUTW", "RUT", "PM", "european"),
    ("MRUT", "MRUT", "PM", "european"),
    ("DJX", "DJX", "AM", "european"),
    ("VIX", "VIX", "AM", "european"),
    ("VIXW", "VIX", "AM", "european"),
    ("OEX", "OEX", "PM", "american"),
    ("XEO", "OEX", "PM", "european"),
)
_TABLE = {row[0]: Root(*row, is_index=True) for row in _INDEX_ROOTS}


def root_info(root: str) -> Root:
    """The facts of a root; those of an equity or ETF where the table does not name it."""
    known = _TABLE.get(root)
    return known or Root(root, symbol=root, settlement="PM", style="american", is_index=False)


def is_adjusted(root: str) -> bool:
    """Whether a root ends in a digit: contracts changed by a split, a merger or a dividend.

    Their deliverable is no longer 100 shares, so they are kept out of every chain.
    """
    return root[-1:].isdigit()
