"""Fair values of options: a smile per expiry, free of calendar and butterfly arbitrage.

Smiles are slices of one surface, SSVI (Gatheral and Jacquier, "Arbitrage-free SVI volatility
surfaces", Quantitative Finance 14, 2014): with k = log(K / S) and theta the total variance at the
money,

    w = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),
    phi = min(eta theta^-gamma, 2 / sqrt(theta (1 + |rho|))).

There is no calendar arbitrage, because theta increases with expiry, and theta phi increases with it
but no faster (their theorem 4.1). There is no butterfly arbitrage, because theta phi (1 + |rho|) is
below 4 and theta phi^2 (1 + |rho|) at most 4 (theorem 4.2).
"""

import math

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.constants import MULTIPLIER
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.path_kernel import DealerBook
from zerodte.feeds.simulator.price_process import PriceProcess
from zerodte.feeds.simulator.surface_kernel import deviation_into, fair_into
from zerodte.feeds.simulator.variance import Variance
from zerodte.feeds.simulator.world_parameters import SMILE_POWER
from zerodte.pricing.black import greeks, price


class SmileProcess:
    """The smiles of a listing's m chains.

    Args:
        process: The price process of the session.
        variance: Its variance at the money.
        listing: The day's contracts.
    """

    def __init__(self, process: PriceProcess, variance: Variance, listing: ContractList) -> None:
        self._listing = listing
        self._variance = variance
        chains, draw = listing.chains, process.draw
        self._name = np.array([chain.name for chain in chains], np.intp)
        self._ahead = np.array(
            [variance.ahead(c.name, c.whole_sessions, night=c.am_settled) for c in chains]
        )
        self._skew = np.array([draw.skew[listing.names[chain.name].core] for chain in chains])
        self._curvature = draw.curvature
        self._first: I64 = np.searchsorted(listing.chain, np.arange(len(chains) + 1))

    def at_the_money(self, second: int, spot: F64) -> F64:
        """Total variance at the money, theta, shape (s, m).

        Args:
            second: Second of the session at the first row of `spot`; each row is one second later.
            spot: Dollars, shape (s, names).
        """
        today = self._variance.today(second, spot)
        ahead = self._variance.leverage(spot) ** 2
        theta: F64 = today[:, self._name] + ahead[:, self._name] * self._ahead
        return theta

    def fair(self, second: int, spot: F64) -> F64:
        """Fair values, dollars, shape (s, n); arguments as in `at_the_money`."""
        listing = self._listing
        fair = np.empty((len(spot), len(listing.strike)))
        theta = self.at_the_money(second, spot)
        fair_into(
            spot,
            theta,
            self._slope(theta),
            self._name,
            self._skew,
            self._first,
            listing.strike,
            listing.is_call,
            fair,
        )
        return fair

    def delta_gamma(self, second: int, spot: F64) -> tuple[F64, F64]:
        """Black's delta and gamma (per 1.00) of each contract, shape (n,), at spots (names,)."""
        listing = self._listing
        theta = self.at_the_money(second, spot[None, :])[0]
        slope = self._slope(theta)
        delta, gamma, deviation = np.empty((3, len(listing.strike)))
        for chain, name in enumerate(self._name):
            own = slice(self._first[chain], self._first[chain + 1])
            strike = listing.strike[own]
            deviation_into(
                spot[name], strike, theta[chain], slope[chain], self._skew[chain], deviation[own]
            )
            values = greeks(spot[name], strike, 1.0, deviation[own], listing.is_call[own])
            delta[own], gamma[own] = values.delta, values.gamma
        return delta, gamma

    def book(self, second: int, spot: F64, length: int, dealers: I64) -> DealerBook:
        """The book that dealers hedge over the next seconds.

        Args:
            second: Second of the session.
            spot: Spot prices at that second, dollars, shape (names,).
            length: Number of seconds.
            dealers: Contracts that dealers hold, long positive, shape (n,).
        """
        listing = self._listing
        positions = np.flatnonzero(dealers)
        chains, sizes = np.unique(listing.chain[positions], return_counts=True)
        theta = self.at_the_money(second, np.tile(spot, (length + 1, 1)))
        return DealerBook(
            strike=listing.strike[positions],
            is_call=listing.is_call[positions],
            shares=MULTIPLIER * dealers[positions].astype(np.float64),
            first=np.concatenate([[0], np.cumsum(sizes)]),
            name=self._name[chains],
            theta=np.ascontiguousarray(theta[:, chains]),
            slope=np.ascontiguousarray(self._slope(theta)[:, chains]),
            skew=self._skew[chains],
        )

    def _slope(self, theta: F64) -> F64:
        return steepness(theta, self._skew, self._curvature)


def steepness(theta: F64, skew: F64, curvature: float) -> F64:
    """SSVI's phi, shape (..., m), for theta (..., m) and rho (m,)."""
    most = 2.0 / np.sqrt(theta * (1.0 + np.abs(skew)))
    slope: F64 = np.minimum(curvature * theta**-SMILE_POWER, most)
    return slope


def variance_swap(theta: float, skew: float, curvature: float) -> float:
    """The total variance of a variance swap: the value of the strip of all options of a smile.

    The sum of 2 O(K) dK / K^2 over out-of-the-money options (Demeterfi, Derman, Kamal and Zou, "A
    guide to volatility and variance swaps", Journal of Derivatives 6, 1999), as in Cboe's VIX.
    """
    step = 0.02 * math.sqrt(theta)
    k = step * np.arange(-600.0, 601.0)
    strike, deviation = np.exp(k), np.empty_like(k)
    slope = steepness(np.array([theta]), np.array([skew]), curvature)
    deviation_into(1.0, strike, theta, slope[0], skew, deviation)
    return float(2.0 * step * (price(1.0, strike, 1.0, deviation, k > 0.0) / strike).sum())
