"""Laws of the close that are known, and a plain integral over them."""

from collections.abc import Callable

import numpy as np

from zerodte.arrays import F64
from zerodte.engine.density import Density


def law(
    centres: tuple[float, ...] = (98.0, 100.0, 103.0),
    widths: tuple[float, ...] = (1.5, 0.7, 2.0),
    weights: tuple[float, ...] = (0.3, 0.5, 0.2),
    repriced: float = 1.0,
) -> Density:
    """A mixture of normals, as a chain would imply it."""
    at, width, weight = (np.array(values, np.float64) for values in (centres, widths, weights))
    mean = float(at @ weight)
    variance = float(weight @ (width**2 + (at - mean) ** 2))
    return Density(mean, variance**0.5, at, width, weight, 12, repriced, is_on_spot=False)


def expectation(density: Density, payoff: Callable[[F64], F64]) -> float:
    """The mean of a payoff by the trapezoid rule on the mixture's own density."""
    at = np.linspace(density.mean - 30.0, density.mean + 30.0, 600_001)
    pdf = sum(
        weight * np.exp(-0.5 * ((at - centre) / width) ** 2) / (width * np.sqrt(2.0 * np.pi))
        for centre, width, weight in zip(
            density.centres.tolist(),
            density.widths.tolist(),
            density.weights.tolist(),
            strict=True,
        )
    )
    return float(np.trapezoid(pdf * payoff(at), at))
