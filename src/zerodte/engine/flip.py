"""The gamma flip: where net dealer gamma changes sign, and whether that may be trusted."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import (
    COVERAGE_NEEDED,
    COVERAGE_STRIKES,
    FLIP_PUT_SCALES,
    FLIP_REACH,
    FLIP_REACH_SIGMAS,
    FLIP_SENSITIVITY_SIGMAS,
    FLIP_TRIALS,
    MULTIPLIER,
    QUALITY_NEEDED,
)
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_inputs import CALL, PUT, ChainInputs
from zerodte.engine.exposure import held
from zerodte.engine.surface import Surface
from zerodte.pricing.profile import gex_profile
from zerodte.pricing.root_finding import nearest_root

FlipStatus: TypeAlias = Literal[
    "available",
    "no_boundary",
    "insufficient_local_coverage",
    "insufficient_quote_quality",
    "sensitive_root",
]

_REFINEMENTS, _REFINE_TRIALS = 3, 17


@dataclass(frozen=True, slots=True)
class Flip:
    """Where net GEX changes sign.

    Attributes:
        level: Dollars; NaN unless `status` is available.
        status: Why it is given or withheld.
        quoted: The share of the contracts around spot that have a usable quote.
    """

    level: float
    status: FlipStatus
    quoted: float


def gamma_flip(instant: ChainInputs, surface: Surface, open_interest: F64, spot: float) -> Flip:
    """The root nearest spot of net GEX with every contract repriced at the trial spot.

    The quotes are judged before the root: on poor data even "no boundary" would be a claim.

    Args:
        instant: The chain's quotes.
        surface: Its forward and smile, which stays with its strikes.
        open_interest: Contracts, shape (2, n).
        spot: Dollars.
    """
    quoted = _quoted_share(instant, surface.sigma, spot)
    if not _covered(instant, spot):
        return Flip(np.nan, "insufficient_local_coverage", quoted)
    if not quoted >= QUALITY_NEEDED:
        return Flip(np.nan, "insufficient_quote_quality", quoted)
    reach = max(FLIP_REACH * spot, FLIP_REACH_SIGMAS * surface.sigma)
    trials = np.linspace(spot - reach, spot + reach, FLIP_TRIALS)
    trials = trials[trials > 0.0]
    profile = _Profile(surface, instant.clock.tau, open_interest, spot)
    calls, puts = profile.by_right(trials)
    root = nearest_root(trials, calls - puts, spot)
    if np.isnan(root):
        return Flip(np.nan, "no_boundary", quoted)
    tolerance = FLIP_SENSITIVITY_SIGMAS * surface.sigma
    for scale in FLIP_PUT_SCALES:
        moved = abs(nearest_root(trials, calls - scale * puts, spot) - root)
        if not moved <= tolerance:  # a root that vanishes is NaN, and moved too
            return Flip(np.nan, "sensitive_root", quoted)
    return Flip(profile.refine(root, trials[1] - trials[0]), "available", quoted)


class _Profile:
    """Call and put GEX of a chain over trial spots."""

    def __init__(self, surface: Surface, tau: float, open_interest: F64, spot: float) -> None:
        self._ratio = surface.forward / spot
        self._smile = surface.smile
        self._tau = tau
        self._weight = held(open_interest) * MULTIPLIER

    def by_right(self, trials: F64) -> tuple[F64, F64]:
        """GEX of calls and of puts, both without the convention's sign, shapes (m,)."""
        return self._of(trials, self._weight[CALL]), self._of(trials, self._weight[PUT])

    def refine(self, root: float, width: float) -> float:
        """The root to a few millionths of `width`, from within `width` of it."""
        net = self._weight[CALL] - self._weight[PUT]
        for _ in range(_REFINEMENTS):
            trials = np.linspace(root - width, root + width, _REFINE_TRIALS)
            closer = nearest_root(trials, self._of(trials, net), root)
            if np.isnan(closer):  # the root itself is on the grid to the last bit
                break
            root, width = closer, trials[1] - trials[0]
        return root

    def _of(self, trials: F64, weight: F64) -> F64:
        smile = self._smile
        return gex_profile(trials, self._ratio, smile.strikes, self._tau, smile.volatility, weight)


def _covered(instant: ChainInputs, spot: float) -> bool:
    """Two of the three nearest out-of-the-money quotes usable on either side."""
    above, listed = instant.chain.strikes >= spot, instant.listed
    calls = instant.usable[CALL][listed[CALL] & above][:COVERAGE_STRIKES]
    puts = instant.usable[PUT][listed[PUT] & ~above][-COVERAGE_STRIKES:]
    return bool(min(calls.sum(), puts.sum()) >= COVERAGE_NEEDED)


def _quoted_share(instant: ChainInputs, sigma: float, spot: float) -> float:
    """The share of usable quotes within one sigma, or at the three nearest strikes a side."""
    strikes = instant.chain.strikes
    middle = int(np.searchsorted(strikes, spot))
    low = min(int(np.searchsorted(strikes, spot - sigma)), max(middle - COVERAGE_STRIKES, 0))
    high = max(int(np.searchsorted(strikes, spot + sigma, "right")), middle + COVERAGE_STRIKES)
    listed = instant.listed[:, low:high]
    usable = instant.usable[:, low:high]
    return ratio(float(usable.sum()), float(listed.sum()))
