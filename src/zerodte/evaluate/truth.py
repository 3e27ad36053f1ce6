"""The truth of a simulated tape, read and checked against its contracts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet

from zerodte.arrays import I64, U32
from zerodte.constants import MINUTE
from zerodte.errors import ZerodteError
from zerodte.feeds.simulator.output import (
    CONTRACTS_FILE,
    PARAMETERS_FILE,
    TRADES_FILE,
)
from zerodte.market.calendar import TradingSession, epoch_day
from zerodte.market.contracts import Contracts
from zerodte.records.dbn import Records
from zerodte.records.truth import CONTRACT_TRUTH, TRADE_TRUTH
from zerodte.session.instruments import OPTIONS
from zerodte.tape.checksums import FileBytes
from zerodte.tape.folder import Tape
from zerodte.tape.manifest import TRUTH_FOLDER


class EvaluateError(ZerodteError, ValueError):
    """A tape that cannot be scored; the message says why."""


@dataclass(frozen=True, eq=False, slots=True)
class Truth:
    """The truth of a simulated tape. Contracts are the n that expire today.

    Attributes:
        folder: Its folder.
        dataset: The dataset of the tape's options.
        trades: `TRADE_TRUTH`, one row per trade record of the tape, in the order of ticks.
        minutes: Ends of its t minutes, UTC ns, ascending, shape (t,).
        instruments: Ids of the contracts, ascending, shape (n,).
        open_interest: Contracts, shape (t, n).
        dealers: Dealers' inventory, contracts, long positive, shape (t, n).
        parameters: The parameters that the seed determines.
    """

    folder: Path
    dataset: str
    trades: Records
    minutes: I64
    instruments: U32
    open_interest: I64
    dealers: I64
    parameters: dict[str, Any]


def read_truth(tape: Tape) -> Truth:
    """Read a tape's truth.

    Raises:
        EvaluateError: If it is missing, cannot be read, or does not have one row per minute and
            contract of the tape.
    """
    folder = tape.path / TRUTH_FOLDER
    if not folder.is_dir():
        raise EvaluateError(
            f"{tape.path}: has no folder {TRUTH_FOLDER}; only simulated tapes can be scored"
        )
    dataset = _options_dataset(tape)
    instruments = _same_day(tape, dataset)
    contracts = _read(_content(tape, CONTRACTS_FILE), CONTRACT_TRUTH, instruments)
    minutes, open_interest, dealers = _by_minute(
        folder / CONTRACTS_FILE, contracts, instruments, tape.session
    )
    return Truth(
        folder=folder,
        dataset=dataset,
        trades=_read(_content(tape, TRADES_FILE), TRADE_TRUTH),
        minutes=minutes,
        instruments=instruments,
        open_interest=open_interest,
        dealers=dealers,
        parameters=_read_parameters(_content(tape, PARAMETERS_FILE)),
    )


def _content(tape: Tape, name: str) -> FileBytes:
    return tape.content(f"{TRUTH_FOLDER}/{name}")


def _options_dataset(tape: Tape) -> str:
    datasets = [name for name in tape.symbols if tape.kind(name) == OPTIONS]
    if len(datasets) != 1:
        names = ", ".join(datasets) or "none"
        raise EvaluateError(f"{tape.path}: expected one dataset of options, found: {names}")
    return datasets[0]


def _same_day(tape: Tape, dataset: str) -> U32:
    """Ids of the contracts that expire on the session's date, ascending."""
    contracts, symbols = Contracts(), tape.symbols[dataset]
    positions = np.array([contracts.add(symbol) for symbol in symbols.values()], np.intp)
    ids = np.fromiter(symbols, np.uint32, len(symbols))[positions >= 0]
    expiry = contracts.expiry[positions[positions >= 0]]
    same_day: U32 = np.sort(ids[expiry == epoch_day(tape.session.date)])
    if not len(same_day):
        raise EvaluateError(f"{tape.path}: no contract expires on {tape.session.date}")
    return same_day


def _read(content: FileBytes, layout: np.dtype[np.void], instruments: U32 | None = None) -> Records:
    """The rows of a Parquet file as `layout`, optionally of some instruments only."""
    path, names = content.path, layout.names or ()
    schema = pa.schema([(name, pa.from_numpy_dtype(layout[name])) for name in names])
    row_filter = None
    if instruments is not None:
        row_filter = compute.field("instrument_id").isin(pa.array(instruments))
    try:
        source = pa.BufferReader(content.read())
        columns = parquet.read_schema(source).names
        if missing := [name for name in names if name not in columns]:
            raise EvaluateError(f"{path}: missing columns: {', '.join(missing)}")
        table = parquet.read_table(source, columns=list(names), filters=row_filter).cast(schema)
    except FileNotFoundError:
        raise EvaluateError(f"{path}: file not found; every simulated tape has it") from None
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise EvaluateError(f"{path}: cannot be read as a truth table: {reason}") from error
    out: Records = np.empty(len(table), layout)
    for name in names:
        if table[name].null_count:
            raise EvaluateError(f"{path}: {table[name].null_count} rows have no {name}")
        out[name] = table[name].to_numpy()
    return out


def _by_minute(
    path: Path, rows: Records, instruments: U32, session: TradingSession
) -> tuple[I64, I64, I64]:
    """Minutes, and open interest and dealers' inventory by minute and contract."""
    minutes, minute = np.unique(rows["minute_end"], return_inverse=True)
    shape = (len(minutes), len(instruments))
    inside = (minutes > session.open) & (minutes <= session.close) & (minutes % MINUTE == 0)
    if not inside.all():
        raise EvaluateError(f"{path}: a minute_end is not the end of a minute of {session.date}")
    position = minute * shape[1] + np.searchsorted(instruments, rows["instrument_id"])
    if not len(rows) or not np.array_equal(np.sort(position), np.arange(shape[0] * shape[1])):
        raise EvaluateError(
            f"{path}: does not fit the tape: expected one row per minute for each of the "
            f"{len(instruments)} contracts that expire on {session.date}; found {len(rows)} rows "
            f"in {len(minutes)} minutes"
        )
    open_interest, dealers = np.empty((2, len(rows)), np.int64)
    open_interest[position], dealers[position] = rows["open_interest"], rows["dealers"]
    return minutes, open_interest.reshape(shape), dealers.reshape(shape)


def _read_parameters(content: FileBytes) -> dict[str, Any]:
    path = content.path
    try:
        return msgspec.json.decode(content.read(), type=dict[str, Any])
    except FileNotFoundError:
        raise EvaluateError(f"{path}: file not found; every simulated tape has it") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvaluateError(f"{path}: not a JSON object: {error}") from error
