"""Every array that a tick may change, and how a tick changes it.

Within a tick: definitions and statistics; then trades are valued at what stood when the tick
began; then underlyings and quotes; and last the trades, each against the quote just before it.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, I32, I64, Bool
from zerodte.clock import new_york
from zerodte.constants import (
    LONG_TERM_DAYS,
    MOST_EXPIRIES,
    MOST_OF_CHAIN,
    OPEN_INTEREST_METHOD,
    SECOND,
    SHARED_INDICES,
    SINGLE_LISTED,
)
from zerodte.engine.aggressor import SideRule
from zerodte.engine.book import (
    NEVER_QUOTED,
    PrevailingQuotes,
    QuoteBook,
    embedded_quotes,
    grown,
    patience_for,
)
from zerodte.engine.chain_inputs import CALL, PUT, ChainClock, gather
from zerodte.engine.flow import ContractTerms, FlowLedger
from zerodte.engine.plausibility import believed_parity
from zerodte.engine.price_range import PriceRanges
from zerodte.engine.repeats import Repeats
from zerodte.engine.settled import SettledInterest
from zerodte.engine.trade_valuation import TradeValuation
from zerodte.engine.trades import Classifications, Trades, TradeValues
from zerodte.engine.underlying import Underlyings
from zerodte.market.calendar import Calendar, TradingSession
from zerodte.market.contracts import NO_POSITION, Chain
from zerodte.market.roots import root_info
from zerodte.market.trading_hours import trades_until
from zerodte.pricing.clock import tau_years
from zerodte.pricing.forward import NO_PARITY, Parity, parity_of
from zerodte.records.dbn import CADENCE, STAT_OPEN_INTEREST, UNDEF_TIME
from zerodte.records.digest import FIRST_OWNER, SHARED
from zerodte.records.tick import Batch, Tick
from zerodte.session.expiry_distance import ExpiryDistance, clock_at, expiry_distance
from zerodte.session.input_watch import OWN_QUOTES, VALUES
from zerodte.session.instruments import OPTIONS, Instruments
from zerodte.session.sample import ARRIVALS
from zerodte.session.symbol_inputs import RoutedBatch, SymbolInputs

_MIDNIGHT = datetime.time()
#: Facts of the day, which say the same however often they come.
_REFERENCE = ("definition", "statistics")
_DUPLICATES = "records that two files have"
_CONTRADICTIONS = "definitions that contradict the first of their instrument"
_MISDATED = "trades of another session"
_STRANGE_VALUES = "index values of another session, or that cannot be"
_BEYOND = (
    f"contracts beyond the {MOST_OF_CHAIN:,} of an expiry or the {MOST_EXPIRIES} expiries of a root"
)
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
    classifications: Classifications
    valued: TradeValues


@dataclass(frozen=True, eq=False, slots=True)
class _ValuedTrades:
    """Trades of a tick before they are classified; `prevailing` only where they carry no quote."""

    batch: Batch
    positions: I32
    valued: TradeValues
    prevailing: PrevailingQuotes | None


class MarketState:
    """The market of one day as arrays by contract, all symbols.

    Attributes:
        hours: The trading session.
        underlyings: Prices of stocks and indices.
        price_ranges: Their ranges since the last sample.
        instruments: What ids mean.
        contracts: The contracts whose positions all arrays share.
        book: Standing quotes.
        settled: Open interest of the morning, cleared volume.
        flow: What trades added up to.
        marks: The last smiles, by contract.
        repeats: Trades that came twice.
        inputs: What arrived for each symbol.
        oi_method: How trades move open interest.
    """

    def __init__(
        self,
        hours: TradingSession,
        calendar: Calendar,
        kinds: Mapping[str, str],
        cadence: int,
        delays: Mapping[str, int],
        oi_method: str = OPEN_INTEREST_METHOD,
    ) -> None:
        """Begin a day; arguments as for `Session`."""
        self.hours = hours
        self.oi_method = oi_method
        self.underlyings = Underlyings(cadence)
        self.price_ranges = PriceRanges()
        self.instruments = Instruments(self.underlyings)
        self.contracts = self.instruments.contracts
        self.book = QuoteBook()
        self.settled = SettledInterest(
            new_york(hours.date, _MIDNIGHT), new_york(hours.date + _DAY, _MIDNIGHT)
        )
        self.flow = FlowLedger(hours.open, hours.close)
        self.marks = TradeValuation(hours.date)
        self.repeats = Repeats()
        self.inputs = SymbolInputs(hours, cadence)
        self._calendar = calendar
        self._kinds = kinds
        self._cadence = cadence
        self._delays = delays
        self._ahead: list[ExpiryDistance] = []
        self._underlying = np.empty(0, np.intp)
        self._symbol_of = np.empty(0, np.int32)
        self._owner_of_contract = np.empty(0, np.int32)
        self._owner_of_place = np.empty(0, np.int32)
        self._arrivals: I64 | None = None
        self._whole_sessions = np.empty(0)
        self._traded = np.zeros(0, np.bool_)
        self._is_index = np.zeros(0, np.bool_)
        self._duplicates = np.zeros(0, np.int64)
        self._misdated = np.zeros(0, np.int64)
        self._span = calendar.span(hours)
        self._contradictions: I64 | None = None
        self._grown = (0, 0, 0, 0)

    def learn(self, dataset: str, symbols: Mapping[int, str]) -> None:
        """Take instruments: raw symbol by instrument id."""
        self.instruments.learn(dataset, self._kinds[dataset], symbols)
        self._grow()

    def apply(self, tick: Tick) -> list[ClassifiedTrades]:
        """Take a tick."""
        for batch in tick.definitions:
            self.instruments.define(batch.dataset, self._kinds[batch.dataset], batch.records)
            self._grow()
            self.inputs.add_definitions(self._routed(batch))
        for batch in tick.statistics:
            self._apply_statistics(batch, tick.end)
        arrived = [self._arrive(batch, tick.end) for batch in tick.trades]
        arriving = [trades for trades in arrived if trades is not None]
        self._apply_underlyings(tick.underlying, tick.end)
        for batch in tick.quotes:
            positions, delay = self._positions(batch), self._delays.get(batch.dataset, 0)
            patience = patience_for(max(CADENCE[batch.schema], self._cadence), delay)
            routed = self._routed(batch, positions)
            self.inputs.add_quotes(routed, self.contracts.is_call, is_late=delay > 0)
            self.book.apply(batch.records, positions, self.contracts.chain, patience, tick.end)
            for trades in arriving:
                if trades.prevailing is not None and trades.batch.dataset == batch.dataset:
                    self.book.update_prevailing(batch.records, positions, trades.prevailing)
        for batch in tick.duplicates:
            if batch.schema not in _REFERENCE:
                self._count_duplicates(batch)
        self.inputs.close(tick.end)
        self._arrivals = None
        return [self._classify(trades, tick.end) for trades in arriving]

    def has_trades(self, symbol: str) -> bool:
        """Whether a trade of the symbol has come so far; before that, its flow is unknown."""
        return bool(self._traded[self.underlyings.number(symbol)])

    def oi_as_of(self, symbol: str, *, is_provisional: bool = False) -> int | None:
        """Event time of the newest open interest of the symbol's contracts, UTC ns, or None.

        Args:
            symbol: Whose.
            is_provisional: Also of before the session's date, where nothing newer is known.
        """
        number = self.underlyings.number(symbol)
        published = self.settled.as_of(number)
        if published is None and is_provisional:
            return self.settled.earlier_as_of(number)
        return published

    def left_out(self, symbol: str | None) -> dict[str, int]:
        """Records that could not be used so far, by reason.

        Args:
            symbol: Its own records alone. None for all, those of no symbol included.
        """
        settled, flow = self.settled, self.flow
        if symbol is None:
            counts = {reason: int(count.sum()) for reason, count in settled.refused.items()}
            counts |= self.contracts.rejected
            counts[_BEYOND] = self.contracts.beyond.total()
            counts[_DUPLICATES] = int(self._duplicates.sum())
            counts[_CONTRADICTIONS] = self.instruments.contradictions.total()
            counts[_MISDATED] = int(self._misdated.sum())
            counts[_STRANGE_VALUES] = int(self.underlyings.strange_values.sum())
            counts["records of unknown instruments"] = sum(self.instruments.unknown.values())
            repeats, groups = self.repeats.count, np.arange(len(self.contracts.chains))
        else:
            number = self.underlyings.number(symbol)
            counts = {reason: int(count[number]) for reason, count in settled.refused.items()}
            counts[_DUPLICATES] = int(self._duplicates[number])
            if self._contradictions is None:
                self._contradictions = self._contradictions_by_symbol()
            counts[_CONTRADICTIONS] = int(self._contradictions[number])
            counts[_MISDATED] = int(self._misdated[number])
            shown = (self._owner_of_place == SHARED) | (self.underlyings.symbol_of == number)
            counts[_STRANGE_VALUES] = int(self.underlyings.strange_values[shown].sum())
            counts[_BEYOND] = self.contracts.beyond[symbol]
            repeats = self.repeats.count_of(number)
            groups = np.flatnonzero(self._underlying == number)
        counts["trades that came twice"] = repeats
        counts["quotes older than the standing one"] = int(self.book.overtaken[groups].sum())
        for reason, rule in (
            ("trades without a price or size", SideRule.DIRTY),
            ("cancels of unknown trades", SideRule.CANCEL_UNMATCHED),
        ):
            counts[reason] = int(flow.records_by_group(rule)[groups].sum())
        return {reason: count for reason, count in sorted(counts.items()) if count}

    def far_outside(self, symbol: str | None) -> int:
        """Trades far outside of the quotes so far, of a symbol or of all."""
        flow = self.flow
        if symbol is None:
            return flow.far_outside
        return int(flow.far_outside_by_symbol[self.underlyings.number(symbol)])

    def parity(self, chain: Chain, now: int) -> Parity:
        """The chain's put-call parity; `NO_PARITY` where the chain is stale or has none."""
        if not self.book.is_fresh(chain.number, now):
            return NO_PARITY
        bid, ask = gather(self.book.bid, chain), gather(self.book.ask, chain)
        if (chain.expiry - self.hours.date).days > LONG_TERM_DAYS:
            return parity_of(chain.strikes, bid[CALL], ask[CALL], bid[PUT], ask[PUT])
        return believed_parity(chain.strikes, bid, ask)

    def is_open(self, now: int) -> bool:
        """Whether `now` (UTC ns) lies in the session."""
        return self.hours.open <= now <= self.hours.close

    def is_today(self, chain: Chain, now: int) -> bool:
        """Whether a chain expires at the close of the session in which `now` (UTC ns) lies."""
        return chain.expiry == self.hours.date and self.is_open(now)

    def clock(self, chain: Chain, now: int) -> ChainClock:
        """Where `now` (UTC ns) stands in the session, and how far the chain's expiry is."""
        return clock_at(now, self.hours, self._ahead[chain.number])

    def arrivals(self, symbol: str | None) -> dict[str, int]:
        """When each kind of input last arrived, UTC ns, by the wire's name; not what never came.

        Args:
            symbol: Its own inputs and the shared ones. None, or one that is unknown, for all.
        """
        if self._arrivals is None:
            self._arrivals = self._newest_by_symbol()
        number = None if symbol is None else self.underlyings.find(symbol)
        if number is None:
            newest = self._arrivals.max(axis=1, initial=NEVER_QUOTED)
        else:
            newest = self._arrivals[:, number]
        named = zip(ARRIVALS, newest.tolist(), strict=True)
        return {name: at for name, at in named if at != NEVER_QUOTED}

    def _newest_by_symbol(self) -> I64:
        """Receive times by kind of input and symbol, UTC ns; `NEVER_QUOTED` for what never came."""
        prices, numbers = self.underlyings, self._underlying
        out = np.full((len(ARRIVALS), len(prices.symbols)), NEVER_QUOTED)
        rows = dict(zip(ARRIVALS, out, strict=True))
        rows["oi_feed"][:] = self.inputs.newest_interest[FIRST_OWNER:][: out.shape[1]]
        rows["flow_feed"][:] = self.inputs.newest_trades[FIRST_OWNER:][: out.shape[1]]
        np.maximum.at(rows["equity_feed"], prices.symbol_of, prices.newest_quotes)
        values = prices.newest_values
        np.maximum.at(rows["index_feed"], prices.symbol_of, values)
        shared = values[self._owner_of_place == SHARED].max(initial=NEVER_QUOTED)
        np.maximum(rows["index_feed"], shared, out=rows["index_feed"])
        newest, is_index = self.book.newest[: len(numbers)], self._is_index
        np.maximum.at(rows["index_options_feed"], numbers[is_index], newest[is_index])
        np.maximum.at(rows["equity_options_feed"], numbers[~is_index], newest[~is_index])
        return out

    def _grow(self) -> None:
        """Make room for what was listed since."""
        self._contradictions = None
        chains, prices, size = self.contracts.chains, self.underlyings, len(self.contracts)
        new = chains[len(self._ahead) :]
        numbers = np.array([prices.number(chain.symbol) for chain in new], np.intp)
        symbols = len(prices.symbols)
        grown_to = (size, len(chains), len(prices.places), symbols)
        if grown_to == self._grown:
            return
        self._grown, self._arrivals = grown_to, None
        ahead = [expiry_distance(self.hours, chain, self._calendar) for chain in new]
        self._ahead += ahead
        self._whole_sessions = np.append(
            self._whole_sessions, [float(distance.whole_sessions) for distance in ahead]
        )
        self._is_index = np.append(
            self._is_index, np.array([root_info(c.root).is_index for c in new], np.bool_)
        )
        self._underlying = np.append(self._underlying, numbers)
        self._symbol_of = self._underlying.astype(np.int32)[self.contracts.chain]
        self.book.grow(size, len(chains))
        self.marks.grow(self.contracts, self._underlying)
        self.settled.grow(self._symbol_of, symbols)
        is_single = np.array([chain.symbol in SINGLE_LISTED for chain in chains], np.bool_)
        closes = np.array([trades_until(c.symbol, c.expiry, self.hours) for c in chains], np.int64)
        known = self.contracts
        self.flow.grow(
            size,
            known.chain,
            self._symbol_of,
            ContractTerms(known.strike, known.is_call, is_single[known.chain], closes[known.chain]),
        )
        self.repeats.grow(symbols)
        self.inputs.grow(symbols)
        self._traded = grown(self._traded, symbols, 0)
        self._duplicates = grown(self._duplicates, symbols, 0)
        self._misdated = grown(self._misdated, symbols, 0)
        self._owner_of_contract = self._symbol_of + np.int32(FIRST_OWNER)
        self._owner_of_place = prices.symbol_of + np.int32(FIRST_OWNER)
        for place, (dataset, symbol) in enumerate(prices.places):
            if symbol in SHARED_INDICES and self._kinds[dataset] == "index":
                self._owner_of_place[place] = SHARED

    def _positions(self, batch: Batch) -> I32:
        return self.instruments.positions(batch.dataset, batch.records)

    def _routed(self, batch: Batch, positions: I32 | None = None) -> RoutedBatch:
        """A batch with the owners of its records, looked up where `positions` are not given."""
        if positions is None:
            positions = self.instruments.find(batch.dataset, batch.records)
        is_options = self._kinds[batch.dataset] == OPTIONS
        return RoutedBatch(
            batch, positions, self._owner_of_contract if is_options else self._owner_of_place
        )

    def _contradictions_by_symbol(self) -> I64:
        """Definitions that name an instrument otherwise, shape (symbols,)."""
        out = np.zeros(len(self.underlyings.symbols), np.int64)
        counts = self.instruments.contradictions
        for dataset in {dataset for dataset, _ in counts}:
            pairs = [(number, count) for (of, number), count in counts.items() if of == dataset]
            ids, times = np.array(pairs, np.int64).T
            places = self.instruments.places(dataset, ids.astype(np.uint32))
            self._add_by_symbol(out, dataset, places, times)
        return out

    def _count_duplicates(self, batch: Batch) -> None:
        positions = self.instruments.find(batch.dataset, batch.records)
        ones = np.ones(len(positions), np.int64)
        self._add_by_symbol(self._duplicates, batch.dataset, positions, ones)

    def _add_by_symbol(self, counts: I64, dataset: str, positions: I32, added: I64) -> None:
        """Add what belongs to instruments of a dataset to the counts of their symbols."""
        is_options, known = self._kinds[dataset] == OPTIONS, positions >= 0
        symbol_of = self._symbol_of if is_options else self.underlyings.symbol_of
        np.add.at(counts, symbol_of[positions[known]], added[known])

    def _apply_statistics(self, batch: Batch, now: int) -> None:
        if self._kinds[batch.dataset] == OPTIONS:
            positions = self._positions(batch)
            self.settled.apply(batch.records, positions)
            is_interest = batch.records["stat_type"] == STAT_OPEN_INTEREST
            settled = np.unique(positions[is_interest & (positions >= 0)])
            self.flow.settle(settled, self.settled.open_interest[settled])
            self.inputs.add_statistics(self._routed(batch, positions), now)
        else:
            self.inputs.add_definitions(self._routed(batch))

    def _apply_underlyings(self, batches: Sequence[Batch], now: int) -> None:
        """Take prices of underlyings, and note the ranges of those that came in the session."""
        places = [self._apply_underlying(batch, now) for batch in batches]
        if places and self.hours.open < now <= self.hours.close:
            came = np.concatenate(places)
            symbols = self.underlyings.symbol_of[came[came >= 0]]
            self.price_ranges.note(symbols, self.underlyings.own_prices(now))

    def _apply_underlying(self, batch: Batch, now: int) -> I32:
        """Take prices of a dataset.

        Returns:
            The place of each record, shape (m,), negative for none.
        """
        numbers = self._positions(batch)
        kind = OWN_QUOTES if batch.schema in CADENCE else VALUES
        self.inputs.add_underlying(self._routed(batch, numbers), self.underlyings.symbol_of, kind)
        if batch.schema in CADENCE:
            patience = patience_for(max(CADENCE[batch.schema], self._cadence))
            self.underlyings.apply_quotes(batch.records, numbers, patience, now)
        elif self._kinds[batch.dataset] == "index":
            self.underlyings.apply_values(batch.records, numbers, now, self._is_misdated(batch))
        return numbers

    def _arrive(self, batch: Batch, end: int) -> _ValuedTrades | None:
        """Value trades at what stands as their tick begins, a second before its `end`.

        None before there is any contract that they could be of.
        """
        before = end - SECOND
        positions = self._positions(batch)
        self.inputs.add_trades(self._routed(batch, positions), end)
        if not len(self.contracts):
            return None
        symbols = np.where(positions >= 0, self._symbol_of[positions], np.int32(NO_POSITION))
        misdated = self._is_misdated(batch) & (positions >= 0)
        np.add.at(self._misdated, symbols[misdated], 1)
        symbols[misdated] = NO_POSITION
        repeated = self.repeats.find(batch.records, end, symbols)
        positions[repeated | misdated] = NO_POSITION
        valued = self.marks.value(
            positions,
            self.contracts,
            self.book,
            stale=self.book.stale(before),
            tau=self._tau(before),
            own_price=self.underlyings.own_prices(before),
            is_open=self.is_open(before),
        )
        prevailing = (
            None if batch.schema in _QUOTED else self.book.prevailing(batch.records, positions)
        )
        return _ValuedTrades(batch, positions, valued, prevailing)

    def _is_misdated(self, batch: Batch) -> Bool:
        """Which records are of another session, shape (m,); not those without event time."""
        at, (start, end) = batch.records["ts_event"], self._span
        is_other = (at < start) | (at >= end)
        is_misdated: Bool = is_other & (at != 0) & (at != UNDEF_TIME)
        return is_misdated

    def _classify(self, arrived: _ValuedTrades, now: int) -> ClassifiedTrades:
        batch, positions = arrived.batch, arrived.positions
        records = batch.records
        prevailing, chain = arrived.prevailing, self.contracts.chain
        self._traded[self._underlying[chain[positions[positions >= 0]]]] = True
        trades = Trades.of(
            records,
            positions,
            standing=embedded_quotes(records) if prevailing is None else prevailing.standing,
            valued=arrived.valued,
            conditions=batch.conditions,
            # A quote that came with its trade is as fresh as the trade.
            stale=None if prevailing is None else self.book.stale(now)[chain[positions]],
            cancels=batch.cancels,
        )
        return ClassifiedTrades(
            batch, positions, self.flow.apply(trades, batch.first), arrived.valued
        )

    def _tau(self, now: int) -> F64:
        """Time to expiry by chain number, years of 252 sessions."""
        return tau_years(now, self.hours.open, self.hours.close, self._whole_sessions)
