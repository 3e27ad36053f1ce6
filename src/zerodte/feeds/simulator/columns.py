"""The data that the simulator's parts exchange, as plain columns.

`ContractList` holds the contracts of the day, `Minute` the prices of one minute, and `Block` the
records and the truth that this minute adds to the tape. A contract is identified by its position in
the listing, which never changes.
"""

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index
from zerodte.constants import SECOND
from zerodte.feeds.simulator.names import Name
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import Records
from zerodte.records.tick import Batch, Tick
from zerodte.tape.record_router import TICK_FIELDS

#: Seconds of a block. During a block, dealers hedge the inventory that they held at its start.
BLOCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ListedChain:
    """An expiry of a name.

    Attributes:
        name: Index of its name in `ContractList.names`.
        root: Such as "SPXW".
        expiry: The expiration date.
        am_settled: Whether it settles at the opening of that date.
        whole_sessions: Whole sessions after today's until expiry.
    """

    name: int
    root: str
    expiry: datetime.date
    am_settled: bool
    whole_sessions: int


@dataclass(frozen=True, eq=False, slots=True)
class ContractList:
    """The n contracts of the session in m chains, with the open interest of the morning.

    Attributes:
        session: The trading session.
        names: The underlyings.
        opening: Their opening prices, dollars, shape (names,).
        chains: The expiries, grouped by name, nearest first.
        symbols: OSI symbols, padded, n.
        chain: Index of each contract's chain, shape (n,).
        name: Index of each contract's name, shape (n,).
        strike: Dollars, shape (n,).
        is_call: Shape (n,).
        settled_interest: Open interest of the morning, contracts, shape (n,).
        is_carried: Whether its positions are those of the evening before, shape (n,).
        carried_dealers: What dealers held then, contracts, long positive; 0 if not carried.
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
    settled_interest: I64
    is_carried: Bool
    carried_dealers: I64


@dataclass(frozen=True, eq=False, slots=True)
class Minute:
    """Prices in one block of s = `BLOCK_SECONDS` seconds.

    Attributes:
        start: UTC ns; second i ends at start + (i + 1) s.
        spot: Prices at the end of each second, dollars, shape (s, names).
        fair: Fair values of options at the same times, dollars, shape (s, n).
        vix: 30-day implied volatility of the index, annual percent, shape (s,).
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
    """The records that one minute adds to the tape, by receive time, and their truth.

    Attributes:
        start: UTC ns; receive times lie in (start, end]. The first block also holds the
            definitions and open interest of the morning, received before the open.
        end: UTC ns.
        definitions, statistics, underlying, quotes, trades: As in `Tick`, with at most one
            batch of trades. Its cancels may refer to earlier blocks.
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

    def batches(self, field: str) -> tuple[Batch, ...]:
        """The batches of one of `TICK_FIELDS`."""
        batches: tuple[Batch, ...] = getattr(self, field)
        return batches

    def ticks(self) -> Iterator[Tick]:
        """The block as ticks of one second. Seconds without records yield no tick."""
        ticks: dict[int, dict[str, list[Batch]]] = {}
        for field in TICK_FIELDS:
            for batch in self.batches(field):
                for end, piece in _by_second(batch):
                    ticks.setdefault(end, {}).setdefault(field, []).append(piece)
        for end, by_field in sorted(ticks.items()):
            batches = (tuple(by_field.get(field, ())) for field in TICK_FIELDS)
            yield Tick(end, *batches)


def _by_second(batch: Batch) -> Iterator[tuple[int, Batch]]:
    """Split a batch by second, with the end of each. Read-only, as if read from a tape."""
    records, conditions, cancels = batch.records.view(), batch.conditions, batch.cancels
    records.flags.writeable = False
    if conditions is not None:
        conditions = conditions.view()
        conditions.flags.writeable = False
    ends = -(-records["ts_recv"].astype(np.int64) // SECOND) * SECOND
    edges = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(ends)]
    for start, stop in itertools.pairwise(edges):
        if start < stop:
            piece = replace(
                batch,
                records=records[start:stop],
                conditions=None if conditions is None else conditions[start:stop],
                first=batch.first + start,
                cancels=None if cancels is None else cancels[start:stop],
            )
            yield int(ends[start]), piece
