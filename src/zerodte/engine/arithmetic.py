"""Arithmetic on figures that may be unknown."""

import math


def ratio(part: float, whole: float) -> float:
    """`part` over `whole`; NaN where either is unknown or `whole` is 0."""
    return part / whole if whole else math.nan
