"""Prices of underlyings, second by second: correlated martingales, plus the impact of hedging.

The impact of hedging is linear, after Avellaneda and Lipkin, "A market-induced mechanism for stock
pinning", Quantitative Finance 3, 2003. Dealers who are long options sell as the price moves away
from their strikes, and buy as it returns and as time passes. Dealers who are short do the opposite.
"""

from collections.abc import Sequence

import numpy as np

from zerodte.arrays import F64
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.path_kernel import DealerBook, HedgingImpact, hedged_into
from zerodte.feeds.simulator.price_process import PriceProcess, sum_over_factors
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.world_parameters import HEDGE_LIMIT, IMPACT, LEAST_RESISTANCE
from zerodte.market.calendar import TradingSession


class PricePath:
    """The spot prices of a session. The step size of `advance` only affects rounding.

    Args:
        session: The trading session.
        names: The underlyings of the process.
        process: Their price process.
        seed: Seed of the factors, each of which has its own random streams.
        impact: Strength of the price impact of hedging.

    Attributes:
        second: The next second of the session.
    """

    def __init__(
        self,
        session: TradingSession,
        names: Sequence[Name],
        process: PriceProcess,
        seed: int,
        impact: float = 0.0,
    ) -> None:
        self._process = process
        date = session.date
        self._moves = [generator(seed, date, "moves", key) for key in process.factors]
        self._jumps = [generator(seed, date, "jumps", key) for key in process.factors]
        self._distance = process.ceiling - process.opening
        self._ceiling = process.ceiling
        cores = process.core.max() + 1
        turnover, deviation = np.empty(cores), np.empty(cores)
        turnover[process.core] = [name.turnover for name in names]
        deviation[process.core] = np.sqrt(process.session_variance)
        self._hedging = HedgingImpact(
            push=impact * IMPACT * deviation / turnover,
            limit=HEDGE_LIMIT * turnover / len(process.diffusion),
            least=LEAST_RESISTANCE,
        )
        self.second = 0

    @property
    def spot(self) -> F64:
        """Current prices, dollars, shape (names,)."""
        spot: F64 = self._ceiling - self._distance
        return spot

    def advance(self, seconds: int, book: DealerBook | None = None) -> F64:
        """Prices at the end of each of the next seconds, dollars, shape (seconds, names).

        Args:
            seconds: Number of seconds.
            book: The book that dealers hedge meanwhile; None for no impact.
        """
        growth = self._growth(seconds)
        self.second += seconds
        if book is None:
            distance = self._distance * np.exp(np.cumsum(growth, axis=0))
            self._distance = distance[-1].copy()
            spots: F64 = self._ceiling - distance
            return spots
        spots = np.empty_like(growth)
        core, hedging = self._process.core, self._hedging
        hedged_into(growth, self._ceiling, self._distance, core, book, hedging, spots)
        return spots

    def _growth(self, seconds: int) -> F64:
        """Growth of log Y in each second, shape (seconds, names)."""
        process, now = self._process, slice(self.second, self.second + seconds)
        normals = np.stack([rng.standard_normal((seconds, 2)) for rng in self._moves], axis=1)
        uniforms = np.stack([rng.random(seconds) for rng in self._jumps], axis=1)
        variance = process.diffusion[now]
        jumps = (uniforms < process.jump_rate[now]) * process.jump_variance
        moves = np.sqrt(variance) * normals[:, :, 0] + np.sqrt(jumps) * normals[:, :, 1]
        growth: F64 = -process.gear * sum_over_factors(moves, process.loadings)
        growth -= 0.5 * process.gear**2 * sum_over_factors(variance + jumps, process.loadings**2)
        return growth
