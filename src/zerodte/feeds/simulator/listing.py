"""The contracts of a day: expiries, and strikes around the opening prices."""

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.feeds.simulator.columns import ContractList, ListedChain
from zerodte.feeds.simulator.evening import ChainKey, OpenPositions, chain_key
from zerodte.feeds.simulator.expiries import expiries
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.price_process import PriceProcess
from zerodte.feeds.simulator.settled_interest import draw_settled_interest
from zerodte.feeds.simulator.variance import Variance
from zerodte.feeds.simulator.world_parameters import (
    FAR_SIGMAS,
    FAR_WIDTHS,
    NEAR_SHARE,
    NEAR_SIGMAS,
    PAST_SESSIONS,
    STRIKES_LATER,
    STRIKES_TODAY,
)
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, format_osi

#: The least number of steps on each side of a strike grid.
_LEAST_STEPS = 10
_NOTHING: Final[Mapping[ChainKey, OpenPositions]] = MappingProxyType({})
_NO_POSITIONS: Final = OpenPositions(
    np.empty(0), np.empty((0, 2), np.int64), np.empty((0, 2), np.int64)
)


def draw_listing(
    session: TradingSession,
    names: tuple[Name, ...],
    process: PriceProcess,
    variance: Variance,
    seed: int,
    before: Mapping[ChainKey, OpenPositions] = _NOTHING,
) -> ContractList:
    """Draw the day's contracts with their open interest of the morning.

    Contracts of the evening before keep their open interest, and are listed while they have some.
    That of others is drawn: real chains have strikes on the smallest step long before they are
    listed here.

    Args:
        session: The trading session.
        names: The underlyings; the first ones of the process.
        process: The price process of the session.
        variance: Its variance at the money.
        seed: Not negative.
        before: Positions of the evening before, by chain.
    """
    chains = tuple(
        _listed_chain(index, name, root, day, session.date)
        for index, name in enumerate(names)
        for day, root in expiries(name, session.date)
    )
    today = variance.today(0, process.opening[None, :])[0]
    strikes, settled_interest, dealers, is_carried = [], [], [], []
    for chain in chains:
        index, name = chain.name, names[chain.name]
        spot = float(process.opening[index])
        ahead = variance.ahead(index, chain.whole_sessions, night=chain.am_settled)
        sigma = float(np.sqrt(today[index] + ahead))
        width = float(np.sqrt(sigma**2 + variance.usual(index, PAST_SESSIONS)))
        grid = strike_grid(name, spot, sigma, width, is_today=chain.expiry == session.date)
        held = before.get(chain_key(chain), _NO_POSITIONS)
        grid = np.union1d(grid, held.held)
        last = process.draw.last[name.symbol]
        interest = draw_settled_interest(name, chain, session.date, grid, last, width, seed)
        place, is_known = held.find(grid)
        interest[is_known] = held.interest[place]
        positions = np.zeros_like(interest)
        positions[is_known] = held.dealers[place]
        strikes.append(grid)
        settled_interest.append(interest)
        dealers.append(positions)
        is_carried.append(np.repeat(is_known, 2))
    return _contract_list(
        session,
        names,
        process.opening[: len(names)],
        chains,
        strikes,
        settled_interest,
        is_carried,
        dealers,
    )


def strike_grid(name: Name, spot: float, sigma: float, width: float, *, is_today: bool) -> F64:
    """Strikes of an expiry in dollars, ascending: dense around spot, on rounder steps far from it.

    Args:
        name: The underlying.
        spot: Its price, dollars.
        sigma: Standard deviation of its log return until expiry.
        width: Width of its open interest, in log price.
        is_today: Whether it expires today.
    """
    most = round(name.strikes * (STRIKES_TODAY if is_today else STRIKES_LATER))
    reach = NEAR_SIGMAS * sigma * spot
    last = len(name.steps) - 1
    rung = next((rung for rung, step in enumerate(name.steps) if reach <= most * step), last)
    near, far, farthest = (name.steps[min(rung + more, last)] for more in range(3))
    reach = max(reach, _LEAST_STEPS * near)
    above, below = spot * np.exp(sigma * np.array(FAR_SIGMAS) * (1.0, -1.0))
    grids = [_multiples(far, below, above)]
    if is_today:
        reach = max(reach, min(NEAR_SHARE * spot, most * near))
        above, below = spot * np.exp(width * np.array(FAR_WIDTHS) * (1.0, -1.0))
        grids.append(_multiples(farthest, below, above))
    grid = np.unique(np.concatenate([*grids, _multiples(near, spot - reach, spot + reach)]))
    return grid[grid > 0.0]


def _multiples(step: float, low: float, high: float) -> F64:
    return step * np.arange(np.ceil(low / step), np.floor(high / step) + 1.0)


def _contract_list(
    session: TradingSession,
    names: tuple[Name, ...],
    opening: F64,
    chains: tuple[ListedChain, ...],
    strikes: list[F64],
    settled_interest: list[I64],
    is_carried: list[Bool],
    dealers: list[I64],
) -> ContractList:
    """Build the listing: by chain and strike, the call before the put."""
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
        settled_interest=np.concatenate(settled_interest).ravel(),
        is_carried=np.concatenate(is_carried),
        carried_dealers=np.concatenate(dealers).ravel(),
    )


def _listed_chain(
    index: int, name: Name, root: str, day: datetime.date, date: datetime.date
) -> ListedChain:
    am_settled = root == name.morning_root
    ahead = calendar().sessions_between(date, day) - am_settled
    return ListedChain(index, root, day, am_settled, ahead)
