"""The seconds of a block while dealers' hedging moves prices, compiled."""

from typing import NamedTuple

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index
from zerodte.compiled import kernel
from zerodte.feeds.simulator.surface_kernel import deviation_into
from zerodte.pricing.profile import book_delta_into, gex_profile_into


class DealerBook(NamedTuple):
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

    strike: F64
    is_call: Bool
    shares: F64
    first: I64
    name: Index
    theta: F64
    slope: F64
    skew: F64


class HedgingImpact(NamedTuple):
    """What the hedging of a book does to prices, by core.

    Attributes:
        push: What buying a dollar adds to the logarithm of prices, shape (cores,).
        limit: Most dollars that are traded in a second because time passes, shape (cores,).
        least: What is least left of a move's resistance: 1 without gamma, more where dealers are
            long, less where they are short.
    """

    push: F64
    limit: F64
    least: float


@kernel
def _shares_into(
    book: DealerBook, second: int, spot: F64, stretch: F64, delta: F64, gamma: F64
) -> None:
    """Write the book's delta and gamma at one second, in shares of each name, shape (names,).

    `stretch` is total variance at this spot over that at the book's own, shape (names,).
    """
    delta[:], gamma[:] = 0.0, 0.0
    at, found = np.empty(1), np.empty(1)
    deviation = np.empty(book.strike.shape[0])
    for chain in range(book.name.shape[0]):
        own = slice(book.first[chain], book.first[chain + 1])
        name = book.name[chain]
        theta = book.theta[second, chain] * stretch[name]
        slope, skew = book.slope[second, chain], book.skew[chain]
        strike, shares, vol = book.strike[own], book.shares[own], deviation[own]
        deviation_into(spot[name], strike, theta, slope, skew, vol)
        at[0] = spot[name]
        # With the deviation as volatility, time is one.
        book_delta_into(at, 1.0, strike, 1.0, vol, book.is_call[own], shares, found)
        delta[name] += found[0]
        gex_profile_into(at, 1.0, strike, 1.0, vol, shares, found)
        gamma[name] += found[0] / (0.01 * at[0] * at[0])


@kernel
def hedged_into(
    growth: F64,
    ceiling: F64,
    distance: F64,
    core: Index,
    book: DealerBook,
    hedging: HedgingImpact,
    spots: F64,
) -> None:
    """Walk s seconds in which a frozen book is hedged.

    With r the return that news would make and dealers' delta D(S, t) in dollars, the return is
    x = r - push (dD/dt + S dD/dS x), solved for x. What the linear term misses of D's change
    is hedged a second later, with what the passing of time asks for.

    Args:
        growth: Of log Y in each second but for hedging, shape (s, names).
        ceiling: A, dollars, shape (names,).
        distance: Y, dollars, shape (names,); moved on.
        core: Place of each name's core, shape (names,).
        book: What is hedged.
        hedging: What that does.
        spots: Written: A - Y at the end of each second, shape (s, names).
    """
    names, cores = distance.shape[0], hedging.push.shape[0]
    spot = ceiling - distance
    ratio, stretch = distance / spot, np.ones(names)
    delta, gamma, hedged = np.empty(names), np.empty(names), np.empty(names)
    _shares_into(book, 0, spot, stretch, hedged, gamma)
    for second in range(growth.shape[0]):
        stretch[:] = (distance / spot / ratio) ** 2
        _shares_into(book, second + 1, spot, stretch, delta, gamma)
        owed, slope = np.zeros(cores), np.zeros(cores)
        for i in range(names):
            owed[core[i]] -= (delta[i] - hedged[i]) * spot[i]
            slope[core[i]] += gamma[i] * spot[i] * spot[i]
        push = hedging.push * np.minimum(np.maximum(owed, -hedging.limit), hedging.limit)
        resistance = np.maximum(1.0 + hedging.push * slope, hedging.least)
        for i in range(names):
            news = (ceiling[i] - distance[i] * np.exp(growth[second, i])) / spot[i] - 1.0
            move = spot[i] * (news + push[core[i]]) / resistance[core[i]]
            hedged[i] = delta[i] + gamma[i] * move
            spot[i] += move
            distance[i] = ceiling[i] - spot[i]
        spots[second] = spot
