"""What the simulator's parts hand to each other: plain columns, no behaviour.

`ContractList` is what is listed all day, `Minute` what underlyings and fair values did in one
minute, `Block` what that minute adds to the tape and to its truth, `BlockSource` whatever gives
blocks. Positions number contracts as in the listing; they never move.
"""

import datetime
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index
from zerodte.constants import SECOND
from zerodte.feeds.simulator.names import Name
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import Records
from zerodte.records.tick import Batch, Tick

#: Seconds of a block; within one, dealers hedge the inventory that they had at its start.
BLOCK_SECONDS = 60

#: The columns of a block that ticks take over, in the order in which a tick is taken.
TICK_FIELDS: Final = ("definitions", "statistics", "underlying", "quotes", "trades")


@dataclass(frozen=True, slots=True)
class ListedChain:
    """An expiry of a name.

    Attributes:
        name: Place of its name in `ContractList.names`.
        root: Such as "SPXW".
        expiry: Its day.
        am_settled: Whether it settles at its day's opening.
        whole_sessions: Sessions wholly ahead after today's close.
    """

    name: int
    root: str
    expiry: datetime.date
    am_settled: bool
    whole_sessions: int


@dataclass(frozen=True, eq=False, slots=True)
class ContractList:
    """Every contract of the session, n of them, in m chains, and what the morning knows.

    Attributes:
        session: The trading session.
        names: The underlyings.
        opening: Their prices at the open, dollars, shape (names,).
        chains: The expiries, each name's together, the nearest first.
        symbols: OSI symbols, padded, n.
        chain: Place of each contract's chain, shape (n,).
        name: Place of each contract's name, shape (n,).
        strike: Dollars, shape (n,).
        is_call: Shape (n,).
        settled: Open interest of the morning, contracts, shape (n,).
    """

    session: TradingSession
    names: tuple[Name, ...]
    opening: F64
    chains: tuple[ListedChain, ...]
    symbols: tuple[str, ...]
    chain: Index
    name: Index
    strike: F64
    is_call: Bool
    settled: I64


@dataclass(frozen=True, eq=False, slots=True)
class Minute:
    """What happened to prices in one block of s = `BLOCK_SECONDS` seconds.

    Attributes:
        start: UTC ns; second i ends at start + (i + 1) s.
        spot: Prices at the end of each second, dollars, shape (s, names).
        fair: Fair values of options then, dollars, shape (s, n).
        vix: Volatility that the index's options of thirty days imply, percent a year, shape (s,).
        delta: At the block's start, shape (n,).
        gamma: Per 1.00, at the block's start, shape (n,).
    """

    start: int
    spot: F64
    fair: F64
    vix: F64
    delta: F64
    gamma: F64


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """What one minute adds to the tape, in order of receive time, and to its truth.

    Attributes:
        start: UTC ns; records are received in (start, end]. The first block also holds the
            morning's definitions and open interest, from before the open.
        end: UTC ns.
        definitions, statistics, underlying, quotes, trades: As in `Tick`; at most one batch of
            trades, whose cancels may reach back to earlier blocks.
        trade_truth: `TRADE_TRUTH`, one row per record of `trades`.
        contract_truth: `CONTRACT_TRUTH`, one row per contract, at `end`.
    """

    start: int
    end: int
    definitions: tuple[Batch, ...]
    statistics: tuple[Batch, ...]
    underlying: tuple[Batch, ...]
    quotes: tuple[Batch, ...]
    trades: tuple[Batch, ...]
    trade_truth: Records
    contract_truth: Records

    def of(self, place: str) -> tuple[Batch, ...]:
        """What goes to one of `TICK_FIELDS`."""
        batches: tuple[Batch, ...] = getattr(self, place)
        return batches

    def ticks(self) -> Iterator[Tick]:
        """The block cut into ticks of one second, silent ones left out."""
        ticks: dict[int, dict[str, list[Batch]]] = {}
        for place in TICK_FIELDS:
            for batch in self.of(place):
                for end, piece in _by_second(batch):
                    ticks.setdefault(end, {}).setdefault(place, []).append(piece)
        for end, places in sorted(ticks.items()):
            batches = (tuple(places.get(place, ())) for place in TICK_FIELDS)
            yield Tick(end, *batches)


def _by_second(batch: Batch) -> Iterator[tuple[int, Batch]]:
    """A batch in pieces of one second, each with the second's end; read-only, as from a tape."""
    records, conditions, cancels = batch.records.view(), batch.conditions, batch.cancels
    records.flags.writeable = False
    if conditions is not None:
        conditions = conditions.view()
        conditions.flags.writeable = False
    ends = -(-records["ts_recv"].astype(np.int64) // SECOND) * SECOND
    cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(ends)]
    for start, stop in itertools.pairwise(cuts):
        if start < stop:
            piece = replace(
                batch,
                records=records[start:stop],
                conditions=None if conditions is None else conditions[start:stop],
                first=batch.first + start,
                cancels=None if cancels is None else cancels[start:stop],
            )
            yield int(ends[start]), piece


class BlockSource(Protocol):
    """A session that is being simulated; what writes tapes and plays demos needs of it."""

    @property
    def session(self) -> TradingSession:
        """The trading session."""
        ...

    @property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """Raw symbol by instrument id, of every dataset; options as padded OSI symbols."""
        ...

    @property
    def drawn(self) -> object:
        """What the seed drew: a dataclass of plain values, written as `truth/parameters.json`."""
        ...

    def blocks(self) -> Iterator[Block]:
        """The session's blocks in order. Trades are numbered from 0 over all of them."""
        ...
