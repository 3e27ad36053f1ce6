"""The price process of a session: the variance of each of its factors in each second.

A name's price is S = A - Y: A is fixed, Y a lognormal martingale with jumps of mean one (displaced
diffusion: Rubinstein, "Displaced diffusion option pricing", Journal of Finance 38, 1983; here
reflected). With c = S / Y at the open,

    dY / Y = -c dX,    so that    dS / S = (c Y / S) dX,

and the volatility of S, equal to that of X at the open, rises by 1 + c percent when S falls by one
percent: the name's `leverage`. X is the sum of loadings times independent factors: the market,
growth, each core's own factor and each name's tracking difference. Given the number of jumps, Y is
lognormal.
"""

from collections.abc import Sequence

import numpy as np

from zerodte.arrays import F64, Index
from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.names import Name, SimulationError
from zerodte.feeds.simulator.prices import MARKET, News, PriceDraw, loadings_of
from zerodte.feeds.simulator.world_parameters import NEWS_MINUTES
from zerodte.market.calendar import TradingSession
from zerodte.pricing.clock import remaining_variance_share


class PriceProcess:
    """The variance of f factors, and of the names that load on them, over n seconds.

    Attributes:
        draw: The parameters that the seed determines.
        opening: Opening prices, dollars, shape (names,).
        gear: The c of the module docstring, shape (names,).
        ceiling: A, dollars, shape (names,).
        factors: The factors' names.
        loadings: Shape (names, f).
        core: Index of each name's core, shape (names,).
        diffusion: Variance of each factor in each second without jumps, shape (n, f).
        jump_rate: Expected jumps of each factor in each second, shape (n, f).
        jump_variance: Variance of one jump of each factor, shape (f,).
        session_variance: Variance of each name's X in a session without news, shape (names,).

    Raises:
        SimulationError: If the news is outside the session.
    """

    def __init__(self, session: TradingSession, names: Sequence[Name], draw: PriceDraw) -> None:
        self.draw = draw
        self.opening = np.array([draw.opening[name.symbol] for name in names])
        self.gear = np.array([name.leverage - 1.0 for name in names])
        self.ceiling: F64 = self.opening * (1.0 + 1.0 / self.gear)
        self.factors = tuple(draw.factors)
        self.loadings = np.array([_loadings(name, self.factors) for name in names])
        cores = list(dict.fromkeys(name.core for name in names))
        self.core: Index = np.array([cores.index(name.core) for name in names], np.intp)
        factor_draws = [draw.factors[key] for key in self.factors]
        variance = np.array([factor.variance for factor in factor_draws])
        calm = variance * (1.0 - np.array([factor.jump_share for factor in factor_draws]))
        share = _share_by_second(session)[:, None]
        self.diffusion: F64 = share * calm
        self.jump_rate: F64 = share * np.array([factor.jumps for factor in factor_draws])
        self.jump_variance = np.array([factor.jump_variance for factor in factor_draws])
        self.session_variance: F64 = sum_over_factors(variance, self.loadings**2)
        if draw.news is not None:
            market = self.factors.index(MARKET)
            self.diffusion[:, market] += variance[market] * _news_by_second(draw.news, session)


def sum_over_factors(by_factor: F64, loadings: F64) -> F64:
    """Map values of factors, shape (..., f), to names by their loadings, shape (..., names).

    Summed in the order of factors, so that factors of other names do not affect rounding.
    """
    total = np.zeros((*by_factor.shape[:-1], len(loadings)))
    for factor in range(loadings.shape[1]):
        # Most factors are those of one name.
        own = np.flatnonzero(loadings[:, factor])
        total[..., own] += by_factor[..., factor, None] * loadings[own, factor]
    return total


def _loadings(name: Name, factors: Sequence[str]) -> list[float]:
    loadings = loadings_of(name)
    return [loadings.get(factor, 0.0) for factor in factors]


def _share_by_second(session: TradingSession) -> F64:
    """The share of a session's variance in each second by the profile, shape (seconds,)."""
    minutes = np.arange(int(session.minutes) + 1)
    left = [remaining_variance_share(float(minute), session.minutes) for minute in minutes]
    seconds = np.arange(60 * minutes[-1] + 1)
    return -np.diff(np.interp(seconds, 60 * minutes, left))


def _news_by_second(news: News, session: TradingSession) -> F64:
    """The variance of news in each second, as a share of a session's variance, shape (seconds,)."""
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
    extra = np.zeros(length)
    after = extra[first : first + len(fading)]
    after += news.after * (fading / fading.sum())[: len(after)]
    extra[first] += news.jump
    return extra
