"""Samples of a day as they are taken: which chains are due, their smiles, what is kept of them."""

import math
from collections.abc import Callable, Mapping
from itertools import chain as joined
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from zerodte.constants import MINUTE, SAMPLE_INTERVAL
from zerodte.engine.chain_inputs import Spot
from zerodte.engine.inventory import Inventory, inventory
from zerodte.engine.state import Anchor, key_figures, spot_of
from zerodte.engine.surface import Smile, Surface, solve_smile
from zerodte.market.calendar import TradingSession
from zerodte.market.contracts import Chain
from zerodte.session.chain_observation import ChainObservation, observe
from zerodte.session.chain_selection import (
    SolvedChain,
    anchor_chain,
    near_chains,
    solved_chain,
    solved_from_figures,
    total,
)
from zerodte.session.market_state import MarketState
from zerodte.session.reading import is_old
from zerodte.session.sample import NO_TIME, SampleContext
from zerodte.session.sample_buffer import SampleBuffer
from zerodte.session.sample_draft import SampleDraft, SampleFigures

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


class Sampler:
    """Takes the samples of a session, and has what they left.

    Attributes:
        sampled: When the last was taken, UTC ns; the open before the first.
    """

    def __init__(self, board: MarketState, hours: TradingSession) -> None:
        self.sampled = hours.open
        self._board = board
        self._hours = hours
        self._samples: dict[int, SolvedChain] = {}
        self._keepers: dict[str, SampleBuffer] = {}
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

    def take(self, now: int, context: Callable[[str], SampleContext]) -> None:
        """Take the sample of `now`: near expiries always, the rest of a symbol each minute.

        Args:
            now: UTC ns.
            context: Gives the context of a symbol then.
        """
        self.sampled = now
        for symbol, known in self._gathered(now).items():
            spot, today, drawn = self.spot(symbol, now, known), self.today(symbol), None
            for facts in known.values():
                chain = facts.instant.chain
                if today is not None and chain.number == today.number:
                    drawn = self._draw(facts, spot)
                elif spot is not None:
                    self._solve(facts, spot)
            if today is not None:
                self._keep(known[today.number], spot, drawn, context(symbol))

    def begin(self, now: int) -> None:
        """Solve what was never solved: the opening's trades would have no greeks otherwise."""
        for symbol, known in self._gathered(now, only_new=True).items():
            spot = self.spot(symbol, now, known)
            if spot is not None:
                for facts in known.values():
                    self._solve(facts, spot)

    # What they left

    def today(self, symbol: str) -> Chain | None:
        """The symbol's same-day chain; the one that is kept once there is a sample."""
        contracts = self._board.contracts
        if keeper := self._keepers.get(symbol):
            return contracts.chains[keeper.number]
        return contracts.same_day(symbol, self._hours.date)

    def keeper(self, symbol: str) -> SampleBuffer | None:
        """What is kept of the symbol's same-day chain; None before its first sample."""
        return self._keepers.get(symbol)

    def listing(self, symbol: str) -> SymbolChains:
        """The symbol's chains that can still trade."""
        contracts, today = self._board.contracts, self._hours.date
        if len(contracts) != self._listed:
            self._listings.clear()
            self._listed = len(contracts)
        found = self._listings.get(symbol)
        if found is None:
            chains = [
                chain
                for chain in contracts.expiries(symbol)
                if chain.expiry > today or (chain.expiry == today and not chain.am_settled)
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

        Args:
            symbol: Whose.
            now: UTC ns.
            known: What was gathered already, by chain number.
        """
        own = self._board.underlyings.own_price(symbol, now)
        for chain in self.listing(symbol).chains:
            facts = known.get(chain.number)
            forward = self._board.parity(chain, now) if facts is None else facts.forward
            if math.isfinite(forward):
                return spot_of(own, forward)
        return own

    def smile(self, facts: ChainObservation, forward: float) -> tuple[Smile, int] | None:
        """The last sample's smile and its time; one of now where there is none or it is old."""
        instant = facts.instant
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

    def _gathered(
        self, now: int, *, only_new: bool = False
    ) -> dict[str, dict[int, ChainObservation]]:
        """What is known of every chain that is due, by symbol and number: all in one pass."""
        is_fresh = self._board.book.is_fresh
        due: dict[str, list[Chain]] = {}
        for symbol in self._board.contracts.symbols():
            listing = self.listing(symbol)
            chains = [
                chain
                for chain in (listing.near if now % MINUTE else listing.chains)
                if is_fresh(chain.number, now) and not (only_new and chain.number in self._samples)
            ]
            today = None if only_new else self.today(symbol)
            if today is not None and all(chain.number != today.number for chain in chains):
                chains.append(today)
            due[symbol] = chains
        flat = iter(
            observe(self._board, [*joined.from_iterable(due.values())], now, quantised=True)
        )
        return {
            symbol: {chain.number: next(flat) for chain in chains} for symbol, chains in due.items()
        }

    def _solve(self, facts: ChainObservation, spot: Spot) -> None:
        """Solve a chain and hold its smile."""
        forward = forward_of(facts, spot)
        if (smile := solve_smile(facts.instant, forward)) is not None:
            self._hold(facts, solved_chain(facts.instant, smile, forward, spot.value))

    def _draw(self, facts: ChainObservation, spot: Spot | None) -> SampleFigures | None:
        """Solve a same-day chain, else keep to its last smile, and compute what is kept."""
        if spot is None:
            return None
        instant, forward, last = facts.instant, forward_of(facts, spot), self._last(facts)
        solved = solve_smile(instant, forward)
        smile = solved if solved is not None or last is None else last.smile
        if smile is None:
            return None
        drawn = key_figures(instant, smile, forward, spot.value)
        if solved is not None:
            self._hold(facts, solved_from_figures(instant, drawn, spot.value))
        return SampleFigures(drawn, book_of(facts, drawn.surface, spot))

    def _hold(self, facts: ChainObservation, sample: SolvedChain) -> None:
        chain = facts.instant.chain
        self._samples[chain.number] = sample
        self._board.marks.take(chain, sample.smile)

    def _last(self, facts: ChainObservation) -> SolvedChain | None:
        return self._samples.get(facts.instant.chain.number)

    def _sample_of(self, chain: Chain, now: int, spot: Spot) -> SolvedChain | None:
        """The chain's last sample; where there never was one, what it would be now."""
        if (sample := self._samples.get(chain.number)) is not None:
            return sample
        (facts,) = observe(self._board, [chain], now, quantised=True)
        forward = forward_of(facts, spot)
        smile = solve_smile(facts.instant, forward)
        return None if smile is None else solved_chain(facts.instant, smile, forward, spot.value)

    def _keep(
        self,
        facts: ChainObservation,
        spot: Spot | None,
        drawn: SampleFigures | None,
        context: SampleContext,
    ) -> None:
        chain, now, last = facts.instant.chain, context.at, self._last(facts)
        keeper = self._keepers.get(chain.symbol)
        if keeper is None:
            keeper = self._keepers[chain.symbol] = SampleBuffer(chain, self._hours)
        sample = SampleDraft(
            facts=facts,
            spot=spot,
            apart=self._board.underlyings.disagreement(chain.symbol, now),
            forward=np.nan if spot is None else forward_of(facts, spot),
            smile=None if last is None else last.smile.on(chain.strikes),
            smile_at=NO_TIME if last is None else last.at,
            anchor=Anchor() if spot is None else self.anchor(chain.symbol, now, spot),
            others=(np.nan, np.nan) if spot is None else self.others(chain, now, spot),
            drawn=drawn,
        )
        keeper.take(sample, context)


def forward_of(facts: ChainObservation, spot: Spot) -> float:
    """By put-call parity where a strike has both sides, else the underlying's price."""
    return facts.forward if math.isfinite(facts.forward) else spot.value


def book_of(facts: ChainObservation, surface: Surface, spot: Spot) -> Inventory:
    """Dealers' own book in a chain."""
    official = facts.instant.official
    return inventory(surface.greeks, spot.value, official, facts.net_bought, facts.variance)
