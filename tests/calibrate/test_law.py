"""The laws against SciPy's."""

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from zerodte.calibrate.law import normal_cdf, student_cdf

Z = np.concatenate((np.linspace(-9.0, 9.0, 181), [-1e6, 1e6]))


@pytest.mark.parametrize("freedom", [3, 5, 7, 21])
def test_students_law_has_variance_one(freedom: int) -> None:
    law = stats.t(freedom, scale=np.sqrt((freedom - 2) / freedom))
    assert law.var() == pytest.approx(1.0)
    np.testing.assert_allclose(student_cdf(Z, freedom), law.cdf(Z), atol=1e-13)


def test_the_normal_law() -> None:
    np.testing.assert_allclose(
        normal_cdf(Z.reshape(3, 61)), stats.norm.cdf(Z).reshape(3, 61), atol=1e-15
    )
