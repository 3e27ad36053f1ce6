"""The decision blocks of a snapshot: headline, setup, probabilities."""

import math
from dataclasses import dataclass
from functools import cached_property

from zerodte.constants import NORMAL_WITHIN
from zerodte.decision.condition import RULE_CONDITIONS
from zerodte.decision.judgement import avoided, confidence
from zerodte.decision.probability import Chance, Close, PinChance, pin_chance
from zerodte.decision.rule import GATES, AntiRule, SetupRule
from zerodte.decision.structure import Position
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.engine.state import ChainState
from zerodte.session.decision import Decision, Terms, close_of, label_of
from zerodte.session.reading import Reading
from zerodte.session.settings import DEFAULT_SETTINGS, SessionSettings
from zerodte.views import decision_text as words
from zerodte.wire.base import timestamp
from zerodte.wire.decision import (
    CloseLaw,
    Economics,
    Headline,
    PinProbability,
    Probabilities,
    RangeProbability,
    Setup,
    SetupEntry,
    SigmaTouch,
    StrikesHint,
    TouchChance,
)
from zerodte.wire.numbers import number, numbers
from zerodte.wire.text import price


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the decision blocks are made of.

    Attributes:
        reading: The chain that is answered.
        decision: Of its last sample, or None.
        absence: Why there is none, in words.
        terms: What probabilities are told.
    """

    reading: Reading
    decision: Decision | None
    absence: str
    terms: Terms

    @classmethod
    def of(
        cls,
        reading: Reading,
        decision: Decision | None,
        absence: str,
        settings: SessionSettings = DEFAULT_SETTINGS,
    ) -> "Outlook":
        """What a reading's blocks are made of; settings count where no decision has its own."""
        terms = Terms.of(settings, reading.live) if decision is None else decision.terms
        return cls(reading, decision, absence, terms)

    @property
    def state(self) -> ChainState:
        """The chain on effective open interest."""
        return self.reading.live

    @property
    def scheduled(self) -> tuple[str, ...]:
        """The events before the close, or just past, that keep setups away: name and time."""
        return self.reading.context.scheduled

    @cached_property
    def close(self) -> Close | None:
        """The law of the chain's close; None where nothing can be said of it."""
        decision = self.decision
        if decision is not None and decision.at == self.state.instant.clock.now:
            return decision.close
        return close_of(self.state, self.terms)

    @cached_property
    def pin(self) -> PinChance:
        """The chance of a close at the magnet."""
        return self.pin_at(self.state.levels.magnet.strike)

    def pin_at(self, strike: float) -> PinChance:
        """The chance of a close at a strike."""
        return pin_chance(self.state, self.close, self.terms.method, strike)


#: The fields of quantiles, as `probability.QUANTILES` has them.
_QUANTILES = ("p05", "p25", "p50", "p75", "p95")


def headline_block(outlook: Outlook) -> Headline:
    """The moment in one line."""
    decision = outlook.decision
    if decision is None:
        magnet = outlook.state.levels.magnet.strike
        return Headline(
            trade_angle="low_signal",
            severity="info",
            narrative=f"No setup: {outlook.absence}. {_sentence(_pin_words(outlook, magnet))}",
            decided_at=None,
        )
    standing = words.primary_rule(decision)
    return Headline(
        trade_angle=standing.trade_angle if standing else "low_signal",
        severity=decision.severity,
        narrative=words.headline(
            decision, _pin_words(outlook, decision.memory.magnet.strike), outlook.scheduled
        ),
        decided_at=timestamp(decision.at),
    )


def setup_block(outlook: Outlook) -> Setup:
    """The setup that stands, its rivals, and what to avoid."""
    decision = outlook.decision
    if decision is None:
        return Setup(
            primary=_wait(f"Wait: {outlook.absence}.", [outlook.absence]),
            alternatives=[],
            anti_setups=[],
            since=None,
            nearest=None,
            waits_for=outlook.absence,
        )
    standing, memory = words.primary_rule(decision), decision.memory
    nearest, waits_for = words.waits(decision)
    return Setup(
        primary=_entry(standing, decision) if standing else _waiting(nearest, decision),
        alternatives=[_entry(rule, decision) for rule in words.others(decision)],
        anti_setups=[_anti(rule, codes, decision) for rule, codes in avoided(memory.holds)],
        since=timestamp(memory.primary_since) if memory.primary_since else None,
        nearest=None if standing or nearest is None else nearest.name,
        waits_for=None if standing else waits_for,
    )


