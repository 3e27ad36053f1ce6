"""The table of rules: setups, setups to avoid, and how much a moment matters.

It is data. Each row names conditions of `zerodte.decision.condition`; the docs page is made of it.
Played on simulated days before it became this one (docs/setups.md has the figures).
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

TradeAngle: TypeAlias = Literal["pin_trade", "range_trade", "breakout_risk", "low_signal"]
Severity: TypeAlias = Literal["info", "watch", "alert"]

SEVERITY_NAMES: Final[tuple[Severity, ...]] = ("info", "watch", "alert")


@dataclass(frozen=True, slots=True)
class SetupRule:
    """A setup and what it takes.

    Attributes:
        name: Its code.
        display_name: For people.
        trade_angle: What kind of moment it makes.
        required: Conditions that all hold where it qualifies.
        soft: Conditions whose failures lower its confidence.
        idea: What it is, in words.
    """

    name: str
    display_name: str
    trade_angle: TradeAngle
    required: tuple[str, ...]
    soft: tuple[str, ...]
    idea: str


@dataclass(frozen=True, slots=True)
class AntiRule:
    """A trade to avoid, and the reasons of which one is enough.

    Attributes:
        name: Its code.
        display_name: For people.
        reasons: Each the conditions that hold together.
        idea: What goes wrong, in words.
    """

    name: str
    display_name: str
    reasons: tuple[tuple[str, ...], ...]
    idea: str


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """What makes a moment matter.

    Attributes:
        severity: How much.
        required: Conditions that hold together.
    """

    severity: Severity
    required: tuple[str, ...]


#: Without these there is no setup but `wait`.
GATES: Final = ("sound_data", "opening_over", "close_ahead")

#: In order: where two agree equally, the first stands.
SETUPS: Final = (
    SetupRule(
        name="iron_fly",
        display_name="Iron Fly",
        trade_angle="pin_trade",
        required=(
            "positive_gamma",
            "near_magnet",
            "magnet_still",
            "magnet_attracts",
            "fly_not_early",
            "fly_not_late",
            "no_event",
            "not_racing",
            "fly_quoted",
            "fly_pays",
        ),
        soft=("slow", "pin_score_high", "magnet_heavy", "fly_soon"),
        idea="a close near the magnet",
    ),
    SetupRule(
        name="iron_condor",
        display_name="Iron Condor",
        trade_angle="range_trade",
        required=(
            "positive_gamma",
            "condor_not_early",
            "condor_not_late",
            "inside_walls",
            "flip_far",
            "off_the_pin",
            "no_event",
            "condor_quoted",
            "condor_pays",
        ),
        soft=("slow", "walls_far", "gamma_holds"),
        idea="a close between the strikes sold",
    ),
    SetupRule(
        name="directional_breakout",
        display_name="Directional Breakout",
        trade_angle="breakout_risk",
        required=(
            "negative_gamma",
            "strong_move",
            "flow_with_move",
            "breakout_not_early",
            "breakout_not_late",
            "vertical_quoted",
        ),
        soft=("fast", "at_the_edge", "flow_grows"),
        idea="a close further along the move of the last 15 minutes",
    ),
)

ANTI_SETUPS: Final = (
    AntiRule(
        name="naked_short_straddle",
        display_name="Naked Short Straddle",
        reasons=(("negative_gamma",), ("very_fast",), ("event_ahead",)),
        idea="its loss has no bound, and the market may move more than it was paid for",
    ),
    AntiRule(
        name="fade_the_move",
        display_name="Fade the Move",
        reasons=(("negative_gamma", "strong_move"),),
        idea="hedging, by convention, goes with the move",
    ),
    AntiRule(
        name="chase_breakout",
        display_name="Chase a Breakout",
        reasons=(("positive_gamma", "near_magnet", "magnet_still"),),
        idea="hedging, by convention, goes against moves away from the magnet",
    ),
    AntiRule(
        name="iron_fly",
        display_name="Iron Fly",
        reasons=(("magnet_moved",),),
        idea="its middle is no longer where it was",
    ),
    AntiRule(
        name="short_premium_into_event",
        display_name="Short Premium into an Event",
        reasons=(("event_ahead",),),
        idea="news moves prices at once: after rate decisions variance is 4 to 6 times as large",
    ),
    AntiRule(
        name="sell_the_close",
        display_name="Sell the Close",
        reasons=(("last_quarter",),),
        idea="greeks are extreme, and one print decides",
    ),
)

#: The first that holds stands; without any it is info. What just happened is in `EVENT_HOLDS`.
SEVERITIES: Final = (
    SeverityRule("alert", ("last_hour", "at_magnet", "magnet_still", "positive_gamma")),
    SeverityRule("watch", ("near_flip",)),
    SeverityRule("watch", ("regime_flipped",)),
    SeverityRule("watch", ("last_two_hours", "by_magnet", "positive_gamma")),
    SeverityRule("watch", ("very_fast",)),
)
