"""What a seed drew of prices, and the variance that it puts into each second of the session.

A name's price is S = A - Y: A is fixed, Y a lognormal martingale with jumps of mean one (displaced
diffusion: Rubinstein, "Displaced diffusion option pricing", Journal of Finance 38, 1983; here
reflected). With c = S / Y at the open,

    dY / Y = -c dX,    so that    dS / S = (c Y / S) dX,

and the volatility of S, that of X at the open, rises by 1 + c percent as S falls by one: that is
the name's `leverage`. X is the loads times independent factors: the market, growth, what a core
has for itself, what a name has beside its core. Given how many jumps there were, Y is lognormal.
"""

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zerodte.config import SESSIONS_PER_YEAR
from zerodte.feeds.simulator.names import Name, SimulationError
from zerodte.feeds.simulator.parts import Floats, Places
from zerodte.feeds.simulator.chance import generator
from zerodte.feeds.simulator.world_parameters import (
    CURVATURE,
    GROWTH_VOLATILITY,
    JUMP_SHARE,
    JUMPS,
    MARKET_VOLATILITY,
    NEWS_JUMP,
    NEWS_MINUTES,
    NEWS_VARIANCE,
    OPENING_LEVEL,
    SKEW_REACH,
)
from zerodte.market.calendar import TradingSession
from zerodte.pricing.clock import remaining_variance_share

_MARKET = "market"
_GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class FactorLaw:
    """One factor.

    Attributes:
        volatility: Annual, of sessions alone.
        jumps: Expected in a session.
        jump_share: Of its variance that jumps make.
    """

    volatility: float
    jumps: float
    jump_share: float

    @property
    def variance(self) -> float:
        """Of a session, jumps included."""
        return self.volatility**2 / SESSIONS_PER_YEAR

    @property
    def jump_variance(self) -> float:
        """Of one jump; 0 where there are none."""
        return self.variance * self.jump_share / self.jumps if self.jumps else 0.0


@dataclass(frozen=True, slots=True)
class News:
    """Scheduled news, in the market factor.

    Attributes:
        minute: Of the session; its first second brings the jump.
        jump: The jump's variance, as a share of the market's session variance.
        after: The variance of the minutes after it, likewise.
    """

    minute: int
    jump: float
    after: float


@dataclass(frozen=True, slots=True)
class Prices:
    """What the seed drew of a day's prices; plain values, kept with a tape's truth.

    Attributes:
        opening: Price by symbol, dollars.
        factors: By name; those of cores and names are called by their symbols.
        curvature: Of all smiles.
        skew: Of smiles, by core.
        news: Where some is scheduled.
    """

    opening: dict[str, float]
    factors: dict[str, FactorLaw]
    curvature: float
    skew: dict[str, float]
    news: News | None


def draw_prices(
    date: datetime.date, names: Sequence[Name], seed: int, news: int | None = None
) -> Prices:
    """Draw a day's law of prices; what concerns a core does not depend on the other names."""
    rng = generator(seed, date, _MARKET, "law")
    low, high = np.log(MARKET_VOLATILITY)
    market = FactorLaw(
        math.exp(rng.uniform(low, high)), rng.uniform(*JUMPS), rng.uniform(*JUMP_SHARE)
    )
    level = rng.normal(0.0, OPENING_LEVEL[0])
    curvature = rng.uniform(*CURVATURE)
    scheduled = None
    after_jump, after = rng.uniform(*NEWS_JUMP), rng.uniform(*NEWS_VARIANCE)
    if news is not None:
        scheduled = News(news, after_jump, after)
    factors = {
        _MARKET: market,
        _GROWTH: FactorLaw(GROWTH_VOLATILITY * market.volatility, 0.0, 0.0),
    }
    opening: dict[str, float] = {}
    skew: dict[str, float] = {}
    for name in names:
        own = generator(seed, date, name.core, "law")
        volatility, jumps = own.uniform(*name.own), own.uniform(*JUMPS)
        has_jumps = name.kind == "stock"
        share = own.uniform(*JUMP_SHARE)
        shift = name.beta * level + own.normal(0.0, OPENING_LEVEL[1])
        factors[f"{name.core} own"] = FactorLaw(
            volatility, jumps if has_jumps else 0.0, share if has_jumps else 0.0
        )
        factors[f"{name.symbol} tracking"] = FactorLaw(name.tracking, 0.0, 0.0)
        opening[name.symbol] = round(name.price * math.exp(shift), 2)
        skew[name.core] = name.skew + own.uniform(-SKEW_REACH, SKEW_REACH)
    alive = {key: factor for key, factor in factors.items() if factor.volatility > 0.0}
    return Prices(opening, alive, curvature, skew, scheduled)


