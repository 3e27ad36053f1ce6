"""Black-76 on a forward, without rates: price and the five greeks of one chain.

With F the forward, K the strike, tau the time left, v the volatility and s = v sqrt(tau):

    d1 = log(F / K) / s + s / 2          d2 = d1 - s
    price  = F N(d1) - K N(d2)           for a call; a put by parity
    delta  = N(d1), less 1 for a put     gamma  = n(d1) / (F s)
    theta  = -F n(d1) v / (2 sqrt(tau))  vanna  = -n(d1) d2 / v
    charm  = n(d1) d2 / (2 tau)

Source: Black, "The pricing of commodity contracts", 1976; Haug, "The Complete Guide to Option
Pricing Formulas", 2007, ch. 2. Theta and charm are the change as time passes (theta <= 0), per unit
of tau. The only exponential per contract is n(d1); the tail of the normal distribution is n(d1)
times the Mills ratio, so delta keeps its precision in the wings.

The result is NaN, never an error, if the volatility, strike, forward or time is not positive and
finite. That includes the limit tau = 0, where gamma is 0 or infinite.
"""

import math
from typing import NamedTuple

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.compiled import inline, vector_kernel
from zerodte.pricing.special import INV_SQRT_2PI, exp, log_ratio, mills, mills_fall


class Greeks(NamedTuple):
    """Five greeks per contract: delta, gamma per 1.00, theta and charm per unit of tau, vanna."""

    delta: F64
    gamma: F64
    theta: F64
    vanna: F64
    charm: F64


@inline
def deviation(forward: float, strike: float, root_tau: float, vol: float) -> float:
    """The standard deviation s = vol sqrt(tau), or NaN if no price exists."""
    s = vol * root_tau
    return s if (0.0 < s < math.inf) & (strike > 0.0) & (forward > 0.0) else math.nan


@inline
def signed_tail(d: float, density: float, is_call: bool) -> float:
    """N(d) for a call, N(d) - 1 for a put, given density = n(d), without cancellation."""
    tail = density * mills(abs(d))
    put = 0.0 if is_call else 1.0
    return (1.0 - put) - tail if d > 0.0 else tail - put


@vector_kernel
def greeks_into(
    forward: float,
    strike: F64,
    tau: float,
    vol: F64,
    is_call: Bool,
    delta: F64,
    gamma: F64,
    theta: F64,
    vanna: F64,
    charm: F64,
) -> None:
    """Write the greeks of one chain into the given arrays; see `greeks`."""
    root_tau = math.sqrt(tau)
    half_rate = -0.5 * forward / root_tau
    half_time = 0.5 / tau
    for i in range(strike.shape[0]):
        s = deviation(forward, strike[i], root_tau, vol[i])
        h = log_ratio(forward, strike[i]) / s
        d1 = h + 0.5 * s
        d2 = h - 0.5 * s
        density = INV_SQRT_2PI * exp(-0.5 * d1 * d1)
        delta[i] = signed_tail(d1, density, is_call[i])
        gamma[i] = density / (forward * s)
        theta[i] = half_rate * density * vol[i]
        vanna[i] = -density * d2 / vol[i]
        charm[i] = half_time * density * d2


@vector_kernel
def price_into(
    forward: float, strike: F64, tau: float, vol: F64, is_call: Bool, price: F64
) -> None:
    """Write the prices of one chain into `price`; see `price`.

    The time value over the smaller of F and K is n(A) (M(A) - M(B)) with A = h - s / 2 and
    B = h + s / 2; if that is large, its complement n(A) (M(-A) + M(B)). M is the Mills ratio.
    """
    root_tau = math.sqrt(tau)
    for i in range(strike.shape[0]):
        s = deviation(forward, strike[i], root_tau, vol[i])
        h = abs(log_ratio(forward, strike[i])) / s
        near = h - 0.5 * s
        upper = near < -0.5
        fall, beyond = mills_fall(-near if upper else near, 2.0 * h if upper else s)
        density = INV_SQRT_2PI * exp(-0.5 * near * near)
        share = 1.0 - density * (fall + 2.0 * beyond) if upper else density * fall
        intrinsic = max(forward - strike[i] if is_call[i] else strike[i] - forward, 0.0)
        price[i] = intrinsic + share * min(forward, strike[i])


def greeks(forward: float, strike: F64, tau: float, vol: F64, is_call: Bool) -> Greeks:
    """The greeks of one chain.

    Args:
        forward: Forward of the chain, in dollars.
        strike: Strikes, f8[n].
        tau: Time left; theta and charm are per its unit (years of 252 sessions in this package).
        vol: Volatilities per square root of that unit, f8[n]; NaN where unknown.
        is_call: True for calls, bool[n].

    Returns:
        f8[n] each; NaN if vol, strike, forward or tau is NaN, infinite or not positive.
    """
    out = np.empty((5, strike.shape[0]))
    greeks_into(forward, strike, tau, vol, is_call, out[0], out[1], out[2], out[3], out[4])
    return Greeks(out[0], out[1], out[2], out[3], out[4])


def chain_greeks(forward: float, strike: F64, tau: float, vol: F64) -> Greeks:
    """The greeks of calls and puts on one smile; arguments as in `greeks`.

    Returns:
        f8[2, n] each, calls first; NaN as in `greeks`.
    """
    out = np.empty((5, 2 * strike.shape[0]))
    both, vols = np.concatenate((strike, strike)), np.concatenate((vol, vol))
    greeks_into(forward, both, tau, vols, _rights(strike.shape[0]), *out)
    return Greeks(*out.reshape(5, 2, -1))


def greeks_over(forward: F64, strike: F64, tau: F64, vol: F64) -> Greeks:
    """The greeks of calls and puts on one chain's smiles at k instants.

    Args:
        forward: In dollars, f8[k].
        strike: Strikes, f8[n].
        tau: Time left, f8[k].
        vol: Volatilities, f8[k, n].

    Returns:
        f8[k, 2, n] each, calls first; NaN as in `greeks`.
    """
    both, rights = np.concatenate((strike, strike)), _rights(strike.shape[0])
    vols = np.concatenate((vol, vol), axis=1)
    out = np.empty((forward.shape[0], 5, 2 * strike.shape[0]))
    for k, into in enumerate(out):
        greeks_into(float(forward[k]), both, float(tau[k]), vols[k], rights, *into)
    return Greeks(*np.moveaxis(out, 1, 0).reshape(5, forward.shape[0], 2, -1))


def _rights(count: int) -> Bool:
    """`count` calls, then `count` puts."""
    rights = np.zeros(2 * count, np.bool_)
    rights[:count] = True
    return rights


def price(forward: float, strike: F64, tau: float, vol: F64, is_call: Bool) -> F64:
    """The prices of one chain in dollars; arguments and NaN as in `greeks`."""
    out = np.empty(strike.shape[0])
    price_into(forward, strike, tau, vol, is_call, out)
    return out
