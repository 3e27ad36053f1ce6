"""The same-day contracts of 500 simulated names, at exact rates of trades and quotes.

A simulated market gives prices, quotes, packages and open interest. Its first minutes come as they
are, and lead in. Then every second has what was requoted in it and draws beside that: standing
quotes with other sizes, and trades of the same minute, packages whole. A name is drawn by its usual
volume, a contract of it by how often it is requoted.
"""

import datetime
import functools
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, U8, Bool
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.simulator.columns import Block
from zerodte.feeds.simulator.output import SIMULATED_NOTES
from zerodte.feeds.simulator.ranked_names import names_by_rank
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import TradingSession, calendar
from zerodte.records.condition import Condition
from zerodte.records.dbn import OPRA, Records
from zerodte.records.tick import Batch, Tick
from zerodte.tape.folder import kind_of
from zerodte.tape.sidecars import Notes

#: A Friday, on which all names have a same-day expiry.
DATE: Final = datetime.date(2025, 6, 6)
NAMES: Final = 500
TRADES, QUOTES = 30_000, 50_000
#: Minutes that are played at once, and then by the clock.
LEAD, PLAYED = 2, 2
_SEED: Final = 1
#: Bounds of quoted sizes, contracts.
_SIZES: Final = (1, 200)


def hours() -> TradingSession:
    """The session."""
    session = calendar().session(DATE)
    assert session is not None
    return session


@dataclass(frozen=True)
class StoredMarket:
    """Ticks in a file, one pickle each, behind one of their symbols; a `TickSource`."""

    path: Path
    notes: Notes = SIMULATED_NOTES
    warnings: Sequence[str] = ()

    @property
    def session(self) -> TradingSession:
        """The session."""
        return hours()

    @functools.cached_property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """Raw symbol by instrument id, per dataset."""
        with self.path.open("rb") as file:
            symbols: dict[str, dict[int, str]] = pickle.load(file)  # noqa: S301  our own file
        return symbols

    @property
    def initial_symbols(self) -> Mapping[str, Mapping[int, str]]:
        """All symbols."""
        return self.symbols

    def kind(self, dataset: str) -> str:
        """The kind of a dataset's instruments."""
        return kind_of(dataset, self.symbols[dataset])

    def ticks(self) -> Iterator[Tick]:
        """The ticks, each read when it is asked for."""
        with self.path.open("rb") as file:
            pickle.load(file)  # noqa: S301
            while (tick := pickle.load(file)) is not None:  # noqa: S301
                for batch in (*tick.underlying, *tick.quotes, *tick.trades):
                    batch.records.flags.writeable = False
                yield tick


class DenseMarket:
    """The simulated market, and what is drawn from it."""

    def __init__(self) -> None:
        simulation = Simulation(hours(), names_by_rank(NAMES), _SEED, minutes=LEAD + PLAYED)
        listing = simulation.listing
        expiry = np.array([chain.expiry == DATE for chain in listing.chains])
        self._is_today: Bool = expiry[listing.chain]
        self._name = listing.name
        self._volume = np.array([name.volume for name in listing.names])
        self._blocks = list(simulation.blocks())
        self.symbols = dict(simulation.symbols)
        self.symbols[OPRA] = {
            number: raw for number, raw in self.symbols[OPRA].items() if self._is_today[number - 1]
        }

    def write(self, path: Path, multiple: int) -> None:
        """Write the market at a multiple of the rates, as `StoredMarket` reads it."""
        self._rng = np.random.default_rng(_SEED)
        self._count = 0
        with path.open("wb") as file:
            pickle.dump(self.symbols, file)
            for tick in self._ticks(multiple):
                pickle.dump(tick, file, protocol=pickle.HIGHEST_PROTOCOL)
            pickle.dump(None, file)

    def _ticks(self, multiple: int) -> Iterator[Tick]:
        blocks = [self._today(block) for block in self._blocks]
        book = _Book(blocks, self._name, self._volume)
        for block in blocks[:LEAD]:
            for tick in block.ticks():
                book.take(tick)
                yield self._numbered(tick)
        for block in blocks[LEAD:]:
            pool = _TradePool(block, self._name, self._volume)
            for tick in block.ticks():
                book.take(tick)
                here = sum(len(batch.records) for batch in tick.quotes)
                drawn = book.draw(QUOTES * multiple - here, tick.end, self._rng)
                trades, conditions = pool.draw(TRADES * multiple, tick.end, self._rng)
                yield self._numbered(
                    replace(
                        tick,
                        quotes=(*tick.quotes, Batch(OPRA, "cbbo-1s", drawn)),
                        trades=(Batch(OPRA, "tcbbo", trades, conditions),),
                    )
                )

    def _numbered(self, tick: Tick) -> Tick:
        """Number the trades of a tick after those before."""
        batches = []
        for batch in tick.trades:
            batches.append(replace(batch, first=self._count))
            self._count += len(batch.records)
        return replace(tick, trades=tuple(batches))

    def _today(self, block: Block) -> Block:
        """What a block says of same-day contracts, without cancels and what they cancel."""
        (trades,) = block.trades
        assert trades.conditions is not None
        assert trades.cancels is not None
        kept = (trades.conditions != Condition.CANCEL) & self._of_today(trades.records)
        return replace(
            block,
            definitions=self._only_today(block.definitions),
            statistics=self._only_today(block.statistics),
            quotes=self._only_today(block.quotes),
            trades=(Batch(OPRA, "tcbbo", trades.records[kept], trades.conditions[kept]),),
        )

    def _only_today(self, batches: tuple[Batch, ...]) -> tuple[Batch, ...]:
        return tuple(
            replace(batch, records=batch.records[self._of_today(batch.records)])
            if batch.dataset == OPRA
            else batch
            for batch in batches
        )

    def _of_today(self, records: Records) -> Bool:
        of_today: Bool = self._is_today[records["instrument_id"].astype(np.int64) - 1]
        return of_today


