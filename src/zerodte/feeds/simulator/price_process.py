"""The law of a session's prices: the variance that each second puts into each of its factors.

A name's price is S = A - Y: A is fixed, Y a lognormal martingale with jumps of mean one (displaced
diffusion: Rubinstein, "Displaced diffusion option pricing", Journal of Finance 38, 1983; here
reflected). With c = S / Y at the open,

    dY / Y = -c dX,    so that    dS / S = (c Y / S) dX,

and the volatility of S, that of X at the open, rises by 1 + c percent as S falls by one: that is
the name's `leverage`. X is the loads times independent factors: the market, growth, what a core
has for itself, what a name has beside its core. Given how many jumps there were, Y is lognormal.
"""

from collections.abc import Sequence

import numpy as np

from zerodte.arrays import F64, Index
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.names import Name, SimulationError
from zerodte.feeds.simulator.prices import (
    GROWTH,
    MARKET,
    News,
    PriceDraw,
    own_factor,
    tracking_factor,
)
from zerodte.feeds.simulator.world_parameters import NEWS_MINUTES
from zerodte.market.calendar import TradingSession, new_york_clock
from zerodte.pricing.clock import remaining_variance_share


class PriceProcess:
    """The variance of a session of n seconds: of f factors, and of the names that load on them.

    Attributes:
        drawn: What the seed drew.
        opening: Dollars, shape (names,).
        gear: c of the module's text, shape (names,).
        ceiling: A, dollars, shape (names,).
        factors: Their names.
        loads: Shape (names, f).
        core: Place of each name's core among the cores, shape (names,).
        diffusion: Variance of each factor in each second but for its jumps, shape (n, f).
        jump_rate: Expected jumps of each factor in each second, shape (n, f).
        jump_variance: Of one jump of each factor, shape (f,).
        session_variance: Of each name's X in a session without news, shape (names,).

    Raises:
        SimulationError: If the news is not in the session.
    """

    def __init__(self, session: TradingSession, names: Sequence[Name], drawn: PriceDraw) -> None:
        self.drawn = drawn
        self.opening = np.array([drawn.opening[name.symbol] for name in names])
        self.gear = np.array([name.leverage - 1.0 for name in names])
        self.ceiling: F64 = self.opening * (1.0 + 1.0 / self.gear)
        self.factors = tuple(drawn.factors)
        self.loads = np.array([_loads(name, self.factors) for name in names])
        cores = list(dict.fromkeys(name.core for name in names))
        self.core: Index = np.array([cores.index(name.core) for name in names], np.intp)
        laws = [drawn.factors[key] for key in self.factors]
        variance = np.array([law.variance for law in laws])
        calm = variance * (1.0 - np.array([law.jump_share for law in laws]))
        share = _share_by_second(session)[:, None]
        self.diffusion: F64 = share * calm
        self.jump_rate: F64 = share * np.array([law.jumps for law in laws])
        self.jump_variance = np.array([law.jump_variance for law in laws])
        self.session_variance: F64 = carried(variance, self.loads**2)
        if drawn.news is not None:
            market = self.factors.index(MARKET)
            self.diffusion[:, market] += variance[market] * _news_by_second(drawn.news, session)


def carried(by_factor: F64, loads: F64) -> F64:
    """What factors' figures, shape (..., f), come to in names with `loads`, shape (..., names).

    They are added in the factors' order, so that those of other names change no last digit.
    """
    total = np.zeros((*by_factor.shape[:-1], len(loads)))
    for factor in range(loads.shape[1]):
        total += by_factor[..., factor, None] * loads[:, factor]
    return total


def _loads(name: Name, factors: Sequence[str]) -> list[float]:
    loads = {
        MARKET: name.beta,
        GROWTH: name.growth,
        own_factor(name.core): 1.0,
        tracking_factor(name.symbol): 1.0,
    }
    return [loads.get(factor, 0.0) for factor in factors]


def _share_by_second(session: TradingSession) -> F64:
    """Of a session's variance, by the profile, shape (seconds,)."""
    minutes = np.arange(int(session.minutes) + 1)
    left = [remaining_variance_share(float(minute), session.minutes) for minute in minutes]
    seconds = np.arange(60 * minutes[-1] + 1)
    return -np.diff(np.interp(seconds, 60 * minutes, left))


def _news_by_second(news: News, session: TradingSession) -> F64:
    """What news adds, as a share of a session's variance, shape (seconds,)."""
    first, length = 60 * news.minute, 60 * int(session.minutes)
    if not 0 <= first < length:
        at, opens, closes = (
            f"{new_york_clock(instant):%H:%M}"
            for instant in (session.open + news.minute * MINUTE, session.open, session.close)
        )
        raise SimulationError(
            f"news at {at}: the session of {session.date} is from {opens} to {closes} New York"
        )
    fading = np.linspace(1.0, 0.0, 60 * NEWS_MINUTES, endpoint=False)
    added = np.zeros(length)
    after = added[first : first + len(fading)]
    after += news.after * (fading / fading.sum())[: len(after)]
    added[first] += news.jump
    return added
