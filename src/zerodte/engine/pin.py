"""The pin score: how much speaks for the close at the magnet, 0 to 100.

The four components and their weights are the reference's, their shapes ours.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import PIN_GAMMA_SATURATION, PIN_OI_SATURATION, PIN_WEIGHTS, TOP_STRIKES
from zerodte.engine.arithmetic import ratio
from zerodte.engine.exposure import ChainExposures, held
from zerodte.engine.levels import ChainLevels

#: The place of proximity among the parts.
_PROXIMITY: Final = 1


@dataclass(frozen=True, slots=True)
class Pin:
    """The score and its components before weighting, each 0 to 100; NaN where unknown.

    Attributes:
        score: The weighted sum; where dealers' gamma at the magnet is negative, and drives prices
            away, the part of proximity alone.
        oi: How concentrated open interest is on three strikes.
        proximity: How near the magnet is, in remaining sigmas.
        time: How much of the session has passed.
        gamma: How much of the net gamma sits at the magnet.
        top3_share: Share of open interest on its three largest strikes, a fraction.
    """

    score: float
    oi: float
    proximity: float
    time: float
    gamma: float
    top3_share: float


def pin(
    exposures: ChainExposures,
    levels: ChainLevels,
    open_interest: F64,
    spot: float,
    sigma: float,
    elapsed_pct: float,
) -> Pin:
    """Score the magnet.

    Args:
        exposures: Of the chain.
        levels: Of the chain; the magnet is among them.
        open_interest: Contracts, shape (2, n).
        spot: Dollars.
        sigma: Remaining standard deviation, dollars.
        elapsed_pct: Elapsed share of the session, percent.
    """
    share = top_share(held(open_interest).sum(axis=0))
    distance = (spot - levels.magnet.strike) / sigma
    at_magnet = ratio(abs(levels.magnet.value), float(np.abs(exposures.net_by_strike).sum()))
    parts = (
        100.0 * float(np.minimum(1.0, share / PIN_OI_SATURATION)),
        100.0 * float(np.exp(-0.5 * distance * distance)),
        elapsed_pct,
        100.0 * float(np.minimum(1.0, at_magnet / PIN_GAMMA_SATURATION)),
    )
    weighted = [weight * part for weight, part in zip(PIN_WEIGHTS, parts, strict=True)]
    score = weighted[_PROXIMITY] if levels.magnet.value < 0.0 else sum(weighted)
    return Pin(score, *parts, top3_share=share)


def top_share(values: F64) -> float:
    """Share of the three largest of `values` in their sum, a fraction; NaN if that is zero."""
    return ratio(float(np.sort(values)[-TOP_STRIKES:].sum()), float(values.sum()))
