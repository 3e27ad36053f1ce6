"""What dealers hold, as far as a tape can tell, and how sure that is.

A dealer's position in a contract, long positive, is a share of the morning's open interest (a
prior, the same for all calls and the same for all puts) less what customers are expected to have
bought since. Its four exposures are sums of positions, so that their variances follow without
approximation: the prior is shared by all calls, and by all puts, with noise of its own at every
strike; errors of flow are independent between contracts but for what all of them have in common.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import (
    COMMON_SIDE_ERROR,
    DEALER_PRIOR,
    DEALER_STRIKE_NOISE,
    INTERVAL,
    MULTIPLIER,
    SESSIONS_PER_YEAR,
)
from zerodte.engine.arithmetic import zero_where_unknown
from zerodte.engine.exposure import held
from zerodte.engine.regime import Regime
from zerodte.pricing.black import Greeks

#: Of an interval, in standard deviations of the normal law.
_HALF_WIDTH = NormalDist().inv_cdf((1.0 + INTERVAL) / 2.0)

Prior: TypeAlias = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 90% interval; NaN where unknown."""

    mean: float
    low: float
    high: float

    def __neg__(self) -> "Estimate":
        """The same figure seen from the other side."""
        return Estimate(-self.mean, -self.high, -self.low)

    @property
    def sign(self) -> int:
        """-1 or 1; 0 where the interval spans zero or is unknown."""
        return int(self.low > 0.0) - int(self.high < 0.0)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Exposures of dealers' own book, without any convention of signs.

    On the wire `dex`, `vex` and `chex` are turned around, so that above zero dealers buy.

    Attributes:
        gex: Dollars per 1% move; above zero dealers dampen moves.
        dex: Dollars.
        vex: Dollars per volatility point.
        chex: Dollars per session day.
    """

    gex: Estimate
    dex: Estimate
    vex: Estimate
    chex: Estimate

    @property
    def regime(self) -> Regime:
        """The sign of `gex`; unknown where its interval spans zero."""
        labels: dict[int, Regime] = {1: "positive_gamma", -1: "negative_gamma"}
        return labels.get(self.gex.sign, "unknown")

    def agrees(self, label: Regime) -> bool | None:
        """Whether another label says the same; None where either of them says nothing."""
        if "unknown" in (self.regime, label):
            return None
        return self.regime == label


@dataclass(frozen=True, eq=False, slots=True)
class NetPurchases:
    """What customers have bought less sold since the open, by strike, calls and puts together.

    Attributes:
        contracts: Expected, shape (n,); NaN where it was not recorded.
        variance: Of that, contracts squared, shape (n,).
        traded: Contracts since the open, shape (2, n).
    """

    contracts: F64
    variance: F64
    traded: F64


@dataclass(frozen=True, eq=False, slots=True)
class StrikeEstimates:
    """A figure by strike with its 90% interval, each of shape (n,); NaN where unknown."""

    mean: F64
    low: F64
    high: F64


def gex_by_strike(
    gamma: F64,
    spot: float,
    official: F64,
    purchases: NetPurchases,
    prior: Prior = DEALER_PRIOR,
) -> StrikeEstimates:
    """Where in the chain the GEX of dealers' book lies.

    Means add up to the book's. Intervals do not: the prior's error is shared by all strikes of a
    right, and the errors of sides in part by all.

    Args:
        gamma: Per 1.00 of spot, shape (n,): on one smile a call and a put have the same.
        spot: Dollars.
        official: As of `inventory`.
        purchases: Of customers.
        prior: As of `inventory`.

    Returns:
        Dollars per 1% move; bounded at each strike as the book is.
    """
    share, deviation = np.array(prior).T[:, :, None]
    carried, volume = held(official), zero_where_unknown(purchases.traded)
    dollars = gamma * (MULTIPLIER * spot * spot * 0.01)
    position = (share * carried).sum(axis=0) - purchases.contracts
    spread = ((deviation**2 + DEALER_STRIKE_NOISE**2) * carried**2).sum(axis=0)
    spread = spread + purchases.variance + (COMMON_SIDE_ERROR * volume.sum(axis=0)) ** 2
    half, most = _HALF_WIDTH * np.sqrt(spread), (carried + volume).sum(axis=0)
    return StrikeEstimates(
        *(
            dollars * np.clip(each, -most, most)
            for each in (position, position - half, position + half)
        )
    )


def inventory(
    greeks: Greeks,
    spot: float,
    official: F64,
    net_bought: F64,
    variance: F64,
    traded: F64,
    prior: Prior = DEALER_PRIOR,
) -> Inventory:
    """Estimate dealers' book.

    Args:
        greeks: Each of shape (2, n), calls and puts; vanna per 1.00 of volatility, charm per year.
        spot: Dollars.
        official: Settled open interest, contracts, shape (2, n); NaN where unknown.
        net_bought: What customers bought less sold since, contracts, shape (2, n).
        variance: Of `net_bought`, contracts squared, shape (2, n).
        traded: Contracts since the open, shape (2, n).
        prior: Mean and standard deviation of dealers' share, of calls and of puts.

    Returns:
        Never beyond what dealers would have if all of the morning's open interest and all of the
        day's volume were theirs, on one side. NaN all through where no open interest is known.
    """
    share, deviation = np.array(prior).T[:, :, None]
    carried = held(official)
    position = share * carried - zero_where_unknown(net_bought)
    shares = MULTIPLIER * spot
    # Dollars per contract held, of each exposure: shape (4, 2, n).
    dollars = np.stack(
        (
            greeks.gamma * (shares * spot * 0.01),
            greeks.delta * shares,
            greeks.vanna * (shares * 0.01),
            greeks.charm * (shares / SESSIONS_PER_YEAR),
        )
    )
    size, volume = np.abs(dollars), zero_where_unknown(traded)
    of_prior = ((dollars * carried).sum(axis=2) * deviation[:, 0]) ** 2
    apart = zero_where_unknown(variance) + (DEALER_STRIKE_NOISE * carried) ** 2
    in_common = COMMON_SIDE_ERROR * (size * volume).sum(axis=(1, 2))
    spread = of_prior.sum(axis=1) + (dollars**2 * apart).sum(axis=(1, 2)) + in_common**2
    mean, half = (dollars * position).sum(axis=(1, 2)), _HALF_WIDTH * np.sqrt(spread)
    most = (size * (carried + volume)).sum(axis=(1, 2))
    figures = np.clip((mean, mean - half, mean + half), -most, most)
    return Inventory(*(Estimate(*row) for row in figures.T.tolist()))
