"""The strikes that matter: walls, magnet, max pain, highest open interest, and their cluster."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64
from zerodte.engine.arithmetic import median, ratio
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.engine.exposure import ChainExposures, held


@dataclass(frozen=True, slots=True)
class Level:
    """A strike and the exposure that makes it one; both NaN where there is none."""

    strike: float
    value: float


NO_LEVEL = Level(np.nan, np.nan)
#: How many walls a side has.
WALLS: Final = 3


@dataclass(frozen=True, slots=True)
class ChainLevels:
    """Levels of one chain, dollars; NaN where there is none.

    Attributes:
        call_wall: Strike of the largest call GEX.
        call_wall_strength: Its share of the call side's total, a fraction.
        put_wall: Strike of the most negative put GEX.
        put_wall_strength: Its share of the put side's total, a fraction.
        side_call_wall: Strike of the largest call GEX at or above spot.
        side_put_wall: Strike of the most negative put GEX at or below spot.
        magnet: Strike of the largest |net GEX|, with its signed net.
        max_positive_gamma: Strike of the largest net GEX above zero.
        max_negative_gamma: Strike of the most negative net GEX.
        highest_open_interest: Strike of the largest call plus put open interest.
        max_pain: Strike at which the holders' intrinsic value is least.
    """

    call_wall: Level
    call_wall_strength: float
    put_wall: Level
    put_wall_strength: float
    side_call_wall: Level
    side_put_wall: Level
    magnet: Level
    max_positive_gamma: float
    max_negative_gamma: float
    highest_open_interest: Level
    max_pain: float


def find_levels(
    strikes: F64, exposures: ChainExposures, open_interest: F64, spot: float
) -> ChainLevels:
    """Levels of a chain from its exposures, open interest (contracts, shape (2, n)) and spot."""
    calls, puts, net = exposures.gex[CALL], exposures.gex[PUT], exposures.net_by_strike
    call_wall, put_wall = _largest(strikes, calls), _largest(strikes, puts, -puts)
    return ChainLevels(
        call_wall=call_wall,
        call_wall_strength=ratio(call_wall.value, float(calls.sum())),
        put_wall=put_wall,
        put_wall_strength=ratio(put_wall.value, float(puts.sum())),
        side_call_wall=_largest(strikes, calls, np.where(strikes >= spot, calls, 0.0)),
        side_put_wall=_largest(strikes, puts, np.where(strikes <= spot, -puts, 0.0)),
        magnet=_largest(strikes, net, np.abs(net)),
        max_positive_gamma=_largest(strikes, net).strike,
        max_negative_gamma=_largest(strikes, net, -net).strike,
        highest_open_interest=_largest(strikes, held(open_interest).sum(axis=0)),
        max_pain=max_pain(strikes, open_interest),
    )


def walls(strikes: F64, gex: F64) -> list[Level]:
    """The three strikes of a side's largest exposure, the largest first; the lower one on a tie.

    Args:
        strikes: Dollars, shape (n,), ascending.
        gex: Of calls, or of puts, by strike, shape (n,); of one sign.

    Returns:
        Always three: `NO_LEVEL` where fewer strikes have any.
    """
    size = np.abs(gex)
    order = np.argsort(-size, kind="stable")[:WALLS]
    found = [Level(float(strikes[k]), float(gex[k])) for k in order if size[k] > 0.0]
    return found + [NO_LEVEL] * (WALLS - len(found))


def max_pain(strikes: F64, open_interest: F64) -> float:
    """The listed strike at which all holders together receive least at expiry; lowest on a tie.

    Just above a strike, what holders receive rises by one dollar for each call struck at or below
    it and falls by one for each put above: the first strike where it no longer falls is the least.

    Args:
        strikes: Dollars, shape (n,), ascending.
        open_interest: Contracts, shape (2, n).

    Returns:
        Dollars; NaN when none of a side's open interest is known, or all of it is zero.
    """
    calls, puts = np.cumsum(held(open_interest), axis=1)
    if not calls[-1] + puts[-1] > 0.0:
        return np.nan
    return float(strikes[np.argmax(calls >= puts[-1] - puts)])


def cluster_score(levels: F64, sigma: float) -> float:
    """100 exp(-m / s): m the mean absolute deviation of the known levels from their median.

    Returns:
        0 to 100; NaN with fewer than two levels or without a sigma.
    """
    known = levels[np.isfinite(levels)]
    if len(known) < 2 or not sigma > 0.0:
        return np.nan
    return float(100.0 * np.exp(-np.abs(known - median(known)).mean() / sigma))


def at_strike(strikes: F64, values: F64, strike: float) -> float:
    """The value at a strike (dollars), of values by strike, shape (n,); NaN where not listed."""
    places = np.flatnonzero(strikes == strike)
    return float(values[places[0]]) if len(places) else np.nan


def _largest(strikes: F64, values: F64, weight: F64 | None = None) -> Level:
    """The strike of the largest `weight` (default: `values`); nowhere if none is above zero."""
    weight = values if weight is None else weight
    best = int(np.argmax(weight))
    if not weight[best] > 0.0:  # also when nothing is known: NaN is not above zero
        return NO_LEVEL
    return Level(float(strikes[best]), float(values[best]))
