"""Finished sessions: realised and implied variance, and what scale follows from them."""

import datetime
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from calibrate.made_bars import sessions
from calibrate.made_sessions import START, VOLATILITY, finished, store, with_path
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.session_report import CHAIN, PHYSICAL, SessionReport, session_report
from zerodte.calibrate.sessions import (
    FinishedSession,
    FinishedSessions,
    finished_session,
    read_sessions,
)
from zerodte.constants import SCORED_MINUTES
from zerodte.engine.physical import PUBLISHED_SCALE
from zerodte.history.stored import StoredSession
from zerodte.market.calendar import TradingSession, calendar

DAYS = sessions(40, "2025-03-03")


def told(session: StoredSession) -> FinishedSession:
    found = finished_session(session.day)
    assert isinstance(found, FinishedSession)
    return found


def report(*made: StoredSession) -> SessionReport:
    return session_report(FinishedSessions("SPY", tuple(told(one) for one in made), {}))


def test_variance_by_quarter_against_a_plain_twin() -> None:
    made = finished(DAYS[0], 0.9, 4)
    spot = made.day.inputs["spot"].tolist()
    realised: list[list[float]] = [[], [], [], []]
    implied: list[list[float]] = [[], [], [], []]
    for minute in range(1, 386):  # the last five minutes do not count
        later = spot[minute - 1 :]
        variance = sum(math.log(b / a) ** 2 for a, b in itertools.pairwise(later))
        quarter = min(int(minute / 97.5), 3)
        realised[quarter].append(variance)
        implied[quarter].append(VOLATILITY**2 * (390 - minute) / 390 / 252)
    found = told(made)
    assert found.close == spot[-1]
    for quarter in range(4):
        assert found.variance.realised[quarter] == pytest.approx(np.mean(realised[quarter]))
        assert found.variance.implied[quarter] == pytest.approx(np.mean(implied[quarter]))


def test_the_density_of_a_moment_is_that_of_the_prices() -> None:
    """Prices are lognormal with a known volatility, so the law is known."""
    found = told(finished(DAYS[0], 0.9, 4))
    assert [one.place for one in found.moments] == list(range(len(SCORED_MINUTES)))
    for one in found.moments[:10]:
        left = (390 - SCORED_MINUTES[one.place]) / 390
        sigma = one.spot * VOLATILITY * math.sqrt(left / 252)
        assert one.density.sigma == pytest.approx(sigma, rel=1e-6)
        assert one.density.mass(one.spot - sigma, one.spot + sigma) == pytest.approx(
            0.6827, abs=0.01
        )


def test_one_session_moves_the_published_scale_by_its_weight() -> None:
    made = finished(DAYS[0], 1.3, 9)
    ratio = told(made).variance.ratio
    scale = report(made).scale
    for k, of_day in zip(scale.factors, ratio, strict=True):
        assert k == pytest.approx(math.sqrt((60 * 0.87**2 + 1.1 * of_day) / 61))
    assert scale.sessions == 1


def trending(day: TradingSession, seed: int) -> StoredSession:
    """Minutes move little, and all one way: the close moves two sigma that the chain prices."""
    random = np.random.default_rng(seed)
    sigma = VOLATILITY / math.sqrt(252.0)
    drift = (-1) ** seed * 2.0 * sigma / 390
    steps = random.normal(drift, 0.5 * sigma / math.sqrt(390.0), 390)
    return with_path(day, START * np.exp(np.cumsum(steps)))


@pytest.mark.drill
def test_a_market_that_moves_as_published_keeps_the_scale_and_serves_it() -> None:
    made = (finished(day, 0.83, seed) for seed, day in enumerate(DAYS))
    found = report(*made)
    # 1.1 x 0.83^2 = 0.758 is the published 0.87^2.
    for k in found.scale.factors:
        assert k == pytest.approx(0.87, abs=0.02)
    assert found.scale.sessions == 40
    assert found.method == PHYSICAL
    assert found.served == found.scale
    assert "did not do worse than density_v1 in 40 sessions" in found.sentence


