"""Which standing quotes can be believed: the one gate that all figures of a chain lie behind.

A quote is evidence in proportion to its width, and quotes of one chain bound each other without any
model (Merton, Bell Journal 4, 1973; Carr and Madan, Finance Research Letters 2, 2005): a put is
worth no less than one of a lower strike, at most the distance of the strikes more, and is convex in
the strike; calls likewise, mirrored. What is refused breaks these bounds at prices at which one
could trade, so quotes that were made of one market at one instant all pass.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64, I64, U8
from zerodte.compiled import kernel
from zerodte.constants import (
    ARBITRAGE_NEIGHBOURS,
    FORWARD_TOLERANCE,
    LOOSE_MULTIPLE,
    LOOSE_SLACK,
    PARITY_STRIKES,
    RELATIVE_WIDTH,
    SPOT_DISAGREEMENT,
    SPOT_DOUBT,
    SPOT_LIMIT,
    SPOT_SIGMAS,
    SPOT_STRIKES,
    SUSPECT_SHRINK,
    WIDTH_MULTIPLE,
    WIDTH_OF_BID,
)
from zerodte.pricing.forward import Parity, parity_of

#: Verdicts of a quote.
PLAUSIBLE: Final = 0
TOO_WIDE: Final = 1
ARBITRAGE: Final = 2
#: What answers call them.
VERDICTS: Final = {TOO_WIDE: "too wide", ARBITRAGE: "against arbitrage"}

#: Slack of a comparison of prices, dollars: a thousandth of the smallest tick.
_SLACK: Final = 1e-5
#: After so many rounds whatever is still in conflict is refused.
_ROUNDS: Final = 8


class Side(NamedTuple):
    """Quotes of one right in the order in which their prices rise, dollars, shape (n,).

    Attributes:
        level: The strike of a put, minus the strike of a call.
        bid: NaN where there is none.
        ask: Likewise.
    """

    level: F64
    bid: F64
    ask: F64


@kernel
def _wide(bid: float) -> float:
    """The width at which exchanges call a quote wide, dollars."""
    if bid < 2.0:
        return 0.75
    if bid <= 5.0:
        return 1.25
    if bid <= 10.0:
        return 1.5
    if bid <= 20.0:
        return 2.5
    if bid <= 50.0:
        return 3.0
    return 4.5 if bid <= 100.0 else 6.0


@kernel
def _in_conflict(side: Side, low: int, high: int) -> bool:
    """Whether two quotes, the level of `low` below that of `high`, leave a riskless profit."""
    if side.bid[low] > side.ask[high] + _SLACK:
        return True
    apart = side.level[high] - side.level[low]
    worth: bool = side.bid[high] - side.ask[low] > apart + _SLACK
    return worth


@kernel
def _is_hump(side: Side, low: int, middle: int, high: int) -> bool:
    """Whether a butterfly of three quotes earns something to open."""
    share = (side.level[middle] - side.level[low]) / (side.level[high] - side.level[low])
    wings = (1.0 - share) * side.ask[low] + share * side.ask[high]
    hump: bool = side.bid[middle] > wings + _SLACK
    return hump


@kernel
def _kept(side: Side, verdict: U8) -> I64:
    """Which quotes count and are not refused, shape (k,)."""
    kept, count = np.empty(verdict.shape[0], np.int64), 0
    for at in range(verdict.shape[0]):
        kept[count] = at
        count += verdict[at] == PLAUSIBLE and side.bid[at] > 0.0
    return kept[:count]


@kernel
def _sound(side: Side, kept: I64) -> bool:
    """Whether no two neighbours and no three break a bound: the way out of nearly all chains."""
    highest, lowest = -np.inf, np.inf
    for place in range(kept.shape[0]):
        at = kept[place]
        level = side.level[at]
        if highest > side.ask[at] + _SLACK or side.bid[at] - level > lowest + _SLACK:
            return False
        highest, lowest = max(highest, side.bid[at]), min(lowest, side.ask[at] - level)
        if place > 1 and _is_hump(side, kept[place - 2], kept[place - 1], at):
            return False
    return True


@kernel
def _conflicts(side: Side, kept: I64) -> I64:
    """The number of bounds that each quote breaks together with its neighbours, shape (k,)."""
    size = kept.shape[0]
    bid, ask, level = side.bid[kept], side.ask[kept], side.level[kept]
    # Of pairs, apart by their lower and their higher quote: so the inner loop is vector code.
    lower, counts = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for distance in range(1, min(1 + ARBITRAGE_NEIGHBOURS, size)):
        for low in range(size - distance):
            high = low + distance
            apart = level[high] - level[low]
            broken = (bid[low] > ask[high] + _SLACK) | (bid[high] - ask[low] > apart + _SLACK)
            lower[low] += np.int64(broken)
            counts[high] += np.int64(broken)
    for place in range(size):
        counts[place] += lower[place]
    for middle in range(1, size - 1):
        for low in range(max(middle - 2, 0), middle):
            for high in range(middle + 1, min(middle + 3, size)):
                if _is_hump(side, kept[low], kept[middle], kept[high]):
                    counts[low] += 1
                    counts[middle] += 1
                    counts[high] += 1
    return counts


@kernel
def _worst(side: Side, kept: I64, counts: I64, place: int) -> bool:
    """Whether no neighbour breaks more bounds than a quote that breaks some."""
    if counts[place] == 0:
        return False
    first = max(place - ARBITRAGE_NEIGHBOURS, 0)
    last = min(place + ARBITRAGE_NEIGHBOURS + 1, kept.shape[0])
    for other in range(first, last):
        if counts[other] > counts[place]:
            low, high = min(other, place), max(other, place)
            if high - low <= 4 or _in_conflict(side, kept[low], kept[high]):
                return False
    return True


@kernel
def _refuse_conflicts(side: Side, verdict: U8) -> None:
    """Refuse the quotes that break most bounds, until none is broken."""
    for turn in range(_ROUNDS + 1):
        kept = _kept(side, verdict)
        if _sound(side, kept):
            return
        counts = _conflicts(side, kept)
        if not counts.any():
            return  # what breaks a bound is too far apart to say which of the two is wrong
        for place in range(kept.shape[0]):
            if counts[place] and (turn == _ROUNDS or _worst(side, kept, counts, place)):
                verdict[kept[place]] = ARBITRAGE


@kernel
def _usual_width(side: Side, kept: I64, place: int) -> float:
    """The median width of the quotes beside one, dollars; infinite where it stands alone."""
    widths = np.empty(4)
    count = 0
    for other in range(max(place - 2, 0), min(place + 3, kept.shape[0])):
        if other != place:
            width, slot = side.ask[kept[other]] - side.bid[kept[other]], count
            while slot > 0 and widths[slot - 1] > width:
                widths[slot] = widths[slot - 1]
                slot -= 1
            widths[slot] = width
            count += 1
    return 0.5 * (widths[(count - 1) // 2] + widths[count // 2]) if count else np.inf


@kernel
def _refuse_loose(side: Side, verdict: U8) -> None:
    """Refuse a wide quote whose mid breaks the bounds that its tighter neighbours set."""
    kept = _kept(side, verdict)
    for place in range(kept.shape[0]):
        at = kept[place]
        width, mid = side.ask[at] - side.bid[at], 0.5 * (side.ask[at] + side.bid[at])
        if width <= _wide(side.bid[at]) and width <= RELATIVE_WIDTH * mid:
            continue
        if width > RELATIVE_WIDTH * mid and width >= LOOSE_MULTIPLE * _usual_width(
            side, kept, place
        ):
            verdict[at] = TOO_WIDE
            continue
        slack = LOOSE_SLACK * width
        first = max(place - ARBITRAGE_NEIGHBOURS, 0)
        for other in range(first, min(place + ARBITRAGE_NEIGHBOURS + 1, kept.shape[0])):
            near = kept[other]
            if side.ask[near] - side.bid[near] > 0.5 * width:
                continue
            apart = side.level[at] - side.level[near]
            least = side.bid[near] + min(apart, 0.0)
            most = side.ask[near] + max(apart, 0.0)
            if not least - slack <= mid <= most + slack:
                verdict[at] = TOO_WIDE
                break


@kernel
def _judge_side(side: Side, verdict: U8) -> None:
    for at in range(verdict.shape[0]):
        bid, width = side.bid[at], side.ask[at] - side.bid[at]
        if not (bid > 0.0 and width > 0.0):
            side.bid[at] = np.nan  # does not count, and so bounds no other
        elif width > max(WIDTH_MULTIPLE * _wide(bid), WIDTH_OF_BID * bid):
            verdict[at] = TOO_WIDE
    _refuse_conflicts(side, verdict)
    _refuse_loose(side, verdict)
    if (verdict != PLAUSIBLE).any():
        # Where something was wrong, the rest is held to the middle of its quotes.
        inset = SUSPECT_SHRINK * (side.ask - side.bid)
        _refuse_conflicts(Side(side.level, side.bid + inset, side.ask - inset), verdict)


@kernel
def _refuse_outside(strikes: F64, bid: F64, ask: F64, forward: float, verdict: U8) -> bool:
    """Refuse quotes beyond what the forward allows: intrinsic value, and the most to be had.

    Returns:
        Whether one was refused.
    """
    refused = False
    room = FORWARD_TOLERANCE * forward
    for right in range(2):
        for at in range(strikes.shape[0]):
            strike = strikes[at]
            most = forward + room if right == 0 else strike
            least = (forward - strike if right == 0 else strike - forward) - room
            counts = bid[right, at] > 0.0 and ask[right, at] > bid[right, at]
            if counts and (bid[right, at] > most or ask[right, at] < least):
                verdict[right, at] = max(verdict[right, at], ARBITRAGE)
                refused = True
    return refused


@kernel
def _parity(strikes: F64, bid: F64, ask: F64, verdict: U8) -> Parity:
    """Parity of what is believed."""
    believed = np.where(verdict == PLAUSIBLE, bid, np.nan)
    return parity_of(strikes, believed[0], ask[0], believed[1], ask[1])


@kernel
def _judge(strikes: F64, bid: F64, ask: F64, verdict: U8) -> Parity:
    """Judge a chain, and find its parity as `_parity` has it."""
    calls = Side(-strikes[::-1], bid[0, ::-1].copy(), ask[0, ::-1].copy())
    mirrored = np.zeros(strikes.shape[0], np.uint8)
    _judge_side(calls, mirrored)
    verdict[0] = mirrored[::-1]
    puts = Side(strikes.copy(), bid[1].copy(), ask[1].copy())
    straight = np.zeros(strikes.shape[0], np.uint8)
    _judge_side(puts, straight)
    verdict[1] = straight
    found = _parity(strikes, bid, ask, verdict)
    if found.strikes >= PARITY_STRIKES and _refuse_outside(
        strikes, bid, ask, found.forward, verdict
    ):
        return _parity(strikes, bid, ask, verdict)
    return found


@kernel
def judge(strikes: F64, starts: I64, bid: F64, ask: F64) -> U8:
    """The verdict of every quote of chains that lie side by side, shape (2, n).

    A quote that does not count anyway (no bid, crossed, locked) stays `PLAUSIBLE`.

    Args:
        strikes: Dollars, shape (n,), ascending within each chain.
        starts: Where each chain begins, shape (chains,).
        bid: Dollars, shape (2, n), calls and puts; NaN where there is none.
        ask: Likewise.
    """
    verdict = np.zeros(bid.shape, np.uint8)
    for chain in range(starts.shape[0]):
        low = starts[chain]
        high = starts[chain + 1] if chain + 1 < starts.shape[0] else strikes.shape[0]
        own = slice(low, high)
        _judge(strikes[own], bid[:, own], ask[:, own], verdict[:, own])
    return verdict


@kernel
def believed_parity(strikes: F64, bid: F64, ask: F64) -> Parity:
    """A chain's put-call parity from the quotes that can be believed.

    Args:
        strikes: Dollars, shape (n,), ascending.
        bid: Dollars, shape (2, n), calls and puts; NaN where there is none.
        ask: Likewise.
    """
    return _judge(strikes, bid, ask, np.zeros(bid.shape, np.uint8))


@kernel
def is_price(own: float, parity: Parity, is_today: bool) -> bool:
    """Whether an underlying's own price can be believed beside put-call parity.

    One number against many: parity outvotes it by `SPOT_LIMIT` from `PARITY_STRIKES` strikes on,
    and today's by `SPOT_SIGMAS` where `SPOT_STRIKES` strikes agree.

    Args:
        own: Dollars.
        parity: Of the nearest chain.
        is_today: Whether that expires today, in the session.
    """
    apart = abs(own / parity.forward - 1.0)
    if apart > SPOT_LIMIT and parity.strikes >= PARITY_STRIKES:
        return False
    is_allowed = parity.low <= own <= parity.high
    limit = SPOT_SIGMAS if is_today else math.inf
    is_near = apart <= SPOT_DISAGREEMENT or abs(own - parity.forward) <= limit * parity.sigma
    is_unknown = math.isnan(apart)
    return is_unknown or is_near or is_allowed or parity.agreeing < SPOT_STRIKES


def unremarkable(own: float, parity: Parity, *, is_today: bool) -> float:
    """How far from parity an own price may lie before it is said, a fraction.

    Args:
        own: Dollars.
        parity: Of the nearest chain.
        is_today: Whether that expires today, in the session.
    """
    is_allowed = not (own < parity.low or own > parity.high)
    if not is_today or parity.agreeing < 2 or is_allowed:
        return SPOT_DISAGREEMENT
    return min(SPOT_DISAGREEMENT, SPOT_DOUBT * parity.sigma / parity.forward)
