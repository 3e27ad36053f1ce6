"""What max pain says: what holders receive at each strike, where spot is, whether hedging agrees.

The labels and the 5% of `signal` are the reference's; how near the flip is near is ours.
"""

import math
from typing import Literal, TypeAlias

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import MAX_PAIN_NEAR_FLIP, MAX_PAIN_SIGNAL, MULTIPLIER
from zerodte.engine.exposure import held
from zerodte.engine.levels import ChainLevels

Alignment: TypeAlias = Literal["converging", "moderate", "diverging", "unknown"]

_HALF_A_CENT = 0.005


def pain_curve(strikes: F64, open_interest: F64) -> tuple[F64, F64]:
    """Dollars that holders of calls and of puts receive if spot closes at each strike.

    Args:
        strikes: Dollars, shape (n,), ascending.
        open_interest: Contracts, shape (2, n).

    Returns:
        Two of shape (n,); NaN for a side of which no open interest is known.
    """
    calls, puts = (held(side) * MULTIPLIER for side in open_interest)
    above = np.maximum(strikes[:, np.newaxis] - strikes, 0.0)
    return above @ calls, above.T @ puts


def side_of(spot: float, level: float) -> Literal["above", "below", "at"] | None:
    """Where spot is from a level, dollars; None where either is unknown."""
    if math.isnan(spot - level):
        return None
    if abs(spot - level) < _HALF_A_CENT:
        return "at"
    return "above" if spot > level else "below"


def signal(spot: float, level: float) -> Literal["bullish", "bearish", "neutral"] | None:
    """Which way max pain lies, dollars, once it is far; None where either is unknown."""
    distance = (spot - level) / spot
    if math.isnan(distance):
        return None
    if abs(distance) < MAX_PAIN_SIGNAL:
        return "neutral"
    return "bearish" if distance > 0.0 else "bullish"


def alignment(levels: ChainLevels, flip: float, spot: float) -> Alignment:
    """Whether hedging draws towards max pain: by the walls, and by the flip (dollars)."""
    walls = levels.put_wall.strike, levels.call_wall.strike
    if math.isnan(levels.max_pain + sum(walls)):
        return "unknown"
    if not min(walls) <= levels.max_pain <= max(walls):
        return "diverging"
    near = abs(levels.max_pain - flip) <= MAX_PAIN_NEAR_FLIP * spot
    return "converging" if near else "moderate"
