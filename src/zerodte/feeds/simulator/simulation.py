"""A simulated session, block by block: the one place that knows all parts of the simulator."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import Rows
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, Block, ContractList, Minute
from zerodte.feeds.simulator.customers import Customers
from zerodte.feeds.simulator.dealers import DealerLedger
from zerodte.feeds.simulator.names import Name, SimulationError
from zerodte.feeds.simulator.orders import joined
from zerodte.feeds.simulator.packages import Lattice
from zerodte.feeds.simulator.prices import PriceDraw
from zerodte.feeds.simulator.prints import Prints, counted, truth_of
from zerodte.feeds.simulator.quotes import QuoteProcess
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.seed_draw import FlowDraw, draw_flow
from zerodte.feeds.simulator.trading import execute
from zerodte.feeds.simulator.underlying import UnderlyingFeed
from zerodte.feeds.simulator.world import World
from zerodte.market.calendar import TradingSession, new_york_clock
from zerodte.records.dbn import OPRA, Records
from zerodte.records.tick import Batch
from zerodte.records.truth import CONTRACT_TRUTH

#: What each name has streams of chance of its own for.
_PARTS: Final = ("overnight", "quotes", "customers", "trading")


@dataclass(frozen=True, slots=True)
class SeedDraw:
    """What the seed drew.

    Attributes:
        prices: Of the market.
        flow: Of customers, market makers and dealers.
    """

    prices: PriceDraw
    flow: FlowDraw


@dataclass(frozen=True, eq=False, slots=True)
class _Desk:
    """A name's customers, and the chance that their orders meet."""

    customers: Customers
    chance: np.random.Generator


class Simulation:
    """A session that is being simulated.

    Args:
        session: The trading session.
        names: The underlyings, each once.
        seed: Not negative. The same seed, date and names give the same bytes.
        impact: How strongly dealers' hedging moves prices; 0: not at all.
        news: Minute of the session at which scheduled news comes; None: there is none.
        minutes: How many minutes from the open; None: all.

    Attributes:
        session: The trading session.
        listing: The day's contracts.
        drawn: What the seed drew.
        symbols: Raw symbol by instrument id, of every dataset.

    Raises:
        SimulationError: If the seed is negative, the impact not in its range, or minutes or the
            news are not in the session, or the news not in these minutes.
    """

    def __init__(
        self,
        session: TradingSession,
        names: tuple[Name, ...],
        seed: int,
        impact: float = 0.0,
        news: int | None = None,
        minutes: int | None = None,
    ) -> None:
        whole = int(session.minutes)
        if seed < 0:
            raise SimulationError(f"seed is {seed}; it must be 0 or more")
        if minutes is not None and not 1 <= minutes <= whole:
            raise SimulationError(f"minutes is {minutes}; {session.date} has 1 to {whole}")
        self.session = session
        self._blocks = whole if minutes is None else minutes
        self._world = World(session, names, seed, impact, news)
        if news is not None and news >= self._blocks:
            at, end = (
                f"{new_york_clock(session.open + minute * MINUTE):%H:%M}"
                for minute in (news, self._blocks)
            )
            raise SimulationError(
                f"news at {at}: the first {self._blocks} minutes end at {end} New York"
            )
        self.listing: ContractList = self._world.listing
        flow = draw_flow(generator(seed, session.date, "flow"))
        self.drawn = SeedDraw(self._world.drawn, flow)
        lattice = Lattice(self.listing)
        noise = np.empty(len(self.listing.symbols))
        words = np.empty(len(noise), np.uint64)
        self._desks: list[_Desk] = []
        for place, name in enumerate(names):
            chances = [generator(seed, session.date, part, name.symbol) for part in _PARTS]
            own = np.flatnonzero(self.listing.name == place)
            noise[own] = chances[0].standard_normal(len(own))
            words[own] = chances[1].integers(2**64, size=len(own), dtype=np.uint64)
            customers = Customers(self.listing, place, lattice, flow, chances[2])
            self._desks.append(_Desk(customers, chances[3]))
        self._ledger = DealerLedger(self.listing, flow, noise)
        self._quotes = QuoteProcess(self.listing, words)
        self._prints = Prints(self.listing, session.open + self._blocks * MINUTE)
        self._underlyings = UnderlyingFeed(
            self.listing, [generator(seed, session.date, "stock", name.symbol) for name in names]
        )
        self.symbols: Mapping[str, Mapping[int, str]] = self._underlyings.symbols
        self._packages = 0

    def blocks(self) -> Iterator[Block]:
        """The session's blocks in order. Trades are numbered from 0 over all of them."""
        for number in range(self._blocks):
            minute = self._world.minute(self._ledger.inventory)
            yield self._block(minute, is_first=number == 0)

    def _block(self, minute: Minute, *, is_first: bool) -> Block:
        end = minute.start + BLOCK_SECONDS * SECOND
        quotes, trades = self._trade(minute, end)
        reports = self._prints.report(trades, end)
        self._ledger.take(counted(reports))
        told = self._underlyings
        return Block(
            start=minute.start,
            end=end,
            definitions=told.definitions() if is_first else (),
            statistics=told.open_interest() if is_first else (),
            underlying=told.prices(minute),
            quotes=(Batch(OPRA, "cbbo-1s", quotes),),
            trades=(self._prints.batch(reports),),
            trade_truth=truth_of(reports),
            contract_truth=self._positions(end),
        )

    def _trade(self, minute: Minute, end: int) -> tuple[Records, Rows]:
        """The block's quotes, and what trades in it or is reported late."""
        late = self._prints.due(end)
        orders = [joined(desk.customers.orders(minute, self._ledger)) for desk in self._desks]
        contract = np.concatenate([late["contract"], *(some.contract for some in orders)])
        since = np.maximum(late["reported"] - minute.start, 0)
        second = np.concatenate([since, *(some.time for some in orders)]) // SECOND
        order = np.argsort(second, kind="stable")
        quotes, tapped = self._quotes.advance(minute, second[order], contract[order])
        before = np.empty_like(tapped)
        before[order] = tapped
        late["quote"] = before[: len(late)]
        elapsed = (minute.start - self.session.open) / (self.session.close - self.session.open)
        parts, first = [late], len(late)
        for desk, some in zip(self._desks, orders, strict=True):
            part = execute(
                some,
                before[first : first + len(some)],
                self._quotes.cents[some.contract],
                minute.start,
                desk.customers.opening(elapsed),
                self.drawn.flow,
                desk.chance,
            )
            part["package"][part["package"] > 0] += self._packages
            self._packages = max(self._packages, int(part["package"].max(initial=0)))
            parts.append(part)
            first += len(some)
        return quotes, np.concatenate(parts)

    def _positions(self, end: int) -> Records:
        """Open interest and inventory of every contract: `CONTRACT_TRUTH`."""
        out = np.empty(len(self.listing.symbols), CONTRACT_TRUTH)
        out["minute_end"] = end
        out["instrument_id"] = np.arange(1, len(out) + 1)
        out["open_interest"] = self._ledger.open_interest
        out["dealers"] = self._ledger.inventory
        return out
