"""Texts of answers and pages: amounts at a readable scale, names, what estimates are worth."""

import math
from collections.abc import Sequence
from typing import Final

#: What was measured of dealers' gamma, from docs/evaluate.md; it stands wherever that is claimed.
MEASURED: Final = (
    "Measured on simulated sessions, the convention has the right sign in 39% of minutes on "
    "settled open interest, the inventory's mean in 65% (a constant: 63%), and the inventory's 90% "
    "interval contains the truth in 98%: it has no sign."
)

_UNKNOWN = "unknown"
_SCALES = ((1e9, "B"), (1e6, "M"), (1e3, "K"))


def first_of(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are: "A, B and 3 more"."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def dollars(value: float) -> str:
    """A dollar amount at a readable scale: "$1.2B", "-$340M"; "unknown" for NaN."""
    if not math.isfinite(value):
        return _UNKNOWN
    size, sign = abs(value), "-" if value < 0.0 else ""
    scale, letter = next((pair for pair in _SCALES if size >= pair[0]), (1.0, ""))
    scaled = size / scale
    decimals = 2 if scaled < 10.0 else 1 if scaled < 100.0 else 0
    return f"{sign}${scaled:,.{decimals}f}{letter}"


def price(value: float) -> str:
    """A price or strike without trailing zeros; "unknown" for NaN."""
    return f"{value:,.2f}".removesuffix(".00") if math.isfinite(value) else _UNKNOWN
