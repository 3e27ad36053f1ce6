"""Black-76 in 40 digits: the price by its formula, everything else from the price alone.

Greeks are numerical derivatives of the price and the implied volatility is a bisection, so no
formula of the code under test is repeated here.
"""

import mpmath as mp

mp.mp.dps = 40


def price(forward: float, strike: float, tau: float, vol: float, is_call: bool) -> mp.mpf:
    """F N(d1) - K N(d2), or the put's mirror image."""
    deviation = mp.mpf(vol) * mp.sqrt(tau)
    d1 = mp.log(mp.mpf(forward) / strike) / deviation + deviation / 2
    d2 = d1 - deviation
    if is_call:
        return forward * mp.ncdf(d1) - strike * mp.ncdf(d2)
    return strike * mp.ncdf(-d2) - forward * mp.ncdf(-d1)


def greeks(
    forward: float, strike: float, tau: float, vol: float, is_call: bool
) -> dict[str, mp.mpf]:
    """Derivatives of `price`; theta and charm as time passes, hence their minus.

    The out-of-the-money right is the one differentiated, or the intrinsic value would swallow the
    40 digits of a far strike; parity adds the difference, which is in delta alone.
    """
    otm_call = strike >= forward

    def value(f: mp.mpf, t: mp.mpf, v: mp.mpf) -> mp.mpf:
        return price(f, strike, t, v, otm_call)

    at = (mp.mpf(forward), mp.mpf(tau), mp.mpf(vol))
    return {
        "delta": mp.diff(value, at, (1, 0, 0)) + (is_call - otm_call),
        "gamma": mp.diff(value, at, (2, 0, 0)),
        "theta": -mp.diff(value, at, (0, 1, 0)),
        "vanna": mp.diff(value, at, (1, 0, 1)),
        "charm": -mp.diff(value, at, (1, 1, 0)),
    }


def volatility(
    forward: float, strike: float, tau: float, option_price: float, is_call: bool
) -> mp.mpf:
    """The volatility of a price inside its bounds, by bisection of the logarithm."""
    low, high = mp.mpf("1e-7"), mp.mpf(1000)
    for _ in range(110):
        middle = mp.sqrt(low * high)
        if price(forward, strike, tau, middle, is_call) < option_price:
            low = middle
        else:
            high = middle
    return mp.sqrt(low * high)
