"""One market day in motion: ticks in, the reading of any chain and the samples out.

A session reads no file and no clock: its time is the end of the last tick. At each sample the
smiles are solved and the same-day chains are stored. Between samples a reading is a pure function
of what the ticks brought, and asking for it changes nothing. At a sample it is the sample's own,
which whoever asks first takes.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from zerodte.clock import new_york
from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.decision.event import ahead
from zerodte.engine.chain_inputs import Spot
from zerodte.engine.state import ChainState, evaluate
from zerodte.market.calendar import Calendar, TradingSession
from zerodte.market.contracts import Chain
from zerodte.market.trading_hours import in_session, trades_until
from zerodte.records.digest import FIRST_OWNER, UNOWNED
from zerodte.records.tick import Tick
from zerodte.session.chain_observation import observe
from zerodte.session.decision import Decision
from zerodte.session.group_reading import GroupReading, chains_at_last, chains_now
from zerodte.session.market_state import ClassifiedTrades, MarketState
from zerodte.session.reading import Reading, by_rule, is_old, last_with_strikes, reading_at
from zerodte.session.sample import Gap, SampleContext, SampleDay
from zerodte.session.sampler import Sampler
from zerodte.session.settings import DEFAULT_SETTINGS, SessionSettings

_ON_TIME: Final[Mapping[str, int]] = MappingProxyType({})


def _no_pause() -> None:
    """Go on to the next symbol of a sample."""


class Session:
    """The market of one day, all symbols.

    Attributes:
        hours: The trading session.
        settings: What decisions are told besides the data.
        now: End of the last tick, UTC ns; midnight in New York until there is one.
        complete: The same, once the tick's sample is taken; UTC ns.
        market: The arrays that ticks change; read only.
    """

    def __init__(
        self,
        hours: TradingSession,
        calendar: Calendar,
        kinds: Mapping[str, str],
        cadence: int = 0,
        settings: SessionSettings = DEFAULT_SETTINGS,
        delays: Mapping[str, int] = _ON_TIME,
    ) -> None:
        """Begin a day.

        Args:
            hours: The trading session.
            calendar: For the expiries after it.
            kinds: options, equity or index, by dataset.
            cadence: Interval at which the tape's own source speaks, ns; 0 when it says nothing.
            settings: What decisions are told besides.
            delays: How late the records of a dataset are, ns, where they are late as a whole.
        """
        self.settings = settings
        self.hours = hours
        self.now = self.complete = new_york(hours.date, datetime.time())
        self._calendar = calendar
        self.market = MarketState(hours, calendar, kinds, cadence, delays, settings.open_interest)
        self._contracts = self.market.contracts
        self._sampler = Sampler(self.market, hours, settings)
        self._import_warnings: Mapping[str, tuple[str, ...]] = {}

    # Ticks in

    def learn(self, dataset: str, symbols: Mapping[int, str]) -> None:
        """Take instruments that are known before the first tick: raw symbol by instrument id."""
        self.market.learn(dataset, symbols)

    def note_imports(self, warnings: Mapping[str, tuple[str, ...]]) -> None:
        """Say, in all answers of a symbol, what an import could not read: sentences by symbol."""
        self._import_warnings = warnings

    def apply(self, tick: Tick, pause: Callable[[], None] = _no_pause) -> list[ClassifiedTrades]:
        """Take the next tick; ticks come in order of their ends.

        Args:
            tick: The tick.
            pause: Called between the symbols of a sample. Meanwhile every symbol may be read, but
                not every one has this sample yet, so only instants up to `complete` are past.

        Returns:
            The tick's trades, each with its side and the rule that decided.
        """
        self._pass(tick.end - SECOND)
        if tick.gap:
            self.note_gap(tick.end - SECOND, tick.end, tick.gap)
        classified = self.market.apply(tick)
        self.now = tick.end
        self._sample(pause)
        self.complete = self.now
        return classified

    def advance(self, now: int, pause: Callable[[], None] = _no_pause) -> None:
        """Let time pass without records, to `now` (UTC ns); `pause` as in `apply`."""
        self._pass(now, pause)
        self.now = self.complete = max(self.now, now)

    def note_gap(self, start: int, end: int, reason: str) -> None:
        """Say that nothing could be received from `start` to `end` (UTC ns), and why.

        It holds for every symbol, and replaces silences over the same span.
        """
        self.market.inputs.gaps.report(start, end, reason)

    # Samples out

    def samples(self, symbol: str, *, until_now: bool = False) -> SampleDay | None:
        """The samples of the symbol's same-day chain so far; None where there is none yet.

        Args:
            symbol: Whose.
            until_now: Whether to take the symbol's part of a sample that is under way first. Who
                reads many symbols had better wait for it.
        """
        sampler = self._sampler
        buffer = sampler.current_buffer(symbol) if until_now else sampler.buffer(symbol)
        return None if buffer is None else buffer.day(self.gaps(symbol, self.now))

    def gaps(self, symbol: str | None, now: int) -> tuple[Gap, ...]:
        """The gaps up to `now` (UTC ns), until which the tape should have data; ascending.

        Args:
            symbol: One that the session knows: where none of its own quotes, trades and prices
                came, or one kind of them fell silent. None for the whole session: where no symbol
                had any.
            now: UTC ns.
        """
        inputs = self.market.inputs
        if symbol is None:
            return inputs.gaps.gaps(UNOWNED, now)
        owner = FIRST_OWNER + self._number(symbol)
        gaps = (*inputs.gaps.gaps(owner, now), *inputs.watch.gaps(owner, now))
        return tuple(sorted(gaps, key=lambda gap: gap.start))

    def silent_inputs(self) -> list[str]:
        """Kinds of input that are silent now while others of their symbol go on, in words."""
        watch, names = self.market.inputs.watch, self.market.underlyings.symbols
        return [
            f"{names[owner - FIRST_OWNER]}: {text}"
            for owner in watch.silent_owners().tolist()
            for text in watch.lasting(owner)
        ]

    # Readings out

    @property
    def is_open(self) -> bool:
        """Whether now lies in the session of stocks, its close included."""
        return self.hours.open <= self.now <= self.hours.close

    def is_open_for(self, symbol: str, expiry: datetime.date | None = None) -> bool:
        """Whether contracts of a symbol that expire on `expiry`, by default today, trade now."""
        return in_session(symbol, expiry or self.hours.date, self.hours, self.now)

    def has_trades(self, symbol: str) -> bool:
        """Whether a trade of the symbol has come so far; without any, flow is unknown, not zero."""
        return self.market.has_trades(symbol)

    @property
    def previous_date(self) -> datetime.date:
        """The date of the session before."""
        return self._calendar.previous(self.hours.date).date

    @property
    def digest(self) -> str:
        """Of every record up to now, 16 hexadecimal digits; of one symbol's, see `context`."""
        return self.market.inputs.digests.whole_hexdigest()

    def symbols(self) -> list[str]:
        """The underlyings that have contracts, sorted."""
        return self._contracts.symbols()

    def chain(self, symbol: str, expiry: datetime.date | None = None) -> Chain | None:
        """The PM-settled chain of a symbol that expires on `expiry`, by default today.

        None for what expired before today, though a feed may still list it.
        """
        date = expiry or self.hours.date
        if date == self.hours.date:
            return self._sampler.today(symbol)
        return self._contracts.same_day(symbol, date) if date > self.hours.date else None

    def next_expiry(self, symbol: str) -> datetime.date | None:
        """The next day after today on which a PM-settled chain of the symbol expires."""
        return self._contracts.next_same_day(symbol, self.hours.date)

    def next_chain(self, symbol: str) -> Chain | None:
        """The symbol's next chain: today's before the open, else that of the next expiry."""
        today = self._sampler.today(symbol)
        if today is not None and self.now < self.hours.open:
            return today
        expiry = self.next_expiry(symbol)
        return None if expiry is None else self.chain(symbol, expiry)

    def spot(self, symbol: str) -> Spot | None:
        """The symbol's price: its own if fresh, else its nearest chain's forward, else None."""
        return self._sampler.spot(symbol, self.now)

    def reading(self, chain: Chain, *, settled: bool = False) -> Reading | None:
        """Everything about a chain now; None while no quote of it can be used.

        Args:
            chain: One of this session's.
            settled: On the morning's open interest instead of the effective one.
        """
        buffer = self._sampler.current_buffer(chain.symbol)
        if buffer and buffer.number == chain.number and buffer.last == self.now:
            day = buffer.day(())
            return reading_at(day, len(day) - 1, settled=settled)
        return self._live(chain, self.now, settled=settled)

    def decision(self, chain: Chain) -> Decision | None:
        """The decision of a chain's last sample; None where none stands, or it has no samples."""
        buffer = self._sampler.current_buffer(chain.symbol)
        return buffer.decision if buffer and buffer.number == chain.number else None

    def last_reading(self, chain: Chain, *, settled: bool = False) -> Reading | None:
        """A chain as it was last: at its last sample with figures, else at its last quote.

        Before the open, open interest of before the session's date stands in for what it has not
        published yet.

        Args:
            chain: One of this session's.
            settled: As for `reading`.
        """
        buffer = self._sampler.current_buffer(chain.symbol)
        if buffer and buffer.number == chain.number:
            day = buffer.day(())
            if (row := last_with_strikes(day)) is not None:
                return reading_at(day, row, settled=settled)
        newest = self.market.book.newest_of(chain.number)
        if newest is None:
            return None
        at = min(newest, self.now)
        return self._live(chain, at, settled=settled, is_provisional=at < self.hours.open)

    def chains(self, symbol: str, expiry: datetime.date | None = None) -> list[Chain]:
        """The symbol's chains, the nearest expiry first.

        Args:
            symbol: Whose.
            expiry: The one of that day alone: the PM-settled one where there is one. None for all
                that can still trade; where none can any more, for all of the session.
        """
        found = self._sampler.listing(symbol).chains
        if expiry is None:
            return [one for one in found if not self._is_over(one)] or list(found)
        chain = self.chain(symbol, expiry)
        return [one for one in found if one.expiry == expiry] if chain is None else [chain]

    def _is_over(self, chain: Chain) -> bool:
        """Whether a chain has traded for the last time."""
        last_day = chain.expiry == self.hours.date
        return last_day and self.now > trades_until(chain.symbol, chain.expiry, self.hours)

    def group_reading(self, chains: Sequence[Chain]) -> GroupReading:
        """Chains of one symbol together, now; outside the session as they were last.

        Args:
            chains: At least one of `chains`.
        """
        symbol, at = chains[0].symbol, self.now
        if self.is_open:
            group, spot = chains_now(self.market, self._sampler, chains, at)
        else:
            group, spot, at = chains_at_last(
                self.market, self._sampler, chains, at, self.hours.open
            )
        context = replace(self.context(symbol), at=at)
        return GroupReading(group, spot, self.has_trades(symbol), context)

    def state(self, chain: Chain, *, settled: bool = False) -> ChainState | None:
        """The `state` of the chain's reading."""
        reading = self.reading(chain, settled=settled)
        return None if reading is None else reading.state

    def any_state(self, symbol: str) -> ChainState | None:
        """The state of the symbol's nearest chain that has one."""
        states = (self.state(chain) for chain in self._sampler.listing(symbol).chains)
        return next((state for state in states if state), None)

    def context(self, symbol: str) -> SampleContext:
        """The inputs of a symbol up to now: its own and the shared index values.

        Args:
            symbol: One that the session knows.
        """
        return SampleContext(
            at=self.now,
            digest=self.market.inputs.digests.hexdigest(FIRST_OWNER + self._number(symbol)),
            arrivals=self.arrivals(symbol),
            scheduled=self._scheduled(),
            notices=tuple(self.notices(symbol)),
            vix=self.market.underlyings.index_value("VIX", self.now),
        )

    def arrivals(self, symbol: str | None = None) -> dict[str, int]:
        """When each kind of input last arrived, UTC ns; what never came is left out.

        Args:
            symbol: Its own inputs and the shared index values. None for all inputs.
        """
        return self.market.arrivals(symbol)

    def left_out(self, symbol: str | None = None) -> dict[str, int]:
        """Records that could not be used so far, by reason.

        Args:
            symbol: Its own records. None for all, those that belong to no symbol included.
        """
        return self.market.left_out(symbol)

    def notices(self, symbol: str | None = None) -> list[str]:
        """What a reader should know of the inputs so far, counted; `symbol` as of `left_out`."""
        notices = self._import_notices(symbol)
        notices += [f"{reason}: {n} left out" for reason, n in self.left_out(symbol).items()]
        if symbol is None:
            notices += self.silent_inputs()
            known = self.symbols()
            notices += [
                f"the calibration of {name} is not used: no contract of {name} is here"
                for name in self.settings.calibrations
                if known and name not in known
            ]
        else:
            file = self.settings.calibrations.get(symbol)
            if file is not None and file.last >= self.hours.date:
                notices.append(
                    f"the calibration of {symbol} was fitted on sessions up to {file.last}: its "
                    "scores do not hold for this one, which it may have seen"
                )
            owner = FIRST_OWNER + self._number(symbol)
            if len(datasets := self.market.inputs.trade_datasets(owner)) > 1:
                notices.append(
                    f"trades of options come in {' and in '.join(datasets)}: one that is in both "
                    "counts twice"
                )
            notices += self.market.inputs.watch.lasting(owner)
            notices += [
                f"{symbol}'s own quote is too wide to be a price: {bid:.2f} x {ask:.2f}"
                for bid, ask in self.market.underlyings.too_wide(symbol, self.now)
            ]
        far = self.market.far_outside(symbol)
        return [*notices, f"trades far outside of the quotes: {far}"] if far else notices

    # Inside

    def _import_notices(self, symbol: str | None) -> list[str]:
        if symbol is not None:
            return list(self._import_warnings.get(symbol, ()))
        by_symbol = self._import_warnings.items()
        return [f"{name}: {text}" for name, texts in by_symbol for text in texts]

    def _scheduled(self) -> tuple[str, ...]:
        """The events that are still to come today, or have just come."""
        coming = ahead(self.settings.events, self.now, self.hours.close)
        return tuple(event.words for event in coming)

    def _number(self, symbol: str) -> int:
        return self.market.underlyings.number(symbol)

    def _live(
        self, chain: Chain, now: int, *, settled: bool, is_provisional: bool = False
    ) -> Reading | None:
        """A reading at `now` (UTC ns) from what ticks brought since the last sample."""
        sampler = self._sampler
        if (spot := sampler.spot(chain.symbol, now)) is None:
            return None
        (observation,) = observe(self.market, [chain], now, is_provisional=is_provisional)
        forward = observation.forward_near(spot)
        found = sampler.smile(observation, forward)
        if found is None:
            return None
        anchor = sampler.anchor(chain.symbol, now, spot)
        live = evaluate(observation.instant, *found, forward, spot, anchor)
        return Reading(
            state=live.settled() if settled else live,
            live=live,
            others_net_gex=sampler.others(chain, now, spot)[settled],
            inventory=observation.book(live.surface, spot),
            purchases=observation.purchases(),
            interest=observation.interest,
            has_trades=observation.has_trades,
            smile_is_old=is_old(live.smile_at, min(sampler.sampled, now)),
            apart=self.market.underlyings.disagreement(chain.symbol, now),
            volume_by_rule=by_rule(observation.by_rule),
            context=replace(self.context(chain.symbol), at=now),
        )

    def _pass(self, until: int, pause: Callable[[], None] = _no_pause) -> None:
        """Let silent seconds pass, so that a replay samples when a live session would have.

        Nobody may read what lies between; `pause` is for the sample of the last second.
        """
        first = max(self.now, self.hours.open) // SECOND * SECOND + SECOND
        opening = self.hours.open + SAMPLE_INTERVAL
        for now in range(first, min(until, opening - SECOND) + 1, SECOND):
            self.now = now
            self._sample(pause if now == until else _no_pause)
        first = max(first, opening)
        first += -first % SAMPLE_INTERVAL
        for now in range(first, min(until, self.hours.close) + 1, SAMPLE_INTERVAL):
            self.now = now
            self._sample(pause if now == until else _no_pause)

    def _sample(self, pause: Callable[[], None]) -> None:
        """Take the sample that is due now, if one is."""
        if self._sampler.is_due(self.now):
            self._sampler.take(self.now, self.context, pause)
        elif self._sampler.is_opening(self.now):
            self._sampler.begin(self.now)
