"""One market day in motion: ticks in, the state of any chain out.

A session reads no file and no clock: its time is the end of the last tick. At each sample the
smiles are solved; between samples a state is a pure function of what the ticks brought, and asking
for it changes nothing.
"""

import datetime
from collections.abc import Mapping, Sequence

import numpy as np

from zerodte.config import MINUTE, SAMPLE_INTERVAL, SECOND
from zerodte.engine.aggressor import Rule
from zerodte.engine.instant import Spot
from zerodte.engine.state import Anchor, ChainState, evaluate, spot_of
from zerodte.engine.surface import chain_forward, solve_smile
from zerodte.market.calendar import Calendar, TradingSession, new_york
from zerodte.market.contracts import Chain
from zerodte.market.roots import root_info
from zerodte.records.digest import InputsDigest
from zerodte.records.tick import Tick
from zerodte.session.board import Board, Judged
from zerodte.session.sampling import ChainSample, anchor_chain, near_chains, sample_chain, total


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
        self._samples: dict[int, ChainSample] = {}
        self._sampled = hours.open

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
        judged = self.board.apply(tick)
        self._digest.update(tick)
        self.now = tick.end
        self._sample()
        return judged

    def advance(self, now: int) -> None:
        """Let time pass without records, to `now` (UTC ns)."""
        self._pass(now)
        self.now = max(self.now, now)

    # States out

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

    def state(self, chain: Chain, *, settled: bool = False) -> ChainState | None:
        """Everything about a chain now; None while no quote of it can be used.

        Args:
            chain: One of this session's.
            settled: On the morning's open interest instead of the effective one.
        """
        spot = self.spot(chain.symbol)
        instant = self.board.instant(chain, self.now)
        if spot is None:
            return None
        forward = chain_forward(instant, spot.value)
        sample = self._samples.get(chain.number)
        smile, at = (sample.smile, sample.at) if sample else (None, self.now)
        if sample is None or self.is_old(sample.at):
            solved = solve_smile(instant, forward)
            smile, at = (solved, self.now) if solved else (smile, at)
        if smile is None:
            return None
        instant = instant.settled() if settled else instant
        anchor = self._anchor(chain.symbol, spot)
        return evaluate(instant, smile, at, forward, spot, anchor)

    def is_old(self, sampled: int) -> bool:
        """Whether a sample of that time missed one since; far expiries have one a minute."""
        return sampled <= self._sampled - MINUTE

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

    def spot_disagreement(self, symbol: str) -> float:
        """How far apart the symbol's own prices of several datasets are, as a fraction."""
        return self.board.underlyings.disagreement(symbol, self.now)

    def vix(self) -> float:
        """The VIX index where the tape carries it, in points; NaN where not."""
        return self.board.underlyings.index_value("VIX", self.now)

    def arrivals(self) -> dict[str, int]:
        """When each kind of input last arrived, UTC ns; what never came is left out."""
        chains = self._contracts.chains
        newest: dict[str, int | None] = {
            "equity_feed": self.board.underlyings.newest_quote(),
            "index_feed": self.board.underlyings.newest_value(),
        }
        for chain in chains:
            kind = "index" if root_info(chain.root).is_index else "equity"
            name = f"{kind}_options_feed"
            if (spoke := self.board.book.newest_of(chain.number)) is not None:
                newest[name] = max(newest.get(name) or spoke, spoke)
        return self.board.arrivals | {name: at for name, at in newest.items() if at is not None}

    def volume_by_rule(self, chain: Chain) -> dict[str, int]:
        """Contracts of a chain's trades by the rule that decided, in lower case; none at 0."""
        volume = self.board.flow.volume_of(chain.number).tolist()
        return {Rule(rule).name.lower(): count for rule, count in enumerate(volume) if count}

    def notices(self) -> list[str]:
        """What a reader should know of the whole tape so far, counted."""
        board = self.board
        counts = board.settled.refused + self._contracts.rejected
        counts["records of unknown instruments"] = sum(board.instruments.unknown.values())
        counts["trades that came twice"] = board.repeats.count
        counts["trades without a price or size"] = int(board.flow.records[Rule.DIRTY])
        counts["cancels of unknown trades"] = int(board.flow.records[Rule.CANCEL_UNMATCHED])
        left_out = [f"{reason}: {n} left out" for reason, n in sorted(counts.items()) if n]
        far = board.flow.far_outside
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
        if opening < now <= self.hours.close and now % SAMPLE_INTERVAL == 0:
            self._sampled = now
            for symbol in self.symbols():
                self._sample_symbol(symbol)
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
        instant = self.board.instant(chain, self.now)
        return sample_chain(instant, chain_forward(instant, spot.value), spot.value)