def test_where_the_scale_does_worse_the_chain_is_served() -> None:
    """Realised variance misses a trend, so a scale fitted on it is too small."""
    found = report(*(trending(day, seed) for seed, day in enumerate(DAYS[:20])))
    assert max(found.scale.factors) < 0.87
    assert found.comparison.scores[CHAIN].gain.mean < 0.0
    assert found.method == CHAIN
    assert found.served.factors == (1.0,) * 4
    assert found.sentence == (
        "served: k = 1, since physical_v1 did worse than density_v1 in 20 sessions"
    )
    assert found.comparison.verdicts()[0].startswith("physical_v1 is worse than density_v1: ")
    file = found.file()
    assert (file.method, file.scale) == (CHAIN, (1.0,) * 4)
    served = [interval.mean for interval in found.comparison.scores[CHAIN].coverage]
    assert [one.covered for one in file.coverage] == served
    assert served != [one.mean for one in found.comparison.scores[PHYSICAL].coverage]


def test_few_sessions_are_not_judged() -> None:
    found = report(*(trending(day, seed) for seed, day in enumerate(DAYS[:19])))
    assert found.comparison.scores[CHAIN].gain.mean < 0.0
    assert found.method == PHYSICAL
    assert found.sentence == (
        "served: physical_v1; 19 of the 20 sessions are scored that are needed to judge it"
    )


@pytest.mark.drill
def test_a_market_that_moves_more_than_priced_is_learned() -> None:
    found = report(*(finished(day, 1.5, seed) for seed, day in enumerate(DAYS)))
    assert min(found.scale.factors) > 1.05
    assert found.comparison.scores[CHAIN].gain.low > 0.0
    assert found.method == PHYSICAL


def test_each_session_is_scored_from_those_before_it() -> None:
    """The first session is forecast with the published scale, whatever came later."""
    made = [finished(day, 1.5, seed) for seed, day in enumerate(DAYS[:3])]
    first = told(made[0])
    found = report(*made[:1])
    squares = []
    for one in first.moments:
        law = one.density.scaled(PUBLISHED_SCALE.at(one.elapsed_pct))
        for bands in (1, 2):
            reach = bands * one.density.sigma
            came = abs(first.close - one.spot) <= reach
            squares.append((law.mass(one.spot - reach, one.spot + reach) - came) ** 2)
    assert found.comparison.scores[PHYSICAL].loss.mean == pytest.approx(np.mean(squares))
    assert found.comparison.verdicts()[0] == (
        "physical_v1 is no better than density_v1: one session tells nothing"
    )


def test_half_days_count_by_their_own_quarters() -> None:
    half = calendar().session(datetime.date(2025, 7, 3))
    assert half is not None
    assert half.is_early_close
    found = told(finished(half, 0.9, 2))
    assert np.isfinite(found.variance.ratio).all()
    assert [SCORED_MINUTES[one.place] for one in found.moments] == [30, 60, 90, 120, 150, 180]
    assert found.moments[-1].elapsed_pct == pytest.approx(100 * 180 / 210)


def test_sessions_that_tell_nothing_are_counted(tmp_path: Path) -> None:
    whole = finished(DAYS[0], 0.9, 1)
    cut = finished(DAYS[1], 0.9, 1)
    cut.day.inputs["spot"][380:] = np.nan
    blind = finished(DAYS[2], 0.9, 1)
    blind.day.figures["atm_iv"][:] = np.nan
    found = read_sessions(store(tmp_path / "some", whole, cut, blind), "SPY")
    assert [one.date for one in found.sessions] == [DAYS[0].date]
    assert found.left_out == {
        "sessions without a price at their close": 1,
        "sessions without a volatility": 1,
    }
    with pytest.raises(
        CalibrationError,
        match="no session of SPY counts; sessions without a price at their close: 1",
    ):
        read_sessions(store(tmp_path / "none", cut), "SPY")


def test_a_price_that_stands_still_realises_nothing() -> None:
    found = report(with_path(DAYS[0], np.full(390, START)))
    for k in found.scale.factors:
        assert k == pytest.approx(0.87 * math.sqrt(60 / 61))
