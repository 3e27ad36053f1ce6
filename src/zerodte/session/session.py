"""One market day in motion: ticks in, the reading of any chain and the kept samples out.

A session reads no file and no clock: its time is the end of the last tick. At each sample the
smiles are solved and the same-day chains are kept; between samples a reading is a pure function of
what the ticks brought, and asking for it changes nothing. At a sample it is the sample's own.
"""

import datetime
from collections.abc import Mapping, Sequence

import numpy as np

from zerodte.config import MINUTE, SAMPLE_INTERVAL, SECOND
from zerodte.engine.aggressor import Rule
from zerodte.engine.instant import Instant, Spot
from zerodte.engine.state import Anchor, ChainState, evaluate, outline, spot_of
from zerodte.engine.surface import Smile, solve_smile
from zerodte.market.calendar import Calendar, TradingSession, new_york
from zerodte.market.contracts import Chain
from zerodte.records.digest import InputsDigest
from zerodte.records.tick import Tick
from zerodte.session.board import Board, Judged
from zerodte.session.keep import Keeper
from zerodte.session.reading import Reading, by_rule, is_old, kept_reading
from zerodte.session.sample import Gap, KeptDay, Moment
from zerodte.session.sampling import ChainSample, anchor_chain, near_chains, sample_chain, total
from zerodte.session.silence import Silence
from zerodte.session.taken import Drawn, Taken, quantised


