"""Samples of a day as they are taken: which chains are due, their smiles, and what is stored."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain as joined
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from zerodte.constants import MINUTE, SAMPLE_INTERVAL, SPOT_SCALE
from zerodte.engine.chain_inputs import Spot, gather
from zerodte.engine.state import Anchor, spot_of
from zerodte.engine.surface import Smile, solve_smile
from zerodte.market.calendar import TradingSession
from zerodte.market.contracts import Chain
from zerodte.session.chain_observation import ChainObservation, observe
from zerodte.session.chain_selection import (
    SolvedChain,
    anchor_chain,
    near_chains,
    solved_chain,
    solved_of,
    total,
)
from zerodte.session.market_state import MarketState
from zerodte.session.reading import is_old
from zerodte.session.sample import NO_TIME, SampleContext
from zerodte.session.sample_buffer import SampleBuffer, SampleDraft
from zerodte.session.settings import SessionSettings

#: So many symbols are observed in one pass.
_TOGETHER: Final = 16

_NOTHING: Final[Mapping[int, ChainObservation]] = MappingProxyType({})


class SymbolChains(NamedTuple):
    """A symbol's chains that can still trade, the nearest expiry first.

    Attributes:
        chains: All of them.
        near: Those that are sampled at full cadence.
        anchor: The one nearest seven days, or None.
    """

    chains: list[Chain]
    near: list[Chain]
    anchor: Chain | None


@dataclass(eq=False, slots=True)
class _Sampling:
    """A sample of all symbols that is under way.

    Attributes:
        now: Its time, UTC ns.
        context: Gives the context of a symbol then.
        missing: The symbols that have not had their turn.
        spots: Dollars, by the number of the underlying, of those that have.
    """

    now: int
    context: Callable[[str], SampleContext]
    missing: set[str]
    spots: dict[int, float] = field(default_factory=dict)


class Sampler:
    """Takes the samples of a session, and has what they left.

    Attributes:
        sampled: When the last was taken, UTC ns; the open before the first.
    """

    def __init__(
        self, market: MarketState, hours: TradingSession, settings: SessionSettings
    ) -> None:
        self.sampled = hours.open
        self._market = market
        self._hours = hours
        self._settings = settings
        self._samples: dict[int, SolvedChain] = {}
        self._buffers: dict[str, SampleBuffer] = {}
        self._sampling: _Sampling | None = None
        self._listings: dict[str, SymbolChains] = {}
        self._listed = 0

    # What is due

    def is_due(self, now: int) -> bool:
        """Whether a sample is to be taken at `now`, UTC ns."""
        return self.sampled < now <= self._hours.close and now % SAMPLE_INTERVAL == 0

    def is_opening(self, now: int) -> bool:
        """Whether the session's first sample is still to come."""
        return self._hours.open < now < self._hours.open + SAMPLE_INTERVAL

    # Samples in

    def take(
        self, now: int, context: Callable[[str], SampleContext], pause: Callable[[], None]
    ) -> None:
        """Take the sample of `now`: near expiries always, the rest of a symbol each minute.

        Args:
            now: UTC ns.
            context: Gives the context of a symbol then.
            pause: Called between symbols.
        """
        sampling = _Sampling(now, context, set(self._market.contracts.symbols()))
        self._sampling = sampling
        try:
            for symbol, known in self._gathered(now):
                if symbol in sampling.missing:
                    self._sample(sampling, symbol, known)
                pause()
        finally:
            self._sampling = None
        self._market.price_ranges.restart(sampling.spots)
        self.sampled = now

    def begin(self, now: int) -> None:
        """Solve what was never solved: the opening's trades would have no greeks otherwise."""
        for symbol, known in self._gathered(now, only_new=True):
            spot = self.spot(symbol, now, known)
            if spot is not None:
                for observation in known.values():
                    self._solve(observation, spot)

    # What they left

    def today(self, symbol: str) -> Chain | None:
        """The symbol's same-day chain; the sampled one once there is a sample."""
        contracts = self._market.contracts
        if buffer := self._buffers.get(symbol):
            return contracts.chains[buffer.number]
        return contracts.same_day(symbol, self._hours.date)

    def buffer(self, symbol: str) -> SampleBuffer | None:
        """The samples of the symbol's same-day chain; None before its first sample."""
        return self._buffers.get(symbol)

    def current_buffer(self, symbol: str) -> SampleBuffer | None:
        """The same; while a sample of all symbols is taken, with the symbol's before its turn."""
        if (sampling := self._sampling) is not None and symbol in sampling.missing:
            for _, known in self._observed([symbol], sampling.now):
                self._sample(sampling, symbol, known)
        return self._buffers.get(symbol)

    def listing(self, symbol: str) -> SymbolChains:
        """The symbol's chains that can still trade."""
        contracts, today = self._market.contracts, self._hours.date
        if len(contracts) != self._listed:
            self._listings.clear()
            self._listed = len(contracts)
        found = self._listings.get(symbol)
        if found is None:
            chains = [
                chain for chain in contracts.expiries(symbol) if chain.trades_after_open(today)
            ]
            anchor = anchor_chain(chains, today)
            found = self._listings[symbol] = SymbolChains(
                chains, near_chains(chains, today), anchor
            )
        return found

    def spot(
        self, symbol: str, now: int, known: Mapping[int, ChainObservation] = _NOTHING
    ) -> Spot | None:
        """The symbol's price: its own if fresh, else its nearest chain's forward, else None.

        Its own is none where parity outvotes it, or without one is of another scale than strikes.

        Args:
            symbol: Whose.
            now: UTC ns.
            known: What was gathered already, by chain number.
        """
        own = self._market.underlyings.own_price(symbol, now)
        for chain in self.listing(symbol).chains:
            observation = known.get(chain.number)
            parity = self._market.parity(chain, now) if observation is None else observation.parity
            if math.isfinite(parity.forward):
                return spot_of(own, parity, is_today=self._market.is_today(chain, now))
        return own if own is not None and self._is_of_scale(own.value, symbol) else None

    def _is_of_scale(self, price: float, symbol: str) -> bool:
        """Whether a price is of the scale of the nearest strikes that are quoted, if any are."""
        for chain in self.listing(symbol).chains:
            is_quoted = np.isfinite(gather(self._market.book.bid, chain)).any(axis=0)
            if is_quoted.any():
                quoted = chain.strikes[is_quoted]
                return bool(quoted[0] / SPOT_SCALE <= price <= quoted[-1] * SPOT_SCALE)
        return True

    def smile(self, observation: ChainObservation, forward: float) -> tuple[Smile, int] | None:
        """The last sample's smile and its time; one of now where there is none or it is old."""
        instant = observation.instant
        sample = self._samples.get(instant.chain.number)
        if sample is None or is_old(sample.at, self.sampled):
            solved = solve_smile(instant, forward)
            if solved is not None:
                return solved, instant.clock.now
        return None if sample is None else (sample.smile, sample.at)

    def others(self, chain: Chain, now: int, spot: Spot) -> tuple[float, float]:
        """Net GEX of the symbol's other chains at their samples: effective, settled."""
        others = [
            self._sample_of(other, now, spot)
            for other in self.listing(chain.symbol).chains
            if other.number != chain.number
        ]
        known = [sample for sample in others if sample is not None]
        return total([s.net_gex for s in known]), total([s.settled_net_gex for s in known])

    def anchor(self, symbol: str, now: int, spot: Spot) -> Anchor:
        """The expiry nearest seven days at its sample."""
        chain = self.listing(symbol).anchor
        sample = None if chain is None else self._sample_of(chain, now, spot)
        return Anchor() if sample is None else sample.anchor

    # Inside

    def _sample(
        self, sampling: _Sampling, symbol: str, known: Mapping[int, ChainObservation]
    ) -> None:
        """Take a symbol's part of a sample, from what is known of its chains by number."""
        spot, today = self.spot(symbol, sampling.now, known), self.today(symbol)
        if spot is not None:
            sampling.spots[self._market.underlyings.number(symbol)] = spot.value
        for number, observation in known.items():
            if spot is not None and (today is None or number != today.number):
                self._solve(observation, spot)
        if today is not None:
            self._keep(known[today.number], spot, sampling.context(symbol))
        sampling.missing.remove(symbol)

    def _gathered(
        self, now: int, *, only_new: bool = False
    ) -> Iterator[tuple[str, dict[int, ChainObservation]]]:
        """Each symbol and what is known of its chains that are due, by number.

        Some symbols are observed in one pass: one alone costs more, all at once keep readers out.
        """
        symbols = self._market.contracts.symbols()
        for first in range(0, len(symbols), _TOGETHER):
            yield from self._observed(symbols[first : first + _TOGETHER], now, only_new=only_new)

    def _observed(
        self, symbols: Sequence[str], now: int, *, only_new: bool = False
    ) -> Iterator[tuple[str, dict[int, ChainObservation]]]:
        """The same of some symbols, in one pass."""
        due = {symbol: self._due(symbol, now, only_new=only_new) for symbol in symbols}
        flat = iter(
            observe(self._market, [*joined.from_iterable(due.values())], now, quantised=True)
        )
        for symbol, chains in due.items():
            yield symbol, {chain.number: next(flat) for chain in chains}

    def _due(self, symbol: str, now: int, *, only_new: bool) -> list[Chain]:
        """The chains of a symbol that a sample of `now` is to have."""
        is_fresh, listing = self._market.book.is_fresh, self.listing(symbol)
        chains = [
            chain
            for chain in (listing.near if now % MINUTE else listing.chains)
            if is_fresh(chain.number, now) and not (only_new and chain.number in self._samples)
        ]
        today = None if only_new else self.today(symbol)
        if today is not None and all(chain.number != today.number for chain in chains):
            chains.append(today)
        return chains

    def _solve(self, observation: ChainObservation, spot: Spot) -> None:
        """Solve a chain and hold its smile."""
        forward = observation.forward_near(spot)
        if (smile := solve_smile(observation.instant, forward)) is not None:
            self._hold(observation, solved_chain(observation.instant, smile, forward, spot.value))

    def _hold(self, observation: ChainObservation, sample: SolvedChain) -> None:
        chain = observation.instant.chain
        self._samples[chain.number] = sample
        self._market.marks.take(chain, sample.smile)

    def _last(self, observation: ChainObservation) -> SolvedChain | None:
        return self._samples.get(observation.instant.chain.number)

    def _sample_of(self, chain: Chain, now: int, spot: Spot) -> SolvedChain | None:
        """The chain's last sample; where there never was one, what it would be now."""
        if (sample := self._samples.get(chain.number)) is not None:
            return sample
        (observation,) = observe(self._market, [chain], now, quantised=True)
        forward = observation.forward_near(spot)
        smile = solve_smile(observation.instant, forward)
        return (
            None if smile is None else solved_chain(observation.instant, smile, forward, spot.value)
        )

    def _keep(
        self, observation: ChainObservation, spot: Spot | None, context: SampleContext
    ) -> None:
        """Sample a same-day chain: with its smile of now, else with its last one."""
        chain, now, last = observation.instant.chain, context.at, self._last(observation)
        buffer = self._buffers.get(chain.symbol)
        if buffer is None:
            buffer = self._buffers[chain.symbol] = SampleBuffer(chain, self._hours, self._settings)
        forward = np.nan if spot is None else observation.forward_near(spot)
        solved = None if spot is None else solve_smile(observation.instant, forward)
        smile, smile_at = None, NO_TIME
        if solved is not None:
            smile, smile_at = solved, now
        elif last is not None:
            smile, smile_at = last.smile.on(chain.strikes), last.at
        sample = SampleDraft(
            observation=observation,
            spot=spot,
            spot_range=self._market.price_ranges.of(
                self._market.underlyings.number(chain.symbol)
            ).around(spot),
            apart=self._market.underlyings.disagreement(chain.symbol, now),
            forward=forward,
            smile=smile,
            smile_at=smile_at,
            anchor=Anchor() if spot is None else self.anchor(chain.symbol, now, spot),
            others=(np.nan, np.nan) if spot is None else self.others(chain, now, spot),
        )
        state = buffer.take(sample, context)
        if solved is not None and state is not None:
            self._hold(observation, solved_of(state))
