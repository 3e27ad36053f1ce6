"""The gamma flip: where net dealer gamma changes sign, and whether that may be trusted."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

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
    PROFILE_SPOTS,
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
    "insufficient_open_interest",
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

    @property
    def is_judged(self) -> bool:
        """Whether the data were enough to look for it, whatever was found."""
        return not self.status.startswith("insufficient")


def gamma_flip(instant: ChainInputs, surface: Surface, open_interest: F64, spot: float) -> Flip:
    """The root nearest spot of net GEX with every contract repriced at the trial spot.

    The quotes are judged before the root: on poor data even "no boundary" would be a claim.

    Args:
        instant: The chain's quotes.
        surface: Its forward and smile, which stays with its strikes.
        open_interest: Contracts, shape (2, n).
        spot: Dollars.
    """
    return gamma_flip_of_all([FlipPart(instant, surface, open_interest, 1.0)], spot)


class FlipPart(NamedTuple):
    """A chain among those whose flip is looked for.

    Attributes:
        instant: Its quotes.
        surface: Its forward and smile.
        open_interest: Contracts, shape (2, n).
        weight: How much its quotes and its sigma count, such as its share of gross GEX.
    """

    instant: ChainInputs
    surface: Surface
    open_interest: F64
    weight: float


def gamma_flip_of_all(parts: Sequence[FlipPart], spot: float) -> Flip:
    """The flip of several chains together, as `gamma_flip` has it of one.

    Their quotes are judged by the mean over the chains and a root's sensitivity by their mean
    sigma, each chain by its weight: those that make the gamma decide.

    Args:
        parts: The chains, at least one.
        spot: Dollars.
    """
    weights = [part.weight for part in parts]
    whole = sum(weights)

    def mean(values: Iterable[float]) -> float:
        weighted = (weight * value for weight, value in zip(weights, values, strict=True))
        return ratio(sum(weighted), whole)

    sigma = mean(part.surface.sigma for part in parts)
    quoted = mean(_quoted_share(part.instant, part.surface.sigma, spot) for part in parts)
    if not mean(_covered(part.instant, spot) for part in parts) >= QUALITY_NEEDED:
        return Flip(np.nan, "insufficient_local_coverage", quoted)
    if not quoted >= QUALITY_NEEDED:
        return Flip(np.nan, "insufficient_quote_quality", quoted)
    if any(np.isnan(held(part.open_interest)).any() for part in parts):
        return Flip(np.nan, "insufficient_open_interest", quoted)
    trials = _trials(spot, sigma, FLIP_TRIALS)
    profile = _Profile(parts, spot)
    calls, puts = profile.by_right(trials)
    root = nearest_root(trials, calls - puts, spot)
    if np.isnan(root):
        return Flip(np.nan, "no_boundary", quoted)
    tolerance = FLIP_SENSITIVITY_SIGMAS * sigma
    for scale in FLIP_PUT_SCALES:
        moved = abs(nearest_root(trials, calls - scale * puts, spot) - root)
        if not moved <= tolerance:  # a root that vanishes is NaN, and moved too
            return Flip(np.nan, "sensitive_root", quoted)
    return Flip(profile.refine(root, trials[1] - trials[0]), "available", quoted)


@dataclass(frozen=True, eq=False, slots=True)
class GexOverSpot:
    """Net GEX of a chain repriced over trial spots, and how far its sign depends on the puts.

    Attributes:
        spots: Dollars, ascending, at equal distances; spot itself is the middle one.
        net_gex: Dollars per 1% move, shape (m,).
        low: With puts that weigh the most that the flip's judgement tries, likewise.
        high: With the least.
    """

    spots: F64
    net_gex: F64
    low: F64
    high: F64


def gamma_profile(
    instant: ChainInputs, surface: Surface, open_interest: F64, spot: float
) -> GexOverSpot:
    """The function whose root is the flip, over the spots where it is looked for.

    Arguments as for `gamma_flip`.
    """
    trials = _trials(spot, surface.sigma, PROFILE_SPOTS)
    part = FlipPart(instant, surface, open_interest, 1.0)
    calls, puts = _Profile([part], spot).by_right(trials)
    least, most = FLIP_PUT_SCALES
    return GexOverSpot(trials, calls - puts, calls - most * puts, calls - least * puts)


def _trials(spot: float, sigma: float, count: int) -> F64:
    """So many spots around one where the flip is looked for, those above zero, ascending."""
    reach = max(FLIP_REACH * spot, FLIP_REACH_SIGMAS * sigma)
    trials = np.linspace(spot - reach, spot + reach, count)
    return trials[trials > 0.0]


class _Profile:
    """Call and put GEX of chains over trial spots."""

    def __init__(self, parts: Sequence[FlipPart], spot: float) -> None:
        self._parts = [
            (part.surface, part.instant.clock.tau, held(part.open_interest) * MULTIPLIER)
            for part in parts
        ]
        self._spot = spot

    def by_right(self, trials: F64) -> tuple[F64, F64]:
        """GEX of calls and of puts, both without the convention's sign, shapes (m,)."""
        return self._of(trials, lambda held: held[CALL]), self._of(trials, lambda held: held[PUT])

    def refine(self, root: float, width: float) -> float:
        """The root to a few millionths of `width`, from within `width` of it."""
        for _ in range(_REFINEMENTS):
            trials = np.linspace(root - width, root + width, _REFINE_TRIALS)
            net = self._of(trials, lambda held: held[CALL] - held[PUT])
            closer = nearest_root(trials, net, root)
            if np.isnan(closer):  # the root itself is on the grid to the last bit
                break
            root, width = closer, trials[1] - trials[0]
        return root

    def _of(self, trials: F64, weight_of: Callable[[F64], F64]) -> F64:
        profiles = [
            gex_profile(
                trials,
                surface.forward / self._spot,
                surface.smile.strikes,
                tau,
                surface.smile.volatility,
                weight_of(weight),
            )
            for surface, tau, weight in self._parts
        ]
        return profiles[0] if len(profiles) == 1 else np.sum(profiles, axis=0)


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