class _Book:
    """The last quote of every contract, and how often each is drawn."""

    def __init__(self, blocks: Sequence[Block], name: I64, volume: F64) -> None:
        seen = np.zeros(len(name))
        for block in blocks:
            for batch in block.quotes:
                np.add.at(seen, batch.records["instrument_id"].astype(np.int64) - 1, 1.0)
        self._cumulative = np.cumsum(_shares(seen, name, volume))
        self._last = np.zeros(len(name), blocks[0].quotes[0].records.dtype)

    def take(self, tick: Tick) -> None:
        """Take the quotes of a tick."""
        for batch in tick.quotes:
            self._last[batch.records["instrument_id"].astype(np.int64) - 1] = batch.records

    def draw(self, count: int, end: int, rng: np.random.Generator) -> Records:
        """Standing quotes again, with other sizes, at the end of a tick."""
        rows: Records = self._last[_draw(self._cumulative, count, rng)]
        rows = rows[rows["instrument_id"] > 0]
        rows["ts_recv"] = end
        for side in ("bid_sz_00", "ask_sz_00"):
            rows[side] = rng.integers(*_SIZES, len(rows))
        return rows


class _TradePool:
    """The trades of a minute, in groups that came at one time: the legs of a package."""

    def __init__(self, block: Block, name: I64, volume: F64) -> None:
        (batch,) = block.trades
        assert batch.conditions is not None
        records, self._conditions = batch.records, batch.conditions
        order = np.argsort(records["ts_event"], kind="stable")
        self._records, self._conditions = records[order], batch.conditions[order]
        self._starts: I64 = np.flatnonzero(np.diff(self._records["ts_event"], prepend=0))
        self._sizes = np.diff(self._starts, append=len(records))
        of_group = name[self._records["instrument_id"].astype(np.int64)[self._starts] - 1]
        self._cumulative = np.cumsum(_shares(np.ones(len(of_group)), of_group, volume))

    def draw(self, count: int, end: int, rng: np.random.Generator) -> tuple[Records, U8]:
        """So many trades, spread over the second before the end of a tick."""
        picked = _draw(self._cumulative, count, rng)
        sizes = self._sizes[picked]
        picked = picked[: int(np.searchsorted(np.cumsum(sizes), count)) + 1]
        sizes = self._sizes[picked]
        before = np.cumsum(sizes) - sizes
        rows = (np.repeat(self._starts[picked] - before, sizes) + np.arange(sizes.sum()))[:count]
        trades = self._records[rows]
        times = end - SECOND + 1 + np.sort(rng.integers(0, SECOND - MINUTE // 1000, len(picked)))
        transit = trades["ts_recv"] - trades["ts_event"]
        trades["ts_event"] = np.repeat(times, sizes)[:count]
        # A late report is due, like the others.
        trades["ts_recv"] = trades["ts_event"] + np.minimum(transit, np.uint64(MINUTE // 1000))
        return trades, self._conditions[rows]


def _shares(weight: F64, name: I64, volume: F64) -> F64:
    """Weights whose total by name is in proportion to its volume; names without any have none."""
    total = np.bincount(name, weight, minlength=len(volume))
    return weight * (volume / np.maximum(total, 1.0))[name]


def _draw(cumulative: F64, count: int, rng: np.random.Generator) -> I64:
    drawn: I64 = np.searchsorted(cumulative, cumulative[-1] * rng.random(count), side="right")
    return drawn
