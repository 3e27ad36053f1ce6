"""Total variance at the money: today's expiry from the price process, later ones by session.

A same-day option at the money is worth its expected payoff under the price process. With k jumps Y
is lognormal with variance c^2 V(k), so E|S_T - S| = Y sum of p(k) 2 erf(c sqrt(V(k) / 8)). Black's
total variance w, which gives S 2 erf(sqrt(w / 8)), follows in closed form.
"""

import math
from collections.abc import Sequence

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import SESSIONS_PER_YEAR
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.price_process import PriceProcess, sum_over_factors
from zerodte.feeds.simulator.world_parameters import (
    GROWTH_VOLATILITY,
    MARKET_VOLATILITY,
    OVERNIGHT,
    REVERSION,
)

#: Number of terms in sums over the jumps of a factor.
_JUMP_TERMS = 12


class Variance:
    """Total variance at the money of a session's expiries.

    Args:
        process: The price process of the session.
        names: The underlyings of the process.
    """

    def __init__(self, process: PriceProcess, names: Sequence[Name]) -> None:
        self._process = process
        square = process.loadings**2
        # Nothing remains at the close: half of the last second's variance avoids a zero.
        self._diffusion_left = _remaining(sum_over_factors(process.diffusion, square), 0.5)
        self._jumps_left = _remaining(process.jump_rate, 0.0)
        self._jump_variance = square * process.jump_variance
        self._usual_by_name = np.array([_usual_variance(name) for name in names])

    def leverage(self, spot: F64) -> F64:
        """Volatility at `spot` over volatility at the open, shape (..., names) as `spot`."""
        process = self._process
        ratio: F64 = process.gear * (process.ceiling - spot) / spot
        return ratio

    def today(self, second: int, spot: F64) -> F64:
        """Total variance of today's expiry, shape (s, names).

        Args:
            second: Second of the session at the first row of `spot`; each row is one second later.
            spot: Dollars, shape (s, names).
        """
        moves = [self._expected_move(second, len(spot), name) for name in range(spot.shape[1])]
        share = np.stack(moves, axis=1) * self.leverage(spot) / self._process.gear
        return 8.0 * _inverse_erf(share) ** 2

    def ahead(self, name: int, sessions: int, *, night: bool = False) -> float:
        """Total variance of the sessions after today's close, for spot at its opening price.

        Args:
            name: Index of the name.
            sessions: Number of whole sessions.
            night: Whether to include the night after them.
        """
        usual, now = self._usual_by_name[name], self._process.session_variance[name]
        later = np.exp(-np.arange(1, sessions + 2) / REVERSION)
        by_session = usual + (now - usual) * later
        whole = (1.0 + OVERNIGHT) * by_session[:-1].sum()
        return float(whole + night * OVERNIGHT * by_session[-1])

    def usual(self, name: int, sessions: float) -> float:
        """Total variance of sessions with their nights, at a name's usual volatility.

        Args:
            name: Index of the name.
            sessions: Their number.
        """
        return float((1.0 + OVERNIGHT) * sessions * self._usual_by_name[name])

    def _expected_move(self, second: int, length: int, name: int) -> F64:
        """E|Y_T - Y| / (2 Y) at each of `length` seconds from `second` on."""
        now = slice(second, second + length)
        variance, probability = self._diffusion_left[now, name, None], np.ones((length, 1))
        for factor, size in enumerate(self._jump_variance[name]):
            if size > 0.0:
                extra = np.arange(_JUMP_TERMS) * size
                variance = (variance[:, :, None] + extra).reshape(length, -1)
                jump_probability = _poisson(self._jumps_left[now, factor])
                probability = (probability[:, :, None] * jump_probability[:, None, :]).reshape(
                    length, -1
                )
        move: F64 = (probability * _erf(self._process.gear[name] * np.sqrt(variance / 8.0))).sum(
            axis=1
        )
        return move


def _remaining(by_second: F64, last: float) -> F64:
    """The sum remaining at the start of each second, and `last` of the last second at the end."""
    remaining = np.cumsum(by_second[::-1], axis=0)[::-1]
    return np.concatenate([remaining, last * by_second[-1:]])


def _usual_variance(name: Name) -> float:
    """A session's variance of X with every parameter at the middle of its range."""
    low, high = MARKET_VOLATILITY
    common = low * high * (name.beta**2 + (name.growth * GROWTH_VOLATILITY) ** 2)
    own = 0.5 * sum(name.own)
    return (common + own**2 + name.tracking**2) / SESSIONS_PER_YEAR


def _poisson(mean: F64) -> F64:
    """Probabilities of 0, 1, ... jumps, shape (s, terms); the last term includes the tail."""
    terms = np.concatenate(
        [np.exp(-mean)[:, None], mean[:, None] / np.arange(1, _JUMP_TERMS)], axis=1
    )
    probability: F64 = np.cumprod(terms, axis=1)
    probability[:, -1] += 1.0 - probability.sum(axis=1)
    return probability


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
