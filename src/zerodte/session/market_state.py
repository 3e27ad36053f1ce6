"""Every array that a tick may change, and how a tick changes it.

Within a tick: definitions and statistics; then trades are valued at what stood when the tick
began; then underlyings and quotes; and last the trades, each against the quote just before it.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, I32
from zerodte.constants import SECOND
from zerodte.engine.book import PrevailingQuotes, QuoteBook, embedded_quotes, grown, newest_in
from zerodte.engine.chain_inputs import ChainClock, gather
from zerodte.engine.flow import FlowLedger
from zerodte.engine.repeats import Repeats
from zerodte.engine.settled import SettledInterest
from zerodte.engine.surface import parity
from zerodte.engine.trade_valuation import TradeValuation
from zerodte.engine.trades import Classifications, Trades, TradeValues
from zerodte.engine.underlying import Underlyings
from zerodte.market.calendar import Calendar, TradingSession, new_york
from zerodte.market.contracts import NO_POSITION, Chain
from zerodte.market.roots import root_info
from zerodte.pricing.clock import tau_years
from zerodte.records.dbn import CADENCE, STAT_OPEN_INTEREST
from zerodte.records.tick import Batch, Tick
from zerodte.session.expiry_distance import ExpiryDistance, clock_at, expiry_distance
from zerodte.session.instruments import OPTIONS, Instruments

_MIDNIGHT = datetime.time()
_DAY = datetime.timedelta(days=1)
#: Trade schemas whose records carry the quote just before the trade.
_QUOTED = ("tcbbo", "tbbo")


@dataclass(frozen=True, eq=False, slots=True)
class ClassifiedTrades:
    """Trades of a tick and what became of them.

    Attributes:
        batch: The records.
        positions: Their contracts, shape (m,), negative for none.
        verdicts: Side, rule and dollars of each.
        valued: Spot and greeks that each was valued at.
    """

    batch: Batch
    positions: I32
    verdicts: Classifications
    valued: TradeValues


@dataclass(frozen=True, eq=False, slots=True)
class _ValuedTrades:
    """Trades of a tick before they are judged; `taps` only where they carry no quote."""

    batch: Batch
    positions: I32
    valued: TradeValues
    taps: PrevailingQuotes | None


class MarketState:
    """The market of one day as arrays by contract, all symbols.

    Attributes:
        hours: The trading session.
        underlyings: Prices of stocks and indices.
        instruments: What ids mean.
        contracts: The contracts whose positions all arrays share.
        book: Standing quotes.
        settled: Open interest of the morning, cleared volume.
        flow: What trades added up to.
        marks: The last smiles, by contract.
        repeats: Trades that came twice.
        arrivals: When flow and open interest last arrived, UTC ns, by the wire's name.
    """

    def __init__(
        self, hours: TradingSession, calendar: Calendar, kinds: Mapping[str, str], cadence: int
    ) -> None:
        """Begin a day; arguments as for `Session`."""
        self.hours = hours
        self.underlyings = Underlyings(cadence)
        self.instruments = Instruments(self.underlyings)
        self.contracts = self.instruments.contracts
        self.book = QuoteBook()
        self.settled = SettledInterest(
            new_york(hours.date, _MIDNIGHT), new_york(hours.date + _DAY, _MIDNIGHT)
        )
        self.flow = FlowLedger(hours.open, hours.close)
        self.marks = TradeValuation()
        self.repeats = Repeats()
        self.arrivals: dict[str, int] = {}
        self._calendar = calendar
        self._kinds = kinds
        self._cadence = cadence
        self._ahead: list[ExpiryDistance] = []
        self._underlying = np.empty(0, np.intp)
        self._whole_sessions = np.empty(0)
        self._traded = np.zeros(0, np.bool_)
        self._is_index = np.zeros(0, np.bool_)

    def learn(self, dataset: str, symbols: Mapping[int, str]) -> None:
        """Take instruments: raw symbol by instrument id."""
        self.instruments.learn(dataset, self._kinds[dataset], symbols)
        self._grow()

    def apply(self, tick: Tick) -> list[ClassifiedTrades]:
        """Take a tick."""
        for batch in tick.definitions:
            self.instruments.define(batch.dataset, self._kinds[batch.dataset], batch.records)
            self._grow()
        for batch in tick.statistics:
            self._apply_statistics(batch, tick.end)
        arriving = [self._arrive(batch, tick.end) for batch in self._known(tick.trades)]
        for batch in tick.underlying:
            self._apply_underlying(batch, tick.end)
        for batch in tick.quotes:
            cadence, positions = max(CADENCE[batch.schema], self._cadence), self._positions(batch)
            self.book.apply(batch.records, positions, self.contracts.chain, cadence, tick.end)
            for trades in arriving:
                if trades.taps is not None and trades.batch.dataset == batch.dataset:
                    self.book.overhear(batch.records, positions, trades.taps)
        return [self._judge(trades, tick.end) for trades in arriving]

    def has_trades(self, symbol: str) -> bool:
        """Whether a trade of the symbol has come so far; before that, its flow is unknown."""
        return bool(self._traded[self.underlyings.number(symbol)])

    def parity(self, chain: Chain, now: int) -> float:
        """The chain's forward by put-call parity, dollars; NaN where it is stale or has none."""
        if not self.book.is_fresh(chain.number, now):
            return np.nan
        return parity(chain.strikes, gather(self.book.bid, chain), gather(self.book.ask, chain))

    def clock(self, chain: Chain, now: int) -> ChainClock:
        """Where `now` (UTC ns) stands in the session, and how far the chain's expiry is."""
        return clock_at(now, self.hours, self._ahead[chain.number])

    def newest(self) -> dict[str, int]:
        """When each kind of input last arrived, UTC ns, by the wire's name; not what never came."""
        book, chains = self.book.newest[: len(self._is_index)], self._is_index
        newest = {
            "equity_feed": self.underlyings.newest_quote(),
            "index_feed": self.underlyings.newest_value(),
            "index_options_feed": newest_in(book[chains]),
            "equity_options_feed": newest_in(book[~chains]),
        }
        return self.arrivals | {name: at for name, at in newest.items() if at is not None}

    def _grow(self) -> None:
        chains, size = self.contracts.chains, len(self.contracts)
        self.book.grow(size, len(chains))
        self.settled.grow(size)
        self.flow.grow(size, self.contracts.chain)
        self.marks.grow(self.contracts)
        for chain in chains[len(self._ahead) :]:
            self._ahead.append(expiry_distance(self.hours, chain, self._calendar))
        self._whole_sessions = np.array([float(a.whole_sessions) for a in self._ahead])
        self._is_index = np.array([root_info(c.root).is_index for c in chains], np.bool_)
        numbers = [self.underlyings.number(chain.symbol) for chain in chains]
        self._underlying = np.array(numbers, np.intp)
        self._traded = grown(self._traded, max(numbers, default=-1) + 1, 0)

    def _positions(self, batch: Batch) -> I32:
        return self.instruments.positions(batch.dataset, batch.records)

    def _apply_statistics(self, batch: Batch, now: int) -> None:
        if self._kinds[batch.dataset] == OPTIONS:
            self.settled.apply(batch.records, self._positions(batch))
            if (batch.records["stat_type"] == STAT_OPEN_INTEREST).any():
                self._note("oi_feed", batch, now)

    def _apply_underlying(self, batch: Batch, now: int) -> None:
        numbers = self._positions(batch)
        if batch.schema in CADENCE:
            cadence = max(CADENCE[batch.schema], self._cadence)
            self.underlyings.apply_quotes(batch.records, numbers, cadence, now)
        elif self._kinds[batch.dataset] == "index":
            self.underlyings.apply_values(batch.records, numbers, now)

    def _known(self, batches: tuple[Batch, ...]) -> tuple[Batch, ...]:
        """The batches; none before there is any contract that they could be about."""
        if len(self.contracts):
            return batches
        for batch in batches:
            self._positions(batch)  # counts them
        return ()

    def _arrive(self, batch: Batch, end: int) -> _ValuedTrades:
        """Value trades at what stands as their tick begins, a second before its `end`."""
        before = end - SECOND
        repeated = self.repeats.find(batch.records, end)
        positions = self._positions(batch)
        positions[repeated] = NO_POSITION
        self._note("flow_feed", batch, end)
        valued = self.marks.value(
            positions,
            self.contracts,
            self.book,
            stale=self.book.stale(before),
            tau=self._tau(before),
            own_price=self.underlyings.own_prices(before)[self._underlying],
        )
        taps = None if batch.schema in _QUOTED else self.book.taps(batch.records, positions)
        return _ValuedTrades(batch, positions, valued, taps)

    def _judge(self, arrived: _ValuedTrades, now: int) -> ClassifiedTrades:
        batch, positions = arrived.batch, arrived.positions
        records = batch.records
        taps, chain = arrived.taps, self.contracts.chain
        self._traded[self._underlying[chain[positions[positions >= 0]]]] = True
        trades = Trades.of(
            records,
            positions,
            standing=embedded_quotes(records) if taps is None else taps.standing,
            valued=arrived.valued,
            conditions=batch.conditions,
            # A quote that came with its trade is as fresh as the trade.
            stale=None if taps is None else self.book.stale(now)[chain[positions]],
            cancels=batch.cancels,
        )
        return ClassifiedTrades(
            batch, positions, self.flow.apply(trades, batch.first), arrived.valued
        )

    def _tau(self, now: int) -> F64:
        """Time to expiry by chain number, years of 252 sessions."""
        return tau_years(now, self.hours.open, self.hours.close, self._whole_sessions)

    def _note(self, feed: str, batch: Batch, now: int) -> None:
        newest = min(int(batch.records["ts_recv"].max()), now)
        self.arrivals[feed] = max(self.arrivals.get(feed, newest), newest)
