"""A session replayed end to end, and one tick of a large market.

The peer of a replay handles records as objects: the vendor's client yields them one by one, and the
program stores the last quote of each instrument. It does nothing else.
"""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from string import ascii_uppercase
from tempfile import TemporaryDirectory

import databento
import numpy as np

from benchmarks.harness import Row, compare
from benchmarks.tape import DATE, write_tape
from zerodte.constants import SECOND
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, format_osi
from zerodte.records.dbn import Records, records
from zerodte.records.tick import Batch, Tick
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape

_RECORDS = 20_000_000
_RUNS = 3
_PEER_RECORDS = 300_000
_CHAINS, _STRIKES = 500, 50


def rows() -> list[Row]:
    """Per thousand records, samples included; and a tick of 500 chains, 50,000 contracts."""
    measured = []
    for compressed, kind in ((False, "plain"), (True, "zstd")):
        with TemporaryDirectory() as folder:
            out = Path(folder)
            written = write_tape(out, _RECORDS, compressed=compressed)
            quotes = next(out.glob("cbbo-1s*"))
            ours = _fastest(lambda path=out: replay(open_tape(path)))  # type: ignore[misc]
            peer = _fastest(lambda path=quotes: _one_by_one(path))  # type: ignore[misc]
        measured.append(
            Row(
                f"replay end to end, {kind}, 1,000 records",
                ours / written * 1e9,
                "databento client, last quotes",
                peer / _PEER_RECORDS * 1e9,
            )
        )
    return measured + _large_tick()


def _fastest(job: Callable[[], object]) -> float:
    timings = []
    for _ in range(_RUNS):
        begin = time.perf_counter()
        job()
        timings.append(time.perf_counter() - begin)
    return min(timings)


def _one_by_one(path: Path) -> None:
    store = databento.DBNStore.from_file(path)
    quotes_by_id = {}
    for record in itertools.islice(store, _PEER_RECORDS):
        assert isinstance(record, databento.CBBOMsg)
        quote = record.levels[0]
        quotes_by_id[record.instrument_id] = (
            quote.bid_px,
            quote.ask_px,
            quote.bid_sz,
            quote.ask_sz,
        )


def _large_tick() -> list[Row]:
    """A quote for every contract and a trade in every chain, within one second."""
    hours = calendar().session(DATE)
    assert hours is not None
    contracts = [
        Contract("".join(root), DATE, 90.0 + strike * 0.4, right)
        for root in itertools.islice(itertools.product(ascii_uppercase, repeat=3), _CHAINS)
        for strike in range(_STRIKES)
        for right in "CP"
    ]
    session = Session(hours, calendar(), {"OPTIONS": "options"})
    session.learn("OPTIONS", {n: format_osi(contract) for n, contract in enumerate(contracts)})
    strikes = np.array([contract.strike for contract in contracts])
    is_call = np.array([contract.right == "C" for contract in contracts])
    mid = np.maximum(np.where(is_call, 100.0 - strikes, strikes - 100.0), 0.0) + 0.5
    quotes = records("cbbo-1s", len(contracts))
    trades = records("tcbbo", _CHAINS)
    quotes["instrument_id"] = np.arange(len(contracts))
    trades["instrument_id"] = np.arange(0, len(contracts), 2 * _STRIKES) + _STRIKES
    for rows_, dollars in ((quotes, mid), (trades, mid[trades["instrument_id"]])):
        rows_["bid_px_00"] = np.rint((dollars - 0.05) * 1e9)
        rows_["ask_px_00"] = np.rint((dollars + 0.05) * 1e9)
        rows_["bid_sz_00"] = rows_["ask_sz_00"] = 10
    trades["price"], trades["size"] = trades["ask_px_00"], 1
    ends = itertools.count(hours.open + 40 * SECOND, SECOND)
    tick = _ticks(quotes, trades)
    return compare(
        "one tick of 50,000 quotes, 500 chains",
        lambda: session.apply(tick(next(ends))),
        numpy_last_quote=lambda: _last_quotes(quotes, len(contracts)),
    )


def _ticks(quotes: Records, trades: Records) -> Callable[[int], Tick]:
    def tick(end: int) -> Tick:
        # Away from samples: those are measured by the whole chain's refresh.
        quotes["ts_recv"] = trades["ts_recv"] = trades["ts_event"] = end
        return Tick(
            end,
            quotes=(Batch("OPTIONS", "cbbo-1s", quotes),),
            trades=(Batch("OPTIONS", "tcbbo", trades),),
        )

    return tick


def _last_quotes(quotes: Records, count: int) -> np.ndarray:
    """Only the standing quotes, as array expressions."""
    quotes_by_id = np.empty((count, 4))
    for column, name in enumerate(("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00")):
        quotes_by_id[quotes["instrument_id"], column] = quotes[name]
    quotes_by_id[:, :2] /= 1e9
    return quotes_by_id
