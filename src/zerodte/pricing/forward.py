"""The forward of a chain from put-call parity, without a spot price.

Within a day nothing is discounted, so every strike K with two valid quotes gives an estimate
K + (C - P) of the forward from its mids. |C - P| is also the distance of K from the forward, so
the strikes nearest the money have the smallest |C - P|. The forward is the median of their
estimates, weighted by the tightness of quotes, so one wild quote cannot move it far.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64
from zerodte.compiled import kernel

#: Number of strikes used. On recorded chains any number from 3 to 20 gives the same forward within
#: a nickel. Ten strikes tolerate four errors, and are not so deep in the money that quotes are wide
#: or early exercise of American options breaks parity.
NEAREST = 10

#: Relative tolerance for a tie of two values in the weighted median.
_TIE = 1e-12


@kernel
def _nearest_the_money(
    strike: F64,
    call_bid: F64,
    call_ask: F64,
    put_bid: F64,
    put_ask: F64,
    estimate: F64,
    spread: F64,
) -> int:
    """Write estimate and spread of the strikes with the smallest |C - P|; return their number."""
    distance = np.full(NEAREST, np.inf)
    used = 0
    for i in range(strike.shape[0]):
        call_spread = call_ask[i] - call_bid[i]
        put_spread = put_ask[i] - put_bid[i]
        if not (call_bid[i] > 0.0 and put_bid[i] > 0.0 and call_spread > 0.0 and put_spread > 0.0):
            continue
        gap = 0.5 * ((call_bid[i] + call_ask[i]) - (put_bid[i] + put_ask[i]))
        if abs(gap) >= distance[NEAREST - 1]:
            continue
        slot = min(used, NEAREST - 1)
        while slot > 0 and distance[slot - 1] > abs(gap):
            distance[slot] = distance[slot - 1]
            estimate[slot] = estimate[slot - 1]
            spread[slot] = spread[slot - 1]
            slot -= 1
        distance[slot] = abs(gap)
        estimate[slot] = strike[i] + gap
        spread[slot] = call_spread + put_spread
        used = min(used + 1, NEAREST)
    return used


@kernel
def _weighted_median(value: F64, weight: F64) -> float:
    """The value with at most half of the weight on each side; the middle of two such values.

    Comparing all pairs is faster than sorting at most `NEAREST` values.
    """
    half = (0.5 - _TIE) * weight.sum()
    lower, upper = math.inf, -math.inf
    for i in range(value.shape[0]):
        below, above = 0.0, 0.0
        for j in range(value.shape[0]):
            below += weight[j] if value[j] <= value[i] else 0.0
            above += weight[j] if value[j] >= value[i] else 0.0
        if below >= half:
            lower = min(lower, value[i])
        if above >= half:
            upper = max(upper, value[i])
    return 0.5 * (lower + upper)


class Parity(NamedTuple):
    """What put-call parity says of a chain's price, dollars; NaN where no strike has both sides.

    Attributes:
        forward: The weighted median of the strikes used.
        strikes: How many were used.
        agreeing: How many of them allow it at prices at which one could trade.
        low: The least price that half of them allow.
        high: The most.
        sigma: Of what remains until expiry, from call plus put at the strike nearest the forward;
            too large where that strike lies away from it.
        spread: The smallest call plus put spread.
    """

    forward: float
    strikes: int
    agreeing: int
    low: float
    high: float
    sigma: float
    spread: float


NO_PARITY: Final = Parity(math.nan, 0, 0, math.nan, math.nan, math.nan, math.nan)
#: One sigma over the price of a straddle at the money, which is the mean absolute move.
_SIGMA_OF_STRADDLE: Final = math.sqrt(0.5 * math.pi)


@kernel
def _straddle(
    strike: F64, call_bid: F64, call_ask: F64, put_bid: F64, put_ask: F64, forward: float
) -> float:
    """Call plus put mid at the strike nearest the forward that has both."""
    nearest, straddle = math.inf, math.nan
    for i in range(strike.shape[0]):
        is_call = call_bid[i] > 0.0 and call_ask[i] > call_bid[i]
        is_put = put_bid[i] > 0.0 and put_ask[i] > put_bid[i]
        if is_call and is_put and abs(strike[i] - forward) < nearest:
            nearest = abs(strike[i] - forward)
            straddle = 0.5 * (call_bid[i] + call_ask[i] + put_bid[i] + put_ask[i])
    return straddle


@kernel
def parity_of(strike: F64, call_bid: F64, call_ask: F64, put_bid: F64, put_ask: F64) -> Parity:
    """What the strikes nearest the money say.

    Args:
        strike: Strikes in dollars, f8[n].
        call_bid: Bids of calls in dollars, f8[n]; NaN if not usable.
        call_ask: Asks of calls.
        put_bid: Bids of puts.
        put_ask: Asks of puts.

    Returns:
        `NO_PARITY` if no strike has bid > 0 and ask > bid for call and put.
    """
    estimate = np.empty(NEAREST)
    spread = np.empty(NEAREST)
    used = _nearest_the_money(strike, call_bid, call_ask, put_bid, put_ask, estimate, spread)
    if used == 0:
        return NO_PARITY
    weight, equal = np.empty(used), np.ones(used)
    low, high = np.empty(used), np.empty(used)
    tightest = math.inf
    for slot in range(used):  # array functions take far longer to compile
        weight[slot] = 1.0 / spread[slot]
        low[slot] = estimate[slot] - 0.5 * spread[slot]
        high[slot] = estimate[slot] + 0.5 * spread[slot]
        tightest = min(tightest, spread[slot])
    forward = _weighted_median(estimate[:used], weight)
    agreeing = 0
    for slot in range(used):
        agreeing += low[slot] <= forward <= high[slot]
    straddle = _straddle(strike, call_bid, call_ask, put_bid, put_ask, forward)
    return Parity(
        forward,
        used,
        agreeing,
        _weighted_median(low, equal),
        _weighted_median(high, equal),
        _SIGMA_OF_STRADDLE * straddle,
        tightest,
    )
