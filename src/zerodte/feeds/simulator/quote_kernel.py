"""The compiled loop that quotes one minute, second by second.

Every contract has its own random stream (splitmix64: Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", 2014), so that its quotes do not depend on the other contracts.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64, I64, U64
from zerodte.compiled import inline, kernel
from zerodte.feeds.simulator.parameters import CENT

#: The wider tick applies from this price on, dollars.
TICK_CHANGE: Final = 3.0
_NANO: Final = 1e9
_HAIR: Final = 1e-6

#: One quote in this many is dirty: locked, crossed or without an offer (ours).
DIRTY: Final = 40_000
_LOCKED, _CROSSED = 1, 2

#: Standard deviation of the log of quoted sizes: their upper quartile is 3.5 times the median, the
#: 95% quantile 15 times (Bilz).
DEPTH_SPREAD: Final = 1.7

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


class MakerQuotes(NamedTuple):
    """The current quotes of market makers, by contract.

    Attributes:
        sides: Bid, ask (raw), bid size, ask size, shape (n, 4); 0 before the first quote, and for
            a missing side.
        mid: Fair value that the quote was made for, dollars, shape (n,).
        next_requote: Second of the session of the next random requote, shape (n,).
        random_state: State of each contract's random stream, shape (n,).
    """

    sides: I64
    mid: F64
    next_requote: F64
    random_state: U64


class MakerSettings(NamedTuple):
    """The settings of market makers for one minute, by contract, all of shape (n,).

    Attributes:
        tick_low: Tick below `TICK_CHANGE`, cents.
        tick_high: Tick from `TICK_CHANGE` on, cents.
        half_spread: Half-spread before rounding outwards to ticks, dollars.
        patience: Move of the fair value from `mid` that forces a requote, dollars.
        requote_rate: Random requotes per second.
        depth: Median size, contracts.
    """

    tick_low: I64
    tick_high: I64
    half_spread: F64
    patience: F64
    requote_rate: F64
    depth: F64


class TradeQuotes(NamedTuple):
    """Trades by time, and the quote just before each.

    Attributes:
        second: Second of the block, shape (m,).
        contract: Position of the contract, shape (m,).
        sides: Output, as `MakerQuotes.sides`, shape (m, 4).
    """

    second: I64
    contract: I64
    sides: I64


@inline
def _uniform(random_state: U64, i: int) -> float:
    """The next random number of a contract, in [0, 1)."""
    random_state[i] += _GOLDEN
    z = random_state[i]
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z ^= z >> np.uint64(31)
    return float(z >> np.uint64(11)) * 2.0**-53


@inline
def _tick(price: float, tick_low: int, tick_high: int) -> int:
    return tick_low if price < TICK_CHANGE else tick_high


@inline
def _lognormal_size(depth: float, normal: float) -> int:
    return max(1, int(np.rint(depth * math.exp(DEPTH_SPREAD * normal))))


@inline
def _bid_ask(fair: float, half_spread: float, tick_low: int, tick_high: int) -> tuple[int, int]:
    """Bid and ask around a fair value in cents, rounded outwards to ticks. The bid may be 0."""
    tick = _tick(fair - half_spread, tick_low, tick_high)
    bid = max(0, math.floor((fair - half_spread) * 100.0 / tick + _HAIR) * tick)
    tick = _tick(fair + half_spread - _HAIR, tick_low, tick_high)
    ask = math.ceil((fair + half_spread) * 100.0 / tick - _HAIR) * tick
    if ask <= bid:
        ask = bid + _tick(bid / 100.0, tick_low, tick_high)
    return bid, max(ask, tick_low)


@inline
def _requote(i: int, fair: float, now: float, makers: MakerSettings, quotes: MakerQuotes) -> None:
    random_state, sides = quotes.random_state, quotes.sides
    half_spread = makers.half_spread[i] * (0.6 + 0.8 * _uniform(random_state, i))
    bid, ask = _bid_ask(fair, half_spread, makers.tick_low[i], makers.tick_high[i])
    radius = math.sqrt(-2.0 * math.log(1.0 - _uniform(random_state, i)))
    angle = 2.0 * math.pi * _uniform(random_state, i)
    sides[i, 2] = _lognormal_size(makers.depth[i], radius * math.cos(angle)) if bid > 0 else 0
    sides[i, 3] = _lognormal_size(makers.depth[i], radius * math.sin(angle))
    dirt = int(_uniform(random_state, i) * DIRTY * 3.0)
    if dirt < 3 and bid > 0:
        if dirt == _LOCKED:
            ask = bid
        elif dirt == _CROSSED:
            ask = max(
                makers.tick_low[i],
                bid - _tick((bid - 1) / 100.0, makers.tick_low[i], makers.tick_high[i]),
            )
        else:
            ask, sides[i, 3] = 0, 0
    sides[i, 0], sides[i, 1] = bid * CENT, ask * CENT
    quotes.mid[i] = fair
    quotes.next_requote[i] = (
        now - math.log(1.0 - _uniform(random_state, i)) / makers.requote_rate[i]
    )


@kernel
def quote_minute(
    fair: F64,
    elapsed: float,
    makers: MakerSettings,
    quotes: MakerQuotes,
    trades: TradeQuotes,
    changes: I64,
) -> int:
    """Quote one block.

    Args:
        fair: Fair values at the end of each second, dollars, shape (s, n).
        elapsed: Seconds of the session before the block.
        makers: Settings of market makers.
        quotes: Current quotes; updated.
        trades: Trades of the block; their quotes are filled in.
        changes: Output: second of the block, contract, bid, ask, bid size and ask size of each
            change, by second, shape (at least s n, 6).

    Returns:
        The number of changes.
    """
    count = 0
    next_trade = 0
    for second in range(fair.shape[0]):
        while next_trade < trades.second.shape[0] and trades.second[next_trade] <= second:
            trades.sides[next_trade] = quotes.sides[trades.contract[next_trade]]
            next_trade += 1
        now = elapsed + second + 1.0
        for i in range(fair.shape[1]):
            value = fair[second, i]
            has_moved = abs(value - quotes.mid[i]) > makers.patience[i]
            if quotes.next_requote[i] > now and not (has_moved and quotes.sides[i, 1] > 0):
                continue
            _requote(i, value, now, makers, quotes)
            changes[count, 0], changes[count, 1] = second, i
            changes[count, 2:] = quotes.sides[i]
            count += 1
    return count
