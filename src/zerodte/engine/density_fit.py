"""The fit of a mixture of normals on fixed centres to option prices: one convex problem.

Everything is in remaining sigmas from the mean. Prices are linear in the weights a of the mixture:

    minimise  sum_i ((price_i - mid_i) / e_i)^2 + lambda^2 n sum_k p_k (D2 (a / p))_k^2
    over      a >= 0,  sum a = 1,  sum a z = 0

with p the weights of the shape preferred without quotes and D2 second differences: what is free
stays a smooth multiple of p. Mass and mean hold exactly, nothing is repaired afterwards.
"""

import math

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
from zerodte.engine.mixture import payoffs_into
from zerodte.engine.nnls import solve

_GAP, _GROWTH = DENSITY_GAP
_BEYOND, _LEAST, _MOST_DOWN, _MOST_UP = DENSITY_REACH
_NORMAL, _EXPONENTIAL = DENSITY_PRIOR


@kernel
def _steps(reach: float) -> int:
    """How many centres one side needs."""
    steps, z = 0, 0.0
    while z < reach:
        z += _GAP * (1.0 + _GROWTH * z)
        steps += 1
    return steps


@kernel
def _centres(lowest: float, highest: float) -> F64:
    """The centres for quotes from `lowest` to `highest`, ascending, 0 among them."""
    down = _steps(min(max(_BEYOND - lowest, _LEAST), _MOST_DOWN))
    up = _steps(min(max(_BEYOND + highest, _LEAST), _MOST_UP))
    centres = np.zeros(down + 1 + up)
    for k in range(down + 1, centres.shape[0]):
        centres[k] = centres[k - 1] + _GAP * (1.0 + _GROWTH * centres[k - 1])
    for k in range(down - 1, -1, -1):
        centres[k] = centres[k + 1] - _GAP * (1.0 - _GROWTH * centres[k + 1])
    return centres


@kernel
def _gaps(centres: F64) -> F64:
    """The mean of the gaps on either side of each centre."""
    last = centres.shape[0] - 1
    gaps = np.empty(last + 1)
    for k in range(last + 1):
        low, high = max(k - 1, 0), min(k + 1, last)
        gaps[k] = (centres[high] - centres[low]) / (high - low)
    return gaps


@kernel
def _preferred(centres: F64, gaps: F64) -> F64:
    """The weights of the shape preferred without quotes, with sum 1."""
    weights = np.empty(centres.shape[0])
    total = 0.0
    for k in range(centres.shape[0]):
        z = centres[k]
        normal = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        weights[k] = gaps[k] * (_NORMAL * normal + _EXPONENTIAL * 0.5 * math.exp(-abs(z)))
        total += weights[k]
    for k in range(centres.shape[0]):
        weights[k] /= total
    return weights


@kernel
def _feasible(centres: F64, weights: F64) -> F64:
    """`weights` as multiples of themselves, with so much on an end that their mean is 0."""
    mean = 0.0
    for k in range(centres.shape[0]):
        mean += weights[k] * centres[k]
    end = 0 if mean > 0.0 else centres.shape[0] - 1
    share = mean / (mean - centres[end])
    start = np.full(centres.shape[0], 1.0 - share)
    start[end] += share / weights[end]
    return start


@kernel
def _normal_equations(
    strikes: F64, signs: F64, mids: F64, errors: F64, centres: F64, widths: F64, scale: F64
) -> tuple[F64, F64]:
    """The sums of squares and the moments of the prices, in multiples of `scale`."""
    count = centres.shape[0]
    gram, moments = np.zeros((count, count)), np.zeros(count)
    row = np.empty(count)
    for i in range(strikes.shape[0]):
        payoffs_into(strikes[i], signs[i], centres, widths, row)
        for k in range(count):
            row[k] *= scale[k] / errors[i]
        mid = mids[i] / errors[i]
        for k in range(count):
            moments[k] += mid * row[k]
            factor = row[k]
            if factor == 0.0:
                continue
            for j in range(count):
                gram[k, j] += factor * row[j]
    return gram, moments


@kernel
def _add_smoothing(gram: F64, weights: F64, strength: float) -> None:
    """Add strength times p_k (u_{k-1} - 2 u_k + u_{k+1})^2."""
    for k in range(1, weights.shape[0] - 1):
        factor = strength * weights[k]
        for i in range(3):
            for j in range(3):
                gram[k - 1 + i, k - 1 + j] += (
                    factor * (1.0 if i != 1 else -2.0) * (1.0 if j != 1 else -2.0)
                )


@kernel
def fit(strikes: F64, signs: F64, mids: F64, errors: F64) -> tuple[F64, F64, F64]:
    """Centres, widths and weights of the mixture that prices quotes best.

    Args:
        strikes: Distance from the mean in remaining sigmas, f8[n], n > 0.
        signs: 1 for a call, -1 for a put, f8[n].
        mids: In remaining sigmas, f8[n].
        errors: What a price may miss its mid by, likewise, f8[n].

    Returns:
        In remaining sigmas from the mean, f8[k] each; weights above 0 alone.
    """
    centres = _centres(strikes.min(), strikes.max())
    gaps = _gaps(centres)
    widths = DENSITY_WIDTH * gaps
    preferred = _preferred(centres, gaps)
    gram, moments = _normal_equations(strikes, signs, mids, errors, centres, widths, preferred)
    _add_smoothing(gram, preferred, DENSITY_SMOOTHING**2 * strikes.shape[0])
    rows = np.empty((2, centres.shape[0]))
    rows[0], rows[1] = preferred, preferred * centres
    totals = np.array([1.0, 0.0])
    weights = preferred * solve(gram, moments, rows, totals, _feasible(centres, preferred))
    kept = weights > 0.0
    return centres[kept], widths[kept], weights[kept]
