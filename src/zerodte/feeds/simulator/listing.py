"""What is listed on a day: expiries, strikes, and the open interest that the morning knows."""

import datetime
from collections.abc import Iterator

import numpy as np

from zerodte.feeds.simulator.law import Law
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.parts import Floats, Ints, ListedChain, Listing
from zerodte.feeds.simulator.chance import generator
from zerodte.feeds.simulator.variance import Variance
from zerodte.feeds.simulator.world_parameters import (
    DAYS_LISTED,
    FAR_SIGMAS,
    MONTHS_LISTED,
    NEAR_SIGMAS,
    STRIKES_LATER,
    STRIKES_TODAY,
    WEEKS_LISTED,
)
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, format_osi

_DAY = datetime.timedelta(days=1)
_FRIDAY = 4


def expiries(name: Name, today: TradingSession) -> list[tuple[str, datetime.date]]:
    """Roots and days of a name's expiries, in order of day; the morning's root first.

    A Friday that is a holiday gives its place to the last session before it.
    """
    date = today.date
    found = {(name.root, day) for day in _days(name, date)}
    fridays = [date + _DAY * ((_FRIDAY - date.weekday()) % 7 + 7 * week) for week in range(14)]
    found |= {(name.root, _session_until(day)) for day in fridays[:WEEKS_LISTED]}
    thirds = [_session_until(day) for day in fridays if 15 <= day.day <= 21]
    for day in thirds[:MONTHS_LISTED]:
        found.add((name.root, day))
        if name.morning_root and day > date:
            found.add((name.morning_root, day))
    return sorted((pair for pair in found if pair[1] >= date), key=lambda pair: (pair[1], pair[0]))


def draw_listing(session: TradingSession, names: tuple[Name, ...], law: Law, seed: int) -> Listing:
    """List a day's contracts around the opening prices, with the open interest of the morning."""
    chains = tuple(
        _chain(place, name, root, day, session)
        for place, name in enumerate(names)
        for root, day in expiries(name, session)
    )
    variance = Variance(law, names)
    today = variance.today(0, law.opening[None, :])[0]
    strikes, settled = [], []
    for chain in chains:
        spot = float(law.opening[chain.name])
        sigma = float(
            np.sqrt(
                today[chain.name]
                + variance.ahead(chain.name, chain.whole_sessions, morning=chain.am_settled)
            )
        )
        grid = strike_grid(names[chain.name], spot, sigma, is_today=chain.expiry == session.date)
        strikes.append(grid)
        settled.append(draw_settled(names[chain.name], chain, session, grid, spot, sigma, seed))
    sizes = [2 * len(grid) for grid in strikes]
    chain_of = np.repeat(np.arange(len(chains)), sizes)
    strike = np.repeat(np.concatenate(strikes), 2)
    is_call = np.tile([True, False], len(strike) // 2)
    symbols = tuple(
        format_osi(Contract(chains[c].root, chains[c].expiry, float(k), "C" if call else "P"))
        for c, k, call in zip(chain_of, strike, is_call, strict=True)
    )
    return Listing(
        session=session,
        names=names,
        opening=law.opening,
        chains=chains,
        symbols=symbols,
        chain=chain_of.astype(np.intp),
        name=np.array([chains[c].name for c in chain_of], np.intp),
        strike=strike,
        is_call=is_call,
        settled=np.concatenate(settled),
    )


def strike_grid(name: Name, spot: float, sigma: float, *, is_today: bool) -> Floats:
    """Strikes of an expiry, dollars, ascending: close ones around spot, and far ones on rounder."""
    most = STRIKES_TODAY if is_today else STRIKES_LATER
    reach = NEAR_SIGMAS * sigma * spot
    rungs = [rung for rung, step in enumerate(name.steps) if reach / step <= most]
    rung = min(rungs, default=len(name.steps) - 1)
    near, far = name.steps[rung], name.steps[min(rung + 1, len(name.steps) - 1)]
    above, below = (
        spot * np.exp(sign * s * sigma) for sign, s in zip((1, -1), FAR_SIGMAS, strict=True)
    )
    grid = np.union1d(
        _multiples(near, spot - max(reach, 10 * near), spot + max(reach, 10 * near)),
        _multiples(far, min(below, spot - 10 * far), max(above, spot + 10 * far)),
    )
    return grid[grid > 0.0]


def draw_settled(
    name: Name, chain: ListedChain, session: TradingSession, strikes: Floats, spot: float,
    sigma: float, seed: int,
) -> Ints:  # fmt: skip
    """Open interest of a chain's contracts in the morning, calls and puts in turn, shape (2 k,)."""
    rng = generator(seed, session.date, "settled", chain.root, chain.expiry.isoformat())
    total = name.open_interest * 0.02
    away = np.log(strikes / spot)[:, None] / sigma + np.array([-0.7, 0.9])
    weight = np.exp(-0.5 * away**2) * rng.lognormal(0.0, 0.8, away.shape)
    return np.floor(total * weight / weight.sum()).astype(np.int64).ravel()


def _multiples(step: float, low: float, high: float) -> Floats:
    return step * np.arange(np.ceil(low / step), np.floor(high / step) + 1.0)


def _chain(
    place: int, name: Name, root: str, day: datetime.date, session: TradingSession
) -> ListedChain:
    is_morning = root == name.morning_root
    ahead = calendar().sessions_between(session.date, day) - is_morning
    return ListedChain(place, root, day, is_morning, ahead)


def _days(name: Name, date: datetime.date) -> Iterator[datetime.date]:
    if not name.daily:
        return
    yield date
    day = date
    for _ in range(DAYS_LISTED - 1):
        day = calendar().next(day).date
        yield day


def _session_until(day: datetime.date) -> datetime.date:
    """The day itself if it is a session, else the last one before it."""
    return calendar().previous(day + _DAY).date
