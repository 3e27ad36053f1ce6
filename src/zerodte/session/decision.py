"""The decision at a sample: what the rules saw of it, and what they remember.

A sample keeps what its rules remembered; what they saw follows from the sample again.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zerodte.arrays import Rows
from zerodte.clock import new_york, new_york_clock
from zerodte.constants import HOUR
from zerodte.decision import figures as seen
from zerodte.decision import setup_legs
from zerodte.decision.event import ahead
from zerodte.decision.judgement import severity
from zerodte.decision.latch import ConditionLatches, Events, LabelLatch, LevelLatch
from zerodte.decision.memory import Memory
from zerodte.decision.probability import (
    PROBABILITY_METHODS,
    Close,
    ProbabilityMethod,
    pin_chance,
    strike_step,
)
from zerodte.decision.rule import SEVERITY_NAMES, Severity
from zerodte.decision.structure import Offers, Position
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.engine.density import density_of
from zerodte.engine.levels import at_strike
from zerodte.engine.physical import UNIT_SCALE, Scale
from zerodte.engine.regime import Regime
from zerodte.engine.state import ChainState
from zerodte.market.calendar import USUAL_CLOSE
from zerodte.session.sample import (
    LATCHES,
    NO_CODE,
    REGIMES,
    SETUP_NAMES,
    Row,
    SampleDay,
)
from zerodte.session.settings import SessionSettings


@dataclass(frozen=True, slots=True)
class Terms:
    """What the decision was told at a sample.

    Attributes:
        scale: Of the close.
        method: Of probabilities.
        events_ahead: Scheduled events between the sample and the close.
    """

    scale: Scale
    method: ProbabilityMethod
    events_ahead: int

    @classmethod
    def of(cls, settings: SessionSettings, state: ChainState) -> "Terms":
        """What settings say of a chain at an instant.

        A scale holds for the day of expiry; other closes are left as they are priced.
        """
        chain, clock = state.instant.chain, state.instant.clock
        today = new_york_clock(clock.now).date() == chain.expiry
        scale = settings.scale(chain.symbol) if today else UNIT_SCALE
        close = (
            clock.now + round(clock.hours_left * HOUR)
            if today
            else new_york(chain.expiry, USUAL_CLOSE)
        )
        return cls(scale, settings.probabilities, len(ahead(settings.events, clock.now, close)))


@dataclass(frozen=True, eq=False, slots=True)
class Decision:
    """A decision, and what it rests on.

    Attributes:
        at: When it was taken, UTC ns.
        memory: Latched levels, label and conditions, and the setup that stands.
        severity: How much the moment matters.
        figures: What the rules saw, by name.
        positions: What would express each setup; None where it cannot be quoted.
        close: The law of the close; None where nothing can be said of it.
        terms: What the decision was told.
        state: The chain then.
    """

    at: int
    memory: Memory
    severity: Severity
    figures: Mapping[str, float]
    positions: Mapping[str, Position | None]
    close: Close | None
    terms: Terms
    state: ChainState


def close_of(state: ChainState, terms: Terms) -> Close | None:
    """The law of the close of a chain; None where no quote says anything of it."""
    surface, clock = state.surface, state.instant.clock
    density = density_of(state.instant, surface.forward, state.spot.value, surface.sigma)
    if density is None:
        return None
    return Close(density, terms.scale, clock.elapsed_pct, strike_step(state))


def decide(
    day: SampleDay, state: ChainState, memory: Memory, settings: SessionSettings
) -> Decision:
    """Take the decision of the last sample.

    Args:
        day: Samples, whose latches are written up to the last but one.
        state: The chain at the last of them.
        memory: What the one before left.
        settings: What the decision is told.
    """
    at = state.instant.clock.now
    levelled = _levelled(memory, state, at)
    terms = Terms.of(settings, state)
    partial = _seen(day, len(day) - 1, state, levelled, terms)
    after = levelled.step(at, partial.figures)
    return replace(partial, memory=after, severity=severity(at, after.holds, after.events))


def decision_at(day: SampleDay, row: int, state: ChainState) -> Decision | None:
    """The decision of a sample, as it was taken then; None where none is kept with it.

    Args:
        day: The samples.
        row: Which.
        state: The chain then, on effective open interest.
    """
    latches = day.latches[row]
    if latches["method"] == NO_CODE:
        return None
    terms = Terms(
        Scale(
            (float(latches["scale"]),) * 4,
            int(latches["scale_sessions"]),
            int(latches["scale_version"]),
        ),
        PROBABILITY_METHODS[latches["method"]],
        int(latches["events_ahead"]),
    )
    found = _seen(day, row, state, _memory(latches, day.figures[row]), terms)
    return replace(found, severity=SEVERITY_NAMES[latches["severity"]])


def pin_probability(decision: Decision) -> float:
    """The chance of a close at the magnet, a fraction; NaN where unknown."""
    state = decision.state
    magnet = state.levels.magnet.strike
    return pin_chance(state, decision.close, decision.terms.method, magnet).value


def latches_row(decision: Decision) -> tuple[Any, ...]:
    """A row of `LATCHES`."""
    memory, terms = decision.memory, decision.terms
    elapsed = decision.state.instant.clock.elapsed_pct
    return (
        memory.label.since,
        memory.magnet.strike,
        memory.magnet.since,
        memory.call_wall.strike,
        memory.call_wall.since,
        memory.put_wall.strike,
        memory.put_wall.since,
        memory.holds.bits,
        memory.events.side,
        memory.events.crossed_at,
        memory.events.flipped_at,
        SETUP_NAMES.index(memory.primary),
        memory.primary_since,
        SEVERITY_NAMES.index(decision.severity),
        terms.events_ahead,
        terms.scale.at(elapsed),
        terms.scale.sessions,
        terms.scale.version,
        PROBABILITY_METHODS.index(terms.method),
    )


#: A row of `LATCHES` of a sample without a decision.
NO_LATCHES = tuple(
    NO_CODE
    if name in ("setup", "severity", "method")
    else np.nan
    if LATCHES[name].kind == "f"
    else 0
    for name in LATCHES.names or ()
)


def label_of(decision: Decision | None, state: ChainState) -> Regime:
    """The regime label that stands; unknown where none may be claimed now, or since too short."""
    is_unknown = state.regime == "unknown" and not state.exposures.is_withheld
    if is_unknown or decision is None:
        return state.regime
    return decision.memory.label.label


def _memory(latches: Row, row: Row) -> Memory:
    regime = int(row["regime"])
    label = REGIMES[regime] if regime != NO_CODE else "unknown"
    return Memory(
        label=LabelLatch(label, int(latches["regime_since"])),
        magnet=LevelLatch(float(latches["latched_magnet"]), int(latches["magnet_since"])),
        call_wall=LevelLatch(float(latches["latched_call_wall"]), int(latches["call_wall_since"])),
        put_wall=LevelLatch(float(latches["latched_put_wall"]), int(latches["put_wall_since"])),
        holds=ConditionLatches.of_bits(int(latches["conditions"])),
        events=Events(
            int(latches["flip_side"]), int(latches["crossed_at"]), int(latches["flipped_at"])
        ),
        primary=SETUP_NAMES[latches["setup"]],
        primary_since=int(latches["setup_since"]),
    )


def _levelled(memory: Memory, state: ChainState, at: int) -> Memory:
    """The memory with the levels and the label of a sample."""
    strikes, live, raw = state.instant.chain.strikes, state.exposures, state.levels
    by_strike = (np.abs(live.net_by_strike), live.gex[CALL], -live.gex[PUT])
    magnet, call_wall, put_wall = (functools.partial(at_strike, strikes, w) for w in by_strike)
    return replace(
        memory,
        label=memory.label.step(
            at,
            state.regime,
            ratio(live.net_gex, live.gross_gex),
            is_withheld=live.is_withheld,
        ),
        magnet=memory.magnet.step(at, raw.magnet.strike, magnet),
        call_wall=memory.call_wall.step(at, raw.call_wall.strike, call_wall),
        put_wall=memory.put_wall.step(at, raw.put_wall.strike, put_wall),
    )


def _seen(day: SampleDay, row: int, state: ChainState, memory: Memory, terms: Terms) -> Decision:
    """What the rules see of a sample, with levels as they stand."""
    spot, sigma = state.spot.value, state.surface.sigma
    magnet = memory.magnet.strike
    walls = memory.call_wall.strike, memory.put_wall.strike
    past = _past(day, row, magnet)
    quotes = state.instant.quotes
    offers = Offers(state.instant.chain.strikes, quotes.bid, quotes.ask)
    positions = {
        seen.FLY: setup_legs.iron_fly(offers, magnet, sigma),
        seen.CONDOR: setup_legs.iron_condor(offers, spot, sigma, *walls),
        seen.VERTICAL: setup_legs.vertical(offers, spot, sigma, seen.move(state, past)),
    }
    return Decision(
        at=state.instant.clock.now,
        memory=memory,
        severity="info",
        figures=seen.figures(state, past, magnet, walls, positions, terms.events_ahead),
        positions=positions,
        close=close_of(state, terms),
        terms=terms,
        state=state,
    )


def _past(day: SampleDay, row: int, magnet: float) -> seen.Past:
    rows = slice(0, row + 1)
    inputs: Rows = day.inputs[rows]
    flow = (day.figures["call_flow"][rows] + day.figures["put_flow"][rows]).astype(np.float64)
    magnets = day.latches["latched_magnet"][rows].copy()
    magnets[-1] = magnet
    return seen.Past(
        hours=day.hours,
        at=inputs["at"],
        spot=inputs["spot"],
        flow=np.where(inputs["has_trades"], flow, np.nan),
        magnet=magnets,
    )
