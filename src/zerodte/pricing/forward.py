"""The forward of a chain from put-call parity, without knowing where the money is.

Within a day nothing is discounted, so every strike K with two good quotes gives an estimate
K + (C - P) of the forward from its mids. |C - P| is also the distance of K from the forward, so
the strikes nearest the money are those where it is smallest. Their estimates' median, weighted by
the tightness of the quotes, is the forward: one wild quote cannot move it far.
"""

import math
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64
from zerodte.compiled import kernel

#: Strikes that vote. On recorded chains any number from three to twenty gives the same forward
#: within a nickel. Ten of them may have four in error, and none is yet so deep in the money that
#: quotes are wide or the early exercise of an American option spoils parity.
NEAREST = 10

#: Two values share the middle when their weights do but for rounding.
_SHARED = 1e-12


@dataclass(frozen=True)
class Forward:
    """A parity forward: its value in dollars, who voted for it, and how tight they were.

    value is NaN when strikes_used is 0. spread is the smallest call plus put spread among the
    strikes used, in dollars: parity pins the forward to about half of it.
    """

    value: float
    strikes_used: int
    spread: float


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
    """Fill in estimate and spread of the strikes of smallest |C - P|; returns their number."""
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
        place = min(used, NEAREST - 1)
        while place > 0 and distance[place - 1] > abs(gap):
            distance[place] = distance[place - 1]
            estimate[place] = estimate[place - 1]
            spread[place] = spread[place - 1]
            place -= 1
        distance[place] = abs(gap)
        estimate[place] = strike[i] + gap
        spread[place] = call_spread + put_spread
        used = min(used + 1, NEAREST)
    return used


@kernel
def _weighted_median(value: F64, weight: F64) -> float:
    """The value with at most half the weight on either side; midway when two values share that.

    Comparing all pairs is quicker than sorting: there are at most `NEAREST`.
    """
    half = (0.5 - _SHARED) * weight.sum()
    lower, upper = math.inf, -math.inf
    for i in range(value.shape[0]):
        up_to, from_here = 0.0, 0.0
        for j in range(value.shape[0]):
            up_to += weight[j] if value[j] <= value[i] else 0.0
            from_here += weight[j] if value[j] >= value[i] else 0.0
        if up_to >= half:
            lower = min(lower, value[i])
        if from_here >= half:
            upper = max(upper, value[i])
    return 0.5 * (lower + upper)


@kernel
def forward_of(
    strike: F64, call_bid: F64, call_ask: F64, put_bid: F64, put_ask: F64
) -> tuple[float, int, float]:
    """The fields of `parity_forward`'s answer, for use inside other kernels."""
    estimate = np.empty(NEAREST)
    spread = np.empty(NEAREST)
    used = _nearest_the_money(strike, call_bid, call_ask, put_bid, put_ask, estimate, spread)
    if used == 0:
        return math.nan, 0, math.nan
    weight = np.empty(used)
    tightest = math.inf
    for place in range(used):  # plain loops: array functions take far longer to compile
        weight[place] = 1.0 / spread[place]
        tightest = min(tightest, spread[place])
    return _weighted_median(estimate[:used], weight), used, tightest


def parity_forward(
    strike: F64, call_bid: F64, call_ask: F64, put_bid: F64, put_ask: F64
) -> Forward:
    """The spread-weighted median forward of the strikes nearest the money.

    Args:
        strike: Strikes in dollars, f8[n].
        call_bid: Quotes of the call at each strike in dollars, f8[n]; NaN where not usable.
        call_ask: Likewise.
        put_bid: Quotes of the put at each strike, f8[n].
        put_ask: Likewise.

    Returns:
        The forward; its value is NaN when no strike has bid > 0 and ask > bid on both sides.
    """
    return Forward(*forward_of(strike, call_bid, call_ask, put_bid, put_ask))
