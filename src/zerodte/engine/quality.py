"""How far the figures may be trusted, and what it costs to trade on them: scores, 0 to 100."""

from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import (
    EXECUTION_OPEN_INTEREST,
    EXECUTION_SPREAD,
    LONE_INTEREST,
    OPEN_INTEREST_NEEDED,
    QUALITY_SIGMAS,
    QUALITY_WEIGHTS,
    QUALITY_WITHOUT_LEVELS,
    SMOOTHNESS_SCALE,
)
from zerodte.engine.arithmetic import ratio, zero_where_unknown
from zerodte.engine.chain_inputs import ChainInputs, Spot
from zerodte.engine.exposure import held
from zerodte.engine.surface import Smile, Surface


@dataclass(frozen=True, slots=True)
class Quality:
    """Scores of one chain at one instant; NaN where there is nothing to judge.

    Attributes:
        data: How much of every input is known, 0 to 100.
        smoothness: How smooth the smile is, 0 to 100.
        execution: How cheap the at-the-money contracts are to trade, 0 to 100.
        atm_spread_pct: Mean spread of the at-the-money call and put, percent of mid.
        fresh_pct: Share of listed contracts whose standing quote counts, percent.
    """

    data: float
    smoothness: float
    execution: float
    atm_spread_pct: float
    fresh_pct: float


def quality(
    instant: ChainInputs,
    surface: Surface,
    open_interest: F64,
    spot: Spot,
    known: float,
    *,
    has_levels: bool,
) -> Quality:
    """Judge a chain.

    Args:
        instant: Its quotes.
        surface: Its smile and greeks.
        open_interest: Contracts, shape (2, n).
        spot: The underlying's price.
        known: The share of open interest that is known, as `open_interest_known` has it.
        has_levels: Whether the quotes carry net GEX and a flip.
    """
    near = np.abs(instant.chain.strikes - spot.value) <= QUALITY_SIGMAS * surface.sigma
    listed = instant.listed[:, near].sum()
    usable = instant.usable[:, near].sum() / listed if listed else 0.0
    if not has_levels:
        usable *= QUALITY_WITHOUT_LEVELS
    published = known if instant.oi_as_of is not None else 0.0
    sides = instant.classified_share if np.isfinite(instant.classified_share) else 0.0
    agreed = 0.0 if spot.is_overruled else 0.5 if spot.is_disputed else 1.0
    parts = (usable, instant.fresh, sides, agreed)
    # Exposures and levels are worth what is known of the open interest they are made of.
    weighted = sum(w * float(p) for w, p in zip(QUALITY_WEIGHTS, parts, strict=True))
    data = 100.0 * published * weighted
    spread = spread_pct(instant)[:, surface.atm]
    atm_spread = float(spread.mean())
    return Quality(
        data=data,
        smoothness=_smoothness(surface.smile),
        execution=_execution(atm_spread, float(held(open_interest)[:, surface.atm].sum())),
        atm_spread_pct=atm_spread,
        fresh_pct=100.0 * float(instant.usable.sum() / instant.listed.sum()),
    )


def open_interest_known(instant: ChainInputs, surface: Surface) -> float:
    """The share of settled open interest that is known: of the side that is known less.

    Contracts weigh by their gamma, as they do in net GEX. What `lone_share` doubts is not known.
    """
    return known_share(instant.listed, instant.official, surface.greeks.gamma)


def known_share(listed: Bool, official: F64, gamma: F64) -> float:
    """`open_interest_known` of contracts, all arguments of shape (2, n)."""
    weight = np.where(listed, gamma, 0.0)
    known = np.where(np.isfinite(official), weight, 0.0).sum(axis=1)
    whole = weight.sum(axis=1)
    shares = [
        ratio(float(k), float(w)) if w > 0.0 else 0.0 for k, w in zip(known, whole, strict=True)
    ]
    return min(*shares, 1.0 - lone_share(official))


def lone_share(open_interest: F64) -> float:
    """The share that a few contracts hold alone, against all that others hold; 0 where none do."""
    return lone_interest(open_interest)[1]


def lone_interest(open_interest: F64) -> tuple[F64, float]:
    """The open interest of a few contracts that hold most of all, far above any other's.

    Args:
        open_interest: Contracts, any shape; NaN where unknown.

    Returns:
        Theirs, descending, of one contract or a tenth of all at most, and their share; nothing and
        0 where there are none.
    """
    counts = np.sort(open_interest[np.isfinite(open_interest)])[::-1]
    times, least = LONE_INTEREST
    most = max(1, len(counts) // 10)
    stands_out = (counts[:-1] >= least) & (counts[:-1] > times * counts[1:])
    for last in np.flatnonzero(stands_out[:most]).tolist():
        share = ratio(float(counts[: last + 1].sum()), float(counts.sum()))
        if share > 1.0 - OPEN_INTEREST_NEEDED:
            return counts[: last + 1], share
    return counts[:0], 0.0


def spread_pct(instant: ChainInputs) -> F64:
    """Spread in percent of mid, shape (2, n); NaN where the quote does not count."""
    return 100.0 * instant.spread / instant.mid


def weighted_spread_pct(instant: ChainInputs, open_interest: F64, within: Bool) -> float:
    """Open-interest-weighted spread over the strikes where `within` is true, percent."""
    spread = spread_pct(instant)
    weight = np.where(within & np.isfinite(spread), held(open_interest), 0.0)
    return ratio(float((weight * zero_where_unknown(spread)).sum()), float(weight.sum()))


def _smoothness(smile: Smile) -> float:
    """From the mean |second difference| of the quoted volatilities, strike by strike."""
    own = smile.volatility[smile.quoted]
    if len(own) < 3:
        return np.nan
    return float(100.0 * np.exp(-np.abs(np.diff(own, 2)).mean() / SMOOTHNESS_SCALE))


def _execution(spread: float, contracts: float) -> float:
    weight, scale = EXECUTION_SPREAD
    oi_weight, saturation = EXECUTION_OPEN_INTEREST
    depth = np.minimum(1.0, contracts / saturation)  # NaN where no open interest is known
    return float(weight * np.exp(-spread / scale) + oi_weight * depth)
