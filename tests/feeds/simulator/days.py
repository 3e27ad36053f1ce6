"""Simulated days for tests, with their price process, listing and surface."""

import datetime
from dataclasses import dataclass

from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.listing import draw_listing
from zerodte.feeds.simulator.names import Name, names_of
from zerodte.feeds.simulator.path import PricePath
from zerodte.feeds.simulator.price_process import PriceProcess
from zerodte.feeds.simulator.prices import PriceDraw, draw_prices
from zerodte.feeds.simulator.surface import SmileProcess
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
    price_draw: PriceDraw
    process: PriceProcess
    variance: Variance

    def listing(self) -> ContractList:
        """Its contracts."""
        return draw_listing(self.session, self.names, self.process, self.variance, self.seed)

    def path(self, impact: float = 0.0) -> PricePath:
        """Its prices, from the open."""
        return PricePath(self.session, self.names, self.process, self.seed, impact)

    def surface(self, listing: ContractList) -> SmileProcess:
        """What its contracts are worth."""
        return SmileProcess(self.process, self.variance, listing)


def session_of(date: datetime.date) -> TradingSession:
    """The session of a date that has one."""
    session = calendar().session(date)
    assert session is not None
    return session


def draw_day(
    *symbols: str, date: datetime.date = WEDNESDAY, seed: int = 1, news: int | None = None
) -> Day:
    """The day that a seed draws of these symbols."""
    names, session = names_of(symbols), session_of(date)
    price_draw = draw_prices(date, names, seed, news)
    process = PriceProcess(session, names, price_draw)
    return Day(session, names, seed, price_draw, process, Variance(process, names))
