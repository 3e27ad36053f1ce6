"""Open interest through the day: by hand, at its bounds, and the measured level of its share."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerodte.constants import OPEN_INTEREST_PER_TRADED, OPEN_INTEREST_WEIGHT, OPENING_SHARE
from zerodte.engine.open_interest import METHODS, OpenInterest, Turnover, open_interest

NAN = float("nan")

contracts = st.integers(0, 10_000).map(float)


def of_one(
    method: str, official: float, bought: float, sold: float, unsigned: float, opened: float
) -> OpenInterest:
    amounts = (bought, sold, bought + sold + unsigned, opened)
    day = Turnover(*(np.array([amount]) for amount in (*amounts, opened, 0.0, 0.0)))
    return open_interest(np.array([official]), day, method)


@pytest.mark.parametrize(
    ("method", "amounts", "simulated", "effective"),
    [
        # official, bought, sold, unsigned, opened
        ("signed_v1", (100, 60, 10, 30, 0), 121.5, 121.5),
        ("signed_v1", (100, 10, 60, 30, 0), 78.5, 78.5),
        ("signed_v1", (10, 0, 100, 0, 0), -33, 0),
        ("signed_v1", (NAN, 60, 10, 0, 0), 21.5, 21.5),
        ("signed_v1", (NAN, 0, 0, 0, 0), NAN, NAN),
        ("signed_v1", (0, 0, 0, 0, 0), 0, 0),
        ("turnover_v1", (100, 60, 10, 30, 60), 125.8, 125.8),
        ("turnover_v1", (100, 60, 10, 30, -40), 82.8, 82.8),
        ("turnover_v1", (10, 60, 10, 30, -100), 0, 0),
        ("turnover_v1", (NAN, 60, 10, 30, 50), 21.5, 21.5),
        ("turnover_v1", (NAN, 0, 0, 0, 0), NAN, NAN),
        ("turnover_v2", (100, 60, 10, 30, 60), 118, 118),
        ("turnover_v2", (100, 10, 60, 30, -40), 118, 118),
        ("turnover_v2", (NAN, 60, 10, 30, 50), 18, 18),
        ("turnover_v2", (NAN, 0, 0, 0, 0), NAN, NAN),
        ("turnover_v2", (0, 0, 0, 0, 0), 0, 0),
        # Opened less closed by what is held.
        ("turnover_v3", (100, 60, 10, 30, 60), 125.8, 125.8),
        ("turnover_v3", (10, 60, 10, 30, -100), -33, 0),
        ("turnover_v3", (NAN, 60, 10, 30, 50), 21.5, 21.5),
        ("turnover_v3", (NAN, 0, 0, 0, 0), NAN, NAN),
    ],
)
def test_by_hand(
    method: str,
    amounts: tuple[float, float, float, float, float],
    simulated: float,
    effective: float,
) -> None:
    found = of_one(method, *amounts)
    assert found.simulated[0] == pytest.approx(simulated, nan_ok=True)
    assert found.effective[0] == pytest.approx(effective, nan_ok=True)
    np.testing.assert_equal(found.official[0], amounts[0])


@given(contracts | st.just(NAN), contracts, contracts, contracts, st.floats(-1, 1))
@settings(deadline=None)
def test_effective_is_never_negative_nor_moved_by_more_than_all_volume(
    official: float, bought: float, sold: float, unsigned: float, share: float
) -> None:
    volume = bought + sold + unsigned
    for method in METHODS:
        found = of_one(method, official, bought, sold, unsigned, share * volume)
        if volume or not np.isnan(official):
            assert found.effective[0] >= 0
            assert abs(found.effective[0] - np.nan_to_num(official)) <= volume + 1e-9
        assert found.effective[0] == max(found.simulated[0], 0) or np.isnan(official)


def test_what_is_held_is_the_default() -> None:
    day = Turnover(*(np.array([amount]) for amount in (60.0, 10.0, 100.0, 60.0, 40.0, 0.0, 0.0)))
    assert open_interest(np.array([100.0]), day).simulated[0] == pytest.approx(117.2)


def expiring_first(path: Path) -> tuple[float, float]:
    """Open interest and volume of the first expiry in a chain file of Cboe's website."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if row][3:]
    mine = [row for row in rows if row[0] == rows[0][0]]
    open_interest, volume = (sum(float(r[i]) + float(r[i + 11]) for r in mine) for i in (10, 6))
    return open_interest, volume


def test_the_opening_share_has_the_level_that_was_measured(recorded: Path) -> None:
    """What SPY options grew by overnight, per contract traded the day before they expired."""
    evening, traded = expiring_first(recorded / "chains" / "spy_2025-04-30_2035.csv")
    morning, _ = expiring_first(recorded / "chains" / "spy_2025-05-01_0828.csv")
    measured = (morning - evening) / traded
    a_day = OPEN_INTEREST_WEIGHT * float(np.mean(OPENING_SHARE))
    assert a_day == pytest.approx(measured, rel=0.05)
    # Between that and the 0.19 of simulated days.
    assert measured < OPEN_INTEREST_PER_TRADED < 0.19
