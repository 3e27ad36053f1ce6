"""A small generated chain with a few trades, for a first look without market data.

It has Black prices on a fixed smile, open interest concentrated at round strikes, and one invented
symbol. The chain is quoted twice, so that a sample precedes its trades. Prices do not move, and
nothing here models a real market.
"""

import datetime
from pathlib import Path

import numpy as np

from zerodte.arrays import F64, I64, U32
from zerodte.clock import new_york
from zerodte.constants import HOUR, MINUTE, SAMPLE_INTERVAL
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, format_osi
from zerodte.pricing import black
from zerodte.records.condition import Condition
from zerodte.records.dbn import (
    INDEX,
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    Records,
    records,
)
from zerodte.tape.writer import TapeWriter

SYMBOL = "DEMO"

_DATASET, _EQUITY = "ZERODTE.DEMO", "ZERODTE.EQUITY"
_SPOT, _TICK = 500.0, 0.01
_STRIKES = np.arange(470.0, 531.0)
_NEAR = 2.0
_MORNING = datetime.time(6, 30)
_NANO = 1_000_000_000


def write_synthetic_tape(
    out: Path, session: TradingSession, *, with_rare_records: bool = False
) -> None:
    """Write a tape of `session` at its 90th minute: expiries today, next session and next week.

    Args:
        out: The tape's folder.
        session: The session.
        with_rare_records: Whether its first two trades are legs of a package, and the symbol has
            the values of an index too, so that whoever plays the tape has met all kinds of records.
    """
    last = session.open + HOUR + 30 * MINUTE
    at = last - SAMPLE_INTERVAL
    next_day = calendar().next(session.date)
    next_week = calendar().next(session.date + datetime.timedelta(days=6))
    writer = TapeWriter(out, source="simulated", notes=("a small generated chain",))
    contracts, mids, interest = [], [], []
    for sessions, expiry in ((0.0, session.date), (1.0, next_day.date), (5.0, next_week.date)):
        remaining = sessions + (session.close - last) / (session.close - session.open)
        for right, is_call in (("C", True), ("P", False)):
            contracts += [Contract(SYMBOL, expiry, strike, right) for strike in _STRIKES.tolist()]
            mids.append(_prices(remaining / 252, is_call))
            interest.append(_open_interest(is_call))
    symbols = [format_osi(contract) for contract in contracts]
    ids = writer.ids(_DATASET, symbols)
    mid, counts = np.concatenate(mids), np.concatenate(interest)
    _write_definitions(writer, ids, symbols, contracts, at)
    _write_statistics(writer, ids, counts, at, new_york(session.date, _MORNING))
    quotes = _write_quotes(writer, ids, mid, (at, last))
    is_near = [c.expiry == session.date and abs(c.strike - _SPOT) <= _NEAR for c in contracts]
    _write_trades(writer, quotes[is_near], last, with_package=with_rare_records)
    if with_rare_records:
        _write_index(writer, last)
    stock = records("bbo-1s", 2)
    stock["instrument_id"] = writer.ids(_EQUITY, [SYMBOL])
    stock["ts_event"] = stock["ts_recv"] = (at, last)
    stock["bid_px_00"], stock["ask_px_00"] = _raw(_SPOT - _TICK), _raw(_SPOT + _TICK)
    stock["bid_sz_00"] = stock["ask_sz_00"] = 300
    writer.write(_EQUITY, "bbo-1s", stock)


def _prices(tau: float, is_call: bool) -> F64:
    moneyness = np.log(_STRIKES / _SPOT)
    smile = 0.13 - 0.9 * moneyness + 9.0 * moneyness**2
    rights = np.full(len(_STRIKES), is_call)
    return black.price(_SPOT, _STRIKES, tau, smile, rights)


def _open_interest(is_call: bool) -> F64:
    centre = _SPOT + (5.0 if is_call else -7.0)
    bell = np.exp(-0.5 * ((_STRIKES - centre) / 9.0) ** 2)
    roundness = 1.0 + 2.0 * (_STRIKES % 5.0 == 0.0) + 3.0 * (_STRIKES % 10.0 == 0.0)
    counts: F64 = np.rint((2100.0 if is_call else 1300.0) * bell * roundness)
    return counts


def _raw(dollars: float | F64) -> I64:
    raw: I64 = np.rint(np.asarray(dollars) * _NANO).astype(np.int64)
    return raw


def _write_definitions(
    writer: TapeWriter,
    ids: U32,
    symbols: list[str],
    contracts: list[Contract],
    at: int,
) -> None:
    rows = records("definition", len(ids))
    rows["instrument_id"], rows["raw_symbol"] = ids, symbols
    rows["instrument_class"] = [contract.right for contract in contracts]
    rows["strike_price"] = _raw(np.array([contract.strike for contract in contracts]))
    rows["ts_event"] = rows["ts_recv"] = at
    writer.write(_DATASET, "definition", rows)


def _write_statistics(writer: TapeWriter, ids: U32, counts: F64, at: int, morning: int) -> None:
    rows = records("statistics", 2 * len(ids))
    rows["instrument_id"], rows["ts_recv"] = np.tile(ids, 2), at
    rows["stat_type"] = np.repeat((STAT_OPEN_INTEREST, STAT_CLEARED_VOLUME), len(ids))
    rows["quantity"] = np.concatenate((counts, np.rint(0.4 * counts)))
    rows["ts_event"] = np.repeat((morning, at), len(ids))
    writer.write(_DATASET, "statistics", rows)


def _write_quotes(writer: TapeWriter, ids: U32, mid: F64, times: tuple[int, ...]) -> Records:
    """Quote every contract at each of the times; returns the quotes of one time."""
    rows = records("cbbo-1s", len(ids))
    half = np.maximum(_TICK, np.rint(mid) * _TICK)
    bid = np.maximum(np.rint((mid - half) / _TICK), 0.0) * _TICK
    ask = np.maximum(np.rint((mid + half) / _TICK), 1.0) * _TICK
    rows["instrument_id"] = ids
    rows["bid_px_00"], rows["ask_px_00"] = _raw(bid), _raw(ask)
    rows["bid_sz_00"] = rows["ask_sz_00"] = 50
    repeated = np.tile(rows, len(times))
    repeated["ts_event"] = repeated["ts_recv"] = np.repeat(times, len(ids))
    writer.write(_DATASET, "cbbo-1s", repeated)
    return rows


def _write_trades(writer: TapeWriter, quotes: Records, at: int, *, with_package: bool) -> None:
    """Trade every quoted contract once: at the ask, at the bid, between, and so on."""
    rows = records("tcbbo", len(quotes))
    for name in ("instrument_id", "bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00"):
        rows[name] = quotes[name]
    bid, ask = quotes["bid_px_00"], quotes["ask_px_00"]
    rows["price"] = np.choose(np.arange(len(rows)) % 3, (ask, bid, (bid + ask) // 2))
    rows["size"] = 10
    rows["ts_event"] = rows["ts_recv"] = at
    conditions = None
    if with_package:
        conditions = np.full(len(rows), Condition.REGULAR, np.uint8)
        conditions[:2] = Condition.MULTI_LEG
    writer.write(_DATASET, "tcbbo", rows, conditions=conditions)


def _write_index(writer: TapeWriter, at: int) -> None:
    rows = records("trades", 1)
    rows["instrument_id"] = writer.ids(INDEX, [SYMBOL])
    rows["price"], rows["ts_event"], rows["ts_recv"] = _raw(_SPOT), at, at
    writer.write(INDEX, "trades", rows)
