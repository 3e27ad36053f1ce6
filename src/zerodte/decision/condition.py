"""Conditions: a figure, the bound at which it holds, and the one at which it stops to.

Every rule of the decision is made of these. Figures that tremble around one bound would switch a
setup on and off, so each has two, and must stay beyond one for a while.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from zerodte.constants import DWELL, EVENT_HOLD, MINUTE

_DIGITS: Final = re.compile(r"\.(\d)")
#: More than a figure's own form has.
_MOST_DIGITS: Final = 4

#: What the rules look at, by name; NaN where unknown.
Figures: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RuleCondition:
    """A figure and its bounds.

    Attributes:
        code: Its name.
        text: The rule in words.
        figure: The name of the figure.
        at_least: It comes to hold from here up; None where there is no lower bound.
        at_most: It comes to hold from here down; None where there is no upper bound.
        leave: Once it holds, it does until the figure is beyond this; the bound itself by default.
        dwell: Samples in a row that it takes, to come and to go.
        shown: How the observed figure is written; empty where the rule says it all.
        endless: What an infinite figure means.
        runs_out: Whether it fails for the rest of the session once it does.
        ends_at_once: Whether one sample is enough for it to go.
    """

    code: str
    text: str
    figure: str
    at_least: float | None = None
    at_most: float | None = None
    leave: float | None = None
    dwell: int = DWELL
    shown: str = "{:.2f}"
    endless: str = "far"
    runs_out: bool = False
    ends_at_once: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a figure lies where the condition comes to hold; NaN does not."""
        return self._within(value, self.at_least, self.at_most)

    def is_kept(self, value: float) -> bool:
        """Whether a figure lies where the condition goes on to hold; NaN does not."""
        if self.leave is None:
            return self.is_met(value)
        if self.at_least is not None:
            return self._within(value, self.leave, self.at_most)
        return self._within(value, self.at_least, self.leave)

    def words(self, figures: Figures, *, holds: bool) -> str:
        """The rule, and the observed value in brackets.

        Where a figure and the verdict differ, because it takes time or has two bounds, it says so.
        """
        value, remarks = figures[self.figure], []
        if math.isnan(value):
            remarks.append("unknown")
        elif math.isinf(value):
            remarks.append(self.endless)
        elif self.shown:
            remarks.append(self._written(value))
        if holds and not self.is_kept(value):
            remarks.append("holds until that has lasted")
        elif holds and not self.is_met(value):
            remarks.append("holds" + ("" if not self._leave_shown else f" to {self._leave_shown}"))
        elif not holds and self.is_met(value) and math.isfinite(value):
            remarks.append("not for long enough")
        return f"{self.text} ({'; '.join(remarks)})" if remarks else self.text

    def _written(self, value: float) -> str:
        """A figure, with as many digits as tell it from the bounds."""
        bounds = [b for b in (self.at_least, self.at_most) if b is not None and b != value]
        form = self.shown
        for _ in range(_MOST_DIGITS):
            if all(form.format(value) != form.format(bound) for bound in bounds):
                break
            form = _DIGITS.sub(lambda found: f".{int(found[1]) + 1}", form)
        return form.format(value)

    @property
    def _leave_shown(self) -> str:
        return "" if self.leave is None else self.shown.format(self.leave)

    @staticmethod
    def _within(value: float, low: float | None, high: float | None) -> bool:
        if math.isnan(value):
            return False
        return (low is None or value >= low) and (high is None or value <= high)


def _by_code(*conditions: RuleCondition) -> Mapping[str, RuleCondition]:
    return {condition.code: condition for condition in conditions}


_OR_JUST_NOW: Final = f"or in the last {EVENT_HOLD // MINUTE} minutes"

