"""The seconds of a block while dealers' hedging moves prices, compiled."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zerodte.compiled import kernel
from zerodte.feeds.simulator.surface_kernel import deviation_into
from zerodte.pricing.profile import book_delta_into

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


class Book(NamedTuple):
    """What dealers hold over s seconds: k contracts of m chains.

    Attributes:
        strike: Dollars, shape (k,).
        is_call: Shape (k,).
        shares: That the contracts stand for, long positive, shape (k,).
        first: Where each chain's contracts begin, and where the last one's end, shape (m + 1,).
        name: Place of each chain's name, shape (m,).
        theta: Total variance at the money at each second if spot stood still, shape (s + 1, m).
        slope: SSVI's phi, likewise.
        skew: SSVI's rho of each chain, shape (m,).
    """

    strike: Floats
    is_call: Bools
    shares: Floats
    first: Ints
    name: Places
    theta: Floats
    slope: Floats
    skew: Floats


class Hedging(NamedTuple):
    """How the hedging of a book is traded, and what that does to prices, by core.

    Attributes:
        push: What a dollar of it moves the logarithm of prices by, shape (cores,).
        pace: Share of what is owed that is traded in a second.
        limit: Most dollars that are traded in a second, shape (cores,).
        owed: Dollars still to be bought, shape (cores,); written.
    """

    push: Floats
    pace: float
    limit: Floats
    owed: Floats


@kernel
def _shares_into(book: Book, second: int, spot: Floats, stretch: Floats, shares: Floats) -> None:
    """Write the book's delta at one second, in shares of each name, shape (names,).

    `stretch` is total variance at this spot over that at the book's own, shape (names,).
    """
    shares[:] = 0.0
    at, delta = np.empty(1), np.empty(1)
    deviation = np.empty(book.strike.shape[0])
    for chain in range(book.name.shape[0]):
        own = slice(book.first[chain], book.first[chain + 1])
        name = book.name[chain]
        theta = book.theta[second, chain] * stretch[name]
        slope, skew = book.slope[second, chain], book.skew[chain]
        strike, vol = book.strike[own], deviation[own]
        deviation_into(spot[name], strike, theta, slope, skew, vol)
        at[0] = spot[name]
        # With the deviation as volatility, time is one.
        book_delta_into(at, 1.0, strike, 1.0, vol, book.is_call[own], book.shares[own], delta)
        shares[name] += delta[0]


@kernel
def hedged_into(
    growth: Floats,
    ceiling: Floats,
    distance: Floats,
    core: Places,
    book: Book,
    hedging: Hedging,
    spots: Floats,
) -> None:
    """Walk s seconds in which a frozen book is hedged.

    Args:
        growth: Of log Y in each second but for hedging, shape (s, names).
        ceiling: A, dollars, shape (names,).
        distance: Y, dollars, shape (names,); moved on.
        core: Place of each name's core, shape (names,).
        book: What is hedged.
        hedging: How.
        spots: Written: A - Y at the end of each second, shape (s, names).
    """
    names = distance.shape[0]
    spot = ceiling - distance
    ratio, stretch = distance / spot, np.ones(names)
    shares, before = np.empty(names), np.empty(names)
    _shares_into(book, 0, spot, stretch, before)
    for second in range(growth.shape[0]):
        for i in range(names):
            distance[i] *= np.exp(growth[second, i])
            spot[i] = ceiling[i] - distance[i]
            stretch[i] = (distance[i] / spot[i] / ratio[i]) ** 2
        _shares_into(book, second + 1, spot, stretch, shares)
        for i in range(names):
            hedging.owed[core[i]] -= (shares[i] - before[i]) * spot[i]
            before[i] = shares[i]
        traded = np.clip(hedging.pace * hedging.owed, -hedging.limit, hedging.limit)
        hedging.owed[:] -= traded
        for i in range(names):
            spot[i] *= np.exp(hedging.push[core[i]] * traded[core[i]])
            distance[i] = ceiling[i] - spot[i]
        spots[second] = spot
