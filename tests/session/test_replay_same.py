"""The same tape is the same session: at any speed, cut or committed, shuffled, packed or elsewhere.

Compared are all answers at every minute, byte for byte.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from session.made_tape import OPEN, quotes, stock, trades, write
from session.minutes import MINUTE, SECOND, by_minute, commit_by_second, contents
from zerodte.records.dbn import Records
from zerodte.runtime.market_thread import Run, RunListener
from zerodte.runtime.replay import replay
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

TESTS = Path(__file__).parents[1]
MINUTES = 12
#: Seconds after the open, the first exclusive.
SILENCE = (400, 490)

_ELSEWHERE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from session.minutes import by_minute
from zerodte.tape.folder import open_tape
print(json.dumps(by_minute(open_tape(Path(sys.argv[2])))))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    span = MINUTES * 60
    rows = {
        "cbbo-1s": quotes("cbbo-1s", 9_000, span, seed=1),
        "tcbbo": trades("tcbbo", 800, span, seed=2),
        "bbo-1s": stock(span),
    }
    write(folder, *((schema, spoken(records)) for schema, records in rows.items()))
    return folder


def spoken(records: Records) -> Records:
    """Records outside the silence."""
    after = records["ts_recv"].astype(np.int64) - OPEN
    kept: Records = records[(after <= SILENCE[0] * SECOND) | (after > SILENCE[1] * SECOND)]
    return kept


@pytest.fixture(
    scope="module",
    params=["made", pytest.param("goog_tape", id="goog", marks=pytest.mark.drill)],
)
def folder(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[int, str]:
    """The answers of the tape at every minute of its session, worked out once."""
    opening = open_tape(folder).session.open
    answers = {at: name for at, name in by_minute(open_tape(folder)).items() if at > opening}
    assert len(answers) >= MINUTES
    assert len(set(answers.values())) == len(answers), "every minute is another"
    return answers


def test_again(folder: Path, expected: dict[int, str]) -> None:
    assert by_minute(open_tape(folder)).items() >= expected.items()


def test_with_a_heartbeat_in_silence(folder: Path, expected: dict[int, str]) -> None:
    assert by_minute(open_tape(folder), beat=SECOND).items() >= expected.items()


@pytest.mark.drill
def test_in_another_process(folder: Path, expected: dict[int, str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(TESTS), str(folder)],
        capture_output=True,
        check=True,
        text=True,
    )
    elsewhere = {int(at): name for at, name in json.loads(told.stdout).items()}
    assert elsewhere.items() >= expected.items()


@pytest.mark.drill
def test_committed_second_by_second(folder: Path, expected: dict[int, str], tmp_path: Path) -> None:
    copy = tmp_path / "tape"
    shutil.copytree(folder, copy)
    commit_by_second(copy)
    assert sum(1 for _ in open_tape(copy).ticks()) > MINUTES * 60, "silent seconds are ticks"
    assert by_minute(open_tape(copy)).items() >= expected.items()


@pytest.mark.drill
@pytest.mark.parametrize("packed", [True, False], ids=["zstd", "plain"])
def test_written_anew(
    folder: Path, expected: dict[int, str], tmp_path: Path, *, packed: bool
) -> None:
    rewrite(folder, tmp_path, ".dbn.zst" if packed else ".dbn", lambda _, rows: rows)
    assert by_minute(open_tape(tmp_path)).items() >= expected.items()


def test_shuffled_within_ticks(folder: Path, expected: dict[int, str], tmp_path: Path) -> None:
    """Quotes and statistics of different contracts may swap places; trades stay in order."""
    moved = []

    def shuffled(schema: str, rows: Records) -> Records:
        if schema not in ("cbbo-1s", "cbbo-1m", "statistics"):
            return rows
        places = np.random.default_rng(7).permutation(int(rows["instrument_id"].max()) + 1)
        second = -(-rows["ts_recv"].astype(np.int64) // SECOND)
        order = np.lexsort((places[rows["instrument_id"]], second))
        moved.append(int(np.count_nonzero(order != np.arange(len(rows)))))
        out: Records = rows[order]
        return out

    rewrite(folder, tmp_path, ".dbn", shuffled)
    assert sum(moved) > 1_000
    assert by_minute(open_tape(tmp_path)).items() >= expected.items()


def rewrite(
    folder: Path, out: Path, suffix: str, change: Callable[[str, Records], Records]
) -> None:
    """The tape once more, its records changed."""
    tape = open_tape(folder)
    writer = TapeWriter(out, source=tape.notes.source, cadence_seconds=tape.notes.cadence_seconds)
    for name, dataset, schema, records in contents(tape):
        writer.write(
            dataset,
            schema,
            change(schema, records),
            tape.symbols[dataset],
            name=name.removesuffix(".zst").removesuffix(".dbn") + suffix,
        )


@pytest.mark.drill
@pytest.mark.parametrize("speed", [1e6, 1e7])
def test_against_the_wall_clock(made: Path, speed: float) -> None:
    """Every silent second is a heartbeat there; what it rests at is the replay's last answer."""
    runner = ReplayRunner(Stage(), [open_tape(made)], speed)
    runner.run(Run(RunListener()))
    session = replay(open_tape(made))
    assert session.now == OPEN + MINUTES * MINUTE
    query = SnapshotQuery(symbol="ABC", strike_range=0.10)
    assert LocalService(runner.stage).answer(query) == snapshot(session, "replay", query)
