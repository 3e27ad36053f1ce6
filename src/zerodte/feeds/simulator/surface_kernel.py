"""Compiled smiles and fair values over the seconds of a block."""

import math

import numpy as np

from zerodte.arrays import F64, Bool, Index
from zerodte.compiled import kernel, vector_kernel
from zerodte.pricing.black import price_into
from zerodte.pricing.special import log_ratio


@vector_kernel
def deviation_into(
    spot: float, strike: F64, theta: float, slope: float, skew: float, deviation: F64
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
    spot: F64,
    theta: F64,
    slope: F64,
    name: Index,
    skew: F64,
    first: Index,
    strike: F64,
    is_call: Bool,
    fair: F64,
) -> None:
    """Write the fair values of all contracts at every second.

    Args:
        spot: Dollars, shape (s, names).
        theta: Total variance at the money of each chain, shape (s, m).
        slope: SSVI's phi, shape (s, m).
        name: Index of each chain's name, shape (m,).
        skew: SSVI's rho of each chain, shape (m,).
        first: Start of each chain's contracts, and the end of the last one, shape (m + 1,).
        strike: Dollars, shape (n,).
        is_call: Shape (n,).
        fair: Output: dollars, shape (s, n).
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
            # The deviation is the volatility over unit time.
            price_into(price, strike[own], 1.0, deviation[own], is_call[own], fair[second, own])
