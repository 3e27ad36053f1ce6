"""Total variance at the money: of today's expiry by the law of prices, of later ones by sessions.

An option at the money of today's expiry is worth its expected payoff under the simulated law. With
k jumps Y is lognormal of variance c^2 V(k), so E|S_T - S| = Y sum of p(k) 2 erf(c sqrt(V(k) / 8)),
and Black's total variance w that gives S 2 erf(sqrt(w / 8)) the same value follows in closed form.
"""

import numpy as np

from zerodte.config import SESSIONS_PER_YEAR
from zerodte.feeds.simulator.law import Law
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.parts import Floats
from zerodte.feeds.simulator.world_parameters import (
    GROWTH_VOLATILITY,
    MARKET_VOLATILITY,
    OVERNIGHT,
    REVERSION,
)

#: Terms of the sums over how many jumps there may be.
_MOST_JUMPS = 12


class Variance:
    """Total variance at the money of a session's expiries.

    Args:
        law: Of the session's prices.
        names: The underlyings.
    """

    def __init__(self, law: Law, names: tuple[Name, ...]) -> None:
        self._law = law
        self._ceiling = law.opening * (1.0 + 1.0 / law.gear)
        square = law.loads**2
        self._jumping = np.flatnonzero(law.jump_variance > 0.0)
        self._jump_variance = law.jump_variance[:, None] * square.T
        left = np.cumsum(law.jump_rate[::-1], axis=0)[::-1]
        self._jumps_left = np.concatenate([left, np.zeros((1, left.shape[1]))])
        drawn = np.array([factor.variance for factor in law.drawn.factors.values()])
        self._session = square @ drawn
        self._usual = np.array([_usual_variance(name) for name in names])

    def leverage(self, spot: Floats) -> Floats:
        """By how much volatility is larger than at the open, shape of `spot` (..., names)."""
        ratio: Floats = self._law.gear * (self._ceiling - spot) / spot
        return ratio

    def today(self, second: int, spot: Floats) -> Floats:
        """Of what expires today, at spots from `second` of the session on, shape (s, names)."""
        distance = self._ceiling - spot
        moves = np.stack(
            [self._expected_move(second, len(spot), i) for i in range(spot.shape[1])], 1
        )
        return 8.0 * _inverse_erf(distance / spot * moves) ** 2

    def ahead(self, name: int, sessions: int, *, morning: bool = False) -> float:
        """Of `sessions` wholly ahead after today's close, at the opening spot.

        Args:
            name: Place of the name.
            sessions: How many.
            morning: Whether the night after them counts too.
        """
        count = np.arange(sessions + 1)
        usual, now = self._usual[name], self._session[name]
        by_session = usual + (now - usual) * np.exp(-(count + 1) / REVERSION)
        whole = by_session[:-1].sum() * (1.0 + OVERNIGHT)
        return float(whole + morning * OVERNIGHT * by_session[-1])

    def _expected_move(self, second: int, length: int, name: int) -> Floats:
        """E|Y_T - Y| / (2 Y) at `length` seconds from `second` on."""
        law = self._law
        now = slice(second, second + length)
        # The last second leaves nothing: half of what it had stands for it.
        calm = np.maximum(law.diffusion_left[now, name], 0.5 * law.diffusion_left[-2, name])
        variance, chance = calm[:, None], np.ones((length, 1))
        for factor in self._jumping:
            size = self._jump_variance[factor, name]
            if size > 0.0:
                count = np.arange(_MOST_JUMPS)
                more = _poisson(self._jumps_left[now, factor])
                variance = (variance[:, :, None] + count * size).reshape(length, -1)
                chance = (chance[:, :, None] * more[:, None, :]).reshape(length, -1)
        move: Floats = (chance * _erf(law.gear[name] * np.sqrt(variance / 8.0))).sum(axis=1)
        return move


def _usual_variance(name: Name) -> float:
    low, high = MARKET_VOLATILITY
    common = low * high * (name.beta**2 + (name.growth * GROWTH_VOLATILITY) ** 2)
    return (common + name.own[0] * name.own[1] + name.tracking**2) / SESSIONS_PER_YEAR


def _poisson(mean: Floats) -> Floats:
    """Chances of 0, 1, ... events, shape (s, terms); the last term takes what is beyond."""
    count = np.arange(1, _MOST_JUMPS)
    factors = mean[:, None] / count
    chance = np.exp(-mean)[:, None] * np.cumprod(
        np.concatenate([np.ones((len(mean), 1)), factors], axis=1), axis=1
    )
    chance[:, -1] += 1.0 - chance.sum(axis=1)
    return chance


def _erf(x: Floats) -> Floats:
    """The error function by its series, to 1e-9 for |x| < 0.5; days move by less."""
    y = x * x
    series = 1.0 - y / 3.0 * (1.0 - y * 0.3 * (1.0 - y * 5 / 21 * (1.0 - y * 7 / 36)))
    return 2.0 / np.sqrt(np.pi) * x * series


def _inverse_erf(q: Floats) -> Floats:
    """Its inverse by its series, to 1e-8 for |q| < 0.3."""
    y = np.pi / 4.0 * q * q
    series = 1.0 + y * (1 / 3 + y * (7 / 30 + y * (127 / 630 + y * 4369 / 22680)))
    return np.sqrt(np.pi) / 2.0 * q * series
