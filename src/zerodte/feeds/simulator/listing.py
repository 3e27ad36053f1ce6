"""What is listed on a day: each expiry's strikes around the opening prices."""

import datetime

import numpy as np

from zerodte.arrays import F64
from zerodte.feeds.simulator.columns import ContractList, ListedChain
from zerodte.feeds.simulator.expiries import expiries
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.price_process import PriceProcess
from zerodte.feeds.simulator.settled import draw_settled
from zerodte.feeds.simulator.variance import Variance
from zerodte.feeds.simulator.world_parameters import (
    FAR_SIGMAS,
    NEAR_SIGMAS,
    OVERNIGHT,
    STRIKES_LATER,
    STRIKES_TODAY,
)
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, format_osi

#: Steps that a grid reaches at least on each side.
_LEAST_STEPS = 10


def draw_listing(
    session: TradingSession,
    names: tuple[Name, ...],
    law: PriceProcess,
    variance: Variance,
    seed: int,
) -> ContractList:
    """List a day's contracts around the opening prices, with the open interest of the morning.

    Args:
        session: The trading session.
        names: The underlyings; the law's first ones.
        law: Of the session's prices.
        variance: At the money, by that law.
        seed: Not negative.
    """
    chains = tuple(
        _chain(place, name, root, day, session.date)
        for place, name in enumerate(names)
        for day, root in expiries(name, session.date)
    )
    today = variance.today(0, law.opening[None, :])[0]
    strikes, settled = [], []
    for chain in chains:
        place, name = chain.name, names[chain.name]
        spot = float(law.opening[place])
        ahead = variance.ahead(place, chain.whole_sessions, night=chain.am_settled)
        sigma = float(np.sqrt(today[place] + ahead))
        night = law.drawn.gap[name.core] * np.sqrt(OVERNIGHT * law.session_variance[place])
        grid = strike_grid(name, spot, sigma, is_today=chain.expiry == session.date)
        last = spot * float(np.exp(-night))
        strikes.append(grid)
        settled.append(draw_settled(name, chain, session.date, grid, last, sigma, seed))
    return _listing(session, names, law.opening[: len(names)], chains, strikes, settled)


def strike_grid(name: Name, spot: float, sigma: float, *, is_today: bool) -> F64:
    """Strikes of an expiry, dollars, ascending: close ones around spot, far ones on rounder steps.

    Args:
        name: The underlying.
        spot: Its price, dollars.
        sigma: Standard deviation of its logarithm until the expiry.
        is_today: Whether that is today.
    """
    most = STRIKES_TODAY if is_today else STRIKES_LATER
    reach = NEAR_SIGMAS * sigma * spot
    last = len(name.steps) - 1
    rung = next((rung for rung, step in enumerate(name.steps) if reach <= most * step), last)
    near, far = name.steps[rung], name.steps[min(rung + 1, last)]
    above, below = FAR_SIGMAS
    reach = max(reach, _LEAST_STEPS * near)
    grid = np.union1d(
        _multiples(near, spot - reach, spot + reach),
        _multiples(far, spot * np.exp(-below * sigma), spot * np.exp(above * sigma)),
    )
    return grid[grid > 0.0]


def _multiples(step: float, low: float, high: float) -> F64:
    return step * np.arange(np.ceil(low / step), np.floor(high / step) + 1.0)


def _listing(
    session: TradingSession,
    names: tuple[Name, ...],
    opening: F64,
    chains: tuple[ListedChain, ...],
    strikes: list[F64],
    settled: list[np.ndarray],
) -> ContractList:
    """The contracts: at each strike of each chain the call, then the put."""
    chain = np.repeat(np.arange(len(chains), dtype=np.intp), [2 * len(grid) for grid in strikes])
    strike = np.repeat(np.concatenate(strikes), 2)
    is_call = np.tile([True, False], len(strike) // 2)
    symbols = (
        format_osi(Contract(chains[c].root, chains[c].expiry, k, "C" if call else "P"))
        for c, k, call in zip(chain.tolist(), strike.tolist(), is_call.tolist(), strict=True)
    )
    return ContractList(
        session=session,
        names=names,
        opening=opening,
        chains=chains,
        symbols=tuple(symbols),
        chain=chain,
        name=np.array([c.name for c in chains], np.intp)[chain],
        strike=strike,
        is_call=is_call,
        settled=np.concatenate(settled).ravel(),
    )


def _chain(
    place: int, name: Name, root: str, day: datetime.date, date: datetime.date
) -> ListedChain:
    am_settled = root == name.morning_root
    ahead = calendar().sessions_between(date, day) - am_settled
    return ListedChain(place, root, day, am_settled, ahead)
