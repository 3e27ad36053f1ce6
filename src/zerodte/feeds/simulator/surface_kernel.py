"""The fair values of all contracts over the seconds of a block, compiled."""

import math

import numpy as np
import numpy.typing as npt

from zerodte.compiled import inline, vector_kernel
from zerodte.pricing.black import price_into
from zerodte.pricing.special import log_ratio

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@inline
def total_variance(k: float, theta: float, slope: float, skew: float) -> float:
    """SSVI's total variance at log-moneyness k; `slope` is phi."""
    x = slope * k + skew
    return 0.5 * theta * (1.0 + skew * slope * k + math.sqrt(x * x + 1.0 - skew * skew))


@vector_kernel
def deviations_into(
    forward: float, strike: Floats, theta: float, skew: float, curvature: float, out: Floats
) -> None:
    """Write the standard deviation of a chain's log price at each strike, sqrt(w)."""
    slope = curvature / math.sqrt(theta * (1.0 + theta))
    for i in range(strike.shape[0]):
        k = log_ratio(strike[i], forward)
        out[i] = math.sqrt(total_variance(k, theta, slope, skew))


@vector_kernel
def fair_into(
    spot: Floats,
    theta: Floats,
    name: Places,
    first: Places,
    skew: Floats,
    curvature: float,
    strike: Floats,
    is_call: Bools,
    fair: Floats,
) -> None:
    """Write fair values; spot (s, names), theta (s, m), first (m + 1,) bounds of chains, fair (s, n)."""
    deviation = np.empty(strike.shape[0])
    for second in range(spot.shape[0]):
        for chain in range(theta.shape[1]):
            a, b = first[chain], first[chain + 1]
            forward = spot[second, name[chain]]
            deviations_into(
                forward, strike[a:b], theta[second, chain], skew[chain], curvature, deviation[a:b]
            )
            price_into(forward, strike[a:b], 1.0, deviation[a:b], is_call[a:b], fair[second, a:b])
