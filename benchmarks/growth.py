"""Times what is listed in one second: 100,000 definitions, and 50,000 strikes of one symbol.

The peer splits the same symbols with pandas and numbers their chains, without keeping a position
for each contract.
"""

import itertools
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.harness import Row
from benchmarks.tape import DATE
from zerodte.constants import SECOND
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, format_osi
from zerodte.records.dbn import OPRA, Records, records
from zerodte.records.tick import Batch, Tick
from zerodte.session.session import Session

_OSI = r"^(?P<root>.{6})(?P<date>\d{6})(?P<right>[CP])(?P<strike>\d{8})$"
_TIMINGS = 3


def rows() -> list[Row]:
    """Lists both, in a new session each time."""
    market = [
        format_osi(Contract(f"A{first}{second}", calendar().next(DATE).date, strike, right))
        for first, second in itertools.islice(itertools.product("ABCDEFGHIJKLMN", repeat=2), 100)
        for strike in np.arange(1.0, 501.0).tolist()
        for right in "CP"
    ]
    strikes = [format_osi(Contract("AAA", DATE, 0.5 * n, "C")) for n in range(1, 50_001)]
    return [
        _row("define 100,000 contracts of 100 symbols", market),
        _row("define 50,000 strikes of one symbol", strikes),
    ]


def _row(name: str, symbols: list[str]) -> Row:
    defined = records("definition", len(symbols))
    defined["instrument_id"], defined["raw_symbol"] = np.arange(len(symbols)), symbols
    return Row(
        name,
        _microseconds(lambda: _define(defined)),
        "pandas",
        _microseconds(lambda: _chains(defined)),
    )


def _define(defined: Records) -> int:
    hours = calendar().session(DATE)
    assert hours is not None
    session = Session(hours, calendar(), {OPRA: "options"})
    session.apply(Tick(hours.open - SECOND, definitions=(Batch(OPRA, "definition", defined),)))
    return len(session.market.contracts.chains)


def _chains(defined: Records) -> int:
    raw = pd.Series(np.char.decode(defined["raw_symbol"], "ascii"))
    parts = raw.str.extract(_OSI)
    parts["expiry"] = pd.to_datetime(parts["date"], format="%y%m%d")
    parts["dollars"] = parts["strike"].astype(np.int64) / 1000
    ordered = parts.sort_values(["root", "expiry", "dollars", "right"])
    return int(ordered.groupby(["root", "expiry"]).ngroup().max()) + 1


def _microseconds(job: Callable[[], object]) -> float:
    """The shortest of a few times, after one that fills caches."""
    job()
    times = []
    for _ in range(_TIMINGS):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    return min(times) * 1e6
