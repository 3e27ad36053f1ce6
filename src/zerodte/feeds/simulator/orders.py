"""Orders as columns of legs, and their sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from zerodte.arrays import I64, Bool, Index
from zerodte.feeds.simulator.parameters import SIZES


class OrderStyle(IntEnum):
    """How an order trades."""

    MARKETABLE = 0
    RESTING = 1
    AUCTION = 2
    MIDPOINT = 3
    CROSS = 4
    STOCK_OPTION = 5
    OPENING = 6
    PACKAGE = 7


@dataclass(frozen=True, eq=False, slots=True)
class Orders:
    """The legs of a block's orders; all columns of shape (k,).

    Attributes:
        time: Nanoseconds since the start of the block.
        contract: Positions in the listing.
        side: 1 if the customer buys, -1 if the customer sells.
        size: Contracts.
        style: An `OrderStyle`.
        package: Number of the package within the block, from 1; 0 for single orders.
        opens: Whether the order opens a position.
    """

    time: I64
    contract: Index
    side: I64
    size: I64
    style: I64
    package: I64
    opens: Bool

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: I64 | Bool | Index) -> "Orders":
        """The legs at these rows, in this order."""
        return Orders(*(getattr(self, field.name)[rows] for field in fields(self)))


def merge_orders(parts: Sequence[Orders]) -> Orders:
    """Merge orders by time. Packages get distinct numbers."""
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Orders)
    }
    highest = [int(part.package.max(initial=0)) for part in parts]
    before = np.repeat(np.cumsum([0, *highest[:-1]]), [len(part) for part in parts])
    columns["package"] = np.where(columns["package"] > 0, columns["package"] + before, 0)
    return Orders(**columns).take(np.argsort(columns["time"], kind="stable"))


class Sizes:
    """The distribution of order sizes."""

    def __init__(self, factor: float) -> None:
        """Scale the sizes of `SIZES` above one lot by `factor`."""
        lower = np.array([size for size, _ in SIZES], np.float64)
        weight = np.array([weight for _, weight in SIZES])
        self._lower, self._upper = lower, np.append(lower[1:], 2.0 * lower[-1])
        self._total = np.cumsum(weight) / weight.sum()
        self._factor = factor
        middle = 0.5 * (lower + self._upper - 1.0)
        self._one_lot_share = float(weight[0] / weight.sum())
        self._larger_mean = float((weight[1:] * middle[1:]).sum() / weight.sum())

    def mean(self, multiple: float) -> float:
        """The mean size in contracts of a customer type with this multiple of the table."""
        return self._one_lot_share + self._larger_mean * self._factor * multiple

    def draw(self, rng: np.random.Generator, count: int, multiple: float) -> I64:
        """Draw the sizes of `count` orders."""
        step = np.searchsorted(self._total, rng.random(count), side="right")
        lower, upper = self._lower[step], self._upper[step]
        base = lower + np.floor((upper - lower) * rng.random(count))
        scaled = np.where(base > 1.0, base * self._factor * multiple, 1.0)
        return np.maximum(np.rint(scaled), 1.0).astype(np.int64)
