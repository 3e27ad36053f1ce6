"""A small tape of three chains with its truth, both made from a seed.

ABC and XYZ expire on the day, ABC also a day later; a quarter of an hour of quotes and trades.
"""

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from session.made_tape import CONTRACTS, DATE, OPEN, SECOND, STOCKS, quotes, stock, trades
from zerodte.clock import new_york
from zerodte.constants import MINUTE
from zerodte.market.osi import Contract, format_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import OPRA, STAT_OPEN_INTEREST, Records, records
from zerodte.records.truth import CONTRACT_TRUTH, TRADE_TRUTH
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.writer import TapeWriter

MINUTES: Final = 15
TRADES: Final = 3_000
CANCELS: Final = 20
COUNT: Final = len(CONTRACTS)

_LATER: Final = datetime.date(2025, 6, 3)
LISTED: Final = tuple(
    Contract(symbol, expiry, c.strike, c.right)
    for symbol, expiry in (("ABC", DATE), ("ABC", _LATER), ("XYZ", DATE))
    for c in CONTRACTS
)
SYMBOLS: Final = {n: format_osi(contract) for n, contract in enumerate(LISTED, start=1)}


@dataclass(frozen=True, eq=False)
class Facts:
    """What a tape was made of: its trades with their conditions and cancels, and the truth."""

    trades: Records
    conditions: "np.ndarray[tuple[int], np.dtype[np.uint8]]"
    cancels: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
    settled: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    trade_truth: Records
    contract_truth: Records


def facts(seed: int) -> Facts:
    """Everything random of a tape."""
    rng = np.random.default_rng(seed)
    rows = _of_all_chains(lambda n: trades("tcbbo", TRADES // 3, 60 * MINUTES, 10 * seed + n))
    conditions = rng.choice(
        [Condition.REGULAR, Condition.MULTI_LEG, Condition.AUCTION, Condition.LATE],
        len(rows),
        p=(0.7, 0.15, 0.1, 0.05),
    ).astype(np.uint8)
    # Late in the tape some trades are taken back by records that repeat them.
    original = np.sort(rng.choice(len(rows) // 2, CANCELS, replace=False))
    cancel = np.sort(rng.choice(np.arange(len(rows) // 2, len(rows)), CANCELS, replace=False))
    for name in ("instrument_id", "price", "size"):
        rows[name][cancel] = rows[name][original]
    conditions[cancel] = Condition.CANCEL
    return Facts(
        trades=rows,
        conditions=conditions,
        cancels=np.stack((cancel, original), axis=1),
        settled=rng.integers(0, 500, len(LISTED)),
        trade_truth=_trade_truth(rng, rows, original, cancel),
        contract_truth=_contract_truth(rng),
    )


def make(folder: Path, seed: int = 1, made: Facts | None = None) -> Tape:
    """Write the tape with its truth, and open it."""
    of = made or facts(seed)
    writer = TapeWriter(folder, source="simulated")
    early = new_york(DATE, datetime.time(6, 30))
    defined, settled = records("definition", len(SYMBOLS)), records("statistics", len(SYMBOLS))
    for rows in (defined, settled):
        rows["instrument_id"], rows["ts_event"], rows["ts_recv"] = list(SYMBOLS), early, early
    defined["raw_symbol"] = list(SYMBOLS.values())
    settled["stat_type"], settled["quantity"] = STAT_OPEN_INTEREST, of.settled
    quoted = _of_all_chains(lambda n: quotes("cbbo-1s", 2_500, 60 * MINUTES, 10 * seed + 5 + n))
    stocks = np.repeat(stock(60 * MINUTES), 2)
    stocks["instrument_id"] = np.tile((1, 2), 60 * MINUTES)
    writer.write(OPRA, "definition", defined)
    writer.write(OPRA, "statistics", settled)
    writer.write(OPRA, "cbbo-1s", quoted, SYMBOLS)
    writer.write(OPRA, "tcbbo", of.trades, SYMBOLS, conditions=of.conditions, cancels=of.cancels)
    writer.write(STOCKS, "bbo-1s", stocks, {1: "ABC", 2: "XYZ"})
    write_truth(folder, of.trade_truth, of.contract_truth)
    return open_tape(folder)


def write_truth(folder: Path, trade_truth: Records, contract_truth: Records) -> None:
    """Write `truth/` into a tape's folder, or over what is there."""
    truth = folder / "truth"
    truth.mkdir(exist_ok=True)
    for name, rows in (("trades", trade_truth), ("contracts", contract_truth)):
        columns = {column: rows[column] for column in rows.dtype.names or ()}
        parquet.write_table(pa.table(columns), truth / f"{name}.parquet")
    (truth / "parameters.json").write_text(json.dumps({"seed": 1}))


def _of_all_chains(make_rows: Callable[[int], Records]) -> Records:
    """Rows of the first chain for each chain, in order of receive time."""
    parts = []
    for number in range(3):
        rows = make_rows(number)
        rows["instrument_id"] += number * COUNT
        parts.append(rows)
    out: Records = np.concatenate(parts)
    return out[np.argsort(out["ts_recv"], kind="stable")]


def _trade_truth(
    rng: np.random.Generator,
    rows: Records,
    original: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    cancel: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> Records:
    out: Records = np.zeros(len(rows), TRADE_TRUTH)
    out["ts_recv"], out["instrument_id"] = rows["ts_recv"], rows["instrument_id"]
    out["customer_side"] = rng.choice((-1, 0, 1), len(rows), p=(0.4, 0.1, 0.5))
    taken = rng.integers(0, rows["size"] + 1)
    out["dealers"] = -out["customer_side"] * taken
    out["opens"], out["is_limit"] = rng.random((2, len(rows))) < 0.4
    out["is_cancelled"][original], out["is_cancel"][cancel] = True, True
    return out


def _contract_truth(rng: np.random.Generator) -> Records:
    out: Records = np.zeros((MINUTES, len(LISTED)), CONTRACT_TRUTH)
    out["minute_end"] = (OPEN + MINUTE * np.arange(1, MINUTES + 1))[:, None]
    out["instrument_id"] = list(SYMBOLS)
    out["open_interest"] = rng.integers(0, 600, out.shape)
    out["dealers"] = rng.integers(-300, 300, out.shape)
    flat: Records = out.reshape(-1)
    return flat


def minute_end(minute: int) -> int:
    """When so many minutes have passed since the open, UTC ns."""
    return OPEN + minute * 60 * SECOND
