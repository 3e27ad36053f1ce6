"""One market day in motion: ticks in, the state of any chain out.

A session owns every array that a tick may change. It reads no file and no clock: its time is the
end of the last tick. At each sample the smiles are solved; between samples a state is a pure
function of what the ticks brought, and asking for it changes nothing.
"""

import datetime
from collections.abc import Mapping, Sequence

import numpy as np

from zerodte.config import MINUTE, SAMPLE_INTERVAL
from zerodte.engine.book import Book
from zerodte.engine.instant import Instant, Spot, gather
from zerodte.engine.settled import Settled
from zerodte.engine.state import Anchor, ChainState, evaluate, spot_of
from zerodte.engine.surface import chain_forward, solve_smile
from zerodte.engine.underlying import Underlyings
from zerodte.market.calendar import Calendar, TradingSession, new_york
from zerodte.market.contracts import Chain
from zerodte.market.roots import root_info
from zerodte.records.dbn import CADENCE, STAT_OPEN_INTEREST
from zerodte.records.digest import InputsDigest
from zerodte.records.tick import Batch, Tick
from zerodte.session.clock import Ahead, ahead_of, clock_at
from zerodte.session.instruments import OPTIONS, Instruments
from zerodte.session.sampling import ChainSample, anchor_chain, near_chains, sample_chain, total

_MIDNIGHT = datetime.time()
_DAY = datetime.timedelta(days=1)


