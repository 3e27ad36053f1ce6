"""The market that customers and dealers find: underlyings and fair values, block by block."""

from typing import Final

import numpy as np

from zerodte.config import SECOND, SESSIONS_PER_YEAR
from zerodte.feeds.simulator.law import Law, Prices, draw_prices
from zerodte.feeds.simulator.listing import draw_listing
from zerodte.feeds.simulator.names import NAMES, Name, SimulationError
from zerodte.feeds.simulator.parts import BLOCK_SECONDS, Floats, Ints, Listing, Minute
from zerodte.feeds.simulator.path import Path
from zerodte.feeds.simulator.surface import Surface
from zerodte.feeds.simulator.variance import Variance
from zerodte.market.calendar import TradingSession

_INDEX: Final = NAMES["SPX"]
#: Sessions after today's whose variance the volatility index looks ahead to.
_VIX_SESSIONS: Final = 21


class World:
    """A session's underlyings and what its options are worth.

    Args:
        session: The trading session.
        names: The underlyings, each once.
        seed: Not negative. The same seed, date and names give the same market.
        impact: How strongly dealers' hedging moves prices; 0: not at all.
        news: Minute of the session at which scheduled news comes.

    Attributes:
        listing: The day's contracts.
        drawn: What the seed drew of prices, plain values.

    Raises:
        SimulationError: If impact is negative, or the news is not in the session.
    """

    def __init__(
        self,
        session: TradingSession,
        names: tuple[Name, ...],
        seed: int,
        impact: float = 0.0,
        news: int | None = None,
    ) -> None:
        if not 0.0 <= impact < np.inf:
            raise SimulationError(f"impact is {impact:g}; it must be 0 or more")
        self._session = session
        market = names if _INDEX in names else (*names, _INDEX)
        self.drawn: Prices = draw_prices(session.date, market, seed, news)
        law = Law(session, market, self.drawn)
        self.listing: Listing = draw_listing(session, names, law, seed)
        self._path = Path(session, law, seed)
        self._surface = Surface(law, self.listing)
        self._index = market.index(_INDEX)
        self._variance = Variance(law, market)
        self._month = self._variance.ahead(self._index, _VIX_SESSIONS)

    def minute(self, dealers: Ints) -> Minute:  # noqa: ARG002  (prices do not feel them yet)
        """The next block of the session.

        Args:
            dealers: Contracts that dealers hold as it begins, long positive, shape (n,).
        """
        second = self._path.second
        delta, gamma = self._surface.delta_gamma(second, self._path.spot)
        spot = self._path.advance(BLOCK_SECONDS)
        fair = self._surface.fair(second + 1, spot)
        start = self._session.open + second * SECOND
        shown = np.ascontiguousarray(spot[:, : len(self.listing.names)])
        return Minute(start, shown, fair, self._vix(second + 1, spot), delta, gamma)

    def _vix(self, second: int, spot: Floats) -> Floats:
        """The index's volatility of a month, percent a year, shape (s,)."""
        month = self._variance.leverage(spot) ** 2 * self._month
        total = (self._variance.today(second, spot) + month)[:, self._index]
        vix: Floats = 100.0 * np.sqrt(total * SESSIONS_PER_YEAR / (_VIX_SESSIONS + 1))
        return vix
