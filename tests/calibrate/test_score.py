"""Scores against plain loops, and intervals against laws that are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from zerodte.calibrate.parameter_file import verdict
from zerodte.calibrate.score import (
    covered,
    day_interval,
    decomposition,
    in_bin,
    largest_gap,
    log_loss,
)
from zerodte.constants import COVERAGE_LEVELS

FORECASTS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.77, 1.0]), st.booleans()), min_size=1
)


@given(FORECASTS)
def test_the_parts_make_the_brier_score(pairs: list[tuple[float, bool]]) -> None:
    probability = np.array([p for p, _ in pairs])
    happened = np.array([float(came) for _, came in pairs])
    parts = decomposition(probability, happened)
    brier = sum((p - came) ** 2 for p, came in pairs) / len(pairs)
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert total == pytest.approx(brier, abs=1e-12)
    base = sum(came for _, came in pairs) / len(pairs)
    assert parts.uncertainty == pytest.approx(base * (1 - base), abs=1e-12)
    assert parts.reliability >= 0.0 <= parts.resolution


def test_murphys_parts_of_a_table_by_hand() -> None:
    # Ten forecasts of 0.2 of which 3 came true, ten of 0.8 of which 6 did.
    probability = np.array([0.2] * 10 + [0.8] * 10)
    happened = np.array([1.0] * 3 + [0.0] * 7 + [1.0] * 6 + [0.0] * 4)
    parts = decomposition(probability, happened)
    assert parts.reliability == pytest.approx(0.5 * 0.1**2 + 0.5 * 0.2**2)
    assert parts.resolution == pytest.approx(0.15**2)
    assert parts.uncertainty == pytest.approx(0.45 * 0.55)
    assert parts.within == pytest.approx(0.0, abs=1e-15)
    assert parts.forecast == pytest.approx((0.2, 0.8))
    assert parts.happened == pytest.approx((0.3, 0.6))


def test_log_loss() -> None:
    loss = log_loss(np.array([0.9, 0.9, 1.0, 0.5]), np.array([1.0, 0.0, 0.0, np.nan]))
    assert loss[:2] == pytest.approx([-math.log(0.9), -math.log(0.1)])
    assert loss[2] == math.inf
    assert math.isnan(loss[3])


def test_the_gap_of_the_pit_is_kolmogorovs() -> None:
    below = np.random.default_rng(3).beta(1.0, 1.6, 400)
    assert largest_gap(below) == pytest.approx(stats.kstest(below, "uniform").statistic)
    assert math.isnan(largest_gap(np.array([np.nan])))


def test_central_intervals_and_tenths() -> None:
    below = np.array([0.5, 0.02, 0.98, 1.0, np.nan])
    held = covered(below)
    assert held[0].tolist() == [1.0] * len(COVERAGE_LEVELS)
    # 0.02 lies 0.48 from the middle: no central interval up to 0.95 has it, as 0.475 is the last.
    assert held[1].tolist() == held[2].tolist() == [0.0] * len(COVERAGE_LEVELS)
    assert np.isnan(held[4]).all()
    assert [row.argmax() for row in in_bin(below[:4])] == [5, 0, 9, 9]


def test_an_interval_of_days_counts_days_and_not_values() -> None:
    # 200 days of 15 values that are the same all day: the error is that of 200 values.
    random = np.random.default_rng(5)
    days = random.normal(0.0, 1.0, (200, 1))
    interval = day_interval(np.repeat(days, 15, axis=1))
    assert interval.days == 200
    assert interval.mean == pytest.approx(days.mean())
    error = days.std() / math.sqrt(200)
    assert interval.error == pytest.approx(error, rel=0.06)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        # Days of different size, with a common part each; the mean of a value is 0.
        values = random.normal(0.0, 1.0, (80, 1)) + random.normal(0.0, 0.5, (80, 6))
        values[random.random((80, 6)) < 0.3] = np.nan
        held += day_interval(values).holds(0.0)
    # 95% of 200 is 190, with a standard deviation of 3.
    assert 178 <= held <= 199


def test_an_interval_needs_two_days() -> None:
    one = day_interval(np.array([[1.0, 3.0], [np.nan, np.nan]]))
    assert (one.mean, one.days) == (2.0, 1)
    assert math.isnan(one.low)
    assert one.holds(17.0)
    none = day_interval(np.full((2, 2), np.nan))
    assert none.days == 0
    assert math.isnan(none.mean)


def test_nothing_is_called_better_while_the_interval_holds_0() -> None:
    assert verdict(0.001, 0.01) == "better"
    assert verdict(-0.01, -0.001) == "worse"
    assert verdict(-0.001, 0.01) == verdict(0.0, 0.01) == verdict(math.nan, math.nan) == "no better"
