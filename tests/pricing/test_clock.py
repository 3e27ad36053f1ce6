"""The clocks, worked out by hand from the model's table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.constants import (
    FIRST_VARIANCE_PROFILE,
    LAST_VARIANCE_PROFILE,
    MINUTE,
    VARIANCE_PROFILE,
)
from zerodte.pricing import clock

OPEN = 1_648_042_200_000_000_000  # 2022-03-23 09:30 in New York
CLOSE = OPEN + 390 * MINUTE
EARLY_CLOSE = OPEN + 210 * MINUTE


def tau_sessions(minute: float, close: int = CLOSE, after: int = 0, *, am: bool = False) -> float:
    now = OPEN + int(minute * MINUTE)
    return 252 * float(clock.tau_years(now, OPEN, close, np.array([after - am]))[0])


@pytest.mark.parametrize(
    ("minute", "close", "expected"),
    [
        (-600, CLOSE, 1.0),  # before the open all of the session is left
        (0, CLOSE, 1.0),
        (41, CLOSE, 349 / 390),
        (195, CLOSE, 0.5),
        (389, CLOSE, 1 / 390),
        (389.5, CLOSE, 1 / 390),  # the floor
        (390, CLOSE, 1 / 390),
        (500, CLOSE, 1 / 390),
        (105, EARLY_CLOSE, 0.5),  # half days likewise
        (209.9, EARLY_CLOSE, 1 / 210),
    ],
)
def test_tau_of_the_same_day(minute: float, close: int, expected: float) -> None:
    assert tau_sessions(minute, close) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("minute", "after", "am", "expected"),
    [
        (195, 1, False, 1.5),
        (195, 5, False, 5.5),
        (195, 1, True, 0.5),  # the open of the next session
        (195, 5, True, 4.5),
        (400, 1, False, 1.0),
        (400, 1, True, 1 / 390),  # the evening before: no trading time is left
        (-30, 0, True, 1 / 390),  # the morning itself
        (60, 0, True, 1 / 390),  # expired
    ],
)
def test_tau_of_later_days(minute: float, after: int, am: bool, expected: float) -> None:
    assert tau_sessions(minute, after=after, am=am) == pytest.approx(expected, rel=1e-12)


@given(st.integers(-(10**14), 10**14), st.integers(0, 10**12), st.integers(0, 30))
def test_tau_never_grows_with_time(start: int, step: int, after: int) -> None:
    earlier = clock.tau_years(OPEN + start, OPEN, CLOSE, np.array([after]))[0]
    later = clock.tau_years(OPEN + start + step, OPEN, CLOSE, np.array([after]))[0]
    assert 0 < later <= earlier


def test_minutes() -> None:
    assert clock.session_minutes(OPEN, EARLY_CLOSE) == 210
    now = [OPEN - 1, OPEN, OPEN + 90 * MINUTE, CLOSE, CLOSE + 1]
    assert [clock.elapsed_minutes(t, OPEN, CLOSE) for t in now] == [0, 0, 90, 390, 390]


@pytest.mark.parametrize(
    ("elapsed", "length", "expected"),
    [
        (-5, 390, 1.0),
        (0, 390, 1.0),
        (2.5, 390, 1 - 12.8 * 1.55 / 13.3 / 99.9),
        (15, 390, 1 - 12.8 * (3.1 + 2.3 + 2.0) / 13.3 / 99.9),
        (30, 390, 1 - 12.8 / 99.9),
        (75, 390, 1 - (12.8 + 13.4 + 4.8) / 99.9),
        (360, 390, 10.8 / 99.9),
        # The last ten minutes hold half of the last half hour.
        (380, 390, 10.8 * (2.95 + 2.28) / 10.6 / 99.9),
        (387.5, 390, 10.8 * 1.14 / 10.6 / 99.9),
        (390, 390, 0.0),
        (400, 390, 0.0),
        (0, 210, 1.0),
        (15, 210, 1 - 12.8 * 7.4 / 13.3 / 59.4),
        (180, 210, 5.5 / 59.4),  # a half day: the first seven half hours, rescaled
        (200, 210, 5.5 / 3 / 59.4),  # without a surge that nobody measured on half days
        (210, 210, 0.0),
    ],
)
def test_remaining_variance(elapsed: float, length: float, expected: float) -> None:
    found = clock.remaining_variance_share(elapsed, length)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("elapsed", "length", "expected"),
    [
        (-90, 390, 26.2 / 99.9),  # before the open: the first hour
        (0, 390, 26.2 / 99.9),
        (30, 390, 23.0 / 87.1),
        (300, 390, (6.1 + 6.3) / 23.2),
        (325, 390, 1 - 10.8 * 2.28 / 10.6 / (10.8 + 6.3 + 6.1 / 6)),
        (330, 390, 1.0),
        (375, 390, 1.0),
        (390, 390, 1.0),
        (120, 210, (5.9 + 5.0) / 16.4),
        (150, 210, 1.0),
    ],
)
def test_next_hour(elapsed: float, length: float, expected: float) -> None:
    assert clock.next_hour_share(elapsed, length) == pytest.approx(expected, rel=1e-12)


@given(st.floats(0, 390), st.floats(0, 390), st.sampled_from([210.0, 390.0]))
def test_variance_only_runs_out(one: float, other: float, length: float) -> None:
    early, late = sorted((one, other))
    before = clock.remaining_variance_share(early, length)
    after = clock.remaining_variance_share(late, length)
    assert 0 <= after <= before <= 1
    assert 0 < clock.next_hour_share(early, length) <= 1


def test_the_profile_covers_a_session() -> None:
    assert len(VARIANCE_PROFILE) * 30 == 390
    assert sum(VARIANCE_PROFILE) == pytest.approx(100, abs=0.5)
    # The five minutes were measured apart from the half hours that they are scaled to.
    assert sum(FIRST_VARIANCE_PROFILE) == pytest.approx(VARIANCE_PROFILE[0], rel=0.05)
    assert sum(LAST_VARIANCE_PROFILE) == pytest.approx(VARIANCE_PROFILE[-1], rel=0.05)