def probabilities_block(outlook: Outlook) -> Probabilities:
    """Where the close is likely to be."""
    close, spot = outlook.close, outlook.state.spot.value
    sigma = outlook.state.surface.sigma
    first, second = (_range(outlook, multiple) for multiple in (1, 2))
    law, touch = None, None
    if close is not None:
        law = _law(close)
        touch = SigmaTouch(
            low=number(close.touch(spot - sigma, spot)),
            high=number(close.touch(spot + sigma, spot)),
        )
    return Probabilities(
        pin=_pin(outlook),
        range_1sigma=first,
        range_2sigma=second,
        close=law,
        touch_1sigma=touch,
    )


def _law(close: Close) -> CloseLaw:
    ends, cells = close.cells()
    return CloseLaw(
        **dict(zip(_QUANTILES, map(number, close.quantiles().tolist()), strict=True)),
        prices=numbers(ends),
        mass=numbers(cells),
    )


# Setups


def _entry(rule: SetupRule, decision: Decision) -> SetupEntry:
    holds, figures = decision.memory.holds, decision.figures
    codes = (*rule.required, *rule.soft)
    position = decision.positions.get(rule.name)
    said = {code: RULE_CONDITIONS[code].words(figures, holds=holds[code]) for code in codes}
    return SetupEntry(
        name=rule.name,
        display_name=rule.display_name,
        thesis=words.thesis(rule, decision),
        confidence=confidence(rule, holds, figures["data_quality"]),
        conditions_met=[said[code] for code in codes if holds[code]],
        conditions_failed=[said[code] for code in codes if not holds[code]],
        strikes_hint=None if position is None else _hint(position),
        economics=None if position is None else _economics(position, decision),
    )


def _waiting(rule: SetupRule | None, decision: Decision) -> SetupEntry:
    """A wait: what the nearest setup has and lacks."""
    holds, figures = decision.memory.holds, decision.figures
    codes = GATES if rule is None else (*GATES, *rule.required)
    said = {code: RULE_CONDITIONS[code].words(figures, holds=holds[code]) for code in codes}
    return _wait(
        words.waiting(decision),
        [said[code] for code in codes if not holds[code]],
        [said[code] for code in codes if holds[code]],
    )


def _wait(thesis: str, failed: list[str], met: list[str] | None = None) -> SetupEntry:
    return SetupEntry(
        name="wait",
        display_name="Wait",
        thesis=thesis,
        confidence="low",
        conditions_met=met or [],
        conditions_failed=failed,
        strikes_hint=None,
        economics=None,
    )


def _anti(rule: AntiRule, codes: tuple[str, ...], decision: Decision) -> SetupEntry:
    figures = decision.figures
    return SetupEntry(
        name=rule.name,
        display_name=rule.display_name,
        thesis=f"Avoid: {rule.idea}.",
        confidence="high",
        conditions_met=[RULE_CONDITIONS[code].words(figures, holds=True) for code in codes],
        conditions_failed=[],
        strikes_hint=None,
        economics=None,
    )


def _hint(position: Position) -> StrikesHint:
    return StrikesHint(
        short_call_strike=number(position.strike(CALL, -1)),
        short_put_strike=number(position.strike(PUT, -1)),
        long_call_strike=number(position.strike(CALL, 1)),
        long_put_strike=number(position.strike(PUT, 1)),
    )


def _economics(position: Position, decision: Decision) -> Economics:
    close = decision.close
    chances = (math.nan,) * 4
    touch: list[TouchChance] = []
    if close is not None:
        chances = (
            position.probability_of_profit(close.physical),
            position.probability_of_profit(close.density),
            position.expected_value(close.physical),
            position.expected_value(close.density),
        )
        touch = [
            TouchChance(strike=one.strike, probability=number(one.probability))
            for one in position.touches(close.physical)
        ]
    profit, profit_priced, value, value_priced = map(number, chances)
    return Economics(
        credit_at_mid=number(position.at_mid),
        credit_at_natural=number(position.at_natural),
        width=number(position.width),
        max_profit=number(position.max_profit),
        max_loss=number(position.max_loss),
        break_evens=[number(level) or 0.0 for level in position.break_evens()],
        probability_of_profit=profit,
        probability_of_profit_priced=profit_priced,
        expected_value=value,
        expected_value_priced=value_priced,
        touch=touch,
    )


