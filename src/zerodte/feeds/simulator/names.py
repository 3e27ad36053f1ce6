"""The underlyings that can be simulated, with the characteristics of their options.

Prices, open interest and option volume follow the Open Interest Monitor of Saxo Bank with the
closes of 6 August 2025. Names outside its top twenty, and all other figures, are ours.
Names with the same `core` are the same market: an index and the funds that track it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from zerodte.errors import ZerodteError
from zerodte.feeds.simulator.world_parameters import WEEKS_LISTED

UnderlyingKind = Literal["index", "fund", "stock"]


class SimulationError(ZerodteError, ValueError):
    """An argument that cannot be simulated: a symbol, a date, a minute, an impact."""


@dataclass(frozen=True, slots=True)
class Name:
    """An underlying and the characteristics of its options.

    Attributes:
        symbol: The underlying's symbol.
        kind: An index has values, but no quotes of its own.
        core: The market that it follows up to `tracking`: its own symbol, or an index's.
        root: Root of options that settle at the close.
        morning_root: Root of options that settle at the opening of third Fridays; "" for none.
        daily: Whether options expire on every session, or on Fridays only.
        price: Usual price, dollars.
        beta: Loading of its returns on the market factor.
        growth: Loading of its returns on the growth factor.
        own: Range of the annual volatility of its core's own factor; a seed draws from it.
        tracking: Annual volatility of its difference from the core.
        leverage: Percent that its volatility rises when its price falls by one percent; above 1.
        skew: Skew of the smile, in (-1, 0]; lower values make puts more expensive.
        steps: Distances between strikes, dollars, ascending; each divides the next.
        ticks: Minimum increments of option prices, dollars: below 3.00, and from 3.00 up.
        spread: Half-spreads of its options, as a multiple of the tightest name's.
        volume: Contracts of all expiries that trade on a usual day.
        open_interest: Open contracts of all expiries.
        turnover: Daily dollar volume of the instruments that hedge its core: shares, or futures and
            funds together.
        fridays: Number of Fridays on which its options expire, besides third ones.
        strikes: Most dense strikes of a chain, as a multiple of the usual most.
    """

    symbol: str
    kind: UnderlyingKind
    core: str
    root: str
    morning_root: str
    daily: bool
    price: float
    beta: float
    growth: float
    own: tuple[float, float]
    tracking: float
    leverage: float
    skew: float
    steps: tuple[float, ...]
    ticks: tuple[float, float]
    spread: float
    volume: float
    open_interest: float
    turnover: float
    fridays: int = WEEKS_LISTED
    strikes: float = 1.0


# Minimum increments set by Cboe and the Penny Interval Program.
_PENNIES = (0.01, 0.01)
_NICKELS = (0.01, 0.05)
_DIMES = (0.05, 0.10)

_INDEX_STEPS = (5.0, 10.0, 50.0, 100.0)
_FUND_STEPS = (1.0, 5.0, 10.0, 50.0)
_STOCK_STEPS = (2.5, 5.0, 10.0, 50.0)

_SPX = Name(
    symbol="SPX", kind="index", core="SPX", root="SPXW", morning_root="SPX", daily=True,
    price=6345.06, beta=1.0, growth=0.0, own=(0.0, 0.0), tracking=0.0, leverage=5.0, skew=-0.7,
    steps=_INDEX_STEPS, ticks=_DIMES, spread=4.0, volume=3.76e6, open_interest=20.34e6,
    turnover=5e11,
)  # fmt: skip
_NDX = Name(
    symbol="NDX", kind="index", core="NDX", root="NDXP", morning_root="NDX", daily=True,
    price=23_315.0, beta=1.15, growth=1.0, own=(0.01, 0.02), tracking=0.0, leverage=4.0,
    skew=-0.6, steps=(10.0, 50.0, 100.0, 500.0), ticks=_DIMES, spread=12.0, volume=0.08e6,
    open_interest=0.30e6, turnover=3e11,
)  # fmt: skip
_IWM = Name(
    symbol="IWM", kind="fund", core="IWM", root="IWM", morning_root="", daily=True,
    price=220.56, beta=1.1, growth=0.0, own=(0.07, 0.12), tracking=0.0, leverage=4.0, skew=-0.6,
    steps=_FUND_STEPS, ticks=_PENNIES, spread=2.5, volume=0.795e6, open_interest=12.44e6,
    turnover=3e10,
)  # fmt: skip


def stock(
    symbol: str, price: float, beta: float, growth: float, own: tuple[float, float], *,
    steps: tuple[float, ...], spread: float, volume: float, open_interest: float, turnover: float,
) -> Name:  # fmt: skip
    """A stock that is a market of its own; arguments as in `Name`."""
    return Name(
        symbol=symbol, kind="stock", core=symbol, root=symbol, morning_root="", daily=False,
        price=price, beta=beta, growth=growth, own=own, tracking=0.0, leverage=2.0, skew=-0.3,
        steps=steps, ticks=_NICKELS, spread=spread, volume=volume,
        open_interest=open_interest, turnover=turnover,
    )  # fmt: skip


_ALL = (
    _SPX,
    replace(_SPX, symbol="SPY", kind="fund", root="SPY", morning_root="", price=632.78,
            tracking=0.0016, steps=_FUND_STEPS, ticks=_PENNIES, spread=1.0,
            volume=7.57e6, open_interest=18.05e6),
    replace(_SPX, symbol="XSP", root="XSP", morning_root="", price=634.51, steps=_FUND_STEPS,
            ticks=_PENNIES, spread=3.0, volume=0.1e6, open_interest=0.4e6),
    _NDX,
    replace(_NDX, symbol="QQQ", kind="fund", root="QQQ", morning_root="", price=567.32,
            tracking=0.0016, steps=_FUND_STEPS, ticks=_PENNIES, spread=2.0, volume=4.19e6,
            open_interest=8.55e6),
    _IWM,
    stock("AAPL", 213.25, 1.0, 0.3, (0.14, 0.28), steps=_STOCK_STEPS, spread=1.5, volume=2.05e6,
          open_interest=5.08e6, turnover=1.3e10),
    stock("NVDA", 179.42, 1.6, 1.5, (0.22, 0.40), steps=_STOCK_STEPS, spread=1.2, volume=1.71e6,
          open_interest=19.37e6, turnover=3.2e10),
    stock("TSLA", 319.91, 1.7, 1.0, (0.35, 0.60), steps=_STOCK_STEPS, spread=1.5, volume=1.72e6,
          open_interest=8.03e6, turnover=2.9e10),
    stock("AMZN", 222.31, 1.2, 0.8, (0.15, 0.28), steps=_STOCK_STEPS, spread=1.5, volume=0.87e6,
          open_interest=4.29e6, turnover=9e9),
    stock("MSFT", 524.94, 0.9, 0.5, (0.10, 0.22), steps=_STOCK_STEPS, spread=2.0, volume=4e5,
          open_interest=2.5e6, turnover=1.0e10),
    stock("META", 771.99, 1.2, 0.7, (0.17, 0.32), steps=_STOCK_STEPS[1:], spread=2.5, volume=4.5e5,
          open_interest=2.0e6, turnover=9e9),
    stock("GOOGL", 196.09, 1.0, 0.5, (0.16, 0.28), steps=_STOCK_STEPS, spread=1.5, volume=0.55e6,
          open_interest=3.5e6, turnover=7e9),
    stock("AMD", 163.12, 1.6, 1.3, (0.25, 0.45), steps=_STOCK_STEPS, spread=1.8, volume=1.97e6,
          open_interest=4.15e6, turnover=1.0e10),
)  # fmt: skip

NAMES: Final = {name.symbol: name for name in _ALL}


def names_of(symbols: Iterable[str]) -> tuple[Name, ...]:
    """Look up the names of symbols, in order and without repetition.

    Raises:
        SimulationError: If a symbol is unknown or repeated, or none is given.
    """
    requested = tuple(symbols)
    known = f"known symbols: {', '.join(NAMES)}"
    if not requested:
        raise SimulationError(f"no symbol to simulate; {known}")
    for symbol in requested:
        if symbol not in NAMES:
            raise SimulationError(f"unknown symbol {symbol!r}; {known}")
        if requested.count(symbol) > 1:
            raise SimulationError(f"{symbol} is given twice")
    return tuple(NAMES[symbol] for symbol in requested)
