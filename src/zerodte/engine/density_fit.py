"""The fit of a mixture of normals on fixed centres to option prices: one convex problem.

Everything is in remaining sigmas from the mean. Prices are linear in the weights a of the mixture:

    minimise  sum_i ((price_i - mid_i) / e_i)^2 + lambda^2 n sum_k p_k (D2 (a / p))_k^2
    over      a >= 0,  sum a = 1,  sum a z = 0

with p the weights of the shape preferred without quotes and D2 second differences: what is free
stays a smooth multiple of p. Mass and mean hold exactly, nothing is repaired afterwards.
"""

import numpy as np

from zerodte.arrays import F64
from zerodte.compiled import kernel
from zerodte.constants import (
    DENSITY_GAP,
    DENSITY_PRIOR,
    DENSITY_REACH,
    DENSITY_SMOOTHING,
    DENSITY_WIDTH,
)
from zerodte.engine.mixture import add_payoffs
from zerodte.engine.nnls import solve
from zerodte.pricing.special import INV_SQRT_2PI

_BEYOND, _LEAST, _MOST_DOWN, _MOST_UP = DENSITY_REACH


def _half() -> F64:
    """The centres from 0 up to the first beyond the farthest reach, and one more."""
    gap, growth = DENSITY_GAP
    centres = [0.0]
    while len(centres) < 2 or centres[-2] < max(_MOST_DOWN, _MOST_UP):
        centres.append(centres[-1] + gap * (1.0 + growth * centres[-1]))
    return np.array(centres)


def _shape(centres: F64) -> F64:
    """The density preferred without quotes."""
    normal, exponential = DENSITY_PRIOR
    tails: F64 = exponential * 0.5 * np.exp(-np.abs(centres))
    return tails + normal * INV_SQRT_2PI * np.exp(-0.5 * centres**2)


_HALF = _half()
#: All centres, ascending; 0 stands at _ZERO.
_CENTRES = np.concatenate((-_HALF[:0:-1], _HALF))
_ZERO = len(_HALF) - 1
_GAPS = np.gradient(_CENTRES)
_WIDTHS = DENSITY_WIDTH * _GAPS
_MASSES = _GAPS * _shape(_CENTRES)


def _grid(lowest: float, highest: float) -> slice:
    """The places of the centres for quotes from `lowest` to `highest`."""
    reach_down = min(max(_BEYOND - lowest, _LEAST), _MOST_DOWN)
    reach_up = min(max(_BEYOND + highest, _LEAST), _MOST_UP)
    down, up = np.searchsorted(_HALF, (reach_down, reach_up))
    return slice(_ZERO - int(down), _ZERO + int(up) + 1)


def _feasible(centres: F64, weights: F64) -> F64:
    """`weights` as multiples of themselves, with so much on an end that their mean is 0."""
    mean = float((weights * centres).sum())
    end = 0 if mean > 0.0 else -1
    share = mean / (mean - centres[end])
    start = np.full(len(centres), 1.0 - share)
    start[end] += share / weights[end]
    return start


@kernel
def _normal_equations(
    strikes: F64, signs: F64, mids: F64, errors: F64, centres: F64, widths: F64, scale: F64
) -> tuple[F64, F64]:
    """The sums of squares and the moments of the prices, in multiples of `scale`."""
    count, quotes = centres.shape[0], strikes.shape[0]
    payoffs = np.zeros((count, quotes))
    for k in range(count):
        add_payoffs(strikes, signs, centres[k], widths[k], scale[k], payoffs[k])
    gram, moments = np.zeros((count, count)), np.zeros(count)
    row = np.empty(count)
    for i in range(quotes):
        mid = mids[i] / errors[i]
        for k in range(count):
            row[k] = payoffs[k, i] / errors[i]
            moments[k] += mid * row[k]
        for k in range(count):
            factor = row[k]
            if factor > 0.0:
                for j in range(k + 1):
                    gram[k, j] += factor * row[j]
    for k in range(count):
        for j in range(k):
            gram[j, k] = gram[k, j]
    return gram, moments


@kernel
def _add_smoothing(gram: F64, weights: F64, strength: float) -> None:
    """Add strength times p_k (u_{k-1} - 2 u_k + u_{k+1})^2 over k, u the multiples of p."""
    difference = (1.0, -2.0, 1.0)
    for k in range(1, weights.shape[0] - 1):
        for i in range(3):
            for j in range(3):
                gram[k - 1 + i, k - 1 + j] += strength * weights[k] * difference[i] * difference[j]


def fit(strikes: F64, signs: F64, mids: F64, errors: F64) -> tuple[F64, F64, F64]:
    """Centres, widths and weights of the mixture that prices quotes best.

    Args:
        strikes: Distance from the mean in remaining sigmas, ascending, f8[n], n > 0.
        signs: 1 for a call, -1 for a put, f8[n].
        mids: In remaining sigmas, f8[n].
        errors: What a price may miss its mid by, likewise, f8[n].

    Returns:
        In remaining sigmas from the mean, f8[k] each; weights above 0 alone.
    """
    grid = _grid(float(strikes[0]), float(strikes[-1]))
    centres, widths = _CENTRES[grid], _WIDTHS[grid]
    preferred = _MASSES[grid] / _MASSES[grid].sum()
    gram, moments = _normal_equations(strikes, signs, mids, errors, centres, widths, preferred)
    _add_smoothing(gram, preferred, DENSITY_SMOOTHING**2 * len(strikes))
    rows = np.stack((preferred, preferred * centres))
    start = _feasible(centres, preferred)
    weights = preferred * solve(gram, moments, rows, np.array((1.0, 0.0)), start)
    kept = weights > 0.0
    return centres[kept], widths[kept], weights[kept]
