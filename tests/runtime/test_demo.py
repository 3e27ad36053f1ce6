"""Simulated sessions played one after another: answers while catching up, and from day to day."""

import datetime
import functools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feeds.simulator.fake_simulation import (
    DyingSimulation,
    FailingSimulation,
    FakeSimulation,
    StoppedSimulation,
    fake_session,
)
from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket, ready, running
from zerodte.constants import MINUTE
from zerodte.market.calendar import calendar
from zerodte.runtime import replay_runner
from zerodte.runtime.demo import Demo
from zerodte.runtime.replay import replay
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.stage import Stage
from zerodte.wire.snapshot import SnapshotQuery

TESTS = Path(__file__).parents[1]
DATE = datetime.date(2025, 6, 6)


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child finds the made simulations."""
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)


def demo(kind: type[FakeSimulation], minutes: int = 3) -> Demo:
    first = calendar().session(DATE)
    assert first is not None
    return Demo(first, functools.partial(fake_session, kind=kind, minutes=minutes))


def runner_of(sessions: Demo, speed: float, lead: int = 0) -> ReplayRunner:
    return ReplayRunner(Stage(), sessions, speed, lead, sessions.close)


def asked(market: LocalMarket[ReplayRunner]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(market.answer(SnapshotQuery(symbol="ABC")))
    return answer


@pytest.mark.drill
def test_sessions_follow_each_other_over_the_weekend() -> None:
    shown = demo(FakeSimulation)
    sessions = iter(shown)
    friday = next(sessions)
    assert replay(friday).symbols() == ["ABC"]
    monday = next(sessions)
    assert (friday.session.date, monday.session.date) == (DATE, datetime.date(2025, 6, 9))
    (tick, *_) = monday.ticks()
    assert tick.end < monday.session.open
    shown.close()
    assert list(sessions) == []


@pytest.mark.drill
def test_a_session_follows_from_the_end_of_the_one_before() -> None:
    shown = demo(FakeSimulation)
    sessions = iter(shown)
    for seed in (1, 2, 3):
        session = next(sessions)
        own = FakeSimulation(session.session.date, 3, seed)
        for block, expected in zip(session.stream.blocks(), own.blocks(), strict=True):
            np.testing.assert_array_equal(block.trades[0].records, expected.trades[0].records)
    shown.close()


@pytest.mark.drill
def test_a_lead_is_played_at_once_and_answered_from() -> None:
    shown = demo(FakeSimulation, 30)
    with ready(runner_of(shown, 1e-9, lead=10 * MINUTE)) as market:
        log = market.log
        assert asked(market)["source"] == "simulated"
        nearly = shown.first.open + 9 * MINUTE
        while log.at_once < nearly and log.problems.empty():
            assert asked(market)["body"] is not None
    assert log.dates == ["2025-06-06"]
    assert log.problems.empty()


@pytest.mark.drill
def test_the_next_session_begins_when_one_ends() -> None:
    with ready(runner_of(demo(FakeSimulation), 1e9)) as market:
        log = market.log
        while len(log.dates) < 3 and log.problems.empty():
            assert asked(market)["symbol"] == "ABC", "the session before stays answered"
    assert log.dates[:3] == ["2025-06-06", "2025-06-09", "2025-06-10"]


@pytest.mark.parametrize(
    ("kind", "said"), [(FailingSimulation, "ZeroDivisionError: no market"), (DyingSimulation, "-9")]
)
def test_a_failing_simulation_is_heard_of_and_what_was_played_stays(
    kind: type[FakeSimulation], said: str
) -> None:
    with running(runner_of(demo(kind), 1e9)) as market:
        assert said in market.log.problems.get(timeout=180)
        assert said in market.health.reasons[0]
        assert asked(market)["as_of"].startswith("2025-06-06T13:3")


@pytest.mark.drill
@pytest.mark.parametrize("lead", [0, 30 * MINUTE])
def test_a_stopped_simulation_is_not_healthy(monkeypatch: pytest.MonkeyPatch, lead: int) -> None:
    """Its process neither ends nor sends anything, while it is waited for and before."""
    monkeypatch.setattr(replay_runner, "_LATE", 0.3)
    monkeypatch.setattr(replay_runner, "_SLOW", 0.3)
    with ready(runner_of(demo(StoppedSimulation), 1e3, lead)) as market:
        eventually(lambda: market.health.status == "Unhealthy")
        eventually(lambda: "the market has stopped" in market.health.reasons[0])
        assert asked(market)["symbol"] == "ABC"


def test_a_slow_replay_is_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of its session takes a day: nothing is late before it is due."""
    monkeypatch.setattr(replay_runner, "_LATE", 0.0)
    with ready(runner_of(demo(FakeSimulation, 5), 1e-5)) as market:
        assert market.health.reasons == ()


def test_stopping_before_anything_came_is_no_failure() -> None:
    with running(runner_of(demo(FakeSimulation, 380), 1.0)) as market:
        pass
    assert market.log.problems.empty()
    assert not market.log.is_ready.is_set()
