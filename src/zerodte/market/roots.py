"""The table of OSI roots: underlying symbol, settlement and exercise style.

A root that is not in the table belongs to an equity or ETF.
"""

from dataclasses import dataclass
from typing import Literal

Settlement = Literal["AM", "PM"]
ExerciseStyle = Literal["european", "american"]


@dataclass(frozen=True, slots=True)
class Root:
    """The properties of all contracts of a root.

    Attributes:
        root: The OSI root.
        symbol: Symbol of the underlying; SPX for both SPX and SPXW.
        settlement: 'AM' settles at the opening of the expiration date, so the contract does not
            trade on that day; 'PM' settles at the close.
        style: Exercise style.
        is_index: Whether the underlying is an index, which has values but no quotes.
    """

    root: str
    symbol: str
    settlement: Settlement
    style: ExerciseStyle
    is_index: bool


# Source: the exchanges' contract specifications (Cboe; Nasdaq for NDX, NDXP and XND).
_INDEX_ROOTS: tuple[tuple[str, str, Settlement, ExerciseStyle], ...] = (
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
    """The properties of a root. An unknown root is that of an equity or ETF."""
    info = _TABLE.get(root)
    return info or Root(root, symbol=root, settlement="PM", style="american", is_index=False)


def canonical_name(text: str) -> str:
    """A symbol as its OSI root spells it: '^SPXW' is SPXW, and 'brk.b' or 'BRK/B' is BRKB.

    An OSI symbol stays one.
    """
    return text.strip().upper().lstrip("^$.").replace(".", "").replace("/", "")


def underlying_of(text: str) -> str:
    """The one symbol of an underlying, whatever a user calls it: SPX for 'spxw' and '^SPX'."""
    return root_info(canonical_name(text)).symbol


def is_adjusted(root: str) -> bool:
    """Whether a root ends in a digit: contracts adjusted for a split, merger or dividend.

    Their deliverable is not 100 shares, so they are excluded from all chains.
    """
    return root[-1:].isdigit()
