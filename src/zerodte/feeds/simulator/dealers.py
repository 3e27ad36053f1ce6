"""Positions: customers' longs and shorts, and the dealers' inventory against them.

Dealers net their position in a contract to one number. Customers do not net: one may be long while
another is short. Open interest is the sum of all long positions, of customers and dealers.
"""

from dataclasses import replace

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index, Rows
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.orders import Orders
from zerodte.feeds.simulator.seed_draw import FlowDraw

#: Rows of positions: customers' longs and shorts.
LONG, SHORT = 0, 1
#: The largest share of open interest that dealers may hold in the morning.
_LARGEST_SHARE = 0.95


class DealerLedger:
    """The positions of customers and dealers, by contract.

    Attributes:
        closable: Positions that single orders may close today, shape (2, n): longs, shorts.
    """

    def __init__(self, listing: ContractList, flow_draw: FlowDraw, noise: F64) -> None:
        """Start with the positions of the morning.

        Args:
            listing: The day's contracts, with settled open interest.
            flow_draw: Contains dealers' shares of open interest.
            noise: Standard normal numbers, one per contract, shape (n,).
        """
        settled_interest = listing.settled_interest
        share = np.where(listing.is_call, flow_draw.overnight_calls, flow_draw.overnight_puts)
        share = np.clip(share + flow_draw.overnight_noise * noise, -_LARGEST_SHARE, _LARGEST_SHARE)
        drawn = np.rint(share * settled_interest).astype(np.int64)
        inventory: I64 = np.where(listing.is_carried, listing.carried_dealers, drawn)
        self._positions: I64 = np.stack(
            (
                settled_interest - np.maximum(inventory, 0),
                settled_interest + np.minimum(inventory, 0),
            )
        )
        self._morning_inventory = inventory
        self.closable: I64 = np.rint(flow_draw.closable * self._positions).astype(np.int64)

    @property
    def inventory(self) -> I64:
        """The dealers' position, contracts, long positive, shape (n,)."""
        inventory: I64 = self._positions[SHORT] - self._positions[LONG]
        return inventory

    @property
    def inventory_change(self) -> I64:
        """Dealers' net purchases since the morning, contracts, shape (n,)."""
        return self.inventory - self._morning_inventory

    @property
    def open_interest(self) -> I64:
        """Open contracts, shape (n,)."""
        interest: I64 = self._positions.max(axis=0)
        return interest

    def closable_sizes(self, contract: Index, side: I64, requested: I64) -> I64:
        """The sizes of closing trades that existing positions allow, first come, first served.

        Args:
            contract: Shape (k,).
            side: 1 to buy back a short position, -1 to sell a long one.
            requested: Contracts, shape (k,).
        """
        row = np.where(side > 0, SHORT, LONG)
        key = 2 * contract + row
        order = np.argsort(key, kind="stable")
        total = np.cumsum(requested[order])
        first = np.searchsorted(key[order], key[order], side="left")
        before = total - requested[order]
        before -= before[first]
        available = self.closable[row[order], contract[order]]
        sizes = np.empty_like(requested)
        sizes[order] = np.clip(available - before, 0, requested[order])
        return sizes

    def cap_closing(self, orders: Orders) -> Orders:
        """Closing orders by time, cut to the size of existing positions."""
        by_time = orders.take(np.argsort(orders.time, kind="stable"))
        size = self.closable_sizes(by_time.contract, by_time.side, by_time.size)
        return replace(by_time, size=size).take(size > 0)

    def apply(self, trades: Rows) -> None:
        """Update the positions of both sides of trades."""
        is_single, opens = trades["package"] == 0, trades["opens"]
        contract, side, size = trades["contract"], trades["side"], trades["size"]
        self._move(contract, side, np.where(opens, 0, size), opens, is_single)
        # The other side cannot close what was opened in the same block.
        rest = size - np.abs(trades["dealers"])
        closes = self.closable_sizes(contract, -side, np.where(trades["counter_closes"], rest, 0))
        always = np.ones(len(trades), np.bool_)
        self._move(contract, -side, closes, ~always, always)
        self._move(contract, -side, rest - closes, always, always)
        self._move(contract, side, np.where(opens, size, 0), opens, is_single)

    def _move(self, contract: Index, side: I64, size: I64, opens: Bool, is_single: Bool) -> None:
        """Update customers' positions, and those that single orders may close."""
        row = np.where((side > 0) == opens, LONG, SHORT)
        change = np.where(opens, size, -size)
        np.add.at(self._positions, (row, contract), change)
        np.add.at(self.closable, (row[is_single], contract[is_single]), change[is_single])
