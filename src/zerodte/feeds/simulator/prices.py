"""The parameters of a day's prices that a seed draws, stored with the tape's truth."""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zerodte.constants import SESSIONS_PER_YEAR
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.world_parameters import (
    CURVATURE,
    GROWTH_VOLATILITY,
    JUMP_SHARE,
    JUMPS,
    MARKET_VOLATILITY,
    NEWS_JUMP,
    NEWS_VARIANCE,
    OPENING_LEVEL,
    OVERNIGHT,
    REVERSION,
    SKEW_REACH,
)

#: The factors that names share. The factors of one core or name are named after its symbol.
MARKET = "market"
GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class Factor:
    """One source of the names' returns.

    Attributes:
        volatility: Annual volatility during sessions.
        jumps: Expected number per session.
        jump_share: Share of its variance that is due to jumps.
    """

    volatility: float
    jumps: float = 0.0
    jump_share: float = 0.0

    @property
    def variance(self) -> float:
        """Variance of a session, including jumps."""
        return self.volatility**2 / SESSIONS_PER_YEAR

    @property
    def jump_variance(self) -> float:
        """Variance of one jump; 0 without jumps."""
        return self.variance * self.jump_share / self.jumps if self.jumps else 0.0


@dataclass(frozen=True, slots=True)
class News:
    """Scheduled news that moves the market.

    Attributes:
        minute: Minute of the session; the jump comes in its first second.
        jump: Variance of the jump as a share of the market's session variance.
        after: Extra variance of the following minutes, in the same unit.
    """

    minute: int
    jump: float
    after: float


@dataclass(frozen=True, slots=True)
class PriceDraw:
    """The parameters of a day's prices.

    Attributes:
        last: Close of the session before by symbol, dollars.
        opening: Opening price by symbol, dollars.
        gap: Overnight move by core, in standard deviations.
        factors: Factors by name.
        curvature: Curvature of all smiles.
        skew: Skew of smiles, by core.
        news: Scheduled news, if any.
    """

    last: dict[str, float]
    opening: dict[str, float]
    gap: dict[str, float]
    factors: dict[str, Factor]
    curvature: float
    skew: dict[str, float]
    news: News | None


def own_factor(core: str) -> str:
    """The name of a core's own factor."""
    return f"{core} own"


def tracking_factor(symbol: str) -> str:
    """The name of the factor for a name's difference from its core."""
    return f"{symbol} tracking"


def draw_prices(
    date: datetime.date, names: Sequence[Name], seed: int, news: int | None = None
) -> PriceDraw:
    """Draw the parameters of a day's prices. Those of one core do not depend on other names.

    Args:
        date: Date of the session.
        names: The underlyings.
        seed: Not negative.
        news: Minute of the session with scheduled news.
    """
    rng = generator(seed, date, "prices", MARKET)
    volatility = math.exp(rng.uniform(*np.log(MARKET_VOLATILITY)))
    factors = {
        MARKET: Factor(volatility, rng.uniform(*JUMPS), rng.uniform(*JUMP_SHARE)),
        GROWTH: Factor(GROWTH_VOLATILITY * volatility),
    }
    level, night, curvature = rng.normal(), rng.normal(), rng.uniform(*CURVATURE)
    jump, after = rng.uniform(*NEWS_JUMP), rng.uniform(*NEWS_VARIANCE)
    opening, gap, skew = {}, {}, {}
    for name in names:
        core_rng = generator(seed, date, "prices", name.core)
        shift = OPENING_LEVEL[0] * name.beta * level + OPENING_LEVEL[1] * core_rng.normal()
        opening[name.symbol] = round(name.price * math.exp(shift), 2)
        gap[name.core] = 0.8 * night + 0.6 * core_rng.normal() if name.own[1] else night
        skew[name.core] = name.skew + core_rng.uniform(-SKEW_REACH, SKEW_REACH)
        factors[own_factor(name.core)] = _own_factor(name, core_rng)
        factors[tracking_factor(name.symbol)] = Factor(name.tracking)
    active = {key: factor for key, factor in factors.items() if factor.volatility > 0.0}
    last = {
        name.symbol: opening[name.symbol] * math.exp(-gap[name.core] * _night(name, active))
        for name in names
    }
    scheduled_news = None if news is None else News(news, jump, after)
    return PriceDraw(last, opening, gap, active, curvature, skew, scheduled_news)


def follow_prices(
    drawn: PriceDraw,
    date: datetime.date,
    names: Sequence[Name],
    seed: int,
    before: PriceDraw,
    close: Mapping[str, float],
) -> PriceDraw:
    """The parameters of a day's prices after the session before.

    Prices open at the last close and the day's overnight move. Volatilities walk within their
    ranges, so that deviations decay as `REVERSION` says. Smiles stay.

    Args:
        drawn: The day's own draw.
        date: Date of the session.
        names: The underlyings.
        seed: Not negative.
        before: The parameters of the session before.
        close: Its last prices by symbol, dollars.
    """
    market = before.factors[MARKET].volatility
    walked = {MARKET: _walk(generator(seed, date, "walk", MARKET), market, MARKET_VOLATILITY)}
    walked[GROWTH] = GROWTH_VOLATILITY * walked[MARKET]
    for name in names:
        key = own_factor(name.core)
        if key in drawn.factors:
            rng = generator(seed, date, "walk", name.core)
            walked[key] = _walk(rng, before.factors[key].volatility, name.own)
    factors = {
        key: replace(factor, volatility=walked.get(key, factor.volatility))
        for key, factor in drawn.factors.items()
    }
    opening = {}
    for name in names:
        move = drawn.gap[name.core] * _night(name, factors)
        opening[name.symbol] = round(close[name.symbol] * math.exp(move), 2)
    last = {name.symbol: close[name.symbol] for name in names}
    return replace(
        drawn,
        last=last,
        opening=opening,
        factors=factors,
        curvature=before.curvature,
        skew=before.skew,
    )


def session_variance(name: Name, factors: Mapping[str, Factor]) -> float:
    """Variance of a name's log price in a session without news."""
    loadings = loadings_of(name)
    return sum(factor.variance * loadings.get(key, 0.0) ** 2 for key, factor in factors.items())


def loadings_of(name: Name) -> dict[str, float]:
    """The loadings of a name's returns on the factors; 0 on others."""
    return {
        MARKET: name.beta,
        GROWTH: name.growth,
        own_factor(name.core): 1.0,
        tracking_factor(name.symbol): 1.0,
    }


def _night(name: Name, factors: Mapping[str, Factor]) -> float:
    """Standard deviation of a name's overnight move."""
    return math.sqrt(OVERNIGHT * session_variance(name, factors))


def _walk(rng: np.random.Generator, volatility: float, bounds: tuple[float, float]) -> float:
    """A day's volatility after the one before: a walk in its logarithm, reflected at its bounds.

    On a range of length 1, reflected steps of variance v forget by a factor exp(-pi^2 v / 2).
    """
    low, high = np.log(bounds)
    step = math.sqrt(2.0 / REVERSION) / math.pi
    place = (math.log(volatility) - low) / (high - low) + step * rng.normal()
    place = abs(place) % 2.0
    return math.exp(low + (high - low) * min(place, 2.0 - place))


def _own_factor(name: Name, rng: np.random.Generator) -> Factor:
    volatility = rng.uniform(*name.own)
    if name.kind != "stock":
        return Factor(volatility)
    return Factor(volatility, rng.uniform(*JUMPS), rng.uniform(*JUMP_SHARE))
