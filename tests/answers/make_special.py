"""The coefficients in zerodte.pricing.special, from 40-digit arithmetic.

Run it to print the tables; tests/pricing/test_special.py holds the code to what it prints.
Each function is made smooth on [-1, 1], interpolated at Chebyshev points, and its Chebyshev
series written out in powers, lowest first.
"""

from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 40

#: The half-line from `start` is mapped to [-1, 1], and `middle` to 0.
MILLS_START = mp.mpf(-1) / 2
MILLS_MIDDLE = mp.mpf(9) / 2
GUESS_MIDDLE = 8


def mills(d: mp.mpf) -> mp.mpf:
    """(1 - N(d)) / n(d), by its asymptotic series where the tail leaves no digits."""
    if d < 60:
        return mp.sqrt(mp.pi / 2) * mp.exp(d * d / 2) * mp.erfc(d / mp.sqrt(2))
    total, term = mp.mpf(0), mp.mpf(1)
    for n in range(40):
        total += term
        term *= -(2 * n + 1) / (d * d)
    return total / d


def mills_smooth(u: mp.mpf) -> mp.mpf:
    """mills(d) (d + 5.5), with u = (d - 4.5) / (d + 5.5)."""
    reach = MILLS_MIDDLE - MILLS_START
    d = MILLS_START + reach * (1 + u) / (1 - u)
    return mills(d) * (d - MILLS_START + reach)


def exp2_smooth(u: mp.mpf) -> mp.mpf:
    """2^f, with f = u / 2."""
    return mp.power(2, u / 2)


def log_smooth(u: mp.mpf) -> mp.mpf:
    """(atanh(z) - z) / z^3, with z^2 = (1 + u) / 2 * LOG_REACH."""
    y = (1 + u) / 2 * LOG_REACH
    z = mp.sqrt(y)
    return (mp.atanh(z) - z) / z**3


def normal_ratio(h: mp.mpf) -> mp.mpf:
    """The ratio h s / price in the Bachelier model for a strike h standard deviations away."""
    return h / (mp.npdf(h) * (1 - h * mills(h)))


#: The largest z^2 that log_ratio meets: its reduced ratio lies within 2^(+-0.5861).
LOG_REACH = mp.tanh(mp.log(2) * mp.mpf("0.5862") / 2) ** 2


def guess_smooth(u: mp.mpf) -> mp.mpf:
    """sqrt(1 + q) (1 / h - sqrt(2 pi) / r), with r the distance over the price, q = log(1 + r)."""
    q = GUESS_MIDDLE * (1 + u) / (1 - u)
    r = mp.expm1(q)
    log_r = mp.log(r)
    if r < mp.mpf("1e-6"):
        return mp.sqrt(mp.pi / 2)
    start = r / mp.sqrt(2 * mp.pi) if r < 1 else mp.sqrt(2 * q) * mp.mpf("0.8") + mp.mpf("0.2")
    h = mp.findroot(lambda h: mp.log(normal_ratio(abs(h))) - log_r, start)
    return mp.sqrt(1 + q) * (1 / abs(h) - mp.sqrt(2 * mp.pi) / r)


def powers(function: Callable[[mp.mpf], mp.mpf], degree: int) -> list[mp.mpf]:
    """The Chebyshev interpolant of `function` on [-1, 1], in powers of u, lowest first."""
    count = degree + 1
    nodes = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / count) for k in range(count)]
    values = [function(node) for node in nodes]
    result = [mp.mpf(0)] * count
    before, current = [mp.mpf(0)], [mp.mpf(1)]
    for j in range(count):
        weights = [mp.cos(mp.pi * j * (k + mp.mpf(1) / 2) / count) for k in range(count)]
        coefficient = (2 if j else 1) * mp.fdot(values, weights) / count
        for power, term in enumerate(current):
            result[power] += coefficient * term
        factor = 2 if j else 1
        following = [mp.mpf(0)] + [factor * term for term in current]
        for power, term in enumerate(before):
            following[power] -= term if j else 0
        before, current = current, following
    return result


def rescaled(coefficients: list[mp.mpf], inner: mp.mpf, shift: mp.mpf) -> list[mp.mpf]:
    """The same polynomial in another variable v, where u = inner v + shift."""
    result = [mp.mpf(0)]
    for coefficient in reversed(coefficients):
        grown = [mp.mpf(0)] * (len(result) + 1)
        for power, term in enumerate(result):
            grown[power] += term * shift
            grown[power + 1] += term * inner
        grown[0] += coefficient
        result = grown
    return result[: len(coefficients)]


TABLES: dict[str, Callable[[], list[mp.mpf]]] = {
    "MILLS": lambda: powers(mills_smooth, 23),
    "EXP2": lambda: rescaled(powers(exp2_smooth, 11), mp.mpf(2), mp.mpf(0)),
    "LOG": lambda: rescaled(powers(log_smooth, 9), 2 / LOG_REACH, mp.mpf(-1)),
    "GUESS": lambda: powers(guess_smooth, 7),
}

if __name__ == "__main__":
    for name, table in TABLES.items():
        print(f"_{name} = (")
        for value in table():
            print(f"    {float(value)!r},")
        print(")")
