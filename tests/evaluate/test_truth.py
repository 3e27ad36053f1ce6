"""The error messages for a truth that cannot be used."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from evaluate.small_tape import COUNT, LISTED, MINUTES, TRADES, Facts, write_truth
from session.made_tape import DATE
from zerodte.constants import MINUTE
from zerodte.evaluate.replay_observer import ReplayObserver
from zerodte.evaluate.report import score
from zerodte.evaluate.truth import EvaluateError, read_truth
from zerodte.records.dbn import Records
from zerodte.runtime.replay import replay
from zerodte.tape.folder import Tape, open_tape


@pytest.fixture
def copied(tape: Tape, tmp_path: Path) -> Path:
    """A copy of the tape, to break."""
    folder = tmp_path / "tape"
    shutil.copytree(tape.path, folder)
    return folder


def scored(folder: Path) -> None:
    """Score a tape."""
    opened = open_tape(folder)
    observer = ReplayObserver(read_truth(opened))
    session = replay(opened, watch=observer.observe)
    score("tape", session.digest, {}, observer.finish(session))


def test_truth_is_by_minute_and_contract(tape: Tape, made: Facts) -> None:
    truth = read_truth(tape)
    same_day = [n for n, c in enumerate(LISTED, start=1) if c.expiry == DATE]
    assert truth.instruments.tolist() == same_day
    assert truth.open_interest.shape == truth.dealers.shape == (MINUTES, 2 * COUNT)
    rows = made.contract_truth
    for row in rows[rows["instrument_id"] == same_day[-1]]:
        minute = int(np.searchsorted(truth.minutes, row["minute_end"]))
        assert truth.open_interest[minute, -1] == row["open_interest"]
        assert truth.dealers[minute, -1] == row["dealers"]
    assert truth.parameters == {"seed": 1}


def test_the_order_of_rows_does_not_matter(copied: Path, made: Facts) -> None:
    shuffled = np.random.default_rng(1).permutation(made.contract_truth)
    write_truth(copied, made.trade_truth, shuffled)
    ordered, mixed = made.contract_truth, read_truth(open_tape(copied))
    last = ordered[-COUNT:]
    assert mixed.dealers[-1, -COUNT:].tolist() == last["dealers"].tolist()


def remove(name: str) -> Callable[[Path], object]:
    return lambda truth: (truth / name).unlink()


def cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda truth: (truth / name).write_bytes((truth / name).read_bytes()[:size])


def without(name: str, column: str) -> Callable[[Path], object]:
    def change(truth: Path) -> None:
        table = parquet.read_table(truth / name).drop_columns([column])
        parquet.write_table(table, truth / name)

    return change


def garbled(name: str, column: str, values: pa.Array) -> Callable[[Path], object]:
    def change(truth: Path) -> None:
        table = parquet.read_table(truth / name)
        place = table.column_names.index(column)
        parquet.write_table(table.set_column(place, column, values), truth / name)

    return change


def scrambled(truth: Path) -> None:
    """Bytes in the middle of the file are of something else, its index is whole."""
    path = truth / "trades.parquet"
    content = bytearray(path.read_bytes())
    content[200:3_000] = bytes(2_800)
    path.write_bytes(content)


BROKEN = [
    (shutil.rmtree, "has no folder truth; only simulated tapes can be scored"),
    (remove("trades.parquet"), "trades.parquet: file not found; every simulated tape has it"),
    (remove("contracts.parquet"), "contracts.parquet: file not found"),
    (remove("parameters.json"), "parameters.json: file not found"),
    (cut("trades.parquet", 500), "trades.parquet: cannot be read as a truth table"),
    (cut("contracts.parquet", 0), "contracts.parquet: cannot be read as a truth table"),
    (scrambled, "trades.parquet: cannot be read as a truth table"),
    (cut("parameters.json", 5), "parameters.json: not a JSON object"),
    (without("trades.parquet", "is_limit"), "trades.parquet: missing columns: is_limit"),
    (
        garbled("trades.parquet", "dealers", pa.array([2**40] * TRADES)),
        "trades.parquet: cannot be read as a truth table",
    ),
    (
        garbled("trades.parquet", "opens", pa.array([None] * TRADES, pa.bool_())),
        "3000 rows have no opens",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_what_cannot_be_read(copied: Path, spoil: Callable[[Path], object], message: str) -> None:
    spoil(copied / "truth")
    with pytest.raises(EvaluateError, match=message) as raised:
        read_truth(open_tape(copied))
    assert "\n" not in str(raised.value)


def shifted(column: str, by: int, at: int) -> Callable[[Records], Records]:
    """One row says something else."""

    def change(rows: Records) -> Records:
        rows[column][at] += by
        return rows

    return change


def twice(rows: Records) -> Records:
    """A row of a same-day contract comes twice, in place of another."""
    rows[1] = rows[0]
    return rows


MISFITS = [
    (
        "trades",
        lambda rows: rows[:-1],
        "which has over 2,[0-9]{3} trade records; the truth has 2,999",
    ),
    (
        "trades",
        lambda rows: np.concatenate((rows, rows[:1])),
        "has 3,000 trade records; the truth has 3,001",
    ),
    ("trades", shifted("instrument_id", 1, 7), "has trade record 7 of instrument_id"),
    ("trades", shifted("ts_recv", -1, 2_999), "has trade record 2999 of ts_recv"),
    ("contracts", lambda rows: rows[1:], "expected one row per minute for each of the 44"),
    ("contracts", twice, "expected one row per minute for each of the 44"),
    ("contracts", lambda rows: rows[:0], "found 0 rows in 0 minutes"),
    ("contracts", shifted("minute_end", 1, 0), "is not the end of a minute of 2025-06-02"),
    (
        "contracts",
        shifted("minute_end", -MINUTES * MINUTE, 0),
        "is not the end of a minute of 2025-06-02",
    ),
]


@pytest.mark.drill
@pytest.mark.parametrize(("table", "change", "message"), MISFITS)
def test_truth_of_another_tape(
    copied: Path, made: Facts, table: str, change: Callable[[Records], Records], message: str
) -> None:
    truth = {"trades": made.trade_truth.copy(), "contracts": made.contract_truth.copy()}
    truth[table] = change(truth[table])
    write_truth(copied, truth["trades"], truth["contracts"])
    with pytest.raises(EvaluateError, match=message):
        scored(copied)


@pytest.mark.drill
def test_no_minute_in_common(copied: Path, made: Facts) -> None:
    later = made.contract_truth.copy()
    later["minute_end"] += 60 * MINUTE
    write_truth(copied, made.trade_truth, later)
    with pytest.raises(EvaluateError, match="no minute of the tape is in its truth"):
        scored(copied)