class Session:
    """The market of one day, all symbols.

    Attributes:
        hours: The trading session.
        now: End of the last tick, UTC ns; midnight in New York until there is one.
    """

    def __init__(
        self,
        hours: TradingSession,
        calendar: Calendar,
        kinds: Mapping[str, str],
        cadence: int = 0,
    ) -> None:
        """Begin a day.

        Args:
            hours: The trading session.
            calendar: For the expiries after it.
            kinds: options, equity or index, by dataset.
            cadence: Interval at which the tape's own source speaks, ns; 0 when it says nothing.
        """
        self.hours = hours
        self.now = new_york(hours.date, _MIDNIGHT)
        self._calendar = calendar
        self._kinds = kinds
        self._cadence = cadence
        self._underlyings = Underlyings(cadence)
        self._instruments = Instruments(self._underlyings)
        self._contracts = self._instruments.contracts
        self._book = Book()
        self._settled = Settled(self.now, new_york(hours.date + _DAY, _MIDNIGHT))
        self._digest = InputsDigest()
        self._ahead: dict[int, Ahead] = {}
        self._samples: dict[int, ChainSample] = {}
        self._sampled = hours.open
        self._arrivals: dict[str, int] = {}

    # Ticks in

    def learn(self, dataset: str, symbols: Mapping[int, str]) -> None:
        """Take instruments that are known before the first tick: raw symbol by instrument id."""
        self._instruments.learn(dataset, self._kinds[dataset], symbols)
        self._grow()

    def apply(self, tick: Tick) -> None:
        """Take the next tick; ticks come in order of their ends."""
        self._sample(tick.end - 1)
        for batch in tick.definitions:
            self._instruments.define(batch.dataset, self._kinds[batch.dataset], batch.records)
            self._grow()
        for batch in tick.statistics:
            self._apply_statistics(batch)
        for batch in tick.underlying:
            self._apply_underlying(batch)
        for batch in tick.quotes:
            places = self._instruments.positions(batch.dataset, batch.records)
            cadence = max(CADENCE[batch.schema], self._cadence)
            self._book.apply(batch.records, places, self._contracts.chain, cadence)
        for batch in tick.trades:
            self._arrived("flow_feed", batch)
        self._digest.update(tick)
        self.now = tick.end
        self._sample(tick.end)

    def advance(self, now: int) -> None:
        """Let time pass without records, to `now` (UTC ns)."""
        self._sample(now)
        self.now = max(self.now, now)

    # States out

    @property
    def is_open(self) -> bool:
        """Whether now lies in the session, its close included."""
        return self.hours.open <= self.now <= self.hours.close

    @property
    def previous_date(self) -> datetime.date:
        """The date of the session before."""
        return self._calendar.previous(self.hours.date).date

    @property
    def digest(self) -> str:
        """Of every record up to now, 16 hexadecimal digits."""
        return self._digest.hexdigest()

    def symbols(self) -> list[str]:
        """The underlyings that have contracts, sorted."""
        return self._contracts.symbols()

    def chain(self, symbol: str, expiry: datetime.date | None = None) -> Chain | None:
        """The PM-settled chain of a symbol that expires on `expiry`, by default today.

        None for what expired before today, though a feed may still list it.
        """
        date = expiry or self.hours.date
        return self._contracts.same_day(symbol, date) if date >= self.hours.date else None

    def next_expiry(self, symbol: str) -> datetime.date | None:
        """The next day after today on which a PM-settled chain of the symbol expires."""
        return self._contracts.next_same_day(symbol, self.hours.date)

    def spot(self, symbol: str) -> Spot | None:
        """The symbol's price: its own if fresh, else its nearest chain's forward, else None."""
        own = self._underlyings.own_price(symbol, self.now)
        for chain in self._open_chains(symbol):
            forward = chain_forward(self._instant(chain), np.nan)
            if np.isfinite(forward):
                return spot_of(own, forward)
        return own

    def state(self, chain: Chain, *, settled: bool = False) -> ChainState | None:
        """Everything about a chain now; None while no quote of it can be used.

        Args:
            chain: One of this session's.
            settled: On the morning's open interest instead of the effective one.
        """
        spot = self.spot(chain.symbol)
        instant = self._instant(chain)
        if spot is None:
            return None
        forward = chain_forward(instant, spot.value)
        sample = self._samples.get(chain.number)
        smile = sample.smile if sample else None
        if sample is None or sample.at < self._sampled:  # it has no sample, or missed the last
            smile = solve_smile(instant, forward) or smile
        if smile is None:
            return None
        instant = instant.settled() if settled else instant
        return evaluate(instant, smile, forward, spot, self._anchor(chain.symbol, spot))

    def any_state(self, symbol: str) -> ChainState | None:
        """The state of the symbol's nearest chain that has one."""
        states = (self.state(chain) for chain in self._open_chains(symbol))
        return next((state for state in states if state), None)

    def total_net_gex(self, state: ChainState, *, settled: bool = False) -> float:
        """Net GEX of a symbol's whole chain: `state` as it is now, the others at their samples."""
        mine = state.instant.chain
        others = (
            self._samples.get(chain.number) or self._sample_of(chain, state.spot)
            for chain in self._open_chains(mine.symbol)
            if chain.number != mine.number
        )
        nets = [s.settled_net_gex if settled else s.net_gex for s in others if s is not None]
        return total([state.exposures.net_gex, *nets])

    def vix(self) -> float:
        """The VIX index where the tape carries it, in points; NaN where not."""
        return self._underlyings.index_value("VIX", self.now)

    def arrivals(self) -> dict[str, int]:
        """When each kind of input last arrived, UTC ns; what never came is left out."""
        chains = self._contracts.chains
        newest: dict[str, int | None] = {
            "equity_feed": self._underlyings.newest_quote(),
            "index_feed": self._underlyings.newest_value(),
        }
        for chain in chains:
            kind = "index" if root_info(chain.root).is_index else "equity"
            name = f"{kind}_options_feed"
            if (spoke := self._book.newest_of(chain.number)) is not None:
                newest[name] = max(newest.get(name) or spoke, spoke)
        return self._arrivals | {name: at for name, at in newest.items() if at is not None}

    def notices(self) -> list[str]:
        """What a reader should know of the whole tape so far, counted."""
        counts = self._settled.refused + self._contracts.rejected
        unknown = sum(self._instruments.unknown.values())
        if unknown:
            counts["records of unknown instruments"] += unknown
        return [f"{reason}: {count} left out" for reason, count in sorted(counts.items())]

    # Inside

    def _grow(self) -> None:
        size = len(self._contracts)
        self._book.grow(size, len(self._contracts.chains))
        self._settled.grow(size)

    def _apply_statistics(self, batch: Batch) -> None:
        if self._kinds[batch.dataset] == OPTIONS:
            places = self._instruments.positions(batch.dataset, batch.records)
            self._settled.apply(batch.records, places)
            if (batch.records["stat_type"] == STAT_OPEN_INTEREST).any():
                self._arrived("oi_feed", batch)

    def _apply_underlying(self, batch: Batch) -> None:
        numbers = self._instruments.positions(batch.dataset, batch.records)
        if batch.schema in CADENCE:
            self._underlyings.apply_quotes(
                batch.records, numbers, max(CADENCE[batch.schema], self._cadence)
            )
        elif self._kinds[batch.dataset] == "index":
            self._underlyings.apply_values(batch.records, numbers)

    def _arrived(self, feed: str, batch: Batch) -> None:
        newest = int(batch.records["ts_recv"].max())
        self._arrivals[feed] = max(self._arrivals.get(feed, newest), newest)

    def _open_chains(self, symbol: str) -> list[Chain]:
        """The symbol's chains that can still trade, the nearest expiry first."""
        today = self.hours.date
        return [
            chain
            for chain in self._contracts.expiries(symbol)
            if chain.expiry > today or (chain.expiry == today and not chain.am_settled)
        ]

    def _ahead_of(self, chain: Chain) -> Ahead:
        ahead = self._ahead.get(chain.number)
        if ahead is None:
            ahead = self._ahead[chain.number] = ahead_of(self.hours, chain, self._calendar)
        return ahead

    def _instant(self, chain: Chain) -> Instant:
        official = gather(self._settled.open_interest, chain)
        return Instant(
            chain=chain,
            clock=clock_at(self.now, self.hours, self._ahead_of(chain)),
            fresh=self._book.is_fresh(chain.number, self.now),
            newest=self._book.newest_of(chain.number),
            bid=gather(self._book.bid, chain),
            ask=gather(self._book.ask, chain),
            official=official,
            effective=np.maximum(official, 0.0),
            volume=gather(self._settled.volume, chain),
            oi_as_of=self._settled.as_of if np.isfinite(official).any() else None,
        )

    def _anchor(self, symbol: str, spot: Spot) -> Anchor:
        chain = anchor_chain(self._open_chains(symbol), self.hours.date)
        if chain is None:
            return Anchor()
        sample = self._samples.get(chain.number) or self._sample_of(chain, spot)
        return sample.anchor if sample else Anchor()

    def _sample(self, until: int) -> None:
        """Take the newest sample that is due at or before `until`."""
        until = min(until, self.hours.close)
        at = until - until % SAMPLE_INTERVAL
        if at <= self._sampled:
            return
        self.now = self._sampled = at
        for symbol in self.symbols():
            self._sample_symbol(symbol)

    def _sample_symbol(self, symbol: str) -> None:
        """Near expiries at every sample, the rest of the chain each minute."""
        spot = self.spot(symbol)
        if spot is None:
            return
        chains: Sequence[Chain] = self._open_chains(symbol)
        if self.now % MINUTE:
            chains = near_chains(chains, self.hours.date)
        for chain in chains:
            if sample := self._sample_of(chain, spot):
                self._samples[chain.number] = sample

    def _sample_of(self, chain: Chain, spot: Spot) -> ChainSample | None:
        instant = self._instant(chain)
        return sample_chain(instant, chain_forward(instant, spot.value), spot.value)