class Session:
    """The market of one day, all symbols.

    Attributes:
        hours: The trading session.
        now: End of the last tick, UTC ns; midnight in New York until there is one.
        board: The arrays that ticks change; to be read only.
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
        self.now = new_york(hours.date, datetime.time())
        self._calendar = calendar
        self.board = Board(hours, calendar, kinds, cadence)
        self._contracts = self.board.contracts
        self._digest = InputsDigest()
        self._silence = Silence(hours, cadence)
        self._samples: dict[int, ChainSample] = {}
        self._sampled = hours.open
        self._keepers: dict[str, Keeper] = {}

    # Ticks in

    def learn(self, dataset: str, symbols: Mapping[int, str]) -> None:
        """Take instruments that are known before the first tick: raw symbol by instrument id."""
        self.board.learn(dataset, symbols)

    def apply(self, tick: Tick) -> list[Judged]:
        """Take the next tick; ticks come in order of their ends.

        Returns:
            The tick's trades, each with its side and the rule that decided.
        """
        self._pass(tick.end - SECOND)
        self._silence.hear(tick)
        if tick.gap:
            self.note_gap(tick.end - SECOND, tick.end, tick.gap)
        judged = self.board.apply(tick)
        self._digest.update(tick)
        self.now = tick.end
        self._sample()
        return judged

    def advance(self, now: int) -> None:
        """Let time pass without records, to `now` (UTC ns)."""
        self._pass(now)
        self.now = max(self.now, now)

    def note_gap(self, start: int, end: int, reason: str) -> None:
        """Say that nothing could be received from `start` to `end` (UTC ns), and why.

        It replaces the silence that was heard meanwhile.
        """
        self._silence.note(start, end, reason)

    # Samples out

    def kept(self, symbol: str) -> KeptDay | None:
        """The samples of the symbol's same-day chain so far; None where there is none yet."""
        keeper = self._keepers.get(symbol)
        return None if keeper is None else keeper.day(self.gaps(self.now))

    def gaps(self, now: int) -> tuple[Gap, ...]:
        """The gaps up to `now` (UTC ns), until which the tape was meant to speak; ascending."""
        return self._silence.gaps(now)

    # Readings out

    @property
    def is_open(self) -> bool:
        """Whether now lies in the session, its close included."""
        return self.hours.open <= self.now <= self.hours.close

    def has_trades(self, symbol: str) -> bool:
        """Whether a trade of the symbol has come so far; without any, flow is unknown, not zero."""
        return self.board.has_trades(symbol)

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
        if date == self.hours.date and (keeper := self._keepers.get(symbol)):
            return self._contracts.chains[keeper.number]
        return self._contracts.same_day(symbol, date) if date >= self.hours.date else None

    def next_expiry(self, symbol: str) -> datetime.date | None:
        """The next day after today on which a PM-settled chain of the symbol expires."""
        return self._contracts.next_same_day(symbol, self.hours.date)

    def spot(self, symbol: str) -> Spot | None:
        """The symbol's price: its own if fresh, else its nearest chain's forward, else None."""
        own = self.board.underlyings.own_price(symbol, self.now)
        for chain in self._open_chains(symbol):
            forward = self.board.parity(chain, self.now)
            if np.isfinite(forward):
                return spot_of(own, forward)
        return own

    def reading(self, chain: Chain, *, settled: bool = False) -> Reading | None:
        """Everything about a chain now; None while no quote of it can be used.

        Args:
            chain: One of this session's.
            settled: On the morning's open interest instead of the effective one.
        """
        keeper = self._keepers.get(chain.symbol)
        if keeper and keeper.number == chain.number and keeper.last == self.now:
            day = keeper.day(())
            return kept_reading(day, len(day) - 1, settled=settled)
        spot = self.spot(chain.symbol)
        if spot is None:
            return None
        instant = self.board.instant(chain, self.now)
        forward = self._forward(chain, spot)
        found = self._smile(chain, instant, forward)
        if found is None:
            return None
        known = *found, forward, spot, self._anchor(chain.symbol, spot)
        live = evaluate(instant, *known)
        return Reading(
            state=evaluate(instant.settled(), *known) if settled else live,
            live=live,
            others_net_gex=self._others(chain, spot)[settled],
            inventory=self.board.inventory(instant, live.surface.greeks, spot.value),
            has_trades=self.has_trades(chain.symbol),
            smile_is_old=is_old(live.smile_at, self._sampled),
            apart=self.board.underlyings.disagreement(chain.symbol, self.now),
            volume_by_rule=by_rule(self.board.flow.volume_of(chain.number)),
            moment=self.moment(),
        )

    def state(self, chain: Chain, *, settled: bool = False) -> ChainState | None:
        """The `state` of the chain's reading."""
        reading = self.reading(chain, settled=settled)
        return None if reading is None else reading.state

    def any_state(self, symbol: str) -> ChainState | None:
        """The state of the symbol's nearest chain that has one."""
        states = (self.state(chain) for chain in self._open_chains(symbol))
        return next((state for state in states if state), None)

    def moment(self) -> Moment:
        """Now, and what all symbols share."""
        vix = self.board.underlyings.index_value("VIX", self.now)
        return Moment(self.now, self.digest, self.arrivals(), tuple(self.notices()), vix)

    def arrivals(self) -> dict[str, int]:
        """When each kind of input last arrived, UTC ns; what never came is left out."""
        return self.board.newest()

    def left_out(self) -> dict[str, int]:
        """Records that could not be used so far, by why."""
        board = self.board
        counts = board.settled.refused + self._contracts.rejected
        counts["records of unknown instruments"] = sum(board.instruments.unknown.values())
        counts["trades that came twice"] = board.repeats.count
        counts["trades without a price or size"] = int(board.flow.records[Rule.DIRTY])
        counts["cancels of unknown trades"] = int(board.flow.records[Rule.CANCEL_UNMATCHED])
        return {reason: count for reason, count in sorted(counts.items()) if count}

    def notices(self) -> list[str]:
        """What a reader should know of the whole tape so far, counted."""
        left_out = [f"{reason}: {n} left out" for reason, n in self.left_out().items()]
        far = self.board.flow.far_outside
        return [*left_out, f"trades far outside of the quotes: {far}"] if far else left_out

    # Inside

    def _open_chains(self, symbol: str) -> list[Chain]:
        """The symbol's chains that can still trade, the nearest expiry first."""
        today = self.hours.date
        return [
            chain
            for chain in self._contracts.expiries(symbol)
            if chain.expiry > today or (chain.expiry == today and not chain.am_settled)
        ]

    def _forward(self, chain: Chain, spot: Spot) -> float:
        """By put-call parity where a strike has both sides, else the underlying's price."""
        forward = self.board.parity(chain, self.now)
        return forward if np.isfinite(forward) else spot.value

    def _smile(self, chain: Chain, instant: Instant, forward: float) -> tuple[Smile, int] | None:
        """The last sample's smile and its time; one of now where there is none or it is old."""
        sample = self._samples.get(chain.number)
        if sample is None or is_old(sample.at, self._sampled):
            solved = solve_smile(instant, forward)
            if solved is not None:
                return solved, self.now
        return None if sample is None else (sample.smile, sample.at)

    def _others(self, chain: Chain, spot: Spot) -> tuple[float, float]:
        """Net GEX of the symbol's other chains at their samples: effective, settled."""
        others = [
            self._samples.get(other.number) or self._sample_of(other, spot)
            for other in self._open_chains(chain.symbol)
            if other.number != chain.number
        ]
        known = [sample for sample in others if sample is not None]
        return total([s.net_gex for s in known]), total([s.settled_net_gex for s in known])

    def _anchor(self, symbol: str, spot: Spot) -> Anchor:
        chain = anchor_chain(self._open_chains(symbol), self.hours.date)
        if chain is None:
            return Anchor()
        sample = self._samples.get(chain.number) or self._sample_of(chain, spot)
        return sample.anchor if sample else Anchor()

    def _pass(self, until: int) -> None:
        """Let silent seconds pass, so that a replay samples when a live session would have."""
        first = max(self.now, self.hours.open) // SECOND * SECOND + SECOND
        opening = self.hours.open + SAMPLE_INTERVAL
        for now in range(first, min(until, opening - SECOND) + 1, SECOND):
            self.now = now
            self._sample()
        first = max(first, opening)
        first += -first % SAMPLE_INTERVAL
        for now in range(first, min(until, self.hours.close) + 1, SAMPLE_INTERVAL):
            self.now = now
            self._sample()

    def _sample(self) -> None:
        """Take the sample that is due now, if one is.

        Before the session's first, chains are solved as soon as they can be: the trades of the
        opening would have no greeks otherwise.
        """
        now, opening = self.now, self.hours.open
        if self._sampled < now <= self.hours.close and now % SAMPLE_INTERVAL == 0:
            self._sampled = now
            moment = self.moment()
            for symbol in self.symbols():
                self._sample_symbol(symbol)
                self._keep(symbol, moment)
        elif opening < now < opening + SAMPLE_INTERVAL:
            for symbol in self.symbols():
                self._sample_symbol(symbol, only_new=True)

    def _sample_symbol(self, symbol: str, *, only_new: bool = False) -> None:
        """Near expiries at every sample, the rest of the chain each minute."""
        spot = self.spot(symbol)
        if spot is None:
            return
        chains: Sequence[Chain] = self._open_chains(symbol)
        if self.now % MINUTE:
            chains = near_chains(chains, self.hours.date)
        for chain in chains:
            if only_new and chain.number in self._samples:
                continue
            if not self.board.book.is_fresh(chain.number, self.now):
                continue
            if sample := self._sample_of(chain, spot):
                self._samples[chain.number] = sample
                self.board.marks.take(chain, sample.smile)

    def _sample_of(self, chain: Chain, spot: Spot) -> ChainSample | None:
        instant = quantised(self.board.instant(chain, self.now))
        return sample_chain(instant, self._forward(chain, spot), spot.value)

    def _keep(self, symbol: str, moment: Moment) -> None:
        """Keep the sample of the symbol's same-day chain, if it has one."""
        chain = self.chain(symbol)
        if chain is None:
            return
        keeper = self._keepers.setdefault(symbol, Keeper(chain, self.hours))
        keeper.take(self._taken(chain), moment)

    def _taken(self, chain: Chain) -> Taken:
        instant = quantised(self.board.instant(chain, self.now))
        spot, sample = self.spot(chain.symbol), self._samples.get(chain.number)
        smile = None if sample is None else sample.smile.on(chain.strikes)
        forward, drawn, anchor, others = np.nan, None, Anchor(), (np.nan, np.nan)
        if spot is not None:
            forward = self._forward(chain, spot)
            anchor, others = self._anchor(chain.symbol, spot), self._others(chain, spot)
        if spot is not None and smile is not None:
            figures = outline(instant, smile, forward, spot.value)
            book = self.board.inventory(instant, figures.surface.greeks, spot.value)
            drawn = Drawn(figures, book)
        return Taken(
            instant=instant,
            spot=spot,
            apart=self.board.underlyings.disagreement(chain.symbol, self.now),
            forward=forward,
            smile=smile,
            smile_at=0 if sample is None else sample.at,
            anchor=anchor,
            others=others,
            traded=self.board.traded(chain),
            drawn=drawn,
        )
