"""What a seed draws of a day's prices: plain values, kept with a tape's truth."""

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

#: The factors that names share; what a core or a name has for itself is called by its symbol.
MARKET = "market"
GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class Factor:
    """One source of the names' returns.

    Attributes:
        volatility: Annual, of sessions alone.
        jumps: Expected in a session.
        jump_share: Of its variance that jumps make.
    """

    volatility: float
    jumps: float = 0.0
    jump_share: float = 0.0

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
    """Scheduled news, in the market.

    Attributes:
        minute: Of the session; its first second brings the jump.
        jump: The jump's variance, as a share of the market's session variance.
        after: The variance of the minutes after it, likewise.
    """

    minute: int
    jump: float
    after: float


@dataclass(frozen=True, slots=True)
class PriceDraw:
    """A day's prices.

    Attributes:
        opening: Price by symbol, dollars.
        gap: The night's move by core, in its standard deviations.
        factors: By name.
        curvature: Of all smiles.
        skew: Of smiles, by core.
        news: Where some is scheduled.
    """

    opening: dict[str, float]
    gap: dict[str, float]
    factors: dict[str, Factor]
    curvature: float
    skew: dict[str, float]
    news: News | None


def own_factor(core: str) -> str:
    """What a core has for itself."""
    return f"{core} own"


def tracking_factor(symbol: str) -> str:
    """What a name has beside its core."""
    return f"{symbol} tracking"


def draw_prices(
    date: datetime.date, names: Sequence[Name], seed: int, news: int | None = None
) -> PriceDraw:
    """Draw a day's prices; what concerns a core does not depend on the other names.

    Args:
        date: The session's.
        names: The underlyings.
        seed: Not negative.
        news: Minute of the session at which scheduled news comes.
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
        own = generator(seed, date, "prices", name.core)
        shift = OPENING_LEVEL[0] * name.beta * level + OPENING_LEVEL[1] * own.normal()
        opening[name.symbol] = round(name.price * math.exp(shift), 2)
        gap[name.core] = 0.8 * night + 0.6 * own.normal() if name.own[1] else night
        skew[name.core] = name.skew + own.uniform(-SKEW_REACH, SKEW_REACH)
        factors[own_factor(name.core)] = _own(name, own)
        factors[tracking_factor(name.symbol)] = Factor(name.tracking)
    moving = {key: factor for key, factor in factors.items() if factor.volatility > 0.0}
    scheduled = None if news is None else News(news, jump, after)
    return PriceDraw(opening, gap, moving, curvature, skew, scheduled)


def _own(name: Name, rng: np.random.Generator) -> Factor:
    volatility = rng.uniform(*name.own)
    if name.kind != "stock":
        return Factor(volatility)
    return Factor(volatility, rng.uniform(*JUMPS), rng.uniform(*JUMP_SHARE))
