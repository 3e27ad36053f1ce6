"""Orders as columns: a leg each, and how large they are."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from zerodte.arrays import I64, Bool, Index
from zerodte.feeds.simulator.parameters import SIZES


class Style(IntEnum):
    """How an order comes to trade."""

    TAKES = 0
    RESTS = 1
    AUCTION = 2
    MIDPOINT = 3
    CROSS = 4
    STOCK_OPTION = 5
    OPENING = 6
    PACKAGE = 7


@dataclass(frozen=True, eq=False, slots=True)
class Orders:
    """Legs of orders of one block; all of shape (k,).

    Attributes:
        time: Since the block's start, ns.
        contract: Position in the listing.
        side: 1 where the customer buys, -1 where he sells.
        size: Contracts.
        style: A `Style`.
        package: Number of the package in this block, from 1; 0 for a single order.
        opens: Whether it opens his position.
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

    def of(self, chosen: I64 | Bool | Index) -> "Orders":
        """The chosen ones, in the order of the choice."""
        return Orders(*(getattr(self, field.name)[chosen] for field in fields(self)))


def joined(parts: Sequence[Orders]) -> Orders:
    """Several orders as one, by time; packages keep apart."""
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Orders)
    }
    highest = [int(part.package.max(initial=0)) for part in parts]
    before = np.repeat(np.cumsum([0, *highest[:-1]]), [len(part) for part in parts])
    columns["package"] = np.where(columns["package"] > 0, columns["package"] + before, 0)
    return Orders(**columns).of(np.argsort(columns["time"], kind="stable"))


class Sizes:
    """The sizes of orders."""

    def __init__(self, factor: float) -> None:
        """Take the table, with sizes above one lot times a factor."""
        lower = np.array([size for size, _ in SIZES], np.float64)
        weight = np.array([weight for _, weight in SIZES])
        self._lower, self._upper = lower, np.append(lower[1:], 2.0 * lower[-1])
        self._total = np.cumsum(weight) / weight.sum()
        self._factor = factor
        middle = 0.5 * (lower + self._upper - 1.0)
        self._ones = float(weight[0] / weight.sum())
        self._more = float((weight[1:] * middle[1:]).sum() / weight.sum())

    def mean(self, multiple: float) -> float:
        """The mean size of orders whose type trades a multiple of the table, contracts."""
        return self._ones + self._more * self._factor * multiple

    def draw(self, random: np.random.Generator, count: int, multiple: float) -> I64:
        """Sizes of so many such orders."""
        step = np.searchsorted(self._total, random.random(count), side="right")
        lower, upper = self._lower[step], self._upper[step]
        base = lower + np.floor((upper - lower) * random.random(count))
        scaled = np.where(base > 1.0, base * self._factor * multiple, 1.0)
        return np.maximum(np.rint(scaled), 1.0).astype(np.int64)
