"""Records made from a seed: one chain on ABC from the open on, its trades and the stock.

A process imports this in no time, as the child of a fake simulation does.
"""

import datetime
from typing import Final

import numpy as np

from engine.twin_pricing import black
from zerodte.arrays import I64
from zerodte.clock import new_york
from zerodte.market.osi import Contract, format_osi
from zerodte.records.dbn import STAT_OPEN_INTEREST, Records, records

STOCKS: Final = "XNAS.ITCH"
DATE: Final = datetime.date(2025, 6, 2)
SECOND: Final = 1_000_000_000
STRIKES: Final = np.arange(95.0, 106.0)
CONTRACTS: Final = [
    Contract("ABC", DATE, strike, right) for strike in STRIKES.tolist() for right in "CP"
]
SYMBOLS: Final = {n: format_osi(contract) for n, contract in enumerate(CONTRACTS, start=1)}
OPEN: Final = new_york(DATE, datetime.time(9, 30))


def morning() -> tuple[Records, Records]:
    """Definitions and open interest, known at 06:30."""
    early = new_york(DATE, datetime.time(6, 30))
    defined, settled = records("definition", len(SYMBOLS)), records("statistics", len(SYMBOLS))
    for rows in (defined, settled):
        rows["instrument_id"] = list(SYMBOLS)
        rows["ts_event"] = rows["ts_recv"] = early
    defined["raw_symbol"] = list(SYMBOLS.values())
    settled["stat_type"] = STAT_OPEN_INTEREST
    settled["quantity"] = 100 + 7 * np.arange(len(SYMBOLS))
    return defined, settled


def prices() -> I64:
    """What each contract is worth around the open with the stock at 100, cents."""
    tau = 1.0 / 252
    values = (black(100.0, c.strike, tau, 0.25, c.right == "C") for c in CONTRACTS)
    return np.array([round(100 * value) for value in values])


def quotes(schema: str, count: int, seconds: float, seed: int) -> Records:
    """Quotes of random contracts, in order of time; whole seconds in a schema of seconds."""
    random = np.random.default_rng(seed)
    out = records(schema, count)
    which = random.integers(0, len(CONTRACTS), count)
    which[: len(CONTRACTS)] = np.arange(len(CONTRACTS))
    at = np.sort(random.integers(1, int(seconds * SECOND), count))
    at[: len(CONTRACTS)] = 1
    if schema == "cbbo-1s":
        at = -(-at // SECOND) * SECOND
    mid = prices()[which] + random.integers(-2, 3, count)
    out["instrument_id"] = which + 1
    out["ts_event"] = out["ts_recv"] = OPEN + at
    out["bid_px_00"], out["ask_px_00"] = np.maximum(mid - 2, 1) * 10**7, (mid + 3) * 10**7
    out["bid_sz_00"], out["ask_sz_00"] = random.integers(1, 50, (2, count))
    return out


def trades(schema: str, count: int, seconds: float, seed: int) -> Records:
    """Trades of random contracts, in order of time; `tcbbo` with a quote around their prices."""
    random = np.random.default_rng(seed)
    out = records(schema, count)
    which = random.integers(0, len(CONTRACTS), count)
    mid = prices()[which]
    out["instrument_id"] = which + 1
    at = np.sort(random.integers(6 * SECOND, int(seconds * SECOND), count))
    out["ts_event"] = out["ts_recv"] = OPEN + at
    out["price"] = np.maximum(mid + random.integers(-3, 4, count), 1) * 10**7
    out["size"], out["action"], out["side"] = random.geometric(0.2, count), b"T", b"N"
    if schema == "tcbbo":
        out["bid_px_00"], out["ask_px_00"] = np.maximum(mid - 2, 1) * 10**7, (mid + 2) * 10**7
        out["bid_sz_00"], out["ask_sz_00"] = random.integers(1, 50, (2, count))
    return out


def stock(seconds: int) -> Records:
    """ABC's own quote, every second."""
    out = records("bbo-1s", seconds)
    out["instrument_id"] = 1
    out["ts_event"] = out["ts_recv"] = OPEN + SECOND * np.arange(1, seconds + 1)
    drift = np.arange(seconds) % 7 - 3
    out["bid_px_00"], out["ask_px_00"] = (9_998 + drift) * 10**7, (10_002 + drift) * 10**7
    out["bid_sz_00"] = out["ask_sz_00"] = 100
    return out
