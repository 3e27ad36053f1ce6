"""Non-negative least squares under two equalities, by an active set that is always feasible.

Minimise u'Gu / 2 - m'u over u >= 0 with a'u and b'u given. From a feasible start each step goes to
the minimum on the positive entries, or as far as the first one that would turn negative, which
leaves the set; at a minimum the entry that promises the largest gain enters. Every step stays on
the equalities and lowers the objective, so that wherever it stops the answer is a law.

Source: Lawson and Hanson, "Solving Least Squares Problems", 1974, ch. 23, with equalities; Nocedal
and Wright, "Numerical Optimization", 2006, ch. 16.5. Sums run in a fixed order, so that results
are the same on every machine.
"""

import math

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.compiled import kernel

#: An entry that would lower the objective by less than this does not enter.
_GAIN = 1e-9
#: Steps per entry at most; in practice one is enough.
_STEPS = 10
#: Two equalities are one where their determinant is below this share of its terms.
_DEGENERATE = 1e-14


@kernel
def _factor(gram: F64, index: I64, size: int, lower: F64) -> None:
    """Cholesky's factor of the rows and columns `index[:size]`, transposed into `lower`."""
    for row in range(size):
        for column in range(row, size):
            lower[row, column] = gram[index[row], index[column]]
    for pivot in range(size):
        root = math.sqrt(max(lower[pivot, pivot], 1e-300))
        for column in range(pivot, size):
            lower[pivot, column] /= root
        for row in range(pivot + 1, size):
            factor = lower[pivot, row]
            for column in range(row, size):
                lower[row, column] -= factor * lower[pivot, column]


@kernel
def _substitute(lower: F64, size: int, right: F64) -> None:
    """Solve for the right-hand side, in place."""
    for row in range(size):
        right[row] /= lower[row, row]
        for below in range(row + 1, size):
            right[below] -= lower[row, below] * right[row]
    for row in range(size - 1, -1, -1):
        for after in range(row + 1, size):
            right[row] -= lower[row, after] * right[after]
        right[row] /= lower[row, row]


@kernel
def _dot(left: F64, right: F64, size: int) -> float:
    total = 0.0
    for i in range(size):
        total += left[i] * right[i]
    return total


@kernel
def _stiffened(gram: F64, moments: F64, rows: F64, totals: F64) -> tuple[F64, F64]:
    """Both with the equalities' squares added, which changes no minimum and makes G definite."""
    count = moments.shape[0]
    trace, size = 0.0, 0.0
    for i in range(count):
        trace += gram[i, i]
        size += rows[0, i] * rows[0, i] + rows[1, i] * rows[1, i]
    weight = trace / size
    stiff, right = np.empty((count, count)), np.empty(count)
    for i in range(count):
        right[i] = moments[i] + weight * (rows[0, i] * totals[0] + rows[1, i] * totals[1])
        for j in range(count):
            square = rows[0, i] * rows[0, j] + rows[1, i] * rows[1, j]
            stiff[i, j] = gram[i, j] + weight * square
    return stiff, right


@kernel
def _minimum(
    gram: F64, moments: F64, rows: F64, totals: F64, index: I64, size: int, work: F64
) -> tuple[float, float]:
    """Write the minimum on some entries into `work[0, :size]`; return both multipliers."""
    count = moments.shape[0]
    lower = work[3 : 3 + count]
    for i in range(size):
        work[0, i] = moments[index[i]]
        work[1, i] = rows[0, index[i]]
        work[2, i] = rows[1, index[i]]
    _factor(gram, index, size, lower)
    for i in range(3):
        _substitute(lower, size, work[i])
    s00 = s01 = s11 = 0.0
    for i in range(size):
        first, second = rows[0, index[i]], rows[1, index[i]]
        s00 += first * work[1, i]
        s01 += first * work[2, i]
        s11 += second * work[2, i]
    determinant = s00 * s11 - s01 * s01
    is_single = determinant <= _DEGENERATE * s00 * s11
    multipliers = (0.0, 0.0)
    for _ in range(2):  # once more for what rounding has left
        left0, left1 = totals[0], totals[1]
        for i in range(size):
            left0 -= rows[0, index[i]] * work[0, i]
            left1 -= rows[1, index[i]] * work[0, i]
        if is_single:
            step0, step1 = left0 / s00, 0.0
        else:
            step0 = (s11 * left0 - s01 * left1) / determinant
            step1 = (s00 * left1 - s01 * left0) / determinant
        for i in range(size):
            work[0, i] += step0 * work[1, i] + step1 * work[2, i]
        multipliers = (multipliers[0] + step0, multipliers[1] + step1)
    return multipliers


@kernel
def _entering(gram: F64, moments: F64, rows: F64, multipliers: tuple[float, float], u: F64) -> int:
    """The zero entry that promises the largest gain, or -1."""
    best, gain = -1, _GAIN
    for i in range(u.shape[0]):
        if u[i] > 0.0:
            continue
        slope = moments[i] - _dot(gram[i], u, u.shape[0])
        slope += multipliers[0] * rows[0, i] + multipliers[1] * rows[1, i]
        if slope > 0.0 and slope * slope > 2.0 * gain * gram[i, i]:
            best, gain = i, 0.5 * slope * slope / gram[i, i]
    return best


@kernel
def solve(gram: F64, moments: F64, rows: F64, totals: F64, start: F64) -> F64:
    """The minimum.

    Args:
        gram: G, symmetric, f8[k, k]; definite where the equalities leave room.
        moments: m, f8[k].
        rows: The equalities a and b, f8[2, k].
        totals: What a'u and b'u are, f8[2].
        start: A feasible u, all above 0, f8[k].

    Returns:
        u, f8[k], its zeros exact.
    """
    count = start.shape[0]
    stiff, right = _stiffened(gram, moments, rows, totals)
    work, index = np.empty((count + 3, count)), np.empty(count, np.int64)
    u = start.copy()
    is_in = np.ones(count, np.bool_)
    entered = -1
    for _ in range(_STEPS * count):
        size = 0
        for i in range(count):
            if is_in[i]:
                index[size] = i
                size += 1
        multipliers = _minimum(stiff, right, rows, totals, index, size, work)
        share, leaving = 1.0, -1
        for i in range(size):
            at, to = u[index[i]], work[0, i]
            if to <= 0.0 and at < share * (at - to):
                share, leaving = at / (at - to), index[i]
        if leaving >= 0 and leaving == entered:
            break  # it promised what rounding does not keep
        for i in range(size):
            u[index[i]] = max(u[index[i]] + share * (work[0, i] - u[index[i]]), 0.0)
        if leaving >= 0:
            u[leaving] = 0.0
            is_in[leaving] = False
            entered = -1
            continue
        entered = _entering(stiff, right, rows, multipliers, u)
        if entered < 0:
            break
        is_in[entered] = True
    return u
