"""Where a function on a grid changes sign."""

import math

from zerodte.arrays import F64
from zerodte.compiled import inline, kernel


@inline
def _differ(one: float, other: float) -> bool:
    return (one < 0.0 < other) | (other < 0.0 < one)


@kernel
def nearest_root(grid: F64, value: F64, near: float) -> float:
    """The change of sign nearest `near`, interpolated linearly; NaN where there is none.

    Args:
        grid: Arguments, f8[m], ascending.
        value: The function there, f8[m]. A zero counts where its neighbours differ in sign, NaN
            never.
        near: Of roots equally near to it, one between grid points counts, then the smallest.
    """
    root, distance = math.nan, math.inf
    for i in range(grid.shape[0] - 1):
        if _differ(value[i], value[i + 1]):
            step = grid[i + 1] - grid[i]
            found = grid[i] - value[i] * step / (value[i + 1] - value[i])
            if abs(found - near) < distance:
                root, distance = found, abs(found - near)
    for i in range(1, grid.shape[0] - 1):
        is_root = value[i] == 0.0 and _differ(value[i - 1], value[i + 1])
        if is_root and abs(grid[i] - near) < distance:
            root, distance = grid[i], abs(grid[i] - near)
    return root
