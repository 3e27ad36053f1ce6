"""The customers of one name: how many orders come, of which type, in what, opening or closing.

An order becomes trades, one for each leg; `trading` says at what price and against whom. Chance
comes from one stream by name, so that a name's customers do not know who else is simulated.
"""

from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index
from zerodte.constants import SECOND
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, ContractList, Minute
from zerodte.feeds.simulator.dealers import LONG, DealerLedger
from zerodte.feeds.simulator.demand import Demand
from zerodte.feeds.simulator.orders import Orders, Sizes, Style
from zerodte.feeds.simulator.packages import STRUCTURES, Lattice, Packages, horizon_of, outness
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
    """Those who trade the options of one name."""

    def __init__(
        self,
        listing: ContractList,
        name: int,
        lattice: Lattice,
        drawn: FlowDraw,
        random: np.random.Generator,
    ) -> None:
        """Begin before the open.

        Args:
            listing: What is listed.
            name: Place of the name in it.
            lattice: Of the listing.
            drawn: What the seed drew.
            random: Their stream.
        """
        self._name, self._lattice, self._drawn, self._random = name, lattice, drawn, random
        own = np.flatnonzero(listing.name == name)
        self._own = own[np.lexsort((listing.is_call[own], listing.chain[own]))]
        chains, first, count = np.unique(
            listing.chain[self._own], return_index=True, return_counts=True
        )
        # A chain's puts, then its calls.
        puts = count - np.add.reduceat(listing.is_call[self._own].astype(np.int64), first)
        self._edges = np.append(np.stack((first, first + puts), axis=1).ravel(), len(own))
        self._tick = listing.names[name].ticks[0]
        settled = listing.settled[self._own].astype(np.float64)
        in_chain = np.add.reduceat(settled, first)
        mean = np.repeat(np.maximum(in_chain / count, 1.0), count)
        self._taste = 1.0 - FOLLOWS_INTEREST + FOLLOWS_INTEREST * settled / mean
        sessions = np.array([listing.chains[i].whole_sessions for i in chains])
        horizon = horizon_of(listing)[self._own[first]]
        usual = listing.names[name].volume
        self._chain = listing.chain
        self._sizes = Sizes(drawn.sizes)
        self._demand = Demand(drawn, horizon, in_chain, sessions, usual)
        self._session = listing.session
        self._past: list[float] = []
        self._packages = Packages()

    def orders(self, minute: Minute, ledger: DealerLedger) -> list[Orders]:
        """The orders of a block.

        Args:
            minute: Its prices, of which customers know the beginning.
            ledger: What they hold.
        """
        block = (minute.start - self._session.open) // _BLOCK
        blocks = (self._session.close - self._session.open) / _BLOCK
        rates = self._demand.rates(block / blocks, (block + 1) / blocks, self._random)
        opening = self._demand.opening((block + 0.5) / blocks)
        self._earliest = ROTATION * SECOND if block == 0 else 0
        move = self._move(float(minute.spot[0, self._name]))
        alive = minute.fair[0, self._own] > 0.5 * self._tick
        out = outness(minute.delta[self._own])
        self._middle = self._lattice.middle(minute.delta)
        self._per_sigma = self._lattice.per_sigma(minute.delta)
        self._lean = self._leaning(out, ledger)
        closing = rates * (1.0 - opening)
        count = self._random.poisson(closing[_IS_SINGLE].sum(axis=0))
        found = [self._closers(count, alive, ledger)]
        found.append(self._unwound(int(self._random.poisson(closing[~_IS_SINGLE].sum()))))
        counts = self._random.poisson(rates * opening)
        for count, kind in zip(counts, KINDS.values(), strict=True):
            if count.any():
                found.append(self._openers(kind, count, self._taste * alive, out, move))
        if block == 0:
            found = [self._as_opening(orders) for orders in found]
        return found

    def opening(self, elapsed: float) -> float:
        """The share of their orders that open positions at a fraction of the session."""
        return self._demand.opening(elapsed)

    def _move(self, spot: float) -> float:
        """The last minutes' return, in (-1, 1)."""
        self._past.append(spot)
        before = self._past[-1 - MOVE_BLOCKS :][0]
        return float(np.tanh((spot / before - 1.0) / MOVE))

    def _leaning(self, out: F64, ledger: DealerLedger) -> F64:
        """What dealers took on in each chain near the money, as a share of open interest there."""
        near, first = np.exp(-0.5 * out**2), self._edges[:-1:2]
        taken = np.add.reduceat(near * ledger.taken_on[self._own], first)
        interest = np.add.reduceat(near * ledger.open_interest[self._own], first)
        lean: F64 = taken / np.maximum(interest, 1.0)
        return lean

    def _openers(self, kind: CustomerKind, count: I64, taste: F64, out: F64, move: float) -> Orders:
        """Orders of a type that open positions, so many in each chain."""
        random = self._random
        calls = np.clip(kind.calls + 0.45 * kind.follows * move, 0.0, 1.0)
        weight = taste * np.exp(-0.5 * ((out - kind.out) / kind.spread) ** 2)
        of_calls = random.binomial(count, calls)
        count = np.stack((count - of_calls, of_calls), axis=1).ravel()
        place = _chosen(weight, self._edges, count, random)
        first = self._own[place]
        lean = self._lean[np.searchsorted(self._edges[::2], place, side="right") - 1]
        buys = kind.buys + 0.5 * kind.leans * np.tanh(self._drawn.leaning * lean)
        side = np.where(random.random(len(first)) < buys, 1, -1)
        size = self._sizes.draw(random, len(first), kind.size)
        if kind.structure == "single":
            return self._singles(first, side, size, opens=True)
        sigmas = random.choice(WIDTHS, len(first)) * self._per_sigma[self._chain[first]]
        width = np.maximum(np.rint(sigmas), 1.0).astype(np.int64)
        legs = self._lattice.legs(kind.structure, first, width, self._middle)
        whole = (legs >= 0).all(axis=1)
        signs = np.array([leg.sign for leg in STRUCTURES[kind.structure]])
        sides = side[whole, None] * signs
        self._packages.remember(legs[whole], sides, size[whole])
        return self._legs(legs[whole], sides, size[whole], opens=True)

    def _closers(self, count: I64, alive: Bool, ledger: DealerLedger) -> Orders:
        """Single orders that close what is held, so many in each chain at most."""
        random = self._random
        held = ledger.held[:, self._own] * alive
        chosen = _chosen(held.T.ravel().astype(np.float64), 2 * self._edges[::2], count, random)
        contract, row = self._own[chosen // 2], chosen % 2
        side = np.where(row == LONG, -1, 1)
        size = self._sizes.draw(random, len(contract), 1.0)
        return ledger.granted(self._singles(contract, side, size, opens=False))

    def _unwound(self, count: int) -> Orders:
        """Packages that are closed, so many at most."""
        contract, side, size = self._packages.take(count, self._random)
        return self._legs(contract, side, size, opens=False)

    def _singles(self, contract: Index, side: I64, size: I64, *, opens: bool) -> Orders:
        style = self._styles(len(contract))
        if opens:
            size = np.where(style == Style.CROSS, CROSS_SIZE * size, size)
        return Orders(
            time=self._times(len(contract)),
            contract=contract,
            side=side,
            size=size,
            style=style,
            package=np.zeros(len(contract), np.int64),
            opens=np.full(len(contract), opens),
        )

    def _legs(self, contract: Index, side: I64, size: I64, *, opens: bool) -> Orders:
        """Legs of packages, shape (k, legs) each; places below 0 are left out."""
        count, legs = contract.shape
        number = np.repeat(np.arange(1, count + 1), legs)
        orders = Orders(
            time=np.repeat(self._times(count), legs),
            contract=contract.ravel(),
            side=side.ravel(),
            size=np.repeat(size, legs),
            style=np.full(count * legs, Style.PACKAGE, np.int64),
            package=number,
            opens=np.full(count * legs, opens),
        )
        return orders.of(orders.contract >= 0)

    def _times(self, count: int) -> I64:
        room = _BLOCK - TRANSIT - self._earliest
        return self._earliest + (room * self._random.random(count)).astype(np.int64)

    def _styles(self, count: int) -> I64:
        """How single orders come to trade."""
        drawn = self._drawn
        rare = drawn.cross + drawn.stock_option
        shares = {
            Style.CROSS: drawn.cross,
            Style.STOCK_OPTION: drawn.stock_option,
            Style.RESTS: drawn.limit,
            Style.AUCTION: (1.0 - drawn.limit - rare) * drawn.auction,
            Style.MIDPOINT: (1.0 - drawn.limit - rare) * drawn.midpoint,
        }
        steps = np.cumsum(list(shares.values()))
        styles = np.array([*shares, Style.TAKES], np.int64)
        return styles[np.searchsorted(steps, self._random.random(count), side="right")]

    def _as_opening(self, orders: Orders) -> Orders:
        """Let some of the first half minute's single orders be prints of the opening rotation."""
        is_early = (orders.time < OPENING_SECONDS * SECOND) & (orders.package == 0)
        chosen = is_early & (self._random.random(len(orders)) < OPENING_PRINTS)
        orders.style[chosen] = Style.OPENING
        return orders


def _chosen(weight: F64, edges: Index, count: I64, random: np.random.Generator) -> Index:
    """Places drawn by weight, so many between every two edges; none where all weights are 0."""
    total = np.concatenate(((0.0,), np.cumsum(weight)))
    low, high = total[edges[:-1]], total[edges[1:]]
    count = np.where(high > low, count, 0)
    drawn = np.repeat(low, count) + np.repeat(high - low, count) * random.random(count.sum())
    found = np.searchsorted(total, drawn, side="right") - 1
    last = np.repeat(edges[1:], count) - 1
    places: Index = np.minimum(found, last)
    return places
