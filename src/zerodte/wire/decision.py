"""The four decision blocks of a snapshot: headline, setup, probabilities, dealers' inventory."""

from typing import Annotated, Literal

from msgspec import Struct

from zerodte.wire.base import Number, Whole, about
from zerodte.wire.positioning import RegimeLabel
from zerodte.wire.text import MEASURED


class Headline(Struct, frozen=True, kw_only=True, gc=False):
    """The snapshot in one line."""

    trade_angle: Annotated[
        Literal["pin_trade", "range_trade", "breakout_risk", "low_signal"],
        about("What kind of session this is."),
    ]
    severity: Annotated[Literal["info", "watch", "alert"], about("How much it matters now.")]
    narrative: Annotated[str, about("One sentence.")]


class StrikesHint(Struct, frozen=True, kw_only=True, gc=False):
    """Strikes that would express a setup; null where it has no such leg."""

    short_call_strike: Annotated[Number, about("Dollars.")] = None
    short_put_strike: Annotated[Number, about("Dollars.")] = None
    long_call_strike: Annotated[Number, about("Dollars.")] = None
    long_put_strike: Annotated[Number, about("Dollars.")] = None


class SetupEntry(Struct, frozen=True, kw_only=True, gc=False):
    """A setup, with the conditions for and against it."""

    name: Annotated[str, about("A code, such as iron_fly.")]
    display_name: Annotated[str, about("For people.")]
    thesis: Annotated[str, about("Why it would work.")]
    confidence: Annotated[Literal["high", "medium", "low"], about("By the soft conditions met.")]
    conditions_met: Annotated[list[str], about("With the observed values.")]
    conditions_failed: Annotated[list[str], about("With the observed values.")]
    strikes_hint: Annotated[StrikesHint | None, about("Null for a setup without legs.")]


class Setup(Struct, frozen=True, kw_only=True, gc=False):
    """The setup that fits best, others that qualify, and those to avoid."""

    primary: Annotated[SetupEntry, about("The best fit.")]
    alternatives: Annotated[list[SetupEntry], about("Others that qualify.")]
    anti_setups: Annotated[list[SetupEntry], about("What not to do now, and why.")]


class PinProbability(Struct, frozen=True, kw_only=True, gc=False):
    """The chance of a close at the magnet."""

    value: Annotated[Number, about("A fraction.")]
    calibration_method: Annotated[str, about("How it was computed.")]
    inputs_summary: Annotated[str, about("The inputs, as text.")]
    low: Annotated[Number, about("Lower end of the band that counts as at the magnet.")]
    high: Annotated[Number, about("Upper end of the band.")]
    base_rate: Annotated[Number, about("How often a shifted band was hit; null without history.")]
    interval: Annotated[tuple[float, float] | None, about("90%; null without history.")]
    sessions: Annotated[Whole, about("Sessions behind both; null without history.")]


class RangeProbability(Struct, frozen=True, kw_only=True, gc=False):
    """The chance of a close inside a band around spot."""

    value: Annotated[Number, about("A fraction.")]
    low: Annotated[Number, about("Lower end of the band.")]
    high: Annotated[Number, about("Upper end of the band.")]
    calibration_method: Annotated[str, about("How it was computed.")]
    interval: Annotated[tuple[float, float] | None, about("90%; null without history.")]
    sessions: Annotated[Whole, about("Sessions behind it; null without history.")]


class Probabilities(Struct, frozen=True, kw_only=True, gc=False):
    """Where the close is likely to be."""

    pin: Annotated[PinProbability, about("At the magnet.")]
    range_1sigma: Annotated[RangeProbability, about("Within one remaining sigma of spot.")]
    range_2sigma: Annotated[RangeProbability, about("Within two.")]


class DealerInventory(Struct, frozen=True, kw_only=True, gc=False):
    """The exposures on the inferred, signed positions of dealers."""

    net_gex: Annotated[Number, about("Dollars per 1% move.")]
    net_gex_low: Annotated[Number, about(f"Lower end of its 90% interval. {MEASURED}")]
    net_gex_high: Annotated[Number, about("Upper end of its 90% interval.")]
    net_dex: Annotated[Number, about("Dollars; above 0: dealers buy.")]
    net_vex: Annotated[Number, about("Dollars per volatility point; above 0: dealers buy.")]
    net_chex: Annotated[Number, about("Dollars per session day; above 0: dealers buy.")]
    regime: Annotated[RegimeLabel, about("Unknown when the interval spans zero.")]
    agrees: Annotated[
        bool | None, about("Whether it agrees with regime.label; null when the interval spans 0.")
    ]
