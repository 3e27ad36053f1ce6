"""The nearest root, against all of them listed plainly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.pricing.root_finding import nearest_root

VALUES = st.lists(st.sampled_from((-2.0, -1.0, 0.0, 0.5, 3.0, math.nan)), min_size=1, max_size=9)


def roots(values: list[float]) -> list[float]:
    """Every change of sign on the grid 0, 1, 2 ..., by linear interpolation."""
    found = []
    for i, value in enumerate(values):
        after = values[i + 1] if i + 1 < len(values) else math.nan
        if value * after < 0.0:
            found.append(i + value / (value - after))
        if value == 0.0 and i > 0 and values[i - 1] * after < 0.0:
            found.append(float(i))
    return found


@given(values=VALUES, near=st.floats(-1.0, 10.0))
def test_the_nearest_of_all(values: list[float], near: float) -> None:
    root = nearest_root(np.arange(float(len(values))), np.array(values), near)
    distances = [abs(other - near) for other in roots(values)]
    if distances:
        assert abs(root - near) == pytest.approx(min(distances), abs=1e-12)
        assert any(root == pytest.approx(other, abs=1e-12) for other in roots(values))
    else:
        assert math.isnan(root)
