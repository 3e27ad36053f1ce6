"""The table of OSI roots: underlying symbol, settlement and exercise style.

A root that is not in the table belongs to an equity or ETF, unless its name says that it is of an
index of the table: then its settlement is unknown.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from zerodte.constants import MULTIPLIER

#: Between a symbol and its share class: BRK.B, BRK/B.
_CLASS_SEPARATOR = re.compile(r"(?<=[A-Z])[./-](?=[A-Z])", re.ASCII)

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
        multiplier: Units of the underlying per contract.
    """

    root: str
    symbol: str
    settlement: Settlement
    style: ExerciseStyle
    is_index: bool
    multiplier: int = MULTIPLIER

    @property
    def trades_late(self) -> bool:
        """Whether its contracts trade for a quarter of an hour after the close of stocks."""
        return self.is_index or self.root in _LATE_FUNDS


#: Indices of MSCI, FTSE and S&P, of volatility, and of sectors (Nasdaq PHLX, Cboe).
_OTHER_INDICES = """
MXACW MXUSA MXWLD UKXM SPESG VOLQ BKX HGX KBX OSX SOX UTY XAU
SIXB SIXC SIXE SIXI SIXM SIXR SIXRE SIXT SIXU SIXV SIXY
"""
# Sources: the exchanges' contract specifications (Cboe; Nasdaq for NDX, NDXP and XND), and Cboe's
# vendor symbols of the bitcoin indices (CBTX, MBTX: AM; CBTXW, MBTXW: PM). MXEA and MXEF settle on
# closing prices, but stop trading the day before, as AM does. No specification was at hand for
# NQX, SPEQW and NANOS (PM), nor for RUI, RLG, RLV, XSPAM, SPEQX and those above: AM keeps
# the latter out of same-day chains until their settlement is known.
_INDEX_ROOTS: tuple[tuple[str, str, Settlement, ExerciseStyle], ...] = (
    ("SPX", "SPX", "AM", "european"),
    ("SPXW", "SPX", "PM", "european"),
    ("SPXPM", "SPX", "PM", "european"),
    ("XSP", "XSP", "PM", "european"),
    ("XSPAM", "XSP", "AM", "european"),
    ("NANOS", "NANOS", "PM", "european"),
    ("SPEQX", "SPEQX", "AM", "european"),
    ("SPEQW", "SPEQX", "PM", "european"),
    ("NDX", "NDX", "AM", "european"),
    ("NDXP", "NDX", "PM", "european"),
    ("XND", "XND", "PM", "european"),
    ("NQX", "NQX", "PM", "european"),
    ("RUT", "RUT", "AM", "european"),
    ("RUTW", "RUT", "PM", "european"),
    ("MRUT", "MRUT", "PM", "european"),
    ("RUI", "RUI", "AM", "european"),
    ("RLG", "RLG", "AM", "european"),
    ("RLV", "RLV", "AM", "european"),
    ("MXEA", "MXEA", "AM", "european"),
    ("MXEF", "MXEF", "AM", "european"),
    ("DJX", "DJX", "AM", "european"),
    *((root, root, "AM", "european") for root in _OTHER_INDICES.split()),
    ("VIX", "VIX", "AM", "european"),
    ("VIXW", "VIX", "AM", "european"),
    ("CBTX", "CBTX", "AM", "european"),
    ("CBTXW", "CBTX", "PM", "european"),
    ("MBTX", "MBTX", "AM", "european"),
    ("MBTXW", "MBTX", "PM", "european"),
    ("OEX", "OEX", "PM", "american"),
    ("XEO", "OEX", "PM", "european"),
)
#: Roots of contracts of another size (Cboe's specification of Nanos).
_MULTIPLIERS = {"NANOS": 1}
_TABLE = {
    row[0]: Root(*row, is_index=True, multiplier=_MULTIPLIERS.get(row[0], MULTIPLIER))
    for row in _INDEX_ROOTS
}

#: Funds and notes whose options trade for a quarter of an hour after the close of stocks, also on
#: their last day. Exchanges publish no one list: these are in at least two of the lists of brokers
#: (Firstrade, IG, Terry's Tips), or are younger sector and volatility funds of the first.
_LATE_NAMES = """
DBA DBB DBC DBO DIA EEM EFA GAZ IWM IWN IWO IWV JJC KBE KRE MDY MOO OEF OIL QQQ SLX SPY SVIX SVXY
UNG UUP UVIX UVXY VIXM VIXY VXX VXZ XHB XLB XLC XLE XLF XLI XLK XLP XLRE XLU XLV XLY XME XRT
"""
_LATE_FUNDS = frozenset(_LATE_NAMES.split())

#: What exchanges put after an index's root for another settlement; no stock with options has such a
#: name.
_SETTLEMENTS = ("W", "P", "Q", "PM", "AM")
_UNLISTED = re.compile(f"({'|'.join(_TABLE)})({'|'.join(_SETTLEMENTS)})", re.ASCII)

#: Underlyings that are a fixed part of another index: its symbol, and the divisor.
REDUCED = {
    "XSP": ("SPX", 10),
    "NANOS": ("SPX", 10),
    "XND": ("NDX", 100),
    "NQX": ("NDX", 5),
    "MRUT": ("RUT", 10),
    "MBTX": ("CBTX", 10),
}


@functools.lru_cache(maxsize=1 << 15)
def root_info(root: str) -> Root:
    """The properties of a root. An unknown root is that of an equity or ETF."""
    info = _TABLE.get(root)
    return info or Root(root, symbol=root, settlement="PM", style="american", is_index=False)


def canonical_name(text: str) -> str:
    """A symbol as its OSI root spells it: '^SPXW' is SPXW, and 'brk.b' or 'BRK-B' is BRKB.

    An OSI symbol stays one.
    """
    name = text.strip().upper()
    return _CLASS_SEPARATOR.sub("", name[1:] if name[:1] in ("^", "$", ".") else name)


def underlying_of(text: str) -> str:
    """The one symbol of an underlying, whatever a user calls it: SPX for 'spxw' and '^SPX'."""
    return root_info(canonical_name(text)).symbol


def symbols_of(roots: Iterable[str]) -> list[str]:
    """The underlyings of roots, sorted."""
    return sorted({root_info(root).symbol for root in roots})


def roots_of(symbol: str) -> list[str]:
    """The OSI roots of an underlying's options: SPX, SPXW and SPXPM for SPX."""
    return [root for root, info in _TABLE.items() if info.symbol == symbol] or [symbol]


def is_unsettled(root: str) -> bool:
    """Whether a root is named as one of a known index, but is not in the table.

    Nobody knows when it settles, so it is excluded from all chains.
    """
    return root not in _TABLE and _UNLISTED.fullmatch(root) is not None


def is_adjusted(root: str) -> bool:
    """Whether a root ends in a digit: contracts adjusted for a split, merger or dividend.

    Their deliverable is not 100 shares, so they are excluded from all chains.
    """
    return root[-1:].isdigit()
