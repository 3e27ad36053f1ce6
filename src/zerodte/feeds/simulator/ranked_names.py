"""A market of many underlyings by rank of option volume: the real names, then synthetic stocks.

Volume follows a rank law, C / rank^b, with b = 0.976 and C = 8.60 million contracts a day: least
squares of log volume on log rank over the nine names of `names` whose volumes are published (Saxo
Bank). The other five are ours, and no part of the fit.
With the law, 500 names trade 60 million contracts on a usual day; OCC cleared 58.5 million a day in
the first nine months of 2025, of all names (its volumes of September 2025).

The other figures of a synthetic stock are drawn for its rank alone: they depend neither on a seed
nor on the number of names. Ranges without a source are ours.
"""

import functools
import math
from dataclasses import replace
from typing import Final

import numpy as np

from zerodte.feeds.simulator.names import NAMES, Name, SimulationError, stock

#: The most underlyings of a market: ranks have three digits, and beyond them a name trades some
#: hundred contracts an hour.
MOST_NAMES: Final = 500

#: The names whose volumes are published.
_PUBLISHED: Final = ("SPY", "QQQ", "SPX", "AAPL", "AMD", "TSLA", "NVDA", "AMZN", "IWM")
#: Of synthetic symbols: six letters, which no stock with options has. Three spell the rank, A for
#: 0 to J for 9. A root that ends in a digit would be that of adjusted contracts.
_PREFIX: Final = "SIM"
_LETTERS: Final = str.maketrans("0123456789", "ABCDEFGHIJ")

#: One in this many synthetic stocks has options that expire on every session.
DAILY_EVERY: Final = 5
#: By last rank: Fridays listed, and strikes as a multiple of the usual most. Small names have fewer
#: of both.
_LISTED: Final = ((50, 6, 1.0), (150, 4, 0.7), (MOST_NAMES, 2, 0.4))

_PRICE: Final = (20.0, 600.0)
#: As the real stocks'.
_BETA, _GROWTH = (0.8, 1.7), (0.0, 1.5)
_LEAST_OWN, _OWN_REACH = (0.15, 0.45), 1.8
#: Open contracts, and dollars of the stock's turnover, per contract of volume: geometric mean and
#: deviation of the logarithm over the real stocks.
_INTEREST: Final = (4.7, 0.54)
_TURNOVER: Final = (12_700.0, 0.57)
#: Distances between strikes up to a price, dollars (the closest of the exchanges' short term option
#: series program).
_STEPS: Final = (
    (75.0, (0.5, 1.0, 5.0, 10.0)),
    (150.0, (1.0, 5.0, 10.0, 50.0)),
    (math.inf, (2.5, 5.0, 10.0, 50.0)),
)
#: Half-spreads, as a multiple of the tightest name's, at the first synthetic rank, and their growth
#: with rank.
_SPREAD: Final = (2.0, 0.35)


def names_by_rank(count: int) -> tuple[Name, ...]:
    """The first `count` names of the market: the real ones by volume, then synthetic stocks.

    Raises:
        SimulationError: If the number is out of range.
    """
    if not 1 <= count <= MOST_NAMES:
        raise SimulationError(f"{count} underlyings; a market has 1 to {MOST_NAMES}")
    real = sorted(NAMES.values(), key=lambda name: -name.volume)
    ranks = range(len(real) + 1, count + 1)
    return (*real[:count], *map(_synthetic, ranks))


def volume_at(rank: int) -> float:
    """The contracts that the name of a rank trades on a usual day, by the law."""
    level, power = _law()
    return float(level * rank**power)


@functools.cache
def _law() -> tuple[float, float]:
    """Level and power of the rank law."""
    volumes = sorted((NAMES[symbol].volume for symbol in _PUBLISHED), reverse=True)
    ranks = np.log(np.arange(1, len(volumes) + 1))
    logs = np.log(volumes)
    power = float(((ranks - ranks.mean()) * logs).sum() / ((ranks - ranks.mean()) ** 2).sum())
    return math.exp(float(logs.mean() - power * ranks.mean())), power


def _synthetic(rank: int) -> Name:
    """The synthetic stock of a rank."""
    rng = np.random.Generator(np.random.PCG64(rank))
    volume = volume_at(rank)
    price = round(math.exp(rng.uniform(*np.log(_PRICE))), 2)
    least_own = float(rng.uniform(*_LEAST_OWN))
    _, fridays, strikes = next(row for row in _LISTED if rank <= row[0])
    level, power = _SPREAD
    synthetic = stock(
        _PREFIX + f"{rank:03d}".translate(_LETTERS),
        price,
        float(rng.uniform(*_BETA)),
        float(rng.uniform(*_GROWTH)),
        (least_own, _OWN_REACH * least_own),
        steps=next(steps for most, steps in _STEPS if price <= most),
        spread=level * (rank / (len(NAMES) + 1)) ** power,
        volume=volume,
        open_interest=volume * _multiple(rng, _INTEREST),
        turnover=volume * _multiple(rng, _TURNOVER),
    )
    daily = rank % DAILY_EVERY == 0
    return replace(synthetic, daily=daily, fridays=fridays, strikes=strikes)


def _multiple(rng: np.random.Generator, law: tuple[float, float]) -> float:
    mean, deviation = law
    return mean * math.exp(deviation * float(rng.normal()))
