"""A simulation on disk: the tape equals the simulation, or does not exist."""

import datetime
import hashlib
import json
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from feeds.simulator.fake_simulation import ROWS, FailingSimulation, FakeSimulation
from records.tape_digest import TapeDigest
from zerodte.constants import SECOND, STRIKE_RANGE
from zerodte.feeds.simulator import output
from zerodte.feeds.simulator.block_source import BlockSource
from zerodte.feeds.simulator.columns import Block
from zerodte.feeds.simulator.output import write_tape
from zerodte.market.calendar import calendar
from zerodte.records.tick import Batch, Tick
from zerodte.records.truth import TRADE_TRUTH
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.error import TapeError
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

DATE = datetime.date(2025, 6, 2)
TICK_FIELDS = ("definitions", "statistics", "underlying", "quotes", "trades")


def write(out: Path, simulated: BlockSource | None = None) -> Tape:
    write_tape(simulated or FakeSimulation(DATE), out, lambda _: None)
    return open_tape(out)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tape]:
    """The made simulation, its quotes in several files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "_BUFFER_BYTES", 30_000)
        yield write(tmp_path_factory.mktemp("made") / "tape")


def made_ticks() -> list[Tick]:
    return [tick for block in FakeSimulation(DATE).blocks() for tick in block.ticks()]


def columns(batch: Batch) -> list[object]:
    """What a batch says, comparable."""
    beside = (batch.conditions, batch.cancels)
    known = [None if column is None else column.tolist() for column in beside]
    return [batch.dataset, batch.schema, batch.records.tobytes(), *known]


def test_ticks_of_the_tape_are_those_of_the_blocks(tape: Tape) -> None:
    assert sum(file.schema == "cbbo-1s" for file in tape.files) > 2
    read, made = list(tape.ticks()), made_ticks()
    assert [tick.end for tick in read] == [tick.end for tick in made]
    for one, other in zip(read, made, strict=True):
        for place in TICK_FIELDS:
            batches = [sorted(map(columns, getattr(t, place)), key=str) for t in (one, other)]
            assert batches[0] == batches[1], (place, one.end)
        assert [b.first for b in one.trades] == [b.first for b in other.trades]


def test_every_batch_lies_in_its_second_and_is_read_only() -> None:
    firsts = 0
    for tick in made_ticks():
        for batch in (b for place in TICK_FIELDS for b in getattr(tick, place)):
            times = batch.records["ts_recv"].astype(np.int64)
            assert tick.end % SECOND == 0
            assert ((times > tick.end - SECOND) & (times <= tick.end)).all()
            assert not batch.records.flags.writeable
        for batch in tick.trades:
            assert batch.first == firsts
            firsts += len(batch.records)
    assert firsts == sum(len(b.trade_truth) for b in FakeSimulation(DATE).blocks())


def test_digest_and_snapshot_are_those_of_the_blocks(tape: Tape) -> None:
    digest = TapeDigest()
    kinds = {dataset: tape.kind(dataset) for dataset in tape.symbols}
    session = Session(tape.session, calendar(), kinds)
    for dataset, symbols in FakeSimulation(DATE).symbols.items():
        session.learn(dataset, symbols)
    for tick in made_ticks():
        digest.update(tick)
        session.apply(tick)
    played = replay(tape)
    assert played.digest == digest.hexdigest()
    batches = [
        snapshot(one, "simulated", SnapshotQuery(symbol="ABC", strike_range=STRIKE_RANGE))
        for one in (played, session)
    ]
    assert batches[0] == batches[1]


def test_truth_lies_beside(tape: Tape) -> None:
    blocks = list(FakeSimulation(DATE).blocks())
    trades = pq.read_table(tape.path / "truth" / "trades.parquet")
    assert tuple(trades.column_names) == TRADE_TRUTH.names
    expected = np.concatenate([block.trade_truth for block in blocks])
    for name in trades.column_names:
        assert (trades[name].to_numpy() == expected[name]).all()
    contracts = pq.read_table(tape.path / "truth" / "contracts.parquet")
    assert contracts.num_rows == ROWS * len(blocks)
    parameters = json.loads((tape.path / "truth" / "parameters.json").read_text())
    assert parameters == {"seed": 1, "shares": [0.25, 0.75]}
    assert tape.notes.source == "simulated"
    assert not any("truth" in file.name for file in tape.files)


def fingerprints(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a"), write(tmp_path / "b")
    other = write(tmp_path / "c", FakeSimulation(DATE, seed=2))
    assert fingerprints(first.path) == fingerprints(second.path)
    assert fingerprints(first.path).keys() == fingerprints(other.path).keys()
    assert fingerprints(first.path) != fingerprints(other.path)


class Interrupted(FakeSimulation):
    """One during which somebody loses patience."""

    def blocks(self) -> Iterator[Block]:
        """A block, then Ctrl-C."""
        yield next(super().blocks())
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [Interrupted, FailingSimulation])
def test_an_interruption_leaves_nothing(tmp_path: Path, kind: type[FakeSimulation]) -> None:
    with pytest.raises((KeyboardInterrupt, ZeroDivisionError)):
        write(tmp_path / "tape", kind(DATE))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_files() -> Iterator[None]:
    """A system that takes no file over 20 kB, as a full disk takes no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="tape: File too large; nothing was written there"):
        write(tmp_path / "tape")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(TapeError, match="exists; a simulated tape needs a folder of its own"):
        write(tmp_path, FailingSimulation(DATE))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_session_without_trades_is_a_tape(tmp_path: Path) -> None:
    class Silent(FakeSimulation):
        def blocks(self) -> Iterator[Block]:
            for block in super().blocks():
                (trades,) = block.trades
                none = Batch(trades.dataset, trades.schema, trades.records[:0])
                yield Block(
                    block.start,
                    block.end,
                    block.definitions,
                    block.statistics,
                    block.underlying,
                    block.quotes,
                    (none,),
                    block.trade_truth[:0],
                    block.contract_truth,
                )

    tape = write(tmp_path / "tape", Silent(DATE))
    assert not any(file.schema == "tcbbo" for file in tape.files)
    assert pq.read_table(tape.path / "truth" / "trades.parquet").num_rows == 0