# Probabilities


def _method(outlook: Outlook) -> str:
    """What made the values: the chain alone where it is not scaled."""
    close = outlook.close
    return "density_v1" if close is None or close.factor == 1.0 else "physical_v1"


def _pin(outlook: Outlook) -> PinProbability:
    pin = outlook.pin
    chance = pin.chance
    is_reference = outlook.terms.method == "reference"
    return PinProbability(
        value=number(pin.value),
        calibration_method="heuristic_v1" if is_reference else _method(outlook),
        inputs_summary=_summary(outlook),
        low=number(chance.low) if chance else None,
        high=number(chance.high) if chance else None,
        risk_neutral=number(chance.priced) if chance else None,
        base_rate=number(pin.base_rate),
        interval=_interval(chance),
        sessions=None if is_reference else outlook.terms.scale.sessions,
    )


def _range(outlook: Outlook, multiple: int) -> RangeProbability:
    spot, reach = outlook.state.spot.value, multiple * outlook.state.surface.sigma
    low, high, close = spot - reach, spot + reach, outlook.close
    if outlook.terms.method == "reference":
        return RangeProbability(
            value=NORMAL_WITHIN[multiple - 1],
            low=number(low),
            high=number(high),
            calibration_method="normal_cdf_v1",
            risk_neutral=None,
            interval=None,
            sessions=None,
        )
    chance = None if close is None else close.chance(low, high)
    return RangeProbability(
        value=number(chance.value) if chance else None,
        low=number(low),
        high=number(high),
        calibration_method=_method(outlook),
        risk_neutral=number(chance.priced) if chance else None,
        interval=_interval(chance),
        sessions=outlook.terms.scale.sessions,
    )


def _interval(chance: Chance | None) -> tuple[float, float] | None:
    if chance is None:
        return None
    low, high = (number(end) for end in chance.interval)
    return None if low is None or high is None else (low, high)


def _summary(outlook: Outlook) -> str:
    """The inputs in the reference's words, then ours."""
    state, close, terms = outlook.state, outlook.close, outlook.terms
    spot, surface = state.spot.value, state.surface
    distance = abs(spot - state.levels.magnet.strike) / spot
    is_reference = terms.method == "reference"
    parts = [
        f"d={distance:.4f}" if math.isfinite(distance) else "d=unknown",
        f"σ={surface.sigma / spot:.4f}",
        f"t={state.instant.clock.hours_left:.1f}h",
        f"regime={state.regime if is_reference else label_of(outlook.decision, state)}",
        f"conc={state.pin.top3_share:.0%}"
        if math.isfinite(state.pin.top3_share)
        else "conc=unknown",
    ]
    if close is not None and not is_reference:
        mean = "spot" if close.density.is_on_spot else "parity"
        parts += [f"quotes={close.density.quotes}", f"mean={mean}", f"k={close.factor:.3f}"]
        parts.append(f"sessions={terms.scale.sessions}")
        if close.doubt:
            parts.append(f"doubt: {close.doubt}")
    elif not is_reference:
        parts.append("unknown: no quote counts")
    return " ".join(parts)


def _pin_words(outlook: Outlook, strike: float) -> str:
    """The chance of a close at a strike beside that of an arbitrary place, and what to doubt."""
    # The magnet's own is computed already, for the probabilities.
    is_magnet = strike == outlook.state.levels.magnet.strike
    pin, close = outlook.pin if is_magnet else outlook.pin_at(strike), outlook.close
    if math.isnan(pin.value):
        return "no magnet is known" if math.isnan(strike) else "no quote counts"
    if pin.chance is None:
        return f"{100.0 * pin.value:.0f}% of closing at {price(strike)} by {_HEURISTIC}"
    half = 0.5 * (pin.chance.high - pin.chance.low)
    doubt = f" (doubt: {close.doubt})" if close is not None and close.doubt else ""
    return (
        f"{100.0 * pin.value:.0f}% of closing within {price(half)} of {price(strike)}, where half "
        f"a step aside it is {100.0 * pin.base_rate:.0f}%{doubt}"
    )


_HEURISTIC = "the reference's rule of thumb, which has been wrong in both directions"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
