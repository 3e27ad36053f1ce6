"""The open interest of the morning, by expiry, moneyness and roundness of the strike."""

import datetime

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.feeds.simulator.columns import ListedChain
from zerodte.feeds.simulator.expiries import ends_week, is_monthly
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.world_parameters import (
    CALL_PLACE,
    DAILY_INTEREST,
    FRIDAY_INTEREST,
    INTEREST_NOISE,
    MONTH,
    MONTHLY_INTEREST,
    MORNING_INTEREST,
    PUT_INTEREST,
    PUT_PLACE,
    PUT_TAIL,
    ROUND_NUMBERS,
    ROUNDNESS,
    STOCK_INTEREST,
    STRIKE_NOISE,
)
from zerodte.market.calendar import calendar


def draw_settled_interest(
    name: Name,
    chain: ListedChain,
    date: datetime.date,
    strikes: F64,
    last: float,
    width: float,
    seed: int,
) -> I64:
    """A chain's open interest, contracts, shape (k, 2): calls and puts at each strike.

    Args:
        name: The underlying.
        chain: One of its expiries.
        date: Date of the session.
        strikes: Dollars, shape (k,).
        last: Close of the underlying on the day before, dollars.
        width: Width of open interest, in log price.
        seed: Not negative.
    """
    rng = generator(seed, date, "settled", chain.root, chain.expiry.isoformat())
    total = name.open_interest * _share(name, chain, date) * rng.lognormal(0.0, INTEREST_NOISE)
    power = np.interp(chain.whole_sessions, (0, MONTH), ROUNDNESS)
    weight = _density(np.log(strikes / last) / width)
    weight *= _roundness(strikes, name.steps[0])[:, None] ** power
    weight *= rng.lognormal(0.0, STRIKE_NOISE, weight.shape)
    puts = PUT_INTEREST[name.kind]
    contracts = total * np.array([1.0 - puts, puts]) * weight / weight.sum(axis=0)
    whole: I64 = np.floor(contracts).astype(np.int64)
    return whole


def _share(name: Name, chain: ListedChain, date: datetime.date) -> float:
    """The share of a name's open interest in one expiry."""
    sessions = calendar().sessions_between(date, chain.expiry)
    level, power = DAILY_INTEREST
    if is_monthly(chain.expiry):
        level, power = MONTHLY_INTEREST
        if name.morning_root:
            level *= MORNING_INTEREST if chain.am_settled else 1.0 - MORNING_INTEREST
    elif not name.daily:
        level, power = STOCK_INTEREST
    elif ends_week(chain.expiry):
        level, power = FRIDAY_INTEREST
    return float(level / (1.0 + sessions) ** power)


def _density(distance: F64) -> F64:
    """Relative open interest by distance in widths, shape (k, 2): calls, puts."""
    (call, call_width), (put, put_width) = CALL_PLACE, PUT_PLACE
    share, scale = PUT_TAIL
    calls = np.exp(-0.5 * ((distance - call) / call_width) ** 2)
    puts = (1.0 - share) * np.exp(-0.5 * ((distance - put) / put_width) ** 2)
    puts += share * np.exp(np.minimum(distance - put, 0.0) / scale) * (distance < put)
    return np.stack([calls, puts], axis=1)


def _roundness(strikes: F64, smallest_step: float) -> F64:
    """The roundest divisor of each strike over the smallest step; at least 1."""
    roundness = np.ones_like(strikes)
    for number in ROUND_NUMBERS:
        if number > smallest_step:
            roundness[strikes % number == 0.0] = number / smallest_step
    return roundness
