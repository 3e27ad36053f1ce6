"""Simulated sessions played one after another: answers while catching up, and from day to day."""

import datetime
import functools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from feeds.simulator.fake_simulation import (
    DyingSimulation,
    FailingSimulation,
    FakeSimulation,
    fake_session,
)
from runtime.hearing import Hearing
from zerodte.constants import MINUTE, STRIKE_RANGE
from zerodte.market.calendar import calendar
from zerodte.runtime.demo import Demo
from zerodte.runtime.market import Market
from zerodte.runtime.replay import replay

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


def asked(market: Market) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(market.snapshot("ABC", None, STRIKE_RANGE))
    return answer


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


def test_a_lead_is_played_at_once_and_answered_from() -> None:
    shown, hearing = demo(FakeSimulation, 30), Hearing()
    market = Market(shown, 1e-9, lead=10 * MINUTE, interrupt=shown.close)
    market.start(hearing)
    assert hearing.is_ready.wait(60)
    early = asked(market)
    assert early["source"] == "simulated"
    nearly = shown.first.open + 9 * MINUTE
    while hearing.at_once < nearly and hearing.problems.empty():
        assert asked(market)["body"] is not None
    market.stop()
    assert hearing.dates == ["2025-06-06"]
    assert hearing.problems.empty()


def test_the_next_session_begins_when_one_ends() -> None:
    shown, hearing = demo(FakeSimulation), Hearing()
    market = Market(shown, 1e9, interrupt=shown.close)
    market.start(hearing)
    while len(hearing.dates) < 3 and hearing.problems.empty():
        if hearing.is_ready.wait(60):
            assert asked(market)["symbol"] == "ABC", "the session before stays answered"
    market.stop()
    assert hearing.dates[:3] == ["2025-06-06", "2025-06-09", "2025-06-10"]


@pytest.mark.parametrize(
    ("kind", "said"), [(FailingSimulation, "ZeroDivisionError: no market"), (DyingSimulation, "-9")]
)
def test_a_failing_simulation_is_heard_of_and_what_was_played_stays(
    kind: type[FakeSimulation], said: str
) -> None:
    shown, hearing = demo(kind), Hearing()
    market = Market(shown, 1e9, interrupt=shown.close)
    market.start(hearing)
    assert said in hearing.problems.get(timeout=60)
    assert said in market.health().reasons[0]
    assert asked(market)["as_of"].startswith("2025-06-06T13:3")
    market.stop()


def test_stopping_before_anything_came_is_no_failure() -> None:
    shown, hearing = demo(FakeSimulation, 380), Hearing()
    market = Market(shown, 1.0, interrupt=shown.close)
    market.start(hearing)
    market.stop()
    assert hearing.problems.empty()
    assert not hearing.is_ready.is_set()
