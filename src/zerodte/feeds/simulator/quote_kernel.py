"""A minute of quotes, second by second: who requotes, at what, and what stood before each trade.

Every contract has a stream of random numbers of its own (splitmix64: Steele, Lea and Flood, "Fast
splittable pseudorandom number generators", 2014), so that its quotes do not depend on which others
are simulated beside it.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64, I64, U64
from zerodte.compiled import inline, kernel
from zerodte.feeds.simulator.parameters import CENT

#: From here on a class's wider tick holds, dollars.
TICK_CHANGE: Final = 3.0
_NANO: Final = 1e9
_HAIR: Final = 1e-6

#: One in so many quotes is dirty: locked, crossed, or without an offer (ours).
DIRTY: Final = 40_000
_LOCKED, _CROSSED = 1, 2

#: Standard deviation of the logarithm of sizes: of quoted ones, the upper quartile is 3.5 times the
#: median, the 95% quantile 15 times (Bilz).
DEPTH_SPREAD: Final = 1.7

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


class MakerQuotes(NamedTuple):
    """What stands, by contract.

    Attributes:
        sides: Bid, ask (raw), bid size, ask size, shape (n, 4); all 0 before the first quote, and
            0 where a side is missing.
        middle: Dollars, that the quote was made around, shape (n,).
        due: Second of the session at which it is made anew, shape (n,).
        words: State of each contract's stream, shape (n,).
    """

    sides: I64
    middle: F64
    due: F64
    words: U64


class Makers(NamedTuple):
    """How each contract is quoted in this minute, all of shape (n,).

    Attributes:
        low: Tick below `TICK_CHANGE`, cents.
        high: Tick from there on, cents.
        half: Half-spread before rounding outwards to ticks, dollars.
        patience: How far the fair value may leave the middle before the quote is made anew.
        rate: Requotes per second besides.
        depth: Usual size, contracts.
    """

    low: I64
    high: I64
    half: F64
    patience: F64
    rate: F64
    depth: F64


class TradeQuotes(NamedTuple):
    """Trades that want to know the quote just before them, by time.

    Attributes:
        second: Of the block, in which each happens, shape (m,).
        contract: Shape (m,).
        sides: Filled as `MakerQuotes.sides`, shape (m, 4).
    """

    second: I64
    contract: I64
    sides: I64


@inline
def _draw(words: U64, i: int) -> float:
    """The next number of a contract's stream, in [0, 1)."""
    words[i] += _GOLDEN
    z = words[i]
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z ^= z >> np.uint64(31)
    return float(z >> np.uint64(11)) * 2.0**-53


@inline
def _tick(price: float, low: int, high: int) -> int:
    return low if price < TICK_CHANGE else high


@inline
def _size(depth: float, normal: float) -> int:
    return max(1, int(np.rint(depth * math.exp(DEPTH_SPREAD * normal))))


@inline
def _quote(fair: float, half: float, low: int, high: int) -> tuple[int, int]:
    """Bid and ask around a fair value, cents, rounded outwards to ticks; a bid may be 0."""
    tick = _tick(fair - half, low, high)
    bid = max(0, math.floor((fair - half) * 100.0 / tick + _HAIR) * tick)
    tick = _tick(fair + half - _HAIR, low, high)
    ask = math.ceil((fair + half) * 100.0 / tick - _HAIR) * tick
    if ask <= bid:
        ask = bid + _tick(bid / 100.0, low, high)
    return bid, max(ask, low)


@inline
def _requote(i: int, fair: float, now: float, makers: Makers, book: MakerQuotes) -> None:
    words, sides = book.words, book.sides
    half = makers.half[i] * (0.6 + 0.8 * _draw(words, i))
    bid, ask = _quote(fair, half, makers.low[i], makers.high[i])
    radius = math.sqrt(-2.0 * math.log(1.0 - _draw(words, i)))
    angle = 2.0 * math.pi * _draw(words, i)
    sides[i, 2] = _size(makers.depth[i], radius * math.cos(angle)) if bid > 0 else 0
    sides[i, 3] = _size(makers.depth[i], radius * math.sin(angle))
    odd = int(_draw(words, i) * DIRTY * 3.0)
    if odd < 3 and bid > 0:
        if odd == _LOCKED:
            ask = bid
        elif odd == _CROSSED:
            ask = max(makers.low[i], bid - _tick((bid - 1) / 100.0, makers.low[i], makers.high[i]))
        else:
            ask, sides[i, 3] = 0, 0
    sides[i, 0], sides[i, 1] = bid * CENT, ask * CENT
    book.middle[i] = fair
    book.due[i] = now - math.log(1.0 - _draw(words, i)) / makers.rate[i]


@kernel
def quote_minute(
    fair: F64, started: float, makers: Makers, book: MakerQuotes, taps: TradeQuotes, out: I64
) -> int:
    """Make the quotes of a block.

    Args:
        fair: Fair values at the end of each second, dollars, shape (s, n).
        started: Seconds of the session before the block.
        makers: How contracts are quoted.
        book: What stands; brought up to date.
        taps: Trades; filled.
        out: Filled with second of the block, contract, bid, ask, bid size and ask size of each
            change, by second, shape (at least s n, 6).

    Returns:
        How many changes there are.
    """
    changes = 0
    heard = 0
    for second in range(fair.shape[0]):
        while heard < taps.second.shape[0] and taps.second[heard] <= second:
            taps.sides[heard] = book.sides[taps.contract[heard]]
            heard += 1
        now = started + second + 1.0
        for i in range(fair.shape[1]):
            value = fair[second, i]
            is_gone = abs(value - book.middle[i]) > makers.patience[i]
            if book.due[i] > now and not (is_gone and book.sides[i, 1] > 0):
                continue
            _requote(i, value, now, makers, book)
            out[changes, 0], out[changes, 1] = second, i
            out[changes, 2:] = book.sides[i]
            changes += 1
    return changes
