"""The compiled loop over seconds with the price impact of hedging."""

from typing import NamedTuple

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index
from zerodte.compiled import kernel
from zerodte.feeds.simulator.surface_kernel import deviation_into
from zerodte.pricing.profile import book_delta_into, gex_profile_into


class DealerBook(NamedTuple):
    """The dealers' book over s seconds: k contracts of m chains.

    Attributes:
        strike: Dollars, shape (k,).
        is_call: Shape (k,).
        shares: Shares that each position stands for, long positive, shape (k,).
        first: Start of each chain's contracts, and the end of the last one, shape (m + 1,).
        name: Index of each chain's name, shape (m,).
        theta: Total variance at the money at each second for a constant spot, shape (s + 1, m).
        slope: SSVI's phi, same shape.
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
    """The price impact of hedging a book, by core.

    Attributes:
        push: Log price change per dollar bought, shape (cores,).
        limit: Maximum dollars per second traded for the passing of time, shape (cores,).
        least: Lower bound of the resistance to a move: 1 without gamma, higher where dealers are
            long, lower where they are short.
    """

    push: F64
    limit: F64
    least: float


@kernel
def _shares_into(
    book: DealerBook, second: int, spot: F64, stretch: F64, delta: F64, gamma: F64
) -> None:
    """Write the book's delta and gamma at one second, in shares of each name, shape (names,).

    `stretch` is total variance at this spot over that at the book's spot, shape (names,).
    """
    delta[:], gamma[:] = 0.0, 0.0
    at, total = np.empty(1), np.empty(1)
    deviation = np.empty(book.strike.shape[0])
    for chain in range(book.name.shape[0]):
        own = slice(book.first[chain], book.first[chain + 1])
        name = book.name[chain]
        theta = book.theta[second, chain] * stretch[name]
        slope, skew = book.slope[second, chain], book.skew[chain]
        strike, shares, vol = book.strike[own], book.shares[own], deviation[own]
        deviation_into(spot[name], strike, theta, slope, skew, vol)
        at[0] = spot[name]
        # The deviation is the volatility over unit time.
        book_delta_into(at, 1.0, strike, 1.0, vol, book.is_call[own], shares, total)
        delta[name] += total[0]
        gex_profile_into(at, 1.0, strike, 1.0, vol, shares, total)
        gamma[name] += total[0] / (0.01 * at[0] * at[0])


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
    """Advance prices by s seconds while dealers hedge a constant book.

    With r the return without hedging and D(S, t) the dealers' delta in dollars, the return is
    x = r - push (dD/dt + S dD/dS x), solved for x. The change of D that the linear term misses
    is hedged one second later, together with the change due to the passing of time.

    Args:
        growth: Growth of log Y in each second without hedging, shape (s, names).
        ceiling: A, dollars, shape (names,).
        distance: Y, dollars, shape (names,); updated.
        core: Index of each name's core, shape (names,).
        book: The book that is hedged.
        hedging: Its price impact.
        spots: Output: A - Y at the end of each second, shape (s, names).
    """
    names, cores = distance.shape[0], hedging.push.shape[0]
    spot = ceiling - distance
    ratio, stretch = distance / spot, np.ones(names)
    delta, gamma, hedged_delta = np.empty(names), np.empty(names), np.empty(names)
    _shares_into(book, 0, spot, stretch, hedged_delta, gamma)
    for second in range(growth.shape[0]):
        stretch[:] = (distance / spot / ratio) ** 2
        _shares_into(book, second + 1, spot, stretch, delta, gamma)
        dollars_owed, slope = np.zeros(cores), np.zeros(cores)
        for i in range(names):
            dollars_owed[core[i]] -= (delta[i] - hedged_delta[i]) * spot[i]
            slope[core[i]] += gamma[i] * spot[i] * spot[i]
        push = hedging.push * np.minimum(np.maximum(dollars_owed, -hedging.limit), hedging.limit)
        resistance = np.maximum(1.0 + hedging.push * slope, hedging.least)
        for i in range(names):
            news = (ceiling[i] - distance[i] * np.exp(growth[second, i])) / spot[i] - 1.0
            move = spot[i] * (news + push[core[i]]) / resistance[core[i]]
            hedged_delta[i] = delta[i] + gamma[i] * move
            spot[i] += move
            distance[i] = ceiling[i] - spot[i]
        spots[second] = spot
