"""A tape being played behind a server: when it answers, and that everybody hears the same."""

import datetime
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zerodte.config import STRIKE_RANGE
from zerodte.feeds.sample import SYMBOL, write_sample
from zerodte.market.calendar import calendar
from zerodte.runtime.market import Market
from zerodte.runtime.replay import Pace
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.errors import ApiError


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    session = calendar().session(datetime.date(2024, 11, 27))
    assert session is not None
    folder = tmp_path_factory.mktemp("tape")
    write_sample(folder, session)
    return open_tape(folder)


def played(tape: Tape, speed: float | None = None) -> Market:
    market, ready = Market(tape, speed), threading.Event()
    market.start(ready.set)
    assert ready.wait(timeout=60)
    return market


def test_nothing_is_answered_before_the_tape_is_read(tape: Tape) -> None:
    market = Market(tape, None)
    assert market.health().status == "Unhealthy"
    with pytest.raises(ApiError, match="being read") as raised:
        market.snapshot(SYMBOL, None, STRIKE_RANGE)
    assert raised.value.code == "warming_up"


def test_everybody_hears_the_same(tape: Tape) -> None:
    market = played(tape)
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: market.snapshot(SYMBOL, None, STRIKE_RANGE), range(32)))
    assert len(answers) == 1
    assert market.health().status == "Healthy"
    market.stop()


def test_a_paced_replay_is_ready_while_it_waits(tape: Tape) -> None:
    """The tape speaks ninety minutes after the open; nobody is kept waiting for that."""
    market = played(tape, speed=1.0)
    answer = json.loads(market.snapshot(SYMBOL, None, STRIKE_RANGE))
    assert answer["source"] == "simulated"
    market.stop()


def test_a_tape_that_turns_out_damaged_makes_the_server_unhealthy(
    tape: Tape, tmp_path: Path
) -> None:
    for file in tape.path.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    quotes = next(file.name for file in tape.files if file.schema == "cbbo-1s")
    commit = {"end": tape.session.open + 90 * 60 * 10**9, "counts": {quotes: 10**6}}
    (tmp_path / "ticks").write_text(json.dumps(commit) + "\n")
    market = Market(open_tape(tmp_path), None)
    market.start()
    for thread in threading.enumerate():
        if thread.name == "replay":
            thread.join(timeout=60)
    health = market.health()
    assert health.status == "Unhealthy"
    assert "ticks, line 1" in health.reasons[0]


def test_the_baseline_has_no_decision(tape: Tape) -> None:
    market = played(tape)
    baseline = json.loads(market.exposure(SYMBOL, None, STRIKE_RANGE))
    live = json.loads(market.snapshot(SYMBOL, None, STRIKE_RANGE))
    assert baseline["exposures"] == live["exposures"], "nothing has traded"
    assert live.keys() - baseline.keys() == {
        "headline",
        "setup",
        "probabilities",
        "dealer_inventory",
    }
    market.stop()


def test_pace_waits_only_after_the_open() -> None:
    stopped = threading.Event()
    opening = 1_000
    pace = Pace(1e-9, opening)
    assert pace.wait(opening, stopped)
    assert pace.wait(opening + 1, stopped), "the first instant after the open is the origin"
    stopped.set()
    assert not pace.wait(opening + 10**9, stopped), "waiting ends when it is told to"
