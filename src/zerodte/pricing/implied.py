"""Implied volatility of one chain: a bracketed solver in the logarithm of the price.

Parity first converts the price to that of the out-of-the-money option, the time value. With
a = |log(F / K)| and s = v sqrt(tau), the time value over the smaller of F and K is

    c(s) = n(A) (M(A) - M(B))            while A >= -1/2
    1 - c(s) = n(A) (M(-A) + M(B))       while A < -1/2

where A = a / s - s / 2, B = a / s + s / 2, and M is the Mills ratio. The solver works on the
logarithm of the left side: log c keeps its precision in the far wings, where c is far below one
tick, and log(1 - c) keeps it near the bound. Halley's iteration starts from the solution of the
Bachelier model, which is nearly exact over a day. It stays inside a bracket that every step
narrows, since c increases with s. Four steps suffice if a float64 price determines a volatility.
There is no warm start: a result depends on its own arguments alone.

A block of contracts iterates together, as vector code, until all have converged.

Source: the idea of the log-price objective is Jäckel's, "Let's be rational", 2015; the derivatives
are c' = n(A) and c'' = c' A B / s.
"""

import math

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.compiled import inline, vector_kernel
from zerodte.pricing.special import INV_SQRT_2PI, SQRT_2PI, log_ratio, mills_fall, polynomial

#: Contracts that iterate together: enough to fill the vector units, few enough that one slow
#: contract delays few others.
_BLOCK = 64
#: A step this small relative to s is the last: the error after it is of the order of its cube.
_STEP_TOLERANCE = 1e-5
#: Below this A, the time value is so large that 1 - c has full precision.
_UPPER = -0.5
#: Bisection alone would need fewer steps than this for full precision.
_MAX_STEPS = 80
#: Time values below this, relative to the smaller of F and K, count as zero.
_LEAST_TIME_VALUE = 1e-300
#: Beyond sqrt(2 a) + this, c equals 1 to the last digit.
_MAX_DEVIATION = 18.0
#: Outside these bounds of Halley's factor, the step is Newton's.
_FACTOR_LOW = 0.25
_FACTOR_HIGH = 4.0

#: sqrt(1 + q) (s / a - sqrt(2 pi) beta / a) of the Bachelier model in u = (q - 8) / (q + 8), with
#: q = log(1 + a / beta); from tests/answers/make_special.py.
_GUESS = (
    1.0930407805944906,
    -0.7312054058977558,
    0.473544744682675,
    0.2633654314999215,
    -0.8338805292702364,
    0.3907890473491829,
    0.24930380156971235,
    -0.19712392278446256,
)


@inline
def _first_guess(a: float, beta: float) -> float:
    """The s of the Bachelier model for the time value beta = c min(F, K) / sqrt(F K)."""
    q = log_ratio(beta + a, beta)
    u = (q - 8.0) / (q + 8.0)
    return SQRT_2PI * beta + a * polynomial(u, _GUESS) / math.sqrt(1.0 + q)


@inline
def _next(a: float, c: float, s: float) -> tuple[bool, float]:
    """Whether s is too high for the time value c, and Halley's step from s."""
    h = a / s
    near = h - 0.5 * s
    far = h + 0.5 * s
    upper = near < _UPPER
    fall, beyond = mills_fall(-near if upper else near, 2.0 * h if upper else s)
    ratio = fall + 2.0 * beyond if upper else fall
    side = -1.0 if upper else 1.0
    excess = side * (log_ratio(INV_SQRT_2PI * ratio, 1.0 - c if upper else c) - 0.5 * near * near)
    newton = -excess * ratio
    factor = 1.0 + 0.5 * newton * (near * far / s - side / ratio)
    is_usable = (factor > _FACTOR_LOW) & (factor < _FACTOR_HIGH)
    return excess > 0.0, newton / (factor if is_usable else 1.0)


@inline
def _load(
    forward: float, strike: float, price: float, is_call: bool
) -> tuple[float, float, float, float]:
    """a, c, the initial s, and an upper bound of s. The initial s is NaN if no s exists."""
    intrinsic = max(forward - strike if is_call else strike - forward, 0.0)
    value = price - intrinsic
    a = abs(log_ratio(forward, strike))
    c = value / min(forward, strike)
    s = _first_guess(a, value / math.sqrt(forward * strike))
    exists = (c > _LEAST_TIME_VALUE) & (c < 1.0)
    return a, c, s if exists else math.nan, math.sqrt(2.0 * a) + _MAX_DEVIATION


@vector_kernel
def volatility_into(
    forward: float, strike: F64, tau: float, price: F64, is_call: Bool, vol: F64
) -> None:
    """Write the implied volatilities of one chain into `vol`; see `volatility`."""
    root_tau = math.sqrt(tau) if tau > 0.0 else math.nan
    a = np.empty(_BLOCK)
    c = np.empty(_BLOCK)
    s = np.empty(_BLOCK)
    low = np.empty(_BLOCK)
    high = np.empty(_BLOCK)
    for start in range(0, strike.shape[0], _BLOCK):
        count = min(_BLOCK, strike.shape[0] - start)
        s[count:] = math.nan
        low[:] = 0.0
        for i in range(count):
            k = start + i
            a[i], c[i], s[i], high[i] = _load(forward, strike[k], price[k], is_call[k])
        for _ in range(_MAX_STEPS):
            moving = 0
            for i in range(_BLOCK):
                current = s[i]
                too_high, step = _next(a[i], c[i], current)
                lower_bound = low[i] if too_high else current
                upper_bound = current if too_high else high[i]
                has_converged = low[i] >= high[i]
                is_moving = (abs(step) > _STEP_TOLERANCE * current) & (not has_converged)
                proposal = current + step
                inside = (proposal > lower_bound) & (proposal < upper_bound)
                target = proposal if inside | (not is_moving) else 0.5 * (lower_bound + upper_bound)
                target = current if has_converged else target
                s[i] = target
                low[i] = lower_bound if is_moving else target
                high[i] = upper_bound if is_moving else target
                moving += 1 if is_moving else 0
            if moving == 0:
                break
        for i in range(count):
            vol[start + i] = s[i] / root_tau


def volatility(forward: float, strike: F64, tau: float, price: F64, is_call: Bool) -> F64:
    """The Black-76 implied volatilities of one chain.

    Args:
        forward: Forward of the chain, in dollars.
        strike: Strikes, f8[n].
        tau: Time left, in years of 252 sessions.
        price: Option prices in dollars, f8[n]; NaN if unknown.
        is_call: True for calls, bool[n].

    Returns:
        f8[n], per square root of tau's unit; NaN if the price has no time value or reaches its
        bound (the forward for a call, the strike for a put), or if an argument is NaN.
    """
    vol = np.empty(strike.shape[0])
    volatility_into(forward, strike, tau, price, is_call, vol)
    return vol
