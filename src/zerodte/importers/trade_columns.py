"""Trades with the quote before each, from a file of any format, as columns of one underlying."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64, I64, U8, Bool, Index
from zerodte.importers.import_losses import LossCounter
from zerodte.market.osi import Contract
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records

#: An unknown number of contracts.
UNKNOWN_SIZE: Final = -1


class TradeRow(NamedTuple):
    """A trade or a cancel; prices in dollars, NaN if unknown.

    Attributes:
        contract: Its contract's index.
        time: UTC nanoseconds.
        sequence: Orders trades of one instant.
        venue: The exchange's number.
        price: Per share.
        size: Contracts, or `UNKNOWN_SIZE`.
        condition: A `Condition`.
        is_cancelled: Whether a later message cancelled the trade.
        bid: Best bid before it; 0 if nobody bid.
        ask: Best ask before it; 0 if nobody offered.
        bid_size: Contracts at the bid, or `UNKNOWN_SIZE`.
        ask_size: Contracts at the ask, or `UNKNOWN_SIZE`.
        underlying_bid: Of the underlying.
        underlying_ask: Of the underlying.
    """

    contract: int
    time: int
    sequence: int
    venue: int
    price: float
    size: int
    condition: int
    is_cancelled: bool
    bid: float
    ask: float
    bid_size: int
    ask_size: int
    underlying_bid: float
    underlying_ask: float


#: The fields of `TradeRow` in arrays.
TRADE_LAYOUT: Final = np.dtype(
    [
        ("contract", "i8"),
        ("time", "i8"),
        ("sequence", "i8"),
        ("venue", "i8"),
        ("price", "f8"),
        ("size", "i8"),
        ("condition", "u1"),
        ("is_cancelled", "?"),
        ("bid", "f8"),
        ("ask", "f8"),
        ("bid_size", "i8"),
        ("ask_size", "i8"),
        ("underlying_bid", "f8"),
        ("underlying_ask", "f8"),
    ]
)


@dataclass(eq=False)
class SymbolTrades:
    """The trades of one underlying in a file.

    Attributes:
        symbol: The underlying.
        contracts: Its contracts, by index.
        rows: The trades, in any order.
        skipped: The number of skipped trades by reason.
        losses: What of them is unknown.
    """

    symbol: str
    contracts: list[Contract] = field(default_factory=list)
    rows: list[TradeRow] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    losses: LossCounter = field(default_factory=LossCounter)


class TradeColumns:
    """Trades in the order of their times.

    Args:
        rows: The trades, in any order: as rows, or an array of `TRADE_LAYOUT`.

    Attributes:
        columns: One field per attribute of `TradeRow`, shape (n,).
        cancels: int64[k, 2], positions of a cancel and of its trade.
    """

    def __init__(self, rows: list[TradeRow] | Records) -> None:
        self.columns = np.array(rows, TRADE_LAYOUT)
        order = np.lexsort((self.columns["sequence"], self.columns["time"]))
        self.columns = self.columns[order]
        self.cancels: I64 = np.empty((0, 2), np.int64)

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, name: str) -> F64:
        values: F64 = self.columns[name]
        return values

    @property
    def times(self) -> I64:
        """UTC nanoseconds, ascending, shape (n,)."""
        times: I64 = self.columns["time"]
        return times

    @property
    def conditions(self) -> U8:
        """A `Condition` each, shape (n,)."""
        conditions: U8 = np.ascontiguousarray(self.columns["condition"])
        return conditions

    @property
    def is_cancel(self) -> Bool:
        """Mark cancels, shape (n,)."""
        mask: Bool = self.columns["condition"] == Condition.CANCEL
        return mask

    def select(self, rows: Index | Bool) -> None:
        """Leave out all other rows."""
        self.columns = self.columns[rows]

    def drop_repeats(self, skipped: Counter[str]) -> None:
        """Leave out the trades that are in the file a second time, and count them.

        A repeat is equal in every field, a sequence number that is not 0 among them.
        """
        times, sequences = self.columns["time"], self.columns["sequence"]
        is_like_next = (np.diff(times) == 0) & (np.diff(sequences) == 0) & (sequences[1:] != 0)
        # Only these can be repeats, because a sort of a day's trades by all fields is slow.
        rows = np.flatnonzero(np.append(is_like_next, False) | np.insert(is_like_next, 0, False))
        # As bytes, because an unknown price is not equal to itself.
        fields = np.ascontiguousarray(self.columns[rows]).view(f"V{TRADE_LAYOUT.itemsize}")
        _, first = np.unique(fields, return_index=True)
        keeps = np.ones(len(self), np.bool_)
        keeps[rows] = False
        keeps[rows[first]] = True
        self.select(keeps)
        if count := int(np.count_nonzero(~keeps)):
            skipped["trades listed a second time"] += count

    def match_cancels(self, skipped: Counter[str]) -> None:
        """Find the trade of each cancel: the newest one of its contract, venue, price and size.

        Trades that are marked as cancelled come first. Those whose cancel is not in the file are
        left out and counted.
        """
        open_trades: dict[tuple[object, ...], list[int]] = defaultdict(list)
        marked_trades: dict[tuple[object, ...], list[int]] = defaultdict(list)
        pairs = []
        is_relevant = self.is_cancel | self.columns["is_cancelled"]
        names = ["contract", "venue", "price", "size", "condition", "is_cancelled"]
        # Only contracts with a cancel, because a day has a million trades and few cancels.
        rows = np.flatnonzero(
            np.isin(self.columns["contract"], self.columns["contract"][is_relevant])
        )
        for row, values in zip(rows.tolist(), self.columns[rows][names].tolist(), strict=True):
            *key, condition, is_marked = values
            if condition != Condition.CANCEL:
                (marked_trades if is_marked else open_trades)[tuple(key)].append(row)
            elif trades := marked_trades[tuple(key)] or open_trades[tuple(key)]:
                pairs.append((row, trades.pop()))
            else:
                skipped["cancels of trades that are not in the file"] += 1
        left = np.array([row for trades in marked_trades.values() for row in trades], np.int64)
        keeps = np.ones(len(self), np.bool_)
        keeps[left] = False
        positions = np.cumsum(keeps) - 1
        self.cancels = positions[np.array(pairs, np.int64).reshape(-1, 2)]
        self.select(keeps)
        if len(left):
            skipped["trades that are marked as cancelled"] += len(left)

    @property
    def volume(self) -> I64:
        """Contracts that each trade adds to the volume, 0 if it was cancelled, shape (n,)."""
        volume = np.maximum(self.columns["size"], 0)
        volume[self.is_cancel | np.isnan(self.columns["price"])] = 0
        volume[self.cancels[:, 1]] = 0
        out: I64 = volume
        return out
