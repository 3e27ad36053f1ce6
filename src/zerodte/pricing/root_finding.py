"""The roots of a function that is given on a grid."""

import math

from zerodte.arrays import F64
from zerodte.compiled import inline, kernel


@inline
def _signs_differ(one: float, other: float) -> bool:
    return (one < 0.0 < other) | (other < 0.0 < one)


@kernel
def nearest_root(grid: F64, value: F64, near: float) -> float:
    """The sign change nearest to `near`, interpolated linearly; NaN if there is none.

    Args:
        grid: Arguments, f8[m], ascending.
        value: Values of the function, f8[m]. A zero counts if its neighbours differ in sign; NaN
            never counts.
        near: Argument to be near to. Of equally near roots, one between grid points is
            preferred, then the smallest.
    """
    root, distance = math.nan, math.inf
    for i in range(grid.shape[0] - 1):
        if _signs_differ(value[i], value[i + 1]):
            step = grid[i + 1] - grid[i]
            candidate = grid[i] - value[i] * step / (value[i + 1] - value[i])
            if abs(candidate - near) < distance:
                root, distance = candidate, abs(candidate - near)
    for i in range(1, grid.shape[0] - 1):
        is_root = value[i] == 0.0 and _signs_differ(value[i - 1], value[i + 1])
        if is_root and abs(grid[i] - near) < distance:
            root, distance = grid[i], abs(grid[i] - near)
    return root
