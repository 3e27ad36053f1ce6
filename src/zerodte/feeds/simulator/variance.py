"""Total variance at the money: of today's expiry by the law of prices, of later ones by sessions.

An option at the money that expires today is worth its expected payoff under the simulated law. With
k jumps Y is lognormal of variance c^2 V(k), so E|S_T - S| = Y sum of p(k) 2 erf(c sqrt(V(k) / 8)),
and Black's total variance w, which gives S 2 erf(sqrt(w / 8)), follows in closed form.
"""

import math
from collections.abc import Sequence

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import SESSIONS_PER_YEAR
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.price_process import PriceProcess, carried
from zerodte.feeds.simulator.world_parameters import (
    GROWTH_VOLATILITY,
    MARKET_VOLATILITY,
    OVERNIGHT,
    REVERSION,
)

#: Terms of the sums over how many jumps of a factor there may be.
_JUMP_TERMS = 12


class Variance:
    """Total variance at the money of a session's expiries.

    Args:
        law: Of the session's prices.
        names: The underlyings, as in the law.
    """

    def __init__(self, law: PriceProcess, names: Sequence[Name]) -> None:
        self._law = law
        square = law.loads**2
        # The last second leaves nothing: half of what it had stands for it.
        self._calm_left = _left(carried(law.diffusion, square), 0.5)
        self._jumps_left = _left(law.jump_rate, 0.0)
        self._jump_variance = square * law.jump_variance
        self._usual = np.array([_usual_variance(name) for name in names])

    def leverage(self, spot: F64) -> F64:
        """Volatility at spots over that at the open, shape (..., names) as `spot`."""
        law = self._law
        ratio: F64 = law.gear * (law.ceiling - spot) / spot
        return ratio

    def today(self, second: int, spot: F64) -> F64:
        """Of what expires today, shape (s, names).

        Args:
            second: Of the session, at the first row of `spot`; one later at each row.
            spot: Dollars, shape (s, names).
        """
        moves = [self._expected_move(second, len(spot), name) for name in range(spot.shape[1])]
        share = np.stack(moves, axis=1) * self.leverage(spot) / self._law.gear
        return 8.0 * _inverse_erf(share) ** 2

    def ahead(self, name: int, sessions: int, *, night: bool = False) -> float:
        """Of `sessions` wholly ahead after today's close, while spot is where it opened.

        Args:
            name: Place of the name.
            sessions: How many.
            night: Whether the night after them counts too.
        """
        usual, now = self._usual[name], self._law.session_variance[name]
        later = np.exp(-np.arange(1, sessions + 2) / REVERSION)
        by_session = usual + (now - usual) * later
        whole = (1.0 + OVERNIGHT) * by_session[:-1].sum()
        return float(whole + night * OVERNIGHT * by_session[-1])

    def _expected_move(self, second: int, length: int, name: int) -> F64:
        """E|Y_T - Y| / (2 Y) at `length` seconds from `second` on."""
        now = slice(second, second + length)
        variance, chance = self._calm_left[now, name, None], np.ones((length, 1))
        for factor, size in enumerate(self._jump_variance[name]):
            if size > 0.0:
                more = np.arange(_JUMP_TERMS) * size
                variance = (variance[:, :, None] + more).reshape(length, -1)
                odds = _poisson(self._jumps_left[now, factor])
                chance = (chance[:, :, None] * odds[:, None, :]).reshape(length, -1)
        move: F64 = (chance * _erf(self._law.gear[name] * np.sqrt(variance / 8.0))).sum(axis=1)
        return move


def _left(by_second: F64, last: float) -> F64:
    """What is still to come at each second's start, and at the end `last` of the last one's."""
    left = np.cumsum(by_second[::-1], axis=0)[::-1]
    return np.concatenate([left, last * by_second[-1:]])


def _usual_variance(name: Name) -> float:
    """A session's variance of X where every range is at its middle."""
    low, high = MARKET_VOLATILITY
    common = low * high * (name.beta**2 + (name.growth * GROWTH_VOLATILITY) ** 2)
    own = 0.5 * sum(name.own)
    return (common + own**2 + name.tracking**2) / SESSIONS_PER_YEAR


def _poisson(mean: F64) -> F64:
    """Chances of 0, 1, ... jumps, shape (s, terms); the last term takes all that is beyond."""
    terms = np.concatenate(
        [np.exp(-mean)[:, None], mean[:, None] / np.arange(1, _JUMP_TERMS)], axis=1
    )
    chance: F64 = np.cumprod(terms, axis=1)
    chance[:, -1] += 1.0 - chance.sum(axis=1)
    return chance


def _erf(x: F64) -> F64:
    """The error function by its series, to 4e-7 for |x| < 0.5: far more than a session moves."""
    y = x * x
    series: F64 = 1.0 - y / 3.0 * (1.0 - y * 0.3 * (1.0 - y * 5 / 21 * (1.0 - y * 7 / 36)))
    return (2.0 / math.sqrt(math.pi)) * x * series


def _inverse_erf(q: F64) -> F64:
    """The inverse of the error function by its series, to 1e-7 for |q| < 0.3."""
    y = math.pi / 4.0 * q * q
    series: F64 = 1.0 + y * (1 / 3 + y * (7 / 30 + y * (127 / 630 + y * 4369 / 22680)))
    return (math.sqrt(math.pi) / 2.0) * q * series
