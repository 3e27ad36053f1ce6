"""Forecasts on bars with a known law, and against plain twins."""

import math

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from calibrate.made_bars import draw, sessions, shares
from zerodte.arrays import F64
from zerodte.calibrate.bar_report import BarReport, bar_report
from zerodte.calibrate.bars import BarSessions
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.forecast import CLIMATOLOGY, HAR_GAUSSIAN, HAR_T, walk_forward
from zerodte.calibrate.har import fit_har
from zerodte.calibrate.moves import close_moves
from zerodte.constants import COVERAGE_LEVELS, SCORED_MINUTES

COUNT = 320


def made(count: int, seed: int) -> BarSessions:
    close, vix = draw(count, seed)
    dates = tuple(day.date for day in sessions(count))
    return BarSessions(dates, np.log(close), vix / 100.0, {})


@pytest.fixture(scope="module")
def bars() -> BarSessions:
    return made(COUNT, 7)


@pytest.fixture(scope="module")
def report(bars: BarSessions) -> BarReport:
    return bar_report("SPY", bars, 1.0)


def test_moves_against_a_plain_twin(bars: BarSessions) -> None:
    moves = close_moves(bars)
    share = shares()
    for row, place in ((0, 0), (7, 5), (300, 14)):
        minute = SCORED_MINUTES[place]
        price = bars.log_price[row]
        squares = [(price[i] - price[i - 1]) ** 2 for i in range(1, 390)]
        # squares[i - 1] belongs to minute i, counted from 0.
        left = share[minute:].sum()
        assert moves.move[row, place] == pytest.approx(price[389] - price[minute - 1])
        assert moves.share[place] == pytest.approx(left)
        assert moves.rest[row, place] == pytest.approx(sum(squares[minute - 1 :]) / left)
        so_far = sum(squares[: minute - 1]) / share[1:minute].sum()
        assert moves.so_far[row, place] == pytest.approx(so_far)
        start = max(minute - 30, 1)
        recent = sum(squares[start - 1 : minute - 1]) / share[start:minute].sum()
        assert moves.recent[row, place] == pytest.approx(recent)
        assert moves.vix[row, place] == pytest.approx(bars.vix[row] ** 2 / 252)


def test_har_finds_the_sigma_that_was_drawn() -> None:
    # Without an error of the VIX the true sigma of what is left is VIX^2 / 252 times the share.
    close, _ = draw(COUNT, 9)
    random = np.random.default_rng(9)
    sigma = 0.008 * np.exp(random.normal(0.0, 0.4, COUNT))
    dates = tuple(day.date for day in sessions(COUNT))
    moves = close_moves(BarSessions(dates, np.log(close), math.sqrt(252.0) * sigma, {}))
    model = fit_har(moves, COUNT)
    assert sum(model.weights[1:]) == pytest.approx(1.0, abs=0.05)
    assert model.weights[1] > 0.7
    true = sigma[:, None] * np.sqrt(moves.share)
    assert np.median(model.sigma(moves) / true) == pytest.approx(1.0, abs=0.08)


@pytest.mark.drill
def test_a_normal_market_is_covered_as_often_as_said(report: BarReport) -> None:
    """Given the day, made minutes are normal: the Gaussian has the right shape."""
    own = report.comparison.scores[HAR_GAUSSIAN]
    for level, of in zip(COVERAGE_LEVELS, own.coverage, strict=True):
        assert of.low - 0.02 <= level <= of.high + 0.02, level
    assert own.gap < 0.06


def test_knowing_the_day_beats_climatology(report: BarReport) -> None:
    assert report.comparison.scores[CLIMATOLOGY].gain.low > 0.0
    said = [sentence for sentence in report.comparison.verdicts() if CLIMATOLOGY in sentence]
    assert said[0].startswith("har_t is better than climatology: gain 0.0")


def test_in_a_market_without_memory_nothing_is_better() -> None:
    """All days have one sigma and the VIX is noise: climatology knows all there is."""
    random = np.random.default_rng(21)
    steps = random.standard_normal((200, 390)) * np.sqrt(shares()) * 0.008
    dates = tuple(day.date for day in sessions(200))
    vix = 0.127 * np.exp(random.normal(0.0, 0.02, 200))
    flat = bar_report("SPY", BarSessions(dates, np.cumsum(steps, axis=1) + 6.0, vix, {}), 1.0)
    said = next(
        sentence for sentence in flat.comparison.verdicts() if "than climatology" in sentence
    )
    assert said.startswith("har_t is no better than climatology: interval [")
    assert said.endswith("holds 0")


def test_forecasts_know_no_later_session(bars: BarSessions) -> None:
    """What comes after a session does not change its forecast."""
    whole = walk_forward(close_moves(bars))
    first = BarSessions(bars.dates[:107], bars.log_price[:107], bars.vix[:107], {})
    part = walk_forward(close_moves(first))
    for name, forecast in part.items():
        np.testing.assert_array_equal(forecast.inside, whole[name].inside[:47])
        np.testing.assert_array_equal(forecast.below, whole[name].below[:47])


def test_climatology_against_a_plain_twin(bars: BarSessions) -> None:
    moves = close_moves(bars)
    forecast = walk_forward(moves)[CLIMATOLOGY]
    for row, place in ((60, 0), (131, 9), (319, 14)):
        band = 0.79 * bars.vix[row] / math.sqrt(252) * math.sqrt(moves.share[place])
        earlier = [abs(move) for move in moves.move[:row, place].tolist()]
        for bands in (1, 2):
            hits = sum(move <= bands * band for move in earlier)
            found = forecast.inside[row - 60, place, bands - 1]
            assert found == pytest.approx((hits + 0.5) / (row + 1))


def test_har_t_is_students(bars: BarSessions) -> None:
    moves = close_moves(bars)
    forecast = walk_forward(moves)[HAR_T]
    # The forecast of session 73 comes from the first 70.
    sigma = fit_har(moves, 70).sigma(moves)[73]
    law = stats.t(5, scale=sigma * math.sqrt(3 / 5))
    np.testing.assert_allclose(forecast.below[13], law.cdf(moves.move[73]), rtol=1e-10)
    band = moves.band[73]
    inside: F64 = law.cdf(2 * band) - law.cdf(-2 * band)
    np.testing.assert_allclose(forecast.inside[13, :, 1], inside, rtol=1e-10)


@pytest.mark.drill
def test_no_lift_where_there_is_none_and_a_lift_where_closes_are_drawn(bars: BarSessions) -> None:
    none = bar_report("SPY", bars, 1.0).lifts[-1]
    assert not none.is_seen
    assert none.sentence.startswith("no lift found in 260 sessions; could have seen ")
    # In the last five minutes every price moves to its nearest dollar, by nine tenths of the way.
    close = np.exp(bars.log_price)
    strike = np.rint(close[:, 384:385])
    close[:, 385:] = strike + 0.1 * (close[:, 385:] - strike)
    lifts = bar_report("SPY", BarSessions(bars.dates, np.log(close), bars.vix, {}), 1.0).lifts
    assert lifts[4].minutes == (385,)
    assert lifts[4].strike > 0.99
    assert lifts[4].is_seen
    assert lifts[4].sentence.startswith("a lift of ")


def test_a_price_that_stands_still_is_refused(bars: BarSessions) -> None:
    still = BarSessions(bars.dates, np.full((COUNT, 390), 6.0), bars.vix, {})
    with pytest.raises(CalibrationError, match="the price stands still"):
        bar_report("SPY", still, 1.0)