#: All conditions. Their places are those of their bits in a sample: new ones go to the end.
RULE_CONDITIONS: Final = _by_code(
    # Whether anything may be said.
    RuleCondition(
        "sound_data",
        "data quality at least 60",
        "data_quality",
        at_least=60.0,
        leave=55.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "opening_over",
        "at least 15 minutes since the open",
        "minutes_gone",
        at_least=15.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "close_ahead",
        "at least 5 minutes to the close",
        "minutes_left",
        at_least=5.0,
        dwell=1,
        shown="{:.0f}",
        runs_out=True,
    ),
    RuleCondition(
        "no_event",
        f"no scheduled event ahead {_OR_JUST_NOW}",
        "events_ahead",
        at_most=0.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "event_ahead",
        f"a scheduled event ahead {_OR_JUST_NOW}",
        "events_ahead",
        at_least=1.0,
        dwell=1,
        shown="{:.0f}",
    ),
    # Gamma.
    RuleCondition(
        "positive_gamma",
        "net GEX positive by convention, at least 8% of gross",
        "net_share",
        at_least=0.08,
        leave=0.03,
        shown="{:.0%}",
    ),
    RuleCondition(
        "negative_gamma",
        "net GEX negative by convention, at least 8% of gross",
        "net_share",
        at_most=-0.08,
        leave=-0.03,
        shown="{:.0%}",
    ),
    # The magnet.
    RuleCondition(
        "near_magnet",
        "spot within 0.5 sigma of the magnet",
        "magnet_distance",
        at_most=0.5,
        leave=0.8,
    ),
    RuleCondition(
        "magnet_still",
        "magnet within one strike for 15 minutes",
        "magnet_moved",
        at_most=1.0,
        shown="{:.1f} strikes",
    ),
    RuleCondition(
        "magnet_moved",
        "magnet moved by more than a strike in 15 minutes",
        "magnet_moved",
        at_least=1.01,
        shown="{:.1f} strikes",
    ),
    RuleCondition(
        "magnet_attracts",
        "net GEX at the magnet above zero",
        "magnet_share",
        at_least=0.0,
        shown="{:.0%} of all",
    ),
    RuleCondition(
        "magnet_heavy",
        "at least 15% of all net GEX at the magnet",
        "magnet_share",
        at_least=0.15,
        leave=0.12,
        shown="{:.0%}",
    ),
    RuleCondition(
        "pin_score_high",
        "pin_score at least 70",
        "pin_score",
        at_least=70.0,
        leave=65.0,
        shown="{:.0f}",
    ),
    # Time.
    RuleCondition(
        "fly_not_late",
        "at least 15 minutes left",
        "minutes_left",
        at_least=15.0,
        dwell=1,
        shown="{:.0f}",
        runs_out=True,
    ),
    RuleCondition(
        "fly_not_early",
        "at most 240 minutes left",
        "minutes_left",
        at_most=240.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "fly_soon",
        "at most 150 minutes left",
        "minutes_left",
        at_most=150.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "condor_not_late",
        "at least 60 minutes left",
        "minutes_left",
        at_least=60.0,
        dwell=1,
        shown="{:.0f}",
        runs_out=True,
    ),
    RuleCondition(
        "condor_not_early",
        "at least 30 minutes since the open",
        "minutes_gone",
        at_least=30.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "breakout_not_late",
        "at least 30 minutes left",
        "minutes_left",
        at_least=30.0,
        dwell=1,
        shown="{:.0f}",
        runs_out=True,
    ),
    RuleCondition(
        "breakout_not_early",
        "at least 20 minutes since the open",
        "minutes_gone",
        at_least=20.0,
        dwell=1,
        shown="{:.0f}",
    ),
    # Walls and flip.
    RuleCondition(
        "inside_walls",
        "spot not more than 0.25 sigma beyond the walls",
        "wall_room",
        at_least=-0.25,
        leave=-0.35,
        shown="{:.2f} inside",
    ),
    RuleCondition(
        "walls_far",
        "both walls at least 0.5 sigma away",
        "wall_room",
        at_least=0.5,
        leave=0.4,
    ),
    RuleCondition(
        "flip_far",
        "gamma flip at least 0.6 sigma away",
        "flip_distance",
        at_least=0.6,
        leave=0.35,
    ),
    RuleCondition(
        "off_the_pin",
        "spot at least 0.8 sigma from the magnet in the last 150 minutes",
        "off_pin",
        at_least=0.8,
        leave=0.5,
        endless="more time is left",
    ),
    # The market's own pace.
    RuleCondition(
        "slow",
        "the last 30 minutes moved at most 1.0 times what was priced",
        "realised_ratio",
        at_most=1.0,
        leave=1.25,
    ),
    RuleCondition(
        "fast",
        "the last 30 minutes moved at least 1.2 times what was priced",
        "realised_ratio",
        at_least=1.2,
        leave=1.0,
    ),
    RuleCondition(
        "strong_move",
        "a move of at least 1.0 sigma of 15 minutes",
        "move",
        at_least=1.0,
        leave=0.5,
    ),
    # Flow.
    RuleCondition(
        "flow_with_move",
        "hedge flow of 15 minutes in the move's direction",
        "flow_with_move",
        at_least=0.0,
        shown="{:+.1%} of gross",
    ),
    RuleCondition(
        "flow_grows",
        "hedge flow larger than in the 15 minutes before",
        "flow_growth",
        at_least=1.0,
        shown="{:.1f} times",
    ),
    RuleCondition(
        "at_the_edge",
        "spot beyond a wall or within 0.5 sigma of the flip",
        "edge_distance",
        at_most=0.5,
        leave=0.6,
    ),
    RuleCondition(
        "gamma_holds",
        "flow has not dampened gamma",
        "flow_dampens",
        at_most=0.0,
        shown="",
    ),
    # What can be traded.
    RuleCondition(
        "fly_quoted",
        "the fly's four legs quoted",
        "fly_quoted",
        at_least=1.0,
        shown="",
        ends_at_once=True,
    ),
    RuleCondition(
        "condor_quoted",
        "the condor's four legs quoted",
        "condor_quoted",
        at_least=1.0,
        shown="",
        ends_at_once=True,
    ),
    RuleCondition(
        "condor_pays",
        "natural credit at least 10% of the width",
        "condor_credit",
        at_least=0.10,
        leave=0.08,
        shown="{:.0%}",
    ),
    RuleCondition(
        "vertical_quoted",
        "a direction, and the two legs of its vertical quoted",
        "vertical_quoted",
        at_least=1.0,
        shown="",
        ends_at_once=True,
    ),
    # How much it matters.
    RuleCondition(
        "last_hour",
        "at most 60 minutes left",
        "minutes_left",
        at_most=60.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "last_two_hours",
        "at most 120 minutes left",
        "minutes_left",
        at_most=120.0,
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "last_quarter",
        "less than 15 minutes left",
        "minutes_left",
        at_most=14.5,  # of samples each half minute
        dwell=1,
        shown="{:.0f}",
    ),
    RuleCondition(
        "at_magnet",
        "spot within 0.25 sigma of the magnet",
        "magnet_distance",
        at_most=0.25,
        leave=0.5,
    ),
    RuleCondition(
        "by_magnet",
        "spot within 0.35 sigma of the magnet",
        "magnet_distance",
        at_most=0.35,
        leave=0.6,
    ),
    RuleCondition(
        "near_flip",
        "gamma flip within 0.25 sigma",
        "flip_distance",
        at_most=0.25,
        leave=0.4,
    ),
    RuleCondition(
        "very_fast",
        "the last 30 minutes moved at least 1.5 times what was priced",
        "realised_ratio",
        at_least=1.5,
        leave=1.2,
    ),
    RuleCondition(
        "regime_flipped",
        "flow has turned the sign of net GEX since the open, to 8% of gross",
        "flow_flips",
        at_least=0.08,
        leave=0.03,
        shown="{:.0%}",
    ),
    # The opposite of `very_fast`: a fly is never beside the warning of its naked twin.
    RuleCondition(
        "not_racing",
        "the last 30 minutes moved at most 1.2 times what was priced",
        "realised_ratio",
        at_most=1.2,
        leave=1.5,
    ),
    RuleCondition(
        "fly_pays",
        "natural credit at least 30% of the fly's wing",
        "fly_credit",
        at_least=0.30,
        leave=0.25,
        shown="{:.0%}",
    ),
)
