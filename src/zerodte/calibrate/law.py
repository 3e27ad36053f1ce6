"""Laws of the close around spot: how much of a law lies below a value.

A law is standardised: mean 0, variance 1.
"""

import math

import numpy as np

from zerodte.arrays import F64


def normal_cdf(z: F64) -> F64:
    """P(Z < z) of the standard normal law, any shape."""
    erf = [math.erf(value) for value in (z / math.sqrt(2.0)).ravel().tolist()]
    return 0.5 * (1.0 + np.array(erf).reshape(z.shape))


def student_cdf(z: F64, freedom: int) -> F64:
    """P(Z < z) of Student's law with variance 1: Abramowitz and Stegun 26.7.3.

    Args:
        z: Any shape.
        freedom: Degrees of freedom, odd, at least 3.
    """
    # Its variance as tabulated is freedom / (freedom - 2).
    angle = np.arctan(z / math.sqrt(freedom - 2.0))
    cosine = np.cos(angle)
    term, series = cosine, np.zeros_like(angle)
    for k in range(2, freedom, 2):
        series = series + term
        term = term * (k / (k + 1)) * cosine**2
    return np.asarray(0.5 + (angle + np.sin(angle) * series) / math.pi)
