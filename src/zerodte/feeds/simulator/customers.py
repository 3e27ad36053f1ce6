"""The customers of one name and the orders that they send, opening or closing positions.

Every leg of an order becomes a trade; `trading` determines its price and counterparty. Each name
has one random stream, so that its customers do not depend on the other names.
"""

from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index
from zerodte.constants import SECOND
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, ContractList, Minute
from zerodte.feeds.simulator.dealers import LONG, DealerLedger
from zerodte.feeds.simulator.demand import Demand
from zerodte.feeds.simulator.orders import Orders, OrderStyle, Sizes
from zerodte.feeds.simulator.packages import (
    STRUCTURES,
    ContractGrid,
    OpenPackages,
    horizon_of,
    otm_sigmas,
)
from zerodte.feeds.simulator.parameters import (
    CROSS_SIZE,
    FOLLOWS_INTEREST,
    KINDS,
    MOVE,
    MOVE_BLOCKS,
    OPENING_PRINTS,
    OPENING_SECONDS,
    ROTATION,
    TRANSIT,
    WIDTHS,
    CustomerKind,
)
from zerodte.feeds.simulator.seed_draw import FlowDraw

_BLOCK: Final = BLOCK_SECONDS * SECOND
_IS_SINGLE: Final = np.array([kind.structure == "single" for kind in KINDS.values()])


