"""A simulated session, block by block: the module that connects all parts of the simulator."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import Rows
from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, Block, ContractList, Minute
from zerodte.feeds.simulator.customers import Customers
from zerodte.feeds.simulator.dealers import DealerLedger
from zerodte.feeds.simulator.evening import Evening, open_positions
from zerodte.feeds.simulator.names import Name, SimulationError
from zerodte.feeds.simulator.orders import merge_orders
from zerodte.feeds.simulator.packages import ContractGrid
from zerodte.feeds.simulator.prices import PriceDraw
from zerodte.feeds.simulator.prints import Prints, final_trades, trade_truth
from zerodte.feeds.simulator.quotes import QuoteProcess
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.seed_draw import FlowDraw, draw_flow
from zerodte.feeds.simulator.trading import execute
from zerodte.feeds.simulator.underlying import UnderlyingFeed
from zerodte.feeds.simulator.world import World
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import OPRA, Records
from zerodte.records.tick import Batch
from zerodte.records.truth import CONTRACT_TRUTH

#: The random streams that each name has of its own.
_STREAMS: Final = ("overnight", "quotes", "customers", "trading")


@dataclass(frozen=True, slots=True)
class SeedDraw:
    """Everything that the seed determines.

    Attributes:
        prices: Parameters of the market.
        flow: Parameters of customers, market makers and dealers.
    """

    prices: PriceDraw
    flow: FlowDraw


@dataclass(frozen=True, eq=False, slots=True)
class _OrderFlow:
    """The customers of one name, and the random stream that executes their orders."""

    customers: Customers
    rng: np.random.Generator


def check_minutes(session: TradingSession, minutes: int | None) -> None:
    """Check that a session has so many minutes; None for all.

    Raises:
        SimulationError: If it has fewer.
    """
    whole = int(session.minutes)
    if minutes is not None and not 1 <= minutes <= whole:
        raise SimulationError(f"minutes is {minutes}; {session.date} has 1 to {whole}")


class Simulation:
    """A session that is simulated block by block.

    Args:
        session: The trading session.
        names: The underlyings, without repetition.
        seed: Not negative. The same seed, date and names give the same bytes.
        impact: Strength of the price impact of dealers' hedging; 0 for none.
        news: Minute of the session with scheduled news; None for no news.
        minutes: Minutes to simulate, from the open; None for all.
        before: What the session before left, of the same names; None for a session of its own.

    Attributes:
        session: The trading session.
        listing: The day's contracts.
        draw: Everything that the seed determines.
        symbols: Raw symbol by instrument id, per dataset.

    Raises:
        SimulationError: If the seed is negative, the impact is out of range, the minutes or the
            news are outside the session, or the news comes after the simulated minutes.
    """

    def __init__(
        self,
        session: TradingSession,
        names: tuple[Name, ...],
        seed: int,
        impact: float = 0.0,
        news: int | None = None,
        minutes: int | None = None,
        before: Evening | None = None,
    ) -> None:
        whole = int(session.minutes)
        if seed < 0:
            raise SimulationError(f"seed is {seed}; it must be 0 or more")
        check_minutes(session, minutes)
        self.session = session
        self._block_count = whole if minutes is None else minutes
        self._world = World(session, names, seed, impact, news, before)
        if news is not None and news >= self._block_count:
            at, end = (
                f"{new_york_clock(session.open + minute * MINUTE):%H:%M}"
                for minute in (news, self._block_count)
            )
            raise SimulationError(
                f"news at {at}: the first {self._block_count} minutes end at {end} New York"
            )
        self.listing: ContractList = self._world.listing
        flow_draw = draw_flow(generator(seed, session.date, "flow"))
        self.draw = SeedDraw(self._world.price_draw, flow_draw)
        grid = ContractGrid(self.listing)
        noise = np.empty(len(self.listing.symbols))
        quote_seeds = np.empty(len(noise), np.uint64)
        self._order_flows: list[_OrderFlow] = []
        for index, name in enumerate(names):
            streams = [generator(seed, session.date, key, name.symbol) for key in _STREAMS]
            own = np.flatnonzero(self.listing.name == index)
            noise[own] = streams[0].standard_normal(len(own))
            quote_seeds[own] = streams[1].integers(2**64, size=len(own), dtype=np.uint64)
            customers = Customers(self.listing, index, grid, flow_draw, streams[2])
            self._order_flows.append(_OrderFlow(customers, streams[3]))
        self._ledger = DealerLedger(self.listing, flow_draw, noise)
        self._quotes = QuoteProcess(self.listing, quote_seeds)
        self._prints = Prints(self.listing, session.open + self._block_count * MINUTE)
        self._underlying_feed = UnderlyingFeed(
            self.listing, [generator(seed, session.date, "stock", name.symbol) for name in names]
        )
        self.symbols: Mapping[str, Mapping[int, str]] = self._underlying_feed.symbols
        self._package_count = 0

    def blocks(self) -> Iterator[Block]:
        """The session's blocks in order. Trades are numbered from 0 across blocks."""
        for number in range(self._block_count):
            minute = self._world.minute(self._ledger.inventory)
            yield self._block(minute, is_first=number == 0)

    def evening(self) -> Evening:
        """What the session leaves to the next, after its last block."""
        ledger = self._ledger
        chains = open_positions(self.listing, ledger.open_interest, ledger.inventory)
        return Evening(self.draw.prices, self._world.last_prices, chains)

    def _block(self, minute: Minute, *, is_first: bool) -> Block:
        end = minute.start + BLOCK_SECONDS * SECOND
        quotes, trades = self._trade(minute, end)
        reports = self._prints.report(trades, end)
        self._ledger.apply(final_trades(reports))
        feed = self._underlying_feed
        return Block(
            start=minute.start,
            end=end,
            definitions=feed.definitions() if is_first else (),
            statistics=feed.open_interest() if is_first else (),
            underlying=feed.prices(minute),
            quotes=(Batch(OPRA, "cbbo-1s", quotes),),
            trades=(self._prints.batch(reports),),
            trade_truth=trade_truth(reports),
            contract_truth=self._positions(end),
        )

    def _trade(self, minute: Minute, end: int) -> tuple[Records, Rows]:
        """The block's quotes, and its trades with the late reports that are due."""
        late = self._prints.pop_due(end)
        orders = [
            merge_orders(flow.customers.orders(minute, self._ledger)) for flow in self._order_flows
        ]
        contract = np.concatenate([late["contract"], *(leg.contract for leg in orders)])
        since = np.maximum(late["reported"] - minute.start, 0)
        second = np.concatenate([since, *(leg.time for leg in orders)]) // SECOND
        order = np.argsort(second, kind="stable")
        quotes, trade_quotes = self._quotes.advance(minute, second[order], contract[order])
        before = np.empty_like(trade_quotes)
        before[order] = trade_quotes
        late["quote"] = before[: len(late)]
        elapsed = (minute.start - self.session.open) / (self.session.close - self.session.open)
        trades, first = [late], len(late)
        for flow, legs in zip(self._order_flows, orders, strict=True):
            executed = execute(
                legs,
                before[first : first + len(legs)],
                self._quotes.tick_cents[legs.contract],
                minute.start,
                flow.customers.opening_share(elapsed),
                self.draw.flow,
                flow.rng,
            )
            executed["package"][executed["package"] > 0] += self._package_count
            self._package_count = max(self._package_count, int(executed["package"].max(initial=0)))
            trades.append(executed)
            first += len(legs)
        return quotes, np.concatenate(trades)

    def _positions(self, end: int) -> Records:
        """Open interest and dealers' inventory of every contract: `CONTRACT_TRUTH`."""
        out = np.empty(len(self.listing.symbols), CONTRACT_TRUTH)
        out["minute_end"] = end
        out["instrument_id"] = np.arange(1, len(out) + 1)
        out["open_interest"] = self._ledger.open_interest
        out["dealers"] = self._ledger.inventory
        return out
