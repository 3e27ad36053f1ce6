"""Statistics of scores against SciPy's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats  # type: ignore[import-untyped]

from zerodte.evaluate.statistic import (
    correlation,
    interval,
    mean_of,
    relative_error,
    same_sign,
    share,
    slope,
    student,
)

PAIRS = arrays(np.float64, (2, 12), elements=st.integers(-50, 50).map(float))


@pytest.mark.parametrize("freedom", [*range(1, 12), 30, 31, 200])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_students_quantiles(freedom: int, level: float) -> None:
    assert student(freedom, level) == pytest.approx(stats.t.ppf(0.5 + level / 2, freedom), rel=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=9))
def test_the_interval_is_students(values: list[float]) -> None:
    of = interval(np.array(values))
    error = stats.sem(values)
    assert of.seeds == len(values)
    assert of.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert of.half == pytest.approx(stats.t.ppf(0.975, len(values) - 1) * error, abs=1e-6)
    assert of.low <= of.mean <= of.high


def test_one_seed_has_no_interval_and_no_seed_no_mean() -> None:
    one = interval(np.array([math.nan, 3.0]))
    assert (one.mean, one.seeds) == (3.0, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    none = interval(np.array([math.nan]))
    assert math.isnan(none.mean)
    assert none.seeds == 0


@pytest.mark.drill
@given(PAIRS)
def test_correlation_and_slope(pairs: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> None:
    estimate, true = pairs
    if len(set(true.tolist())) == 1:
        assert math.isnan(slope(estimate, true))
        assert math.isnan(correlation(estimate, true))
        return
    fit = stats.linregress(true, estimate)
    assert slope(estimate, true) == pytest.approx(fit.slope, abs=1e-9)
    if len(set(estimate.tolist())) > 1:
        assert correlation(estimate, true) == pytest.approx(fit.rvalue, abs=1e-9)


def test_what_two_points_cannot_tell() -> None:
    two = np.array([1.0, 2.0])
    assert math.isnan(correlation(two, two))
    assert math.isnan(slope(two, two))


def test_errors_and_signs_by_hand() -> None:
    true, estimate = np.array([3.0, -4.0, 0.0, 0.0]), np.array([0.0, -4.0, 4.0, 0.0])
    assert relative_error(estimate, true) == pytest.approx(1.0)  # sqrt(9 + 16) over sqrt(9 + 16)
    assert same_sign(estimate, true) == 0.5, "where truth has no sign nothing is counted"
    assert math.isnan(relative_error(estimate, np.zeros(4)))
    assert math.isnan(same_sign(estimate, np.zeros(4)))


def test_shares_and_means_by_hand() -> None:
    which, weights = np.array([True, False, True]), np.array([1.0, 5.0, 2.0])
    assert share(which, weights) == 0.375
    assert math.isnan(share(which, np.zeros(3)))
    parts = [{"a": 1.0, "b": math.nan}, {"a": 2.0, "b": 5.0}]
    assert mean_of(parts) == {"a": 1.5, "b": 5.0}
