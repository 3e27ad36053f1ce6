"""What an answer about several chains of a symbol is made of, in session and outside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zerodte.engine.chain_group import ChainGroup, PricedChain
from zerodte.engine.chain_inputs import Spot
from zerodte.engine.surface import surface_on
from zerodte.market.contracts import Chain
from zerodte.session.chain_observation import ChainObservation, observe
from zerodte.session.market_state import MarketState
from zerodte.session.reading import (
    carries_strikes,
    inputs_at,
    interest_at,
    last_with_strikes,
    smile_at,
    spot_at,
)
from zerodte.session.sample import SampleContext, SampleDay
from zerodte.session.sampler import Sampler


@dataclass(frozen=True, eq=False, slots=True)
class GroupReading:
    """Chains of a symbol at one instant.

    Attributes:
        live: The chains, on effective open interest.
        spot: The underlying's price; None where nothing says it.
        has_trades: Whether a trade of the symbol has come; before that its flow is unknown.
        context: The instant, and the symbol's inputs up to then.
    """

    live: ChainGroup
    spot: Spot | None
    has_trades: bool
    context: SampleContext


def chains_now(
    market: MarketState, sampler: Sampler, chains: Sequence[Chain], now: int
) -> tuple[ChainGroup, Spot | None]:
    """Chains of one symbol at an instant of the session, UTC ns; at a sample, the sample's own."""
    symbol = chains[0].symbol
    buffer = sampler.buffer(symbol)
    spot, sampled = sampler.spot(symbol, now), None
    if buffer is not None and buffer.last == now:
        day = buffer.day(())
        if carries_strikes(day.inputs[-1]):
            sampled = _at_sample(day, len(day) - 1)
            spot = spot_at(day, len(day) - 1)
    number = buffer.number if buffer is not None and sampled is not None else None
    others = iter(observe(market, [c for c in chains if c.number != number], now))
    priced = [
        sampled
        if sampled is not None and chain.number == number
        else _priced(sampler, next(others), spot)
        for chain in chains
    ]
    return _group(priced, spot), spot


def chains_at_last(
    market: MarketState, sampler: Sampler, chains: Sequence[Chain], now: int, opening: int
) -> tuple[ChainGroup, Spot | None, int]:
    """Chains of one symbol outside the session, each at its last sample, else its last quote.

    Args:
        market: The day.
        sampler: Its samples.
        chains: Which.
        now: UTC ns.
        opening: Of the session, UTC ns; before it open interest of before the date stands in.

    Returns:
        The chains, the spot of the newest, and when that was, UTC ns.
    """
    newest = [(chain, market.book.newest_of(chain.number)) for chain in chains]
    last = max((min(at, now) for _, at in newest if at is not None), default=now)
    symbol, priced = chains[0].symbol, []
    buffer, spot = sampler.buffer(symbol), sampler.spot(symbol, last)
    for chain, quoted in newest:
        day = buffer.day(()) if buffer is not None and buffer.number == chain.number else None
        row = None if day is None else last_with_strikes(day)
        if day is not None and row is not None:
            priced.append(_at_sample(day, row))
            if len(chains) == 1:
                spot, last = spot_at(day, row), day.contexts[row].at
            continue
        at = last if quoted is None else min(quoted, now)
        (observation,) = observe(market, [chain], at, is_provisional=at < opening)
        priced.append(_priced(sampler, observation, spot))
    return _group(priced, spot), spot, last


def _group(priced: Sequence[PricedChain], spot: Spot | None) -> ChainGroup:
    return ChainGroup(tuple(priced), np.nan if spot is None else spot.value)


def _priced(sampler: Sampler, observation: ChainObservation, spot: Spot | None) -> PricedChain:
    """A chain on its last smile, or one of now."""
    instant, surface = observation.instant, None
    if spot is not None:
        forward = observation.forward_near(spot)
        if (found := sampler.smile(observation, forward)) is not None:
            surface = surface_on(found[0], instant.chain, instant.clock, forward)
    return PricedChain(instant, surface, observation.interest)


def _at_sample(day: SampleDay, row: int) -> PricedChain:
    """The same-day chain at a sample that has figures by strike."""
    chain = day.chain(row)
    instant = inputs_at(day, row, chain)
    forward = float(day.inputs[row]["forward"])
    surface = surface_on(smile_at(day, row), chain, instant.clock, forward)
    return PricedChain(instant, surface, interest_at(day, row))
