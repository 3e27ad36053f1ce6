"""Mixtures of normals in closed form: the probability, payoffs and quantiles of a law.

With d = (K - mu) / h, N and n the normal distribution and its density, a component of centre mu and
width h has P(X <= K) = N(d), E[(X - K)+] = h (n(d) - |d| N(-|d|)) + max(mu - K, 0), and
E[X; X <= K] = mu N(d) - h n(d).
"""

import math

import numpy as np

from zerodte.arrays import F64
from zerodte.compiled import kernel, vector_kernel
from zerodte.pricing.special import INV_SQRT_2PI, exp, mills

#: Beyond so many widths the normal distribution is 0 or 1 in float64.
_FAR = 39.0
#: Bisections that reach the last bit of any bracket.
_HALVINGS = 200
#: A quantile is found when it moves by less than this share of its bracket's ends.
_STILL = 1e-15


@vector_kernel
def _add_below(at: F64, centre: float, width: float, weight: float, below: F64) -> None:
    """Add a component's P(X <= at)."""
    for i in range(at.shape[0]):
        d = (at[i] - centre) / width
        far = min(abs(d), _FAR)
        tail = INV_SQRT_2PI * exp(-0.5 * far * far) * mills(far)
        share = tail if d < 0.0 else 1.0 - tail
        below[i] += weight * (share if d == d else d)  # noqa: PLR0124  NaN stays


@vector_kernel
def add_payoffs(
    strikes: F64, signs: F64, centre: float, width: float, weight: float, payoffs: F64
) -> None:
    """Add a component's expected payoffs, f8[n]; sign 1 for a call, -1 for a put."""
    for i in range(strikes.shape[0]):
        d = (centre - strikes[i]) / width
        far = min(abs(d), _FAR)
        time_value = INV_SQRT_2PI * exp(-0.5 * far * far) * (1.0 - far * mills(far))
        intrinsic = max(signs[i] * d, 0.0)
        payoffs[i] += weight * width * (time_value + (intrinsic if d == d else d))  # noqa: PLR0124


@kernel
def below(at: F64, centres: F64, widths: F64, weights: F64) -> F64:
    """P(X <= at), f8[n]; NaN where `at` is."""
    result = np.zeros(at.shape[0])
    for k in range(centres.shape[0]):
        _add_below(at, centres[k], widths[k], weights[k], result)
    for i in range(at.shape[0]):
        if result[i] > 1.0:  # noqa: PLR1730  rounding; NaN stays
            result[i] = 1.0
    return result


@kernel
def payoffs(strikes: F64, signs: F64, centres: F64, widths: F64, weights: F64) -> F64:
    """E[(X - K)+] where the sign is 1, E[(K - X)+] where it is -1, f8[n]; NaN where a strike is."""
    result = np.zeros(strikes.shape[0])
    for k in range(centres.shape[0]):
        add_payoffs(strikes, signs, centres[k], widths[k], weights[k], result)
    return result


@kernel
def _tail(d: float) -> float:
    """N(-d) for d >= 0."""
    far = min(d, _FAR)
    return INV_SQRT_2PI * exp(-0.5 * far * far) * mills(far)


@kernel
def _normal_density(d: float) -> float:
    far = min(abs(d), _FAR)
    return INV_SQRT_2PI * exp(-0.5 * far * far)


@kernel
def between(
    low: float, high: float, centres: F64, widths: F64, weights: F64
) -> tuple[float, float]:
    """P(low < X <= high) and E[X; low < X <= high], for low <= high; infinite bounds are allowed.

    Both tails of a component are taken on the side on which they do not cancel.
    """
    mass, mean = 0.0, 0.0
    for k in range(centres.shape[0]):
        begin, end = (low - centres[k]) / widths[k], (high - centres[k]) / widths[k]
        if begin > 0.0:
            share = _tail(begin) - _tail(end)
        elif end < 0.0:
            share = _tail(-end) - _tail(-begin)
        else:
            share = 1.0 - _tail(-begin) - _tail(end)
        share = max(share, 0.0)  # rounding
        mass += weights[k] * share
        fall = _normal_density(begin) - _normal_density(end)
        mean += weights[k] * (centres[k] * share + widths[k] * fall)
    return mass, mean


@kernel
def _excess(
    at: float, level: float, centres: F64, widths: F64, weights: F64
) -> tuple[float, float]:
    """P(X <= at) - level, or in the upper half its equal by upper tails; and the density."""
    total, density = 0.0, 0.0
    for k in range(centres.shape[0]):
        d = (at - centres[k]) / widths[k]
        tail = _tail(abs(d))
        if level > 0.5:
            total -= weights[k] * (tail if d > 0.0 else 1.0 - tail)
        else:
            total += weights[k] * (tail if d < 0.0 else 1.0 - tail)
        density += weights[k] * _normal_density(d) / widths[k]
    return total + (1.0 - level if level > 0.5 else -level), density


@kernel
def _quantile(
    level: float, low: float, high: float, centres: F64, widths: F64, weights: F64
) -> float:
    """Newton's method, with a bisection wherever it would leave its bracket or hardly halve it."""
    still = _STILL * max(abs(low), abs(high))
    at, last, before = 0.5 * (low + high), high - low, high - low
    for _ in range(_HALVINGS):
        excess, density = _excess(at, level, centres, widths, weights)
        if excess == 0.0:
            break
        low, high = (low, at) if excess > 0.0 else (at, high)
        step = excess / density if density > 0.0 else math.inf
        if low < at - step < high and 2.0 * abs(step) <= before:
            following = at - step
        else:
            following = 0.5 * (low + high)
        before, last = last, abs(following - at)
        at = following
        if last <= still:
            break
    return at


@kernel
def quantiles(levels: F64, centres: F64, widths: F64, weights: F64) -> F64:
    """Where P(X <= x) is each level, f8[n]: infinite at 0 and 1, NaN outside of them."""
    low, high = math.inf, -math.inf
    for k in range(centres.shape[0]):
        low = min(low, centres[k] - _FAR * widths[k])
        high = max(high, centres[k] + _FAR * widths[k])
    result = np.empty(levels.shape[0])
    for i in range(levels.shape[0]):
        level = levels[i]
        if 0.0 < level < 1.0:
            result[i] = _quantile(level, low, high, centres, widths, weights)
        elif level == 0.0:
            result[i] = -math.inf
        elif level == 1.0:
            result[i] = math.inf
        else:
            result[i] = math.nan
    return result
