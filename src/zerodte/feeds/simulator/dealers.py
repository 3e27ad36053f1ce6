"""Who holds what: customers' long and short positions, and the dealers' inventory against them.

Dealers net their position in a contract to one number; customers do not, one being long where
another is short. Open interest is what is long: the customers' longs and the dealers', if they are.
"""

from dataclasses import replace

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index, Rows
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.orders import Orders
from zerodte.feeds.simulator.seed_draw import FlowDraw

#: Rows of positions: what customers are long, and what they are short.
LONG, SHORT = 0, 1
#: No share of open interest is all of it.
_LARGEST_SHARE = 0.95


class DealerLedger:
    """Positions of the day, by contract.

    Attributes:
        held: Customers' positions that single orders may close today, shape (2, n): long, short.
    """

    def __init__(self, listing: ContractList, drawn: FlowDraw, noise: F64) -> None:
        """Begin with what was held overnight.

        Args:
            listing: With the settled open interest.
            drawn: With dealers' shares of it.
            noise: Standard normal numbers, by contract, shape (n,).
        """
        settled = listing.settled
        share = np.where(listing.is_call, drawn.overnight_calls, drawn.overnight_puts)
        share = np.clip(share + drawn.overnight_noise * noise, -_LARGEST_SHARE, _LARGEST_SHARE)
        inventory = np.rint(share * settled).astype(np.int64)
        self._positions: I64 = np.stack(
            (settled - np.maximum(inventory, 0), settled + np.minimum(inventory, 0))
        )
        self._morning = inventory
        self.held: I64 = np.rint(drawn.closable * self._positions).astype(np.int64)

    @property
    def inventory(self) -> I64:
        """The dealers' position, contracts, long positive, shape (n,)."""
        inventory: I64 = self._positions[SHORT] - self._positions[LONG]
        return inventory

    @property
    def taken_on(self) -> I64:
        """What the dealers have bought since the morning, less what they sold, shape (n,)."""
        return self.inventory - self._morning

    @property
    def open_interest(self) -> I64:
        """Contracts open, shape (n,)."""
        longest: I64 = self._positions.max(axis=0)
        return longest

    def grant(self, contract: Index, side: I64, wanted: I64) -> I64:
        """How much of closing trades there are positions for, in the order of the trades.

        Args:
            contract: Shape (k,).
            side: 1 where a short position is bought back, -1 where a long one is sold.
            wanted: Contracts, shape (k,).
        """
        row = np.where(side > 0, SHORT, LONG)
        key = 2 * contract + row
        order = np.argsort(key, kind="stable")
        total = np.cumsum(wanted[order])
        first = np.searchsorted(key[order], key[order], side="left")
        before = total - wanted[order]
        before -= before[first]
        free = self.held[row[order], contract[order]]
        granted = np.empty_like(wanted)
        granted[order] = np.clip(free - before, 0, wanted[order])
        return granted

    def granted(self, orders: Orders) -> Orders:
        """Closing orders with no more than there are positions for, by time."""
        sorted_ = orders.of(np.argsort(orders.time, kind="stable"))
        size = self.grant(sorted_.contract, sorted_.side, sorted_.size)
        return replace(sorted_, size=size).of(size > 0)

    def take(self, trades: Rows) -> None:
        """Let trades change positions: the customers' who traded, and those on their other side."""
        is_single, opens = trades["package"] == 0, trades["opens"]
        contract, side, size = trades["contract"], trades["side"], trades["size"]
        self._move(contract, side, np.where(opens, 0, size), opens, is_single)
        # Nobody on the other side closes what was opened in the same block.
        rest = size - np.abs(trades["dealers"])
        closes = self.grant(contract, -side, np.where(trades["counter_closes"], rest, 0))
        new = np.ones(len(trades), np.bool_)
        self._move(contract, -side, closes, ~new, new)
        self._move(contract, -side, rest - closes, new, new)
        self._move(contract, side, np.where(opens, size, 0), opens, is_single)

    def _move(self, contract: Index, side: I64, size: I64, opens: Bool, is_single: Bool) -> None:
        """Change what customers hold, and what they hold by itself, not as part of a package."""
        row = np.where((side > 0) == opens, LONG, SHORT)
        change = np.where(opens, size, -size)
        np.add.at(self._positions, (row, contract), change)
        np.add.at(self.held, (row[is_single], contract[is_single]), change[is_single])
