"""A fake simulation: random records of one chain, with cancels, conditions and a truth."""

import datetime
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from session import made_records
from session.made_records import CONTRACTS, SECOND, STOCKS
from zerodte.arrays import I64
from zerodte.clock import new_york
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.columns import Block
from zerodte.feeds.simulator.evening import Evening
from zerodte.feeds.simulator.prices import PriceDraw
from zerodte.market.calendar import TradingSession
from zerodte.market.osi import format_osi
from zerodte.records.dbn import INDEX, OPRA, Records, records
from zerodte.records.tick import Batch
from zerodte.records.truth import CONTRACT_TRUTH, TRADE_TRUTH

ROWS = len(CONTRACTS)
HOURS = (9, 30), (16, 0)


@dataclass(frozen=True)
class SeedValues:
    """The parameters of a seed."""

    seed: int
    shares: tuple[float, ...] = (0.25, 0.75)


class FakeSimulation:
    """The first minutes of a session of ABC."""

    def __init__(self, date: datetime.date, minutes: int = 3, seed: int = 1) -> None:
        # A usual day, without the calendar: its library takes a child a second to import.
        begin, end = (new_york(date, datetime.time(hour, minute)) for hour, minute in HOURS)
        self._session, self._minutes = TradingSession(date, begin, end), minutes
        self._draw = SeedValues(seed)
        contracts = (replace(contract, expiry=date) for contract in CONTRACTS)
        options = {n: format_osi(contract) for n, contract in enumerate(contracts, start=1)}
        self._symbols = {OPRA: options, STOCKS: {1: "ABC"}, INDEX: {7: "VIX"}}

    @property
    def session(self) -> TradingSession:
        """Its session."""
        return self._session

    @property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """One chain, its stock, and an index."""
        return self._symbols

    @property
    def draw(self) -> SeedValues:
        """Its seed."""
        return self._draw

    def blocks(self) -> Iterator[Block]:
        """A block a minute; the trades of the last minute take back some of the first."""
        seed, seconds = self._draw.seed, 60 * self._minutes
        stock = self._on_session(made_records.stock(seconds))
        quotes = self._on_session(
            made_records.quotes("cbbo-1s", 700 * self._minutes, seconds, seed)
        )
        trades = self._on_session(made_records.trades("tcbbo", 400 * self._minutes, seconds, seed))
        vix = records("trades", 1)
        vix["instrument_id"], vix["price"], vix["size"] = 7, 15 * 10**9, 0
        vix["ts_event"] = vix["ts_recv"] = self._session.open + 5 * SECOND // 2
        rng = np.random.default_rng(seed)
        conditions = rng.integers(0, 8, len(trades)).astype(np.uint8)
        cancels = np.full(len(trades), -1)
        cancels[-5:] = rng.choice(200, 5, replace=False)
        for minute in range(self._minutes):
            start = self._session.open + minute * MINUTE
            end = start + MINUTE
            mine = between(trades, start, end)
            printed = Batch(
                OPRA, "tcbbo", trades[mine], conditions[mine], mine.start, cancels[mine]
            )
            reference = self._morning() if minute == 0 else ((), ())
            yield Block(
                start=start,
                end=end,
                definitions=reference[0],
                statistics=reference[1],
                underlying=(
                    Batch(STOCKS, "bbo-1s", stock[between(stock, start, end)]),
                    Batch(INDEX, "trades", vix[between(vix, start, end)]),
                ),
                quotes=(Batch(OPRA, "cbbo-1s", quotes[between(quotes, start, end)]),),
                trades=(printed,),
                trade_truth=trade_truth(printed.records, cancels[mine]),
                contract_truth=contract_truth(end),
            )

    def evening(self) -> Evening:
        """A close that tells the seed."""
        prices = PriceDraw({}, {}, {}, {}, 0.0, {}, None)
        return Evening(prices, {"ABC": self._draw.seed + 1.0}, {})

    def _morning(self) -> tuple[tuple[Batch, ...], tuple[Batch, ...]]:
        defined, settled = map(self._on_session, made_records.morning())
        defined["raw_symbol"] = list(self._symbols[OPRA].values())
        return (Batch(OPRA, "definition", defined),), (Batch(OPRA, "statistics", settled),)

    def _on_session(self, rows: Records) -> Records:
        """Records of the made tape's day on this session's."""
        for name in ("ts_event", "ts_recv"):
            rows[name] += np.uint64(self._session.open) - np.uint64(made_records.OPEN)
        return rows


class FailingSimulation(FakeSimulation):
    """One that fails after its first block."""

    def blocks(self) -> Iterator[Block]:
        """A block and a defect."""
        yield next(super().blocks())
        raise ZeroDivisionError("no market")


class DyingSimulation(FakeSimulation):
    """One whose process is killed after its first block."""

    def blocks(self) -> Iterator[Block]:
        """A block and the end."""
        yield next(super().blocks())
        os.kill(os.getpid(), signal.SIGKILL)


class StoppedSimulation(FakeSimulation):
    """One whose process is stopped, not ended, after its first block."""

    def blocks(self) -> Iterator[Block]:
        """A block, and nothing more."""
        yield next(super().blocks())
        os.kill(os.getpid(), signal.SIGSTOP)


class ChattyPid(FakeSimulation):
    """A simulation that prints, and has its process id as a symbol."""

    @property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """A number that a test can look for among processes."""
        print("a line that is no block")
        return {**super().symbols, "PID": {1: str(os.getpid())}}


def fake_session(
    session: TradingSession, kind: type[FakeSimulation], minutes: int, before: Evening | None
) -> FakeSimulation:
    """The simulation of a session, as a demo has it made; its seed is the last close, if any."""
    return kind(session.date, minutes, 1 if before is None else int(before.close["ABC"]))


def between(rows: Records, start: int, end: int) -> slice:
    """The records received in (start, end]."""
    first, last = np.searchsorted(rows["ts_recv"], np.array([start, end], np.uint64), side="right")
    return slice(int(first), int(last))


def trade_truth(trades: Records, cancels: I64) -> Records:
    """A truth that says something of every trade."""
    out = np.zeros(len(trades), TRADE_TRUTH)
    out["ts_recv"], out["instrument_id"] = trades["ts_recv"], trades["instrument_id"]
    out["customer_side"] = np.arange(len(trades)) % 3 - 1
    out["dealers"] = -out["customer_side"] * trades["size"].astype(np.int32)
    out["is_cancel"] = cancels >= 0
    return out


def contract_truth(end: int) -> Records:
    """A row per contract."""
    out = np.zeros(ROWS, CONTRACT_TRUTH)
    out["minute_end"], out["instrument_id"] = end, np.arange(1, ROWS + 1)
    out["open_interest"] = 100
    return out
