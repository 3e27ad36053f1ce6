"""The decision in words: what a trader reads first, each figure with the convention it rests on."""

import math
from collections.abc import Sequence

from zerodte.clock import new_york_clock
from zerodte.decision import figures as seen
from zerodte.decision.judgement import failing, nearest, ranked
from zerodte.decision.rule import GATES, SETUPS, SetupRule
from zerodte.decision.structure import Position
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.session.decision import Decision
from zerodte.wire.text import price

_BY_NAME = {rule.name: rule for rule in SETUPS}


def headline(decision: Decision, pin: str, scheduled: Sequence[str] = ()) -> str:
    """A few sentences on the moment.

    Args:
        decision: What stands.
        pin: What the magnet's chance is.
        scheduled: Name and time of each event that counts.
    """
    standing = primary_rule(decision)
    story = _STORIES[standing.name](decision, pin) if standing else waiting(decision)
    coming = f"Scheduled: {', '.join(scheduled)}." if scheduled else ""
    return " ".join(part for part in (_urgent(decision), coming, story) if part)


def thesis(rule: SetupRule, decision: Decision) -> str:
    """What a setup is, what it pays, and how likely that is."""
    position = decision.positions.get(rule.name)
    if position is None:
        return f"{rule.display_name}: {rule.idea}."
    return f"{_OPENINGS[rule.name](decision)}; {_pays(position, decision)}."


def waits(decision: Decision) -> tuple[SetupRule | None, str]:
    """The setup that lacks least, and the first condition that fails."""
    holds, figures = decision.memory.holds, decision.figures
    rule = nearest(holds)
    if rule is None:
        return None, "the next session"
    first = failing((*GATES, *rule.required), holds)
    return rule, first[0].words(figures, holds=False) if first else "the next sample"


def primary_rule(decision: Decision) -> SetupRule | None:
    """The rule of the setup that stands; None where that is `wait`."""
    return _BY_NAME.get(decision.memory.primary)


def others(decision: Decision) -> list[SetupRule]:
    """The other setups that qualify, the best first."""
    standing = decision.memory.primary
    best = ranked(decision.memory.holds, decision.figures, standing)
    return [rule for rule in best if rule.name != standing]


def waiting(decision: Decision) -> str:
    """Why no setup stands, in a sentence."""
    rule, condition = waits(decision)
    if rule is None:
        return f"No setup: too little time is left for any ({_left(decision)})."
    if failing(GATES, decision.memory.holds):
        return f"No setup: it needs {condition}."
    return f"No setup: the {rule.display_name.lower()} is nearest, and needs {condition}."


def _urgent(decision: Decision) -> str:
    """What just happened, or what is close at hand."""
    events, figures, holds = decision.memory.events, decision.figures, decision.memory.holds
    flip = price(decision.state.flip.level)
    if events.is_crossing(decision.at):
        at = _clock(events.crossed_at)
        return f"Spot went {'above' if events.side > 0 else 'below'} the gamma flip at {at}."
    if events.is_flipping(decision.at):
        at = _clock(events.flipped_at)
        return f"Net GEX, by convention, turned at {at}; without the day's flow it would not have."
    if holds["near_flip"] and math.isfinite(figures["flip_distance"]):
        return f"The gamma flip, {flip}, is {figures['flip_distance']:.2f} sigma away."
    if holds["regime_flipped"]:
        return "Flow has turned the sign of net GEX since the open, by convention."
    if holds["very_fast"] and math.isfinite(figures["realised_ratio"]):
        return f"The last 30 minutes moved {figures['realised_ratio']:.1f} times what was priced."
    if decision.severity != "info" and primary_rule(decision) is None:
        magnet = price(decision.memory.magnet.strike)
        return f"Spot is {_away(decision)} from the magnet, {magnet}, with {_left(decision)} left."
    return ""


def _pin_story(decision: Decision, pin: str) -> str:
    return f"{_fly_opening(decision)}, {_gamma(decision)}; {pin}."


