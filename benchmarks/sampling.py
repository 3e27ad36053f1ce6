"""A sample of a whole market and a heatmap of a whole day, compared with simple alternatives.

    python -m benchmarks.sampling     play a day of 500 symbols, and print its cost

No library takes samples. The peer computes a part of one: implied volatilities and greeks of the
same contracts in a loop over QuantLib.
"""

import datetime
import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import QuantLib as ql  # noqa: N813

from benchmarks.harness import Row, compare, microseconds
from zerodte.arrays import F64
from zerodte.clock import new_york
from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, format_osi
from zerodte.pricing import black
from zerodte.records.dbn import OPRA, STAT_OPEN_INTEREST, records
from zerodte.records.tick import Batch, Tick
from zerodte.session.sample import COLUMN_KINDS, SampleDay
from zerodte.session.session import Session
from zerodte.views.frame import Frame
from zerodte.views.strike_bars import heatmap
from zerodte.wire.heatmap import HeatmapQuery

_DATE = datetime.date(2025, 6, 2)
_STOCKS = "XNAS.ITCH"
_FIRST_STOCK = 10_000_000
_TICK = 0.01
_SAMPLES = 12


class WideMarket:
    """Many symbols of one chain each: quotes on a cent grid, a smile, the stock's own quote."""

    def __init__(self, symbols: int, strikes: int) -> None:
        self.hours = _hours()
        self.session = Session(self.hours, calendar(), {OPRA: "options", _STOCKS: "equity"})
        rng = np.random.default_rng(1)
        self.spots = rng.uniform(20.0, 900.0, symbols).round(2)
        self.names = [f"S{n:03d}".translate(str.maketrans("0123456789", "ABCDEFGHIJ")) for n in
                      range(symbols)]  # fmt: skip
        steps = np.maximum(0.5, (2 * self.spots * 0.002).round() / 2)
        first = (self.spots / steps).round() * steps - steps * (strikes // 2)
        self.grids: F64 = first[:, None] + steps[:, None] * np.arange(strikes)
        self.session.learn(_STOCKS, dict(enumerate(self.names, _FIRST_STOCK)))
        contracts = (
            format_osi(Contract(name, _DATE, strike, right))
            for name, grid in zip(self.names, self.grids.tolist(), strict=True)
            for right in "CP"
            for strike in grid
        )
        self.session.learn(OPRA, dict(enumerate(contracts, 1)))
        self._rng = rng

    def quotes(self, at: int) -> Tick:
        """A tick that quotes every contract."""
        tau = (self.hours.close - at) / (self.hours.close - self.hours.open) / 252
        mids = [
            self.mids(spot, grid, tau) for spot, grid in zip(self.spots, self.grids, strict=True)
        ]
        bid = np.floor(np.concatenate(mids) / _TICK) * _TICK
        stocks = records("bbo-1s", len(self.spots))
        quotes = records("cbbo-1s", len(bid))
        for rows, first, low, high in (
            (quotes, 1, bid, bid + 2 * _TICK),
            (stocks, _FIRST_STOCK, self.spots - _TICK, self.spots + _TICK),
        ):
            rows["instrument_id"] = first + np.arange(len(rows))
            rows["bid_px_00"], rows["ask_px_00"] = np.rint(low * 1e9), np.rint(high * 1e9)
            rows["bid_sz_00"] = rows["ask_sz_00"] = 10
            rows["ts_recv"] = at
        return Tick(
            end=at,
            underlying=(Batch(_STOCKS, "bbo-1s", stocks),),
            quotes=(Batch(OPRA, "cbbo-1s", quotes),),
        )

    def open_interest(self) -> Tick:
        """A tick with the open interest of the morning."""
        morning = new_york(_DATE, datetime.time(6, 30))
        rows = records("statistics", self.grids.size * 2)
        rows["instrument_id"] = 1 + np.arange(len(rows))
        rows["stat_type"], rows["ts_event"] = STAT_OPEN_INTEREST, morning
        rows["quantity"] = self._rng.integers(0, 5_000, len(rows))
        return Tick(end=morning, statistics=(Batch(OPRA, "statistics", rows),))

    def samples(self, count: int) -> Iterator[float]:
        """Take samples; yields the processor seconds of each, without those of its records."""
        session, opening = self.session, self.hours.open
        session.apply(self.open_interest())
        for number in range(1, count + 1):
            due = opening + number * SAMPLE_INTERVAL
            session.apply(self.quotes(due - SECOND))
            begin = time.thread_time()
            session.advance(due)
            yield time.thread_time() - begin

    def mids(self, spot: float, grid: F64, tau: float) -> F64:
        """Black's prices of a chain, calls first."""
        vol = 0.3 + 0.5 * np.abs(np.log(grid / spot))
        rights = np.repeat((True, False), len(grid))
        return black.price(spot, np.tile(grid, 2), tau, np.tile(vol, 2), rights)


def rows() -> list[Row]:
    """A sample of 500 symbols, and a heatmap of 390 bars and 200 strikes."""
    market = WideMarket(500, 50)
    timings = statistics.median(list(market.samples(_SAMPLES))[2:])
    sample = Row(
        "a sample, 500 chains of 100 contracts",
        timings * 1e6,
        "QuantLib iv and greeks",
        microseconds(_quantlib(market)),
    )
    day, tau = _day(), _taus()
    frame = Frame.past(day, "simulated", day.symbol, day.hours.close)
    return [
        sample,
        *compare(
            "a heatmap, 390 bars x 200 strikes",
            lambda: heatmap(
                frame,
                HeatmapQuery(symbol=frame.symbol, metric="gex", mode="raw", bar="1m", minutes=390),
            ),
            numpy_and_json=lambda: _plain_heatmap(day, tau),
        ),
    ]


def _quantlib(market: WideMarket) -> Callable[[], float]:
    """Implied volatilities of the out-of-the-money contracts, then greeks of both sides."""
    tau = float(_taus()[_SAMPLES])
    known = []
    for spot, grid in zip(market.spots.tolist(), market.grids, strict=True):
        calls, puts = market.mids(spot, grid, tau).reshape(2, -1)
        otm = np.maximum(np.where(grid >= spot, calls, puts), _TICK / 2)
        known += [(spot, *pair) for pair in zip(grid.tolist(), otm.tolist(), strict=True)]

    def loop() -> float:
        total = 0.0
        for spot, strike, mid in known:
            right = ql.Option.Call if strike >= spot else ql.Option.Put
            deviation = ql.blackFormulaImpliedStdDev(right, strike, spot, mid)
            for side in (ql.Option.Call, ql.Option.Put):
                greeks = ql.BlackCalculator(ql.PlainVanillaPayoff(side, strike), spot, deviation)
                total += greeks.deltaForward() + greeks.gammaForward() + greeks.vanna(spot, tau)
        return total

    return loop


def _day() -> SampleDay:
    """A day of one symbol with 200 strikes."""
    market = WideMarket(1, 200)
    for _ in market.samples(780):
        pass
    day = market.session.samples(market.names[0])
    assert day is not None
    return day


def _taus() -> F64:
    left = np.arange(780, 0, -1) - 1
    return np.maximum(left / 780, 1 / 390) / 252


def _plain_heatmap(day: SampleDay, tau: F64) -> str:
    """The same figures as array expressions, rounded one by one."""
    rows = slice(1, None, 2)
    spot, forward = day.inputs["spot"][rows, None], day.inputs["forward"][rows, None]
    deviation = day.columns.volatility[rows] * np.sqrt(tau[rows, None])
    d1 = np.log(forward / day.strikes) / deviation + 0.5 * deviation
    gamma = np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi) / (forward * deviation)
    calls, puts = np.moveaxis(day.columns.open_interest[rows].astype(np.float64), 1, 0)
    values = gamma * (calls - puts) * 100.0 * spot * spot * 0.01
    return json.dumps([[float(f"{value:.7g}") for value in bar] for bar in values.tolist()])


def _hours() -> TradingSession:
    hours = calendar().session(_DATE)
    assert hours is not None
    return hours


def main() -> None:
    """Play a day of 500 symbols of 100 contracts."""
    market = WideMarket(500, 50)
    before = _resident()
    timings = sorted(market.samples(780))
    days = [day for name in market.names if (day := market.session.samples(name))]
    size = sum(
        sum(getattr(day.columns, name).nbytes for name in COLUMN_KINDS)
        + day.inputs.nbytes
        + day.figures.nbytes
        + day.volume_by_rule.nbytes
        for day in days
    )
    median, longest = timings[len(timings) // 2], timings[-1]
    print(f"{len(timings)} samples: median {median * 1e3:.0f} ms, longest {longest * 1e3:.0f} ms")
    grown = _resident() - before
    print(f"samples use {size / 2**30:.2f} GiB; the process grew by {grown / 2**30:.2f} GiB")


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