class Law:
    """The variance that drawn prices put into each second of a session of n seconds, f factors.

    Attributes:
        opening: Dollars, shape (names,).
        gear: c of the module's text, shape (names,).
        loads: Shape (names, f).
        core: Place of each name's core among the cores, shape (names,).
        diffusion: Variance of each factor in each second but for its jumps, shape (n, f).
        jump_rate: Expected jumps of each factor in each second, shape (n, f).
        jump_variance: Of one jump of each factor, shape (f,).
        diffusion_left: Variance still to come but for jumps, of each name's X, shape (n + 1, names).
        session_left: Share of a usual session's variance still to come, shape (n + 1,).

    Raises:
        SimulationError: If the news is not in the session.
    """

    def __init__(self, session: TradingSession, names: Sequence[Name], drawn: Prices) -> None:
        self.drawn = drawn
        self.factors = tuple(drawn.factors)
        self.opening = np.array([drawn.opening[name.symbol] for name in names])
        self.gear = np.array([name.leverage - 1.0 for name in names])
        self.loads = np.array([[_load(name, key) for key in self.factors] for name in names])
        cores = list(dict.fromkeys(name.core for name in names))
        self.core: Places = np.array([cores.index(name.core) for name in names], np.intp)
        self.session_left = _session_left(session)
        share = -np.diff(self.session_left)
        laws = [drawn.factors[key] for key in self.factors]
        calm = np.array([law.variance * (1.0 - law.jump_share) for law in laws])
        self.diffusion = share[:, None] * calm
        self.jump_rate = share[:, None] * np.array([law.jumps for law in laws])
        self.jump_variance = np.array([law.jump_variance for law in laws])
        if drawn.news is not None:
            self._schedule(drawn.news, laws[self.factors.index(_MARKET)].variance)
        per_name: Floats = self.diffusion @ (self.loads**2).T
        left = np.cumsum(per_name[::-1], axis=0)[::-1]
        self.diffusion_left = np.concatenate([left, np.zeros((1, len(names)))])

    @property
    def seconds(self) -> int:
        """Of the session."""
        return len(self.diffusion)

    def _schedule(self, news: News, variance: float) -> None:
        """Add what the surface knows of the news to the market's variance."""
        first = news.minute * 60
        if not 0 <= first < self.seconds:
            raise SimulationError(
                f"news at minute {news.minute} is outside the session's {self.seconds // 60}"
            )
        market = self.diffusion[:, self.factors.index(_MARKET)]
        market[first] += news.jump * variance
        after = market[first : first + NEWS_MINUTES * 60]
        fading = np.linspace(1.0, 0.0, NEWS_MINUTES * 60, endpoint=False)
        after += (news.after * variance / fading.sum()) * fading[: len(after)]


def _load(name: Name, factor: str) -> float:
    own = {_MARKET: name.beta, _GROWTH: name.growth}
    return own.get(factor, float(factor in {f"{name.core} own", f"{name.symbol} tracking"}))


def _session_left(session: TradingSession) -> Floats:
    minutes = int(session.minutes)
    by_minute = [remaining_variance_share(float(m), session.minutes) for m in range(minutes + 1)]
    return np.interp(np.arange(minutes * 60 + 1) / 60.0, np.arange(minutes + 1), by_minute)
