"""A synthetic session for timing replays: four same-day chains of 400 contracts each.

Quotes of random contracts every second, one trade for every nineteen quotes, each with the quote
just before it, and quotes of the stocks. Prices follow Black on a random walk.
"""

import datetime
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zerodte.arrays import F64, U32
from zerodte.clock import new_york
from zerodte.constants import SECOND, SESSIONS_PER_YEAR
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, format_osi
from zerodte.pricing import black
from zerodte.records.dbn import STAT_OPEN_INTEREST, Records, records
from zerodte.tape.writer import TapeWriter

DATE = datetime.date(2025, 6, 2)
OPTIONS, STOCKS = "SYNTHETIC.OPTS", "SYNTHETIC.STOCK"
SYMBOLS = {"AAA": 100.0, "BBB": 200.0, "CCC": 400.0, "DDD": 500.0}
STRIKES = 200
QUOTES_PER_TRADE = 19
_BLOCK = 3900  # seconds written to one file
_VOLATILITY = 0.2


def write_tape(out: Path, count: int, *, compressed: bool) -> int:
    """Write about `count` records of one session to `out`; returns how many there are.

    Args:
        out: A folder; made where it does not exist.
        count: Quotes and trades.
        compressed: With zstd, or plain.
    """
    session = calendar().session(DATE)
    assert session is not None
    rng = np.random.default_rng(0)
    suffix = ".dbn.zst" if compressed else ".dbn"
    writer = TapeWriter(out, source="simulated", notes=("synthetic, for timing",))
    contracts = [
        Contract(symbol, DATE, strike, right)
        for symbol, spot in SYMBOLS.items()
        for strike in np.linspace(0.9 * spot, 1.1 * spot, STRIKES).round(2).tolist()
        for right in "CP"
    ]
    ids = writer.ids(OPTIONS, [format_osi(contract) for contract in contracts])
    written = _write_morning(writer, ids, contracts, session, rng, suffix)
    seconds = round((session.close - session.open) / SECOND)
    path = np.cumsum(rng.normal(0.0, 0.01 / np.sqrt(seconds), (len(SYMBOLS), seconds)), axis=1)
    for first in range(0, seconds, _BLOCK):
        walk = np.exp(path[:, first : first + _BLOCK])
        share = count * walk.shape[1] / seconds
        at = session.open + first * SECOND
        for schema, rows in _block(contracts, ids, walk, round(share), at, session, rng):
            writer.write(OPTIONS, schema, rows, name=f"{schema}.{first:05d}{suffix}")
            written += len(rows)
        written += _write_stocks(writer, walk, at, f"stocks.{first:05d}{suffix}")
    return written


def _write_morning(
    writer: TapeWriter,
    ids: U32,
    contracts: list[Contract],
    session: TradingSession,
    rng: np.random.Generator,
    suffix: str,
) -> int:
    rows = records("definition", len(ids))
    rows["instrument_id"], rows["raw_symbol"] = ids, [format_osi(c) for c in contracts]
    rows["ts_event"] = rows["ts_recv"] = new_york(session.date, datetime.time(6, 30))
    writer.write(OPTIONS, "definition", rows, name=f"definition{suffix}")
    settled = records("statistics", len(ids))
    settled["instrument_id"], settled["stat_type"] = ids, STAT_OPEN_INTEREST
    settled["ts_event"] = settled["ts_recv"] = rows["ts_recv"]
    settled["quantity"] = rng.integers(0, 5000, len(ids))
    writer.write(OPTIONS, "statistics", settled, name=f"statistics{suffix}")
    return len(rows) + len(settled)


def _block(
    contracts: list[Contract],
    ids: U32,
    walk: F64,
    count: int,
    at: int,
    session: TradingSession,
    rng: np.random.Generator,
) -> Iterator[tuple[str, Records]]:
    """Quotes and trades of one block, as (schema, records)."""
    mids = _mids(contracts, walk[:, walk.shape[1] // 2], at, session)
    for schema, share in (("cbbo-1s", QUOTES_PER_TRADE), ("tcbbo", 1)):
        rows = records(schema, count * share // (QUOTES_PER_TRADE + 1))
        which = rng.integers(0, len(contracts), len(rows))
        second = np.sort(rng.integers(1, walk.shape[1] + 1, len(rows)))
        cents = np.maximum(np.rint(mids[which] * 100) + rng.integers(-1, 2, len(rows)), 2)
        half = 1 + cents // 100
        rows["instrument_id"] = ids[which]
        rows["ts_event"] = rows["ts_recv"] = at + second * SECOND
        rows["bid_px_00"], rows["ask_px_00"] = (cents - half) * 10**7, (cents + half) * 10**7
        rows["bid_sz_00"], rows["ask_sz_00"] = rng.integers(1, 200, (2, len(rows)))
        if schema == "tcbbo":
            side = rng.integers(-1, 2, len(rows))
            rows["price"], rows["action"] = (cents + side * half) * 10**7, b"T"
            rows["size"] = rng.geometric(0.2, len(rows))
        yield schema, rows


def _mids(contracts: list[Contract], walk: F64, at: int, session: TradingSession) -> F64:
    tau = (session.close - at) / (session.close - session.open) / SESSIONS_PER_YEAR
    strike = np.array([contract.strike for contract in contracts])
    is_call = np.array([contract.right == "C" for contract in contracts])
    mids = np.empty(len(contracts))
    for (symbol, spot), moved in zip(SYMBOLS.items(), walk, strict=True):
        mine = np.array([contract.root == symbol for contract in contracts])
        volatility = np.full(int(mine.sum()), _VOLATILITY)
        mids[mine] = black.price(spot * moved, strike[mine], tau, volatility, is_call[mine])
    return mids


def _write_stocks(writer: TapeWriter, walk: F64, at: int, name: str) -> int:
    rows = records("bbo-1s", walk.size)
    cents = np.rint(walk.T * np.array(list(SYMBOLS.values())) * 100).ravel()
    rows["instrument_id"] = np.tile(writer.ids(STOCKS, list(SYMBOLS)), walk.shape[1])
    rows["ts_event"] = rows["ts_recv"] = at + SECOND * np.repeat(
        np.arange(1, walk.shape[1] + 1), len(SYMBOLS)
    )
    rows["bid_px_00"], rows["ask_px_00"] = (cents - 1) * 10**7, (cents + 1) * 10**7
    rows["bid_sz_00"] = rows["ask_sz_00"] = 100
    writer.write(STOCKS, "bbo-1s", rows, name=name)
    return len(rows)
