"""A book of options repriced over a grid of spots, with sticky-strike volatilities.

Every contract keeps its volatility as spot moves, and the ratio of forward to spot is constant. The
sign change of the gamma profile is the gamma flip. The delta profile gives the hedging flow of a
move.
"""

import math

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.compiled import vector_kernel
from zerodte.pricing.black import signed_tail
from zerodte.pricing.special import INV_SQRT_2PI, exp, exp2, log_ratio

#: Exposures are dollars per move of one percent.
_ONE_PERCENT = 0.01
#: sqrt(1 / (2 ln 2)): exp(-d^2 / 2) = 2^(-(_HALVING d)^2).
_HALVING = 0.8493218002880191


@vector_kernel
def gex_profile_into(
    spots: F64,
    forward_ratio: float,
    strike: F64,
    tau: float,
    vol: F64,
    weight: F64,
    gex: F64,
) -> None:
    """Write the net GEX at each trial spot into `gex`; see `gex_profile`."""
    root_tau = math.sqrt(tau)
    # Logarithms are relative to the first spot, so that they are small and precise.
    origin = spots[0] if spots.shape[0] > 0 else math.nan
    distance = np.empty(spots.shape[0])
    for j in range(spots.shape[0]):
        distance[j] = log_ratio(spots[j], origin)
        gex[j] = 0.0
    # In units of _HALVING, n(d) is 2^(-d^2) / sqrt(2 pi), which makes the inner loop short.
    slope = np.empty(strike.shape[0])
    start = np.empty(strike.shape[0])
    scale = np.empty(strike.shape[0])
    for i in range(strike.shape[0]):
        s = vol[i] * root_tau
        slope[i] = _HALVING / s
        start[i] = log_ratio(origin * forward_ratio, strike[i]) * slope[i] + 0.5 * _HALVING * s
        counts = (vol[i] > 0.0) & (strike[i] > 0.0) & (abs(weight[i]) > 0.0)
        scale[i] = weight[i] / s if counts else 0.0
    for i in range(strike.shape[0]):
        if scale[i] == 0.0:
            continue
        for j in range(spots.shape[0]):
            d = distance[j] * slope[i] + start[i]
            gex[j] += scale[i] * exp2(-d * d)
    for j in range(spots.shape[0]):
        gex[j] *= INV_SQRT_2PI * _ONE_PERCENT * spots[j] / forward_ratio


@vector_kernel
def book_delta_into(
    spots: F64,
    forward_ratio: float,
    strike: F64,
    tau: float,
    vol: F64,
    is_call: Bool,
    weight: F64,
    delta: F64,
) -> None:
    """Write the book's delta at each trial spot into `delta`; see `book_delta`."""
    root_tau = math.sqrt(tau)
    term = np.empty(strike.shape[0])
    for j in range(spots.shape[0]):
        forward = spots[j] * forward_ratio
        for i in range(strike.shape[0]):
            s = vol[i] * root_tau
            d1 = log_ratio(forward, strike[i]) / s + 0.5 * s
            value = weight[i] * signed_tail(d1, INV_SQRT_2PI * exp(-0.5 * d1 * d1), is_call[i])
            counts = (vol[i] > 0.0) & (strike[i] > 0.0) & (abs(weight[i]) > 0.0)
            term[i] = value if counts else 0.0
        delta[j] = term.sum()


def gex_profile(
    spots: F64, forward_ratio: float, strike: F64, tau: float, vol: F64, weight: F64
) -> F64:
    """Net gamma exposure at each trial spot x: sum of weight gamma(x forward_ratio) x^2 / 100.

    Args:
        spots: Trial spots in dollars, f8[m].
        forward_ratio: Forward over spot, constant.
        strike: Strikes, f8[n].
        tau: Time left, in years of 252 sessions.
        vol: Volatilities, f8[n]; contracts with NaN are ignored.
        weight: Sign times open interest times multiplier, f8[n]; zero and NaN are ignored.

    Returns:
        Dollars per one-percent move, f8[m].
    """
    gex = np.empty(spots.shape[0])
    gex_profile_into(spots, forward_ratio, strike, tau, vol, weight, gex)
    return gex


def book_delta(
    spots: F64,
    forward_ratio: float,
    strike: F64,
    tau: float,
    vol: F64,
    is_call: Bool,
    weight: F64,
) -> F64:
    """The delta of a weighted book at each trial spot, f8[m]: sum of weight delta(x forward_ratio).

    Arguments as in `gex_profile`; is_call is True for calls, bool[n].
    """
    delta = np.empty(spots.shape[0])
    book_delta_into(spots, forward_ratio, strike, tau, vol, is_call, weight, delta)
    return delta
