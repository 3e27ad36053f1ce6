"""Smiles and fair values over the seconds of a block, compiled."""

import math

import numpy as np
import numpy.typing as npt

from zerodte.compiled import kernel, vector_kernel
from zerodte.pricing.black import price_into
from zerodte.pricing.special import log_ratio

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@vector_kernel
def deviation_into(
    spot: float, strike: Floats, theta: float, slope: float, skew: float, deviation: Floats
) -> None:
    """Write the square roots of SSVI's total variance at a chain's strikes.

    With k = log(strike / spot): w = theta / 2 (1 + skew slope k
    + sqrt((slope k + skew)^2 + 1 - skew^2)).
    """
    rest = 1.0 - skew * skew
    for i in range(strike.shape[0]):
        x = slope * log_ratio(strike[i], spot)
        root = math.sqrt((x + skew) * (x + skew) + rest)
        deviation[i] = math.sqrt(0.5 * theta * (1.0 + skew * x + root))


@kernel
def fair_into(
    spot: Floats,
    theta: Floats,
    slope: Floats,
    name: Places,
    skew: Floats,
    first: Places,
    strike: Floats,
    is_call: Bools,
    fair: Floats,
) -> None:
    """Write the fair values of all contracts at every second.

    Args:
        spot: Dollars, shape (s, names).
        theta: Total variance at the money of each chain, shape (s, m).
        slope: SSVI's phi, shape (s, m).
        name: Place of each chain's name, shape (m,).
        skew: SSVI's rho of each chain, shape (m,).
        first: Where each chain's contracts begin, and where the last one's end, shape (m + 1,).
        strike: Dollars, shape (n,).
        is_call: Shape (n,).
        fair: Written: dollars, shape (s, n).
    """
    deviation = np.empty(strike.shape[0])
    for second in range(spot.shape[0]):
        for chain in range(name.shape[0]):
            own = slice(first[chain], first[chain + 1])
            price = spot[second, name[chain]]
            deviation_into(
                price,
                strike[own],
                theta[second, chain],
                slope[second, chain],
                skew[chain],
                deviation[own],
            )
            # With the deviation as volatility, time is one.
            price_into(price, strike[own], 1.0, deviation[own], is_call[own], fair[second, own])
