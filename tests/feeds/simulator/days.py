"""Days of the simulator's market for tests, and a session's law, listing and surface."""

import datetime
from dataclasses import dataclass

from zerodte.feeds.simulator.law import Law
from zerodte.feeds.simulator.listing import draw_listing
from zerodte.feeds.simulator.names import Name, names_of
from zerodte.feeds.simulator.parts import Listing
from zerodte.feeds.simulator.path import Path
from zerodte.feeds.simulator.prices import Prices, draw_prices
from zerodte.feeds.simulator.surface import Surface
from zerodte.feeds.simulator.variance import Variance
from zerodte.market.calendar import TradingSession, calendar

WEDNESDAY = datetime.date(2025, 8, 6)
FRIDAY = datetime.date(2025, 8, 8)
HALF_DAY = datetime.date(2024, 12, 24)
#: Before Good Friday, which would have been a third Friday.
HOLY_WEEK = datetime.date(2025, 4, 14)


@dataclass(frozen=True, eq=False)
class Day:
    """One seed's day."""

    session: TradingSession
    names: tuple[Name, ...]
    seed: int
    drawn: Prices
    law: Law
    variance: Variance

    def listing(self) -> Listing:
        """Its contracts."""
        return draw_listing(self.session, self.names, self.law, self.variance, self.seed)

    def path(self, impact: float = 0.0) -> Path:
        """Its prices, from the open."""
        return Path(self.session, self.names, self.law, self.seed, impact)

    def surface(self, listing: Listing) -> Surface:
        """What its contracts are worth."""
        return Surface(self.law, self.variance, listing)


def session_of(date: datetime.date) -> TradingSession:
    """The session of a date that has one."""
    session = calendar().session(date)
    assert session is not None
    return session


def drawn_day(
    *symbols: str, date: datetime.date = WEDNESDAY, seed: int = 1, news: int | None = None
) -> Day:
    """The day that a seed draws of these symbols."""
    names, session = names_of(symbols), session_of(date)
    drawn = draw_prices(date, names, seed, news)
    law = Law(session, names, drawn)
    return Day(session, names, seed, drawn, law, Variance(law, names))
