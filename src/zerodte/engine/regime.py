"""Labels: the signs of net exposures, and what the day's flow did to them."""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import NEUTRAL_SHARE, OPEN_INTEREST_NEEDED, REGIME_QUOTES_NEEDED
from zerodte.engine.arithmetic import ratio, zero_where_unknown
from zerodte.engine.flip import Flip, FlipStatus

Regime = Literal["positive_gamma", "negative_gamma", "unknown"]
FlowLabel = Literal["no_flow", "neutral", "amplifying", "dampening", "regime_flip"]

#: With these the flip has been looked for, on quotes that carry the answer.
PUBLISHED: Final[tuple[FlipStatus, ...]] = ("available", "no_boundary")


def sign(net: float, gross: float) -> int:
    """-1 or 1; 0 where |net| is under 5% of gross or unknown."""
    if not abs(net) >= NEUTRAL_SHARE * gross or net == 0.0:
        return 0
    return 1 if net > 0.0 else -1


def regime(
    net_gex: float, gross_gex: float, known: float, flip: Flip, *, is_doubtful: bool
) -> Regime:
    """The sign of net GEX at spot; unknown where it may not be claimed.

    Args:
        net_gex: Dollars per 1% move.
        gross_gex: Likewise.
        known: The share of the chain's open interest that is known, as `open_interest_known` has
            it. The rest is taken to weigh as much.
        flip: What withholds it withholds the regime, but that a sign needs fewer quotes than a
            level, if all of them can be believed.
        is_doubtful: Whether quotes were refused.
    """
    needs_quotes = is_doubtful or flip.quoted < REGIME_QUOTES_NEEDED
    withheld = flip.status not in PUBLISHED and (flip.status == "sensitive_root" or needs_quotes)
    if withheld or not is_enough(net_gex, gross_gex, known) or net_gex == 0.0:
        return "unknown"
    return "positive_gamma" if net_gex > 0.0 else "negative_gamma"


def is_enough(net_gex: float, gross_gex: float, known: float) -> bool:
    """Whether enough open interest is known that the rest cannot turn the sign of net GEX."""
    certain = abs(net_gex) * known >= (1.0 - known) * gross_gex
    return known >= OPEN_INTEREST_NEEDED and certain


@dataclass(frozen=True, slots=True)
class FlowShift:
    """What the day's trades did to open interest and to net GEX.

    Attributes:
        label: no_flow, neutral, amplifying, dampening or regime_flip; None where a net is unknown.
        adjustment: Live minus settled net GEX, dollars per 1% move.
        shift: Adjustment over settled, with its sign, a fraction; 0 when both nets are 0, NaN when
            only the settled one is.
        contracts: Contracts whose open interest moved.
        moved: Sum over contracts of |effective - official|.
    """

    label: FlowLabel | None
    adjustment: float
    shift: float
    contracts: int
    moved: float


def flow_shift(settled: float, live: float, official: F64, effective: F64) -> FlowShift:
    """Compare live with settled net GEX and open interest (contracts, shape (2, n))."""
    delta = moved_contracts(official, effective)
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


def moved_contracts(official: F64, effective: F64) -> F64:
    """|effective - official| of each contract, 0 where nothing is known of it."""
    delta = np.abs(effective - zero_where_unknown(official))
    return np.where(np.isfinite(delta), delta, 0.0)


def _label(settled: float, live: float, shift: float, contracts: int) -> FlowLabel | None:
    if not contracts:
        return "no_flow"
    if math.isnan(settled) or math.isnan(live):
        return None
    if (settled > 0.0) != (live > 0.0) or (settled < 0.0) != (live < 0.0):
        return "regime_flip"
    if math.isnan(shift) or abs(shift) < NEUTRAL_SHARE:
        return "neutral"
    return "amplifying" if abs(live) > abs(settled) else "dampening"
