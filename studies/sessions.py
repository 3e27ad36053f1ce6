"""Sessions at the level of price paths, without quotes or orders."""

import datetime
from dataclasses import dataclass

from zerodte.feeds.simulator.names import NAMES, Name
from zerodte.feeds.simulator.path import PricePath
from zerodte.feeds.simulator.price_process import PriceProcess
from zerodte.feeds.simulator.prices import draw_prices
from zerodte.feeds.simulator.variance import Variance
from zerodte.market.calendar import TradingSession, calendar

#: A Wednesday, and a Friday on which stocks' options expire.
WEDNESDAY = datetime.date(2025, 8, 6)
FRIDAY = datetime.date(2025, 8, 8)


@dataclass(frozen=True, eq=False, slots=True)
class StudySession:
    """The session of one seed.

    Attributes:
        session: The trading session.
        names: The underlyings.
        seed: Its seed.
        process: Its price process.
        variance: Total variance at the money.
    """

    session: TradingSession
    names: tuple[Name, ...]
    seed: int
    process: PriceProcess
    variance: Variance

    def path(self, impact: float = 0.0) -> PricePath:
        """Its prices from the open."""
        return PricePath(self.session, self.names, self.process, self.seed, impact)


def draw_session(
    date: datetime.date, symbols: tuple[str, ...], seed: int, news: int | None = None
) -> StudySession:
    """Draw the session of a date and seed."""
    session = calendar().session(date)
    if session is None:
        raise ValueError(f"{date} has no session")
    names = tuple(NAMES[symbol] for symbol in symbols)
    process = PriceProcess(session, names, draw_prices(date, names, seed, news))
    return StudySession(session, names, seed, process, Variance(process, names))
