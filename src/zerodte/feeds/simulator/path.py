"""Prices of underlyings, second by second: correlated martingales, unless dealers' hedging counts.

Hedging moves prices linearly, after Avellaneda and Lipkin, "A market-induced mechanism for stock
pinning", Quantitative Finance 3, 2003: dealers who are long options sell as the price moves away
from their strikes and buy as it comes back, and as time passes; who are short do the opposite.
"""

from collections.abc import Sequence

import numpy as np

from zerodte.arrays import F64
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.path_kernel import DealerBook, HedgingImpact, hedged_into
from zerodte.feeds.simulator.price_process import PriceProcess, carried
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.world_parameters import HEDGE_LIMIT, IMPACT, LEAST_RESISTANCE
from zerodte.market.calendar import TradingSession


class Path:
    """The spots of a session; how many seconds are taken at a time changes nothing but rounding.

    Args:
        session: The trading session.
        names: The underlyings, as in the law.
        law: Of their prices.
        seed: What the factors are drawn from, each from streams of its own.
        impact: How strongly hedging moves prices.

    Attributes:
        second: Of the session, the next one.
    """

    def __init__(
        self,
        session: TradingSession,
        names: Sequence[Name],
        law: PriceProcess,
        seed: int,
        impact: float = 0.0,
    ) -> None:
        self._law = law
        date = session.date
        self._moves = [generator(seed, date, "moves", key) for key in law.factors]
        self._jumps = [generator(seed, date, "jumps", key) for key in law.factors]
        self._distance = law.ceiling - law.opening
        self._ceiling = law.ceiling
        cores = law.core.max() + 1
        turnover, deviation = np.empty(cores), np.empty(cores)
        turnover[law.core] = [name.turnover for name in names]
        deviation[law.core] = np.sqrt(law.session_variance)
        self._hedging = HedgingImpact(
            push=impact * IMPACT * deviation / turnover,
            limit=HEDGE_LIMIT * turnover / len(law.diffusion),
            least=LEAST_RESISTANCE,
        )
        self.second = 0

    @property
    def spot(self) -> F64:
        """Prices now, dollars, shape (names,)."""
        spot: F64 = self._ceiling - self._distance
        return spot

    def advance(self, seconds: int, book: DealerBook | None = None) -> F64:
        """Prices at the end of each of the next seconds, dollars, shape (seconds, names).

        Args:
            seconds: How many.
            book: What dealers hedge meanwhile; None moves nothing.
        """
        growth = self._growth(seconds)
        self.second += seconds
        if book is None:
            distance = self._distance * np.exp(np.cumsum(growth, axis=0))
            self._distance = distance[-1].copy()
            spots: F64 = self._ceiling - distance
            return spots
        spots = np.empty_like(growth)
        core, hedging = self._law.core, self._hedging
        hedged_into(growth, self._ceiling, self._distance, core, book, hedging, spots)
        return spots

    def _growth(self, seconds: int) -> F64:
        """Of log Y in each second, shape (seconds, names)."""
        law, now = self._law, slice(self.second, self.second + seconds)
        draws = np.stack([rng.standard_normal((seconds, 2)) for rng in self._moves], axis=1)
        chances = np.stack([rng.random(seconds) for rng in self._jumps], axis=1)
        variance = law.diffusion[now]
        jumps = (chances < law.jump_rate[now]) * law.jump_variance
        moves = np.sqrt(variance) * draws[:, :, 0] + np.sqrt(jumps) * draws[:, :, 1]
        growth: F64 = -law.gear * carried(moves, law.loads)
        growth -= 0.5 * law.gear**2 * carried(variance + jumps, law.loads**2)
        return growth
