"""The market without its participants: underlyings and fair values, block by block."""

import math
from typing import Final

import numpy as np

from zerodte.arrays import I64
from zerodte.constants import SECOND, SESSIONS_PER_YEAR
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, ContractList, Minute
from zerodte.feeds.simulator.evening import Evening
from zerodte.feeds.simulator.listing import draw_listing
from zerodte.feeds.simulator.names import NAMES, Name, SimulationError
from zerodte.feeds.simulator.path import PricePath
from zerodte.feeds.simulator.price_process import PriceProcess
from zerodte.feeds.simulator.prices import PriceDraw, draw_prices, follow_prices
from zerodte.feeds.simulator.surface import SmileProcess, variance_swap
from zerodte.feeds.simulator.variance import Variance
from zerodte.feeds.simulator.world_parameters import MONTH, MOST_IMPACT
from zerodte.market.calendar import TradingSession

_INDEX: Final = NAMES["SPX"]


def check_impact(impact: float) -> None:
    """Check that an impact of hedging can be simulated.

    Raises:
        SimulationError: If it is not between 0 and `MOST_IMPACT`.
    """
    if not 0.0 <= impact <= MOST_IMPACT:
        raise SimulationError(f"impact is {impact:g}; it must be from 0 to {MOST_IMPACT:g}")


class World:
    """A session's underlyings, and the fair values of their options.

    Args:
        session: The trading session.
        names: The underlyings, without repetition.
        seed: Not negative. The same seed, date and names give the same market. Without impact, a
            name's market does not depend on the other names.
        impact: Strength of the price impact of dealers' hedging, up to `MOST_IMPACT`; 0 for none.
        news: Minute of the session with scheduled news.
        before: What the session before left; None for a session of its own.

    Attributes:
        listing: The day's contracts.
        price_draw: The parameters of prices that the seed determines.

    Raises:
        SimulationError: If the impact is out of range, or the news is outside the session.
    """

    def __init__(
        self,
        session: TradingSession,
        names: tuple[Name, ...],
        seed: int,
        impact: float = 0.0,
        news: int | None = None,
        before: Evening | None = None,
    ) -> None:
        check_impact(impact)
        # VIX needs the index, even when it is not listed.
        simulated_names = names if _INDEX in names else (*names, _INDEX)
        self._session, self._names = session, simulated_names
        self._impact = impact
        drawn = draw_prices(session.date, simulated_names, seed, news)
        if before is not None:
            drawn = follow_prices(
                drawn, session.date, simulated_names, seed, before.prices, before.close
            )
        self.price_draw: PriceDraw = drawn
        process = PriceProcess(session, simulated_names, self.price_draw)
        self._variance = Variance(process, simulated_names)
        chains = {} if before is None else before.chains
        self.listing: ContractList = draw_listing(
            session, names, process, self._variance, seed, chains
        )
        self._path = PricePath(session, simulated_names, process, seed, impact)
        self._surface = SmileProcess(process, self._variance, self.listing)
        self._index = simulated_names.index(_INDEX)
        month = self._variance.ahead(self._index, MONTH)
        strip = variance_swap(month, self.price_draw.skew[_INDEX.core], self.price_draw.curvature)
        self._vix = 100.0 * math.sqrt(strip * SESSIONS_PER_YEAR / MONTH)

    @property
    def last_prices(self) -> dict[str, float]:
        """Current prices by symbol, dollars; of the index too, if it is not listed."""
        spots = zip(self._names, self._path.spot.tolist(), strict=True)
        return {name.symbol: round(spot, 2) for name, spot in spots}

    def minute(self, dealers: I64) -> Minute:
        """The next block of the session.

        Args:
            dealers: Contracts that dealers hold at its start, long positive, shape (n,).
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
