"""Branch-free special functions that are inlined into vector loops.

Every function is straight-line code on one float64, without branches, tables or calls, so that LLVM
vectorises a loop over contracts. NaN in, NaN out. The polynomials are Chebyshev interpolants
computed in 40-digit arithmetic by `tests/answers/make_special.py`.

    exp        relative error below 2e-16 for -708 <= y <= 709; below that exactly 0
    exp2       relative error below 2e-16 for -1022 <= y <= 1023; below that exactly 0
    mills      relative error below 8e-16 for every d >= -1/2
    mills_fall relative error below 5e-15 for every width
    log_ratio  relative error below 4e-16, also near 1
"""

import numpy as np

from zerodte.compiled import inline

#: 1 / sqrt(2 pi) and sqrt(2 pi).
INV_SQRT_2PI = 0.3989422804014327
SQRT_2PI = 2.5066282746310002

#: Adding and subtracting 1.5 x 2^52 rounds to the nearest integer, which is also in the low bits of
#: the sum.
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

#: mills(d) (d + 5.5) in u = (d - 4.5) / (d + 5.5), for d >= -1/2.
_MILLS = (
    2.125705804420318,
    -2.2175329966653763,
    2.0016453988367076,
    -1.5551277631134053,
    1.0275601951894158,
    -0.56443881189223,
    0.24644823747064068,
    -0.07688381122945492,
    0.010980011174365653,
    0.0037173882559001677,
    -0.0025280842720142058,
    0.00030342982230387443,
    0.0002499192211711741,
    -9.589917690281368e-05,
    -1.872704779799645e-05,
    1.717692396899939e-05,
    9.951910862982073e-07,
    -2.860617185918933e-06,
    -6.9000015476897005e-09,
    4.7174354115384373e-07,
    -5.290122106462793e-09,
    -6.849734273816277e-08,
    4.0121509768250977e-10,
    6.051199569210461e-09,
)


@inline
def polynomial(x: float, coefficients: tuple[float, ...]) -> float:
    """Horner's rule, coefficients in ascending order. LLVM unrolls it for constant length."""
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
    """The power 2^y, for y <= 1023; 0 if the result is not a normal number.

    y = k + f with k an integer and |f| <= 1/2, then 2^y = 2^k 2^f.
    """
    rounded = y + _ROUND
    f = y - (rounded - _ROUND)
    power = polynomial(f, _EXP2) * _power_of_two(_bits(rounded))
    return 0.0 if y < _EXP2_FLOOR else power


@inline
def exp(y: float) -> float:
    """The exponential, for y <= 709; 0 if the result is not a normal number.

    As 2^(y / ln 2), but with the remainder f taken before y / ln 2 is rounded.
    """
    rounded = y * _INV_LN2 + _ROUND
    k = rounded - _ROUND
    f = ((y - k * _LN2_HIGH) - k * _LN2_LOW) * _INV_LN2
    power = polynomial(f, _EXP2) * _power_of_two(_bits(rounded))
    return 0.0 if y < _EXP_FLOOR else power


@inline
def mills(d: float) -> float:
    """The Mills ratio M(d) = (1 - N(d)) / n(d) of the normal distribution, for d >= -1/2.

    Equals sqrt(pi / 2) erfcx(d / sqrt(2)), with the scaled complementary error function erfcx. The
    tail of the distribution is n(d) M(d), without cancellation at any d.
    """
    shrink = 1.0 / (d + 5.5)
    return polynomial((d - 4.5) * shrink, _MILLS) * shrink


@inline
def mills_fall(d: float, width: float) -> tuple[float, float]:
    """M(d) - M(d + width) without cancellation, and M(d + width); d >= -1/2 and width >= 0.

    Horner's rule at two points x and y together gives P(y) and (P(x) - P(y)) / (x - y). The
    remaining factors come from the map from d to u, and all have the same sign.
    """
    far = d + width
    near_shrink = 1.0 / (d + 5.5)
    far_shrink = 1.0 / (far + 5.5)
    x = (d - 4.5) * near_shrink
    y = (far - 4.5) * far_shrink
    last = len(_MILLS) - 1
    value, slope = _MILLS[last], 0.0
    for power in range(last - 1, -1, -1):
        slope = slope * x + value
        value = value * y + _MILLS[power]
    fall = width * near_shrink * far_shrink * (value - 10.0 * slope * near_shrink)
    return fall, value * far_shrink


@inline
def log_ratio(a: float, b: float) -> float:
    """log(a / b) for positive normal numbers, with exact cancellation if a and b are close.

    With k the power of two nearest a / b and z = (a - 2^k b) / (a + 2^k b), the logarithm is
    k ln 2 + 2 atanh(z). If a or b is not positive, the result is undefined, without an error: the
    caller must mask it.
    """
    k = (_bits(a) - _bits(b) + (1 << 51)) >> 52
    scaled = b * _power_of_two(k)
    z = (a - scaled) / (a + scaled)
    square = z * z
    return k * _LN2 + 2.0 * (z + z * square * polynomial(square, _LOG))