class Customers:
    """The customers who trade the options of one name."""

    def __init__(
        self,
        listing: ContractList,
        name: int,
        grid: ContractGrid,
        flow_draw: FlowDraw,
        rng: np.random.Generator,
    ) -> None:
        """Start before the open.

        Args:
            listing: The day's contracts.
            name: Index of the name in the listing.
            grid: The listing's contracts by chain, right and strike.
            flow_draw: The parameters that the seed determines.
            rng: The random stream of these customers.
        """
        self._name, self._grid, self._flow_draw, self._rng = name, grid, flow_draw, rng
        own = np.flatnonzero(listing.name == name)
        self._contracts = own[np.lexsort((listing.is_call[own], listing.chain[own]))]
        chains, first, count = np.unique(
            listing.chain[self._contracts], return_index=True, return_counts=True
        )
        # The boundaries of each chain's puts and calls, in this order.
        puts = count - np.add.reduceat(listing.is_call[self._contracts].astype(np.int64), first)
        self._right_edges = np.append(np.stack((first, first + puts), axis=1).ravel(), len(own))
        self._tick = listing.names[name].ticks[0]
        settled_interest = listing.settled_interest[self._contracts].astype(np.float64)
        in_chain = np.add.reduceat(settled_interest, first)
        mean = np.repeat(np.maximum(in_chain / count, 1.0), count)
        self._strike_weight = 1.0 - FOLLOWS_INTEREST + FOLLOWS_INTEREST * settled_interest / mean
        sessions = np.array([listing.chains[i].whole_sessions for i in chains])
        horizon = horizon_of(listing)[self._contracts[first]]
        usual_volume = listing.names[name].volume
        self._chain = listing.chain
        self._sizes = Sizes(flow_draw.sizes)
        self._demand = Demand(flow_draw, horizon, in_chain, sessions, usual_volume)
        self._session = listing.session
        self._past_spots: list[float] = []
        self._open_packages = OpenPackages()

    def orders(self, minute: Minute, ledger: DealerLedger) -> list[Orders]:
        """The orders of one block.

        Args:
            minute: Prices of the block; customers know those at its start.
            ledger: Current positions.
        """
        block = (minute.start - self._session.open) // _BLOCK
        blocks = (self._session.close - self._session.open) / _BLOCK
        rates = self._demand.rates(block / blocks, (block + 1) / blocks, self._rng)
        opening_share = self._demand.opening_share((block + 0.5) / blocks)
        self._earliest_time = ROTATION * SECOND if block == 0 else 0
        move = self._recent_move(float(minute.spot[0, self._name]))
        has_value = minute.fair[0, self._contracts] > 0.5 * self._tick
        otm = otm_sigmas(minute.delta[self._contracts])
        self._scale = self._grid.scale(minute.delta)
        self._lean_by_chain = self._dealer_lean(otm, ledger)
        closing = rates * (1.0 - opening_share)
        count = self._rng.poisson(closing[_IS_SINGLE].sum(axis=0))
        orders = [self._closing_orders(count, has_value, ledger)]
        orders.append(self._closing_packages(int(self._rng.poisson(closing[~_IS_SINGLE].sum()))))
        counts = self._rng.poisson(rates * opening_share)
        for count, kind in zip(counts, KINDS.values(), strict=True):
            if count.any():
                orders.append(
                    self._opening_orders(kind, count, self._strike_weight * has_value, otm, move)
                )
        if block == 0:
            orders = [self._as_opening_prints(batch) for batch in orders]
        return orders

    def opening_share(self, elapsed: float) -> float:
        """The share of orders that open positions, at a fraction of the session."""
        return self._demand.opening_share(elapsed)

    def _recent_move(self, spot: float) -> float:
        """The return of the last minutes, squashed into (-1, 1)."""
        self._past_spots.append(spot)
        earlier = self._past_spots[-1 - MOVE_BLOCKS :][0]
        return float(np.tanh((spot / earlier - 1.0) / MOVE))

    def _dealer_lean(self, otm: F64, ledger: DealerLedger) -> F64:
        """Dealers' purchases near the money since the morning over open interest, by chain."""
        near, first = np.exp(-0.5 * otm**2), self._right_edges[:-1:2]
        bought = np.add.reduceat(near * ledger.inventory_change[self._contracts], first)
        interest = np.add.reduceat(near * ledger.open_interest[self._contracts], first)
        lean: F64 = bought / np.maximum(interest, 1.0)
        return lean

    def _opening_orders(
        self, kind: CustomerKind, count: I64, weight_by_strike: F64, otm: F64, move: float
    ) -> Orders:
        """Opening orders of one customer type, `count` in each chain."""
        rng = self._rng
        call_share = np.clip(kind.call_share + 0.45 * kind.momentum * move, 0.0, 1.0)
        weight = weight_by_strike * np.exp(-0.5 * ((otm - kind.otm) / kind.otm_deviation) ** 2)
        calls = rng.binomial(count, call_share)
        count = np.stack((count - calls, calls), axis=1).ravel()
        index = _choose(weight, self._right_edges, count, rng)
        first = self._contracts[index]
        lean = self._lean_by_chain[np.searchsorted(self._right_edges[::2], index, side="right") - 1]
        buy_share = kind.buy_share + 0.5 * kind.dealer_lean * np.tanh(
            self._flow_draw.leaning * lean
        )
        side = np.where(rng.random(len(first)) < buy_share, 1, -1)
        size = self._sizes.draw(rng, len(first), kind.size)
        if kind.structure == "single":
            return self._single_orders(first, side, size, opens=True)
        sigmas = rng.choice(WIDTHS, len(first)) * self._scale.strikes_per_sigma[self._chain[first]]
        width = np.maximum(np.rint(sigmas), 1.0).astype(np.int64)
        legs = self._grid.legs(kind.structure, first, width, self._scale.at_the_money)
        is_whole = (legs >= 0).all(axis=1)
        signs = np.array([leg.sign for leg in STRUCTURES[kind.structure]])
        sides = side[is_whole, None] * signs
        self._open_packages.add(legs[is_whole], sides, size[is_whole])
        return self._package_orders(legs[is_whole], sides, size[is_whole], opens=True)

    def _closing_orders(self, count: I64, has_value: Bool, ledger: DealerLedger) -> Orders:
        """Single orders that close positions, at most `count` in each chain."""
        rng = self._rng
        closable = ledger.closable[:, self._contracts] * has_value
        chosen = _choose(
            closable.T.ravel().astype(np.float64), 2 * self._right_edges[::2], count, rng
        )
        contract, row = self._contracts[chosen // 2], chosen % 2
        side = np.where(row == LONG, -1, 1)
        size = self._sizes.draw(rng, len(contract), 1.0)
        return ledger.cap_closing(self._single_orders(contract, side, size, opens=False))

    def _closing_packages(self, count: int) -> Orders:
        """Orders that close packages, at most `count`."""
        contract, side, size = self._open_packages.pop(count, self._rng)
        return self._package_orders(contract, side, size, opens=False)

    def _single_orders(self, contract: Index, side: I64, size: I64, *, opens: bool) -> Orders:
        style = self._draw_styles(len(contract))
        if opens:
            size = np.where(style == OrderStyle.CROSS, CROSS_SIZE * size, size)
        return Orders(
            time=self._draw_times(len(contract)),
            contract=contract,
            side=side,
            size=size,
            style=style,
            package=np.zeros(len(contract), np.int64),
            opens=np.full(len(contract), opens),
        )

    def _package_orders(self, contract: Index, side: I64, size: I64, *, opens: bool) -> Orders:
        """The legs of packages, shape (k, legs) each; contracts below 0 are dropped."""
        count, legs = contract.shape
        number = np.repeat(np.arange(1, count + 1), legs)
        orders = Orders(
            time=np.repeat(self._draw_times(count), legs),
            contract=contract.ravel(),
            side=side.ravel(),
            size=np.repeat(size, legs),
            style=np.full(count * legs, OrderStyle.PACKAGE, np.int64),
            package=number,
            opens=np.full(count * legs, opens),
        )
        return orders.take(orders.contract >= 0)

    def _draw_times(self, count: int) -> I64:
        room = _BLOCK - TRANSIT - self._earliest_time
        return self._earliest_time + (room * self._rng.random(count)).astype(np.int64)

    def _draw_styles(self, count: int) -> I64:
        """Draw the styles of single orders."""
        flow_draw = self._flow_draw
        rare_share = flow_draw.cross + flow_draw.stock_option
        shares = {
            OrderStyle.CROSS: flow_draw.cross,
            OrderStyle.STOCK_OPTION: flow_draw.stock_option,
            OrderStyle.RESTING: flow_draw.limit,
            OrderStyle.AUCTION: (1.0 - flow_draw.limit - rare_share) * flow_draw.auction,
            OrderStyle.MIDPOINT: (1.0 - flow_draw.limit - rare_share) * flow_draw.midpoint,
        }
        steps = np.cumsum(list(shares.values()))
        styles = np.array([*shares, OrderStyle.MARKETABLE], np.int64)
        return styles[np.searchsorted(steps, self._rng.random(count), side="right")]

    def _as_opening_prints(self, orders: Orders) -> Orders:
        """Turn some single orders of the first half minute into prints of the opening rotation."""
        is_early = (orders.time < OPENING_SECONDS * SECOND) & (orders.package == 0)
        chosen = is_early & (self._rng.random(len(orders)) < OPENING_PRINTS)
        orders.style[chosen] = OrderStyle.OPENING
        return orders


def _choose(weight: F64, edges: Index, count: I64, rng: np.random.Generator) -> Index:
    """Draw indices by weight, `count` between each pair of edges; none if all weights are 0."""
    cumulative = np.concatenate(((0.0,), np.cumsum(weight)))
    low, high = cumulative[edges[:-1]], cumulative[edges[1:]]
    count = np.where(high > low, count, 0)
    target = np.repeat(low, count) + np.repeat(high - low, count) * rng.random(count.sum())
    index = np.searchsorted(cumulative, target, side="right") - 1
    last = np.repeat(edges[1:], count) - 1
    indices: Index = np.minimum(index, last)
    return indices
