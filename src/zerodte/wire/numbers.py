"""Rounding, the last step before a number goes on the wire; NaN and infinity become None.

There are two precisions: seven significant digits, and whole numbers (halves to even). Each has a
function for one number and one for a column. Integer counts are not rounded. Columns by strike may
be asked for with fewer digits.
"""

import math
from typing import Any

import numpy as np

from zerodte.arrays import F64, I64, Bool

DIGITS = 7

#: 10^0 to 10^22: the powers of ten that a double holds exactly.
_POWERS = np.array([float(f"1e{power}") for power in range(23)])
#: The same as integers, as many as 64 bits hold.
_TENS = 10 ** np.arange(19, dtype=np.int64)
#: Magnitudes that such a power scales to seven digits before the point.
_LEAST, _MOST = 1e-15, 1e22
#: This near to a tie, in units of the last digit, scaling may round to the wrong side.
_TIE = 1e-6


def number(value: float, digits: int = DIGITS) -> float | None:
    """`value` to so many significant digits, None where it is not finite."""
    return float(f"{value:.{digits}g}") + 0.0 if math.isfinite(value) else None


def whole(value: float) -> int | None:
    """`value` to the nearest integer, None where it is not finite."""
    return round(value) if math.isfinite(value) else None


def wholes(values: F64) -> list[int | None]:
    """A column to the nearest integers, None where it is not finite."""
    return [whole(value) for value in values.tolist()]


def integers(values: I64, known: Bool) -> list[Any]:
    """Exact integers, None where they are not known; nested like the array."""
    listed: list[Any] = np.where(known, values, None).tolist()  # type: ignore[call-overload]
    return listed


def shortened(values: I64, digits: int) -> I64:
    """Integers to so many significant digits, halves to even; of the same shape."""
    size = np.abs(values)
    step = _TENS[np.maximum(np.searchsorted(_TENS, size, side="right") - digits, 0)]
    count, rest = np.divmod(size, step)
    twice = 2 * rest
    count += (twice > step) | ((twice == step) & (count % 2 == 1))
    return np.sign(values) * count * step


def numbers(values: F64, precision: int = DIGITS) -> list[float | None]:
    """A column to so many significant digits, None where it is not finite; `number` of each.

    An exact integer of so many digits, times or over an exact power of ten, is the double nearest
    to the rounded decimal. The few values for which that does not hold are rounded one by one.
    """
    size = np.abs(values)
    ordinary = (size >= _LEAST) & (size < _MOST)
    safe = np.where(ordinary, values, 1.0)
    shift = precision - 1 - np.floor(np.log10(np.abs(safe))).astype(np.int64)
    scale = _POWERS[np.abs(shift)]
    grows = shift >= 0
    scaled = np.where(grows, safe * scale, safe / scale)
    digits = np.rint(scaled)
    rounded = np.where(grows, digits / scale, digits * scale)

    magnitude = np.abs(scaled)
    sure = (magnitude >= 10.0 ** (precision - 1)) & (magnitude < 10.0**precision)  # log10 was exact
    sure &= np.abs(np.abs(scaled - digits) - 0.5) > _TIE
    listed: list[float | None] = np.where(size == 0.0, 0.0, rounded).tolist()
    for position in np.flatnonzero(~(ordinary & sure) & (size != 0.0)).tolist():
        listed[position] = number(float(values[position]), precision)
    return listed
