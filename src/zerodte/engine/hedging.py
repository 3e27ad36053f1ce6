"""What dealers of the convention book must trade when spot moves, and how fast that changes."""

from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import HEDGING_MOVES, MULTIPLIER, SIGMA_MOVES
from zerodte.engine.chain_inputs import SIGN
from zerodte.engine.exposure import held
from zerodte.engine.surface import Surface
from zerodte.pricing.profile import book_delta

_NAMES = tuple(name for name, _ in (*HEDGING_MOVES, *SIGMA_MOVES))
#: No move first: the book as it stands.
_MOVES = np.array((0.0, *(move for _, move in HEDGING_MOVES)))
_SIGMAS = np.array([sigmas for _, sigmas in SIGMA_MOVES])


@dataclass(frozen=True, slots=True)
class Hedge:
    """A hedge at one move of spot: shares to trade (above zero: buy) and their dollars."""

    move: str
    shares: float
    notional: float


def hedges(
    surface: Surface, tau: float, open_interest: F64, spot: float, sigma: float
) -> tuple[Hedge, ...]:
    """Minus the change of the convention book's delta from S to S(1 + m), repriced.

    Volatilities stay with their strikes and the forward moves in proportion to spot.

    Args:
        surface: The chain's forward and smile.
        tau: Years of 252 sessions.
        open_interest: Contracts, shape (2, n).
        spot: Dollars.
        sigma: Dollars, of what remains; NaN where unknown, and so are its moves then.
    """
    moves = np.concatenate((_MOVES, _SIGMAS * (sigma / spot)))
    moves[moves <= -1.0] = np.nan
    smile = surface.smile
    rights = np.repeat((True, False), len(smile.strikes))
    weight = (SIGN * held(open_interest) * MULTIPLIER).reshape(-1)
    delta = book_delta(
        spot * (1.0 + moves),
        surface.forward / spot,
        np.tile(smile.strikes, 2),
        tau,
        np.tile(smile.volatility, 2),
        rights,
        weight,
    )
    # The kernel passes over unknown weights; a book of one side has no hedge.
    shares = np.where(np.isfinite(weight).all(), delta[0] - delta[1:], np.nan)
    return tuple(
        Hedge(name, float(count), spot * float(count))
        for name, count in zip(_NAMES, shares, strict=True)
    )


def convexity(strikes: F64, net_gex: F64, spot: float) -> float:
    """Second difference of per-strike net GEX over the three strikes nearest spot.

    Returns:
        Dollars per 1% move, per dollar squared; NaN with fewer than three strikes.
    """
    if len(strikes) < 3:
        return np.nan
    i, j, k = np.sort(np.argsort(np.abs(strikes - spot), kind="stable")[:3])
    left = (net_gex[j] - net_gex[i]) / (strikes[j] - strikes[i])
    right = (net_gex[k] - net_gex[j]) / (strikes[k] - strikes[j])
    return float(2.0 * (right - left) / (strikes[k] - strikes[i]))
