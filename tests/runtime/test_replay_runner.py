"""A tape being played behind a server: when it answers, and that everybody hears the same."""

import datetime
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.local_market import ready, running
from session.synthetic import synthetic_tape
from zerodte.feeds.synthetic_tape import SYMBOL
from zerodte.records.tick import Tick
from zerodte.runtime.replay import Pace
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery

SNAPSHOT = SnapshotQuery(symbol=SYMBOL)

#: A day is replayed after a paced market, of which nothing was quoted yet, has said it is ready.
COLD_START = """
import sys
from pathlib import Path
from numba.core.dispatcher import Dispatcher
from session.made_tape import quotes, stock, trades, write
from runtime.local_market import ready
from zerodte.runtime.replay import replay
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.stage import Stage
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

def compiled():
    rooms = [vars(room) for name, room in sys.modules.items() if name.startswith("zerodte")]
    kernels = {k for names in map(dict.values, rooms) for k in names if isinstance(k, Dispatcher)}
    return {(kernel.__name__, form) for kernel in kernels for form in kernel.signatures}

tape = write(
    Path(sys.argv[1]),
    ("cbbo-1s", quotes("cbbo-1s", 4_000, 60, seed=1)),
    ("tcbbo", trades("tcbbo", 300, 60, seed=2)),
    ("bbo-1s", stock(60)),
)
with ready(ReplayRunner(Stage(), [tape], 1e-9)):
    pass
warm = compiled()
snapshot(replay(tape), "replay", SnapshotQuery(symbol="ABC"))
print(len(warm), *(name for name, _ in compiled() - warm))
"""


TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return synthetic_tape(tmp_path_factory.mktemp("tape"), datetime.date(2024, 11, 27))


def test_nothing_is_answered_before_the_tape_is_read(tape: Tape) -> None:
    service = LocalService(ReplayRunner(Stage(), [tape]).stage)
    assert service.status().health.status == "Unhealthy"
    assert service.status().symbols == ()
    with pytest.raises(ApiError, match="nothing has been read yet") as raised:
        service.answer(SNAPSHOT)
    assert raised.value.code == "warming_up"


def test_everybody_hears_the_same(tape: Tape) -> None:
    with ready(ReplayRunner(Stage(), [tape])) as market, ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: market.answer(SNAPSHOT), range(32)))
        assert len(answers) == 1
        assert market.health.status == "Healthy"


def test_a_paced_replay_is_ready_while_it_waits(tape: Tape) -> None:
    """The tape speaks ninety minutes after the open; nobody is kept waiting for that."""
    with ready(ReplayRunner(Stage(), [tape], 1.0)) as market:
        assert json.loads(market.answer(SNAPSHOT))["source"] == "simulated"


def test_a_tape_that_turns_out_damaged_makes_the_server_unhealthy(
    tape: Tape, tmp_path: Path
) -> None:
    for file in tape.path.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    quotes = next(file.name for file in tape.files if file.schema == "cbbo-1s")
    commit = {"end": tape.session.open + 90 * 60 * 10**9, "counts": {quotes: 10**6}}
    (tmp_path / "ticks").write_text(json.dumps(commit) + "\n")
    with running(ReplayRunner(Stage(), [open_tape(tmp_path)])) as market:
        assert "ticks, line 1" in market.log.problems.get(timeout=180)
        assert market.health.status == "Unhealthy"
        assert "ticks, line 1" in market.health.reasons[0]


def breaking(ticks: list[Tick]) -> Iterator[Tick]:
    yield from ticks
    raise ZeroDivisionError("no number")


@pytest.mark.parametrize("count", [0, 1], ids=["before ready", "after ready"])
def test_a_defect_does_not_end_a_replay_in_silence(
    tape: Tape,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticks = list(tape.ticks())[:count]
    monkeypatch.setattr(tape, "ticks", lambda: breaking(ticks))
    with running(ReplayRunner(Stage(), [tape], 1.0)) as market:
        problem = market.log.problems.get(timeout=180)
        assert problem == "a defect ended the replay: ZeroDivisionError: no number"
        health = market.health
        assert (health.status, health.reasons) == ("Unhealthy", (problem,))
        assert "Traceback" in caplog.text
        assert market.log.is_ready.is_set() == bool(count)
        if count:
            assert json.loads(market.answer(SNAPSHOT))["market_open"]
        else:
            with pytest.raises(ApiError, match="a defect ended"):
                market.answer(SNAPSHOT)


@pytest.mark.drill
def test_ready_means_that_nothing_is_left_to_compile(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", COLD_START, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert int(answer[0]) > 0
    assert answer[1:] == []


def test_the_baseline_has_no_decision(tape: Tape) -> None:
    with ready(ReplayRunner(Stage(), [tape])) as market:
        baseline = json.loads(market.answer(ExposureQuery(symbol=SYMBOL)))
        live = json.loads(market.answer(SNAPSHOT))
    assert baseline["exposures"] != live["exposures"], "trades move the effective open interest"
    assert live.keys() - baseline.keys() == {
        "flow_direction",
        "headline",
        "setup",
        "probabilities",
        "dealer_inventory",
    }


def test_pace_waits_only_after_the_open() -> None:
    stopped = threading.Event()
    opening = 1_000
    pace = Pace(1e-9, opening)
    assert pace.wait(opening, stopped)
    assert pace.wait(opening + 1, stopped), "the first instant after the open is the origin"
    stopped.set()
    assert not pace.wait(opening + 10**9, stopped), "waiting ends when it is told to"
