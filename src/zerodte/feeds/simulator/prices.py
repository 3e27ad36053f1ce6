"""The parameters of a day's prices that a seed draws, stored with the tape's truth."""

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

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
        opening: Opening price by symbol, dollars.
        gap: Overnight move by core, in standard deviations.
        factors: Factors by name.
        curvature: Curvature of all smiles.
        skew: Skew of smiles, by core.
        news: Scheduled news, if any.
    """

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
    scheduled_news = None if news is None else News(news, jump, after)
    return PriceDraw(opening, gap, active, curvature, skew, scheduled_news)


def _own_factor(name: Name, rng: np.random.Generator) -> Factor:
    volatility = rng.uniform(*name.own)
    if name.kind != "stock":
        return Factor(volatility)
    return Factor(volatility, rng.uniform(*JUMPS), rng.uniform(*JUMP_SHARE))
