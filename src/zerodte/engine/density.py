"""The density of the close that a chain's quotes imply: a non-negative mixture of normals.

Any number of quotes from one up gives a law; what they leave open keeps a normal's shape.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import DENSITY_ERROR_FLOOR, DENSITY_FORWARD_ERROR, DENSITY_SIGMAS
from zerodte.engine import mixture
from zerodte.engine.arithmetic import median
from zerodte.engine.chain_inputs import CALL, PUT, ChainInputs
from zerodte.engine.density_fit import fit
from zerodte.pricing.forward import parity_of

#: Rounding of prices, a share of their distance from the mid.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Density:
    """The law of the close: a mixture of normals.

    Attributes:
        mean: Dollars.
        sigma: The remaining sigma that it was fitted at, dollars.
        centres: Dollars, shape (k,), ascending.
        widths: Dollars, shape (k,), above 0.
        weights: Shape (k,), above 0, with sum 1.
        quotes: How many quotes it was fitted to; 0 for a normal law.
        repriced: Share of those within two sigmas whose bid and ask its price lies between; NaN
            without any.
        is_on_spot: Whether its mean is spot, since parity does not know the forward well enough.
    """

    mean: float
    sigma: float
    centres: F64
    widths: F64
    weights: F64
    quotes: int
    repriced: float
    is_on_spot: bool

    def cdf(self, at: F64 | float) -> F64:
        """P(close <= at), for dollars of any shape; NaN where they are."""
        return self._each(lambda flat: mixture.below(flat, *self._law), at)

    def mass(self, low: float, high: float) -> float:
        """P(low < close <= high), dollars; 0 where low >= high."""
        return self._between(low, high)[0]

    def partial_mean(self, low: float, high: float) -> float:
        """E[close; low < close <= high], dollars: over the mass there, the mean there."""
        return self._between(low, high)[1]

    def quantiles(self, levels: F64 | float) -> F64:
        """Where the cdf is each level, dollars, for any shape.

        Infinite at the levels 0 and 1, NaN outside of them.
        """
        return self._each(lambda flat: mixture.quantiles(flat, *self._law), levels)

    def calls(self, strikes: F64 | float) -> F64:
        """E[max(close - strike, 0)], dollars, for strikes of any shape."""
        return self._each(
            lambda flat: mixture.payoffs(flat, np.ones(len(flat)), *self._law), strikes
        )

    def puts(self, strikes: F64 | float) -> F64:
        """E[max(strike - close, 0)], dollars, for strikes of any shape."""
        return self._each(
            lambda flat: mixture.payoffs(flat, -np.ones(len(flat)), *self._law), strikes
        )

    def scaled(self, factor: float) -> "Density":
        """The law of mean + factor (close - mean), factor above 0; `sigma` stays what it was."""
        return replace(
            self,
            centres=self.mean + factor * (self.centres - self.mean),
            widths=factor * self.widths,
        )

    @property
    def _law(self) -> tuple[F64, F64, F64]:
        return self.centres, self.widths, self.weights

    def _between(self, low: float, high: float) -> tuple[float, float]:
        return mixture.between(low, high, *self._law) if not low >= high else (0.0, 0.0)

    def _each(self, law: Callable[[F64], F64], at: F64 | float) -> F64:
        values = np.asarray(at, np.float64)
        return law(np.ascontiguousarray(values).reshape(-1)).reshape(values.shape)


def density_of(instant: ChainInputs, forward: float, spot: float, sigma: float) -> Density | None:
    """The law of the close that the quotes of a chain imply.

    Args:
        instant: The chain's quotes.
        forward: Of put-call parity, dollars.
        spot: Dollars; NaN where there is none.
        sigma: The remaining sigma, dollars.

    Returns:
        The law, or None where forward or sigma is unknown or no quote counts. Where no
        out-of-the-money quote does, those of the other side within two sigmas stand in, and where
        none of these does, a normal law of that sigma.
    """
    if not (0.0 < forward < math.inf and 0.0 < sigma < math.inf):
        return None
    is_known = _forward_error(instant) <= DENSITY_FORWARD_ERROR * sigma
    is_on_spot = bool(0.0 < spot < math.inf) and not is_known
    mean = spot if is_on_spot else forward
    strikes, distance = instant.chain.strikes, (instant.chain.strikes - mean) / sigma
    is_call = distance >= 0.0
    counted = np.where(is_call, instant.usable[CALL], instant.usable[PUT])
    if not counted.any():
        is_call = ~is_call
        counted = np.where(is_call, instant.usable[CALL], instant.usable[PUT])
        if not counted.any():
            return None
        counted &= np.abs(distance) <= DENSITY_SIGMAS
    if not counted.any():
        return _normal(mean, sigma, is_on_spot=is_on_spot)
    strikes, distance, is_call = strikes[counted], distance[counted], is_call[counted]
    mid = np.where(is_call, instant.mid[CALL, counted], instant.mid[PUT, counted])
    half = 0.5 * np.where(is_call, instant.spread[CALL, counted], instant.spread[PUT, counted])
    errors = np.maximum(half, DENSITY_ERROR_FLOOR * median(half))
    signs = np.where(is_call, 1.0, -1.0)
    centres, widths, weights = fit(distance, signs, mid / sigma, errors / sigma)
    density = Density(
        mean=mean,
        sigma=sigma,
        centres=mean + sigma * centres,
        widths=sigma * widths,
        weights=weights,
        quotes=len(strikes),
        repriced=np.nan,
        is_on_spot=is_on_spot,
    )
    near = np.abs(distance) <= DENSITY_SIGMAS
    if not near.any():
        return density
    law = density.centres, density.widths, density.weights
    price = mixture.payoffs(strikes[near], signs[near], *law)
    inside = np.abs(price - mid[near]) <= half[near] * (1.0 + _ROUNDING)
    return replace(density, repriced=float(inside.mean()))


def _normal(mean: float, sigma: float, *, is_on_spot: bool) -> Density:
    """The law of a sigma and no more, dollars."""
    return Density(
        mean=mean,
        sigma=sigma,
        centres=np.array([mean]),
        widths=np.array([sigma]),
        weights=np.ones(1),
        quotes=0,
        repriced=np.nan,
        is_on_spot=is_on_spot,
    )


def _forward_error(instant: ChainInputs) -> float:
    """How far parity may err, dollars: half of the two spreads that pin it; NaN without any."""
    half = 0.5 * instant.spread
    bid, ask = instant.mid - half, instant.mid + half
    parity = parity_of(instant.chain.strikes, bid[CALL], ask[CALL], bid[PUT], ask[PUT])
    return 0.5 * parity.spread
