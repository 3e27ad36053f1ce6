"""Branch-free special functions that melt into vector loops.

Every function here is straight-line code on one float64: no branch, no table look-up, no call, so
that LLVM turns a loop over contracts into vector instructions. NaN in, NaN out. The polynomials
are Chebyshev interpolants made in 40-digit arithmetic by `tests/answers/make_special.py`.

    exp        relative error below 2e-16 for -708 <= y <= 709; below that exactly 0
    exp2       relative error below 2e-16 for -1022 <= y <= 1023; below that exactly 0
    mills      relative error below 6e-16 for every d >= 0
    log_ratio  relative error below 4e-16, near 1 too
"""

import numpy as np

from zerodte.compiled import inline

#: 1 / sqrt(2 pi) and sqrt(2 pi).
INV_SQRT_2PI = 0.3989422804014327
SQRT_2PI = 2.5066282746310002

#: Adding and taking away 1.5 x 2^52 rounds to the nearest integer, and leaves that integer in the
#: low bits of the sum.
_ROUND = 6755399441055744.0
_INV_LN2 = 1.4426950408889634
#: ln 2 in two parts; the first has trailing zeros, so its product with a small integer is exact.
_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10
_LN2 = 0.6931471805599453
#: Below these the results leave the normal range of float64.
_EXP2_FLOOR = -1022.0
_EXP_FLOOR = -708.0

#: 2^f in f, for |f| <= 1/2.
_EXP2 = (
    1.0,
    0.6931471805599453,
    0.24022650695910158,
    0.055504108664821625,
    0.009618129107587256,
    0.001333355814640647,
    0.00015403530463724353,
    1.5252733841556773e-05,
    1.3215432535912375e-06,
    1.0178057087733941e-07,
    7.074194297288521e-09,
    4.4558179083360645e-10,
)
#: (atanh(z) - z) / z^3 in z^2, for |z| <= 0.2004.
_LOG = (
    0.3333333333333333,
    0.2,
    0.14285714285713838,
    0.11111111111253198,
    0.09090909067978946,
    0.07692309814715319,
    0.06666547330013489,
    0.058864907203703104,
    0.05177075668084032,
    0.057358586518988494,
)

#: mills(d) (d + 4) in u = (d - 4) / (d + 4), for d >= 0.
_MILLS = (
    1.8932190633084853,
    -1.523770910819983,
    0.9704095548676185,
    -0.46754096299837045,
    0.15139176231101523,
    -0.01890045086073445,
    -0.008722295247696894,
    0.004087855669592027,
    0.00033424436090694754,
    -0.000579269227909388,
    -4.781815834111735e-06,
    8.809542096224811e-05,
    1.7911870822522725e-06,
    -1.4842471487746988e-05,
    -1.5664275229520689e-06,
    2.567381170594176e-06,
    6.634658051244073e-07,
    -3.9896597010923747e-07,
    -1.9738931713497465e-07,
    4.366327169416851e-08,
    4.023625296905201e-08,
    -1.0471399141324068e-09,
    -4.225794749133924e-09,
    -3.744020186309987e-10,
)


@inline
def polynomial(x: float, coefficients: tuple[float, ...]) -> float:
    """Horner's rule, coefficients lowest first. LLVM unrolls it: the length is a constant."""
    last = len(coefficients) - 1
    result = coefficients[last]
    for power in range(last - 1, -1, -1):
        result = result * x + coefficients[power]
    return result


@inline
def _bits(x: float) -> np.int64:
    return np.float64(x).view(np.int64)


@inline
def _power_of_two(k: np.int64) -> float:
    return np.int64((k + 1023) << 52).view(np.float64)


@inline
def exp2(y: float) -> float:
    """The power 2^y, for y <= 1023; 0 where the result would not be a normal number.

    y = k + f with k an integer and |f| <= 1/2, then 2^y = 2^k 2^f.
    """
    rounded = y + _ROUND
    f = y - (rounded - _ROUND)
    power = polynomial(f, _EXP2) * _power_of_two(_bits(rounded))
    return 0.0 if y < _EXP2_FLOOR else power


@inline
def exp(y: float) -> float:
    """The exponential, for y <= 709; 0 where the result would not be a normal number.

    As 2^(y / ln 2), but with the remainder f taken before y / ln 2 is rounded.
    """
    rounded = y * _INV_LN2 + _ROUND
    k = rounded - _ROUND
    f = ((y - k * _LN2_HIGH) - k * _LN2_LOW) * _INV_LN2
    power = polynomial(f, _EXP2) * _power_of_two(_bits(rounded))
    return 0.0 if y < _EXP_FLOOR else power


@inline
def mills(d: float) -> float:
    """The Mills ratio (1 - N(d)) / n(d) of the normal law, for d >= 0.

    It is sqrt(pi / 2) erfcx(d / sqrt(2)): the scaled complementary error function in the units of
    the normal law. The tail of the law is n(d) mills(d), without cancellation at any d.
    """
    shrink = 1.0 / (d + 4.0)
    return polynomial((d - 4.0) * shrink, _MILLS) * shrink


@inline
def log_ratio(a: float, b: float) -> float:
    """log(a / b) for positive normal numbers; exact cancellation where a and b are near.

    With k the power of two nearest a / b and z = (a - 2^k b) / (a + 2^k b), the logarithm is
    k ln 2 + 2 atanh(z). Garbage, not an error, where a or b is not positive: the caller masks.
    """
    k = (_bits(a) - _bits(b) + (1 << 51)) >> 52
    scaled = b * _power_of_two(k)
    z = (a - scaled) / (a + scaled)
    square = z * z
    return k * _LN2 + 2.0 * (z + z * square * polynomial(square, _LOG))
