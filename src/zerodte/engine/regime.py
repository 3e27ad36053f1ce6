"""Labels: the signs of net exposures, and what the day's flow did to them."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import NEUTRAL_SHARE, OPEN_INTEREST_NEEDED
from zerodte.engine.arithmetic import ratio

Regime = Literal["positive_gamma", "negative_gamma", "undetermined"]
FlowLabel = Literal["no_flow", "neutral", "amplifying", "dampening", "regime_flip"]


def sign(net: float, gross: float) -> int:
    """-1 or 1; 0 where |net| is under 5% of gross or unknown."""
    if not abs(net) >= NEUTRAL_SHARE * gross or net == 0.0:
        return 0
    return 1 if net > 0.0 else -1


def regime(net_gex: float, gross_gex: float, known: float = 1.0) -> Regime:
    """The sign of net GEX at spot, where what is unknown cannot turn it.

    Args:
        net_gex: Dollars per 1% move.
        gross_gex: Likewise.
        known: The share of the chain's open interest that is known, as `open_interest_known` has
            it. The rest is taken to weigh as much.
    """
    certain = abs(net_gex) * known >= (1.0 - known) * gross_gex
    if known < OPEN_INTEREST_NEEDED or not certain:
        return "undetermined"
    labels: dict[int, Regime] = {1: "positive_gamma", -1: "negative_gamma"}
    return labels.get(sign(net_gex, gross_gex), "undetermined")


@dataclass(frozen=True, slots=True)
class FlowShift:
    """What the day's trades did to open interest and to net GEX.

    Attributes:
        label: no_flow, neutral, amplifying, dampening or regime_flip.
        adjustment: Live minus settled net GEX, dollars per 1% move.
        shift: Adjustment over settled, with its sign, a fraction; 0 when both nets are 0, NaN when
            only the settled one is.
        contracts: Contracts whose open interest moved.
        moved: Sum over contracts of |effective - official|.
    """

    label: FlowLabel
    adjustment: float
    shift: float
    contracts: int
    moved: float


def flow_shift(settled: float, live: float, official: F64, effective: F64) -> FlowShift:
    """Compare live with settled net GEX and open interest (contracts, shape (2, n))."""
    delta = np.abs(effective - np.nan_to_num(official))
    delta = np.where(np.isfinite(delta), delta, 0.0)
    contracts = int(np.count_nonzero(delta))
    adjustment = live - settled
    shift = 0.0 if settled == live else ratio(adjustment, settled)
    return FlowShift(
        label=_label(settled, live, shift, contracts),
        adjustment=adjustment,
        shift=shift,
        contracts=contracts,
        moved=float(delta.sum()),
    )


def _label(settled: float, live: float, shift: float, contracts: int) -> FlowLabel:
    if not contracts:
        return "no_flow"
    if math.isnan(settled):
        return "neutral"  # nobody knows what the morning's was
    if (settled > 0.0) != (live > 0.0) or (settled < 0.0) != (live < 0.0):
        return "regime_flip"
    if math.isnan(shift) or abs(shift) < NEUTRAL_SHARE:
        return "neutral"
    return "amplifying" if abs(live) > abs(settled) else "dampening"
