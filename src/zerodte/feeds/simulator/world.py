"""The market that customers and dealers find: underlyings and fair values, block by block."""

import math
from typing import Final

import numpy as np

from zerodte.arrays import I64
from zerodte.constants import SECOND, SESSIONS_PER_YEAR
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, ContractList, Minute
from zerodte.feeds.simulator.listing import draw_listing
from zerodte.feeds.simulator.names import NAMES, Name, SimulationError
from zerodte.feeds.simulator.path import Path
from zerodte.feeds.simulator.price_process import PriceProcess
from zerodte.feeds.simulator.prices import PriceDraw, draw_prices
from zerodte.feeds.simulator.surface import SmileProcess, variance_swap
from zerodte.feeds.simulator.variance import Variance
from zerodte.feeds.simulator.world_parameters import MONTH, MOST_IMPACT
from zerodte.market.calendar import TradingSession

_INDEX: Final = NAMES["SPX"]


def check_impact(impact: float) -> None:
    """Refuse a strength of hedging that cannot be simulated.

    Raises:
        SimulationError: If it is not from 0 to `MOST_IMPACT`.
    """
    if not 0.0 <= impact <= MOST_IMPACT:
        raise SimulationError(f"impact is {impact:g}; it must be from 0 to {MOST_IMPACT:g}")


class World:
    """A session's underlyings and what their options are worth.

    Args:
        session: The trading session.
        names: The underlyings, each once.
        seed: Not negative. The same seed, date and names give the same market; but for impact, a
            name's is the same whichever stand beside it.
        impact: How strongly dealers' hedging moves prices, to `MOST_IMPACT`; 0: not at all.
        news: Minute of the session at which scheduled news comes.

    Attributes:
        listing: The day's contracts.
        drawn: What the seed drew of prices.

    Raises:
        SimulationError: If impact is not in its range, or the news is not in the session.
    """

    def __init__(
        self,
        session: TradingSession,
        names: tuple[Name, ...],
        seed: int,
        impact: float = 0.0,
        news: int | None = None,
    ) -> None:
        check_impact(impact)
        # The volatility index is the index's, whether that is listed or not.
        moving = names if _INDEX in names else (*names, _INDEX)
        self._session = session
        self._impact = impact
        self.drawn: PriceDraw = draw_prices(session.date, moving, seed, news)
        law = PriceProcess(session, moving, self.drawn)
        self._variance = Variance(law, moving)
        self.listing: ContractList = draw_listing(session, names, law, self._variance, seed)
        self._path = Path(session, moving, law, seed, impact)
        self._surface = SmileProcess(law, self._variance, self.listing)
        self._index = moving.index(_INDEX)
        month = self._variance.ahead(self._index, MONTH)
        strip = variance_swap(month, self.drawn.skew[_INDEX.core], self.drawn.curvature)
        self._vix = 100.0 * math.sqrt(strip * SESSIONS_PER_YEAR / MONTH)

    def minute(self, dealers: I64) -> Minute:
        """The next block of the session.

        Args:
            dealers: Contracts that dealers hold as it begins, long positive, shape (n,).
        """
        second, opening = self._path.second, self._path.spot
        delta, gamma = self._surface.delta_gamma(second, opening)
        book = None
        if self._impact > 0.0:
            book = self._surface.book(second, opening, BLOCK_SECONDS, dealers)
        spot = self._path.advance(BLOCK_SECONDS, book)
        return Minute(
            start=self._session.open + second * SECOND,
            spot=np.ascontiguousarray(spot[:, : len(self.listing.names)]),
            fair=self._surface.fair(second + 1, spot),
            vix=self._vix * self._variance.leverage(spot)[:, self._index],
            delta=delta,
            gamma=gamma,
        )
