"""What options are worth: a smile for each expiry, free of calendar and butterfly arbitrage.

Smiles are slices of one surface, SSVI (Gatheral and Jacquier, "Arbitrage-free SVI volatility
surfaces", Quantitative Finance 14, 2014): with k = log(K / S) and theta the total variance at the
money,

    w = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),
    phi = eta / sqrt(theta (1 + theta)).

With eta (1 + |rho|) <= 2 no butterfly is worth less than nothing; with theta rising from expiry to
expiry no calendar spread is.
"""

import numpy as np

from zerodte.feeds.simulator.law import Law
from zerodte.feeds.simulator.parts import Floats, Listing
from zerodte.feeds.simulator.surface_kernel import deviations_into, fair_into
from zerodte.feeds.simulator.variance import Variance
from zerodte.pricing.black import greeks


class Surface:
    """The fair values of a listing's contracts.

    Args:
        law: Of the session's prices.
        listing: What is listed.
    """

    def __init__(self, law: Law, listing: Listing) -> None:
        self._listing = listing
        self._variance = Variance(law, listing.names)
        chains = listing.chains
        self._name = np.array([chain.name for chain in chains], np.intp)
        self._ahead = np.array(
            [
                self._variance.ahead(chain.name, chain.whole_sessions, morning=chain.am_settled)
                for chain in chains
            ]
        )
        self._first = np.searchsorted(listing.chain, np.arange(len(chains) + 1)).astype(np.intp)
        drawn = law.drawn
        self._skew = np.array([drawn.skew[listing.names[chain.name].core] for chain in chains])
        self._curvature = drawn.curvature

    def at_the_money(self, second: int, spot: Floats) -> Floats:
        """Total variance at the money of each chain, shape (s, chains).

        Args:
            second: Of the session, at the first row of `spot`; one later at each row.
            spot: Dollars, shape (s, names).
        """
        today = self._variance.today(second, spot)[:, self._name]
        theta: Floats = today + self._variance.leverage(spot)[:, self._name] ** 2 * self._ahead
        return theta

    def fair(self, second: int, spot: Floats) -> Floats:
        """Fair values, dollars, shape (s, n); arguments as in `at_the_money`."""
        listing = self._listing
        out = np.empty((len(spot), len(listing.strike)))
        theta = self.at_the_money(second, spot)
        fair_into(
            np.ascontiguousarray(spot), theta, self._name, self._first, self._skew,
            self._curvature, listing.strike, listing.is_call, out,
        )  # fmt: skip
        return out

    def delta_gamma(self, second: int, spot: Floats) -> tuple[Floats, Floats]:
        """Black's delta and gamma (per 1.00) of each contract at spots (names,), shape (n,)."""
        listing = self._listing
        theta = self.at_the_money(second, spot[None, :])[0]
        deviation = np.empty(len(listing.strike))
        delta, gamma = np.empty_like(deviation), np.empty_like(deviation)
        for place, name in enumerate(self._name):
            own = slice(self._first[place], self._first[place + 1])
            deviations_into(
                spot[name], listing.strike[own], theta[place], self._skew[place],
                self._curvature, deviation[own],
            )  # fmt: skip
            result = greeks(
                spot[name], listing.strike[own], 1.0, deviation[own], listing.is_call[own]
            )
            delta[own], gamma[own] = result.delta, result.gamma
        return delta, gamma