def _range_story(decision: Decision, pin: str) -> str:
    del pin
    position = decision.positions[seen.CONDOR]
    between = "" if position is None else f" between {_ends(position)}"
    return f"Range{between}: {_pace(decision)}, {_gamma(decision)}, {_left(decision)} left."


def _breakout_story(decision: Decision, pin: str) -> str:
    del pin
    return f"{_breakout_opening(decision)}, hedge flow the same way, {_gamma(decision)}."


_STORIES = {
    seen.FLY: _pin_story,
    seen.CONDOR: _range_story,
    seen.VERTICAL: _breakout_story,
}


def _fly_opening(decision: Decision) -> str:
    magnet = price(decision.memory.magnet.strike)
    return f"Pin: {_away(decision)} from {magnet}, {_left(decision)} left"


def _away(decision: Decision) -> str:
    """Spot's distance from the magnet: in sigmas, or in dollars where sigma is not known."""
    if decision.state.instant.clock.is_floored:
        distance = abs(decision.state.spot.value - decision.memory.magnet.strike)
        return f"{distance:.2f} dollars"
    return f"{decision.figures['magnet_distance']:.2f} sigma"


def _condor_opening(decision: Decision) -> str:
    return f"Range: {_pace(decision)}, {_left(decision)} left"


def _breakout_opening(decision: Decision) -> str:
    position = decision.positions[seen.VERTICAL]
    way = "up" if position is None or _buys_calls(position) else "down"
    moved = decision.figures["move"]
    return f"Breakout {way}: a 15-minute move of {moved:.1f} sigma, {_left(decision)} left"


_OPENINGS = {
    seen.FLY: _fly_opening,
    seen.CONDOR: _condor_opening,
    seen.VERTICAL: _breakout_opening,
}


def _pays(position: Position, decision: Decision) -> str:
    cash = position.at_natural
    kind = f"credit {cash:.2f}" if cash >= 0.0 else f"debit {-cash:.2f}"
    ends = position.break_evens()
    if not ends:
        where = "no close makes money"
    elif len(ends) == 1:
        where = f"profit {'above' if _buys_calls(position) else 'below'} {price(ends[0])}"
    else:
        where = f"profit between {price(ends[0])} and {price(ends[-1])}"
    close = decision.close
    if close is None:
        return f"{kind} of {price(position.width)}, {where}"
    priced = 100.0 * position.probability_of_profit(close.density)
    moved = 100.0 * position.probability_of_profit(close.physical)
    whose = "closes" if decision.terms.scale.sessions else "SPX's closes"
    value = position.expected_value(close.physical)
    chances = f"{priced:.0f}% priced"
    if close.factor != 1.0:
        chances += f", {moved:.0f}% by how {whose} have moved"
    return f"{kind} of {price(position.width)}, {where}: {chances}; {value:+.2f} expected"


def _gamma(decision: Decision) -> str:
    share = decision.figures["net_share"]
    if math.isnan(share):
        return "the sign of net GEX not claimed"
    sign = "positive" if share > 0.0 else "negative"
    return f"net GEX {sign} by convention ({abs(share):.0%} of gross)"


def _pace(decision: Decision) -> str:
    pace = decision.figures["realised_ratio"]
    if math.isnan(pace):
        return "the market's pace unknown"
    return f"the last 30 minutes moved {pace:.2f} times what was priced"


def _left(decision: Decision) -> str:
    minutes = decision.figures["minutes_left"]
    if minutes < 1.0:
        return "less than a minute"
    if minutes < 120.0:
        return f"{minutes:.0f} minute{'s' if minutes >= 1.5 else ''}"
    return f"{minutes / 60.0:.1f} hours"


def _buys_calls(position: Position) -> bool:
    return not math.isnan(position.strike(CALL, 1))


def _ends(position: Position) -> str:
    return f"{price(position.strike(PUT, -1))} and {price(position.strike(CALL, -1))}"


def _clock(at: int) -> str:
    return f"{new_york_clock(at):%H:%M}"
