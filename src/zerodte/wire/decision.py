"""The four decision blocks of a snapshot: headline, setup, probabilities, dealers' inventory."""

from typing import Annotated, Literal

from msgspec import UNSET, Struct, UnsetType

from zerodte.wire.base import Number, Timestamp, Whole, about
from zerodte.wire.positioning import RegimeLabel
from zerodte.wire.text import MEASURED


class Headline(Struct, frozen=True, kw_only=True, gc=False):
    """The moment in one line."""

    trade_angle: Annotated[
        Literal["pin_trade", "range_trade", "breakout_risk", "low_signal"],
        about("What kind of moment this is: that of the setup that stands."),
    ]
    severity: Annotated[
        Literal["info", "watch", "alert"],
        about(
            "How much it matters now. An alert stands for minutes after spot crossed the flip, or "
            "flow turned the sign of net GEX."
        ),
    ]
    narrative: Annotated[str, about("One or two sentences.")]
    decided_at: Annotated[
        Timestamp | None,
        about("The sample at which headline and setup were decided; null before the first."),
    ]


class StrikesHint(Struct, frozen=True, kw_only=True, gc=False):
    """Strikes that would express a setup; null where it has no such leg."""

    short_call_strike: Annotated[Number, about("Dollars.")] = None
    short_put_strike: Annotated[Number, about("Dollars.")] = None
    long_call_strike: Annotated[Number, about("Dollars.")] = None
    long_put_strike: Annotated[Number, about("Dollars.")] = None


class TouchChance(Struct, frozen=True, kw_only=True, gc=False):
    """The chance that spot reaches a level before the close."""

    strike: Annotated[float, about("Dollars.")]
    probability: Annotated[Number, about("A fraction.")]


class Economics(Struct, frozen=True, kw_only=True, gc=False):
    """What the strikes of a hint cost and pay at the quotes of `decided_at`, per share."""

    credit_at_mid: Annotated[Number, about("Dollars received; below 0: paid.")]
    credit_at_natural: Annotated[
        Number, about("Dollars, buying at the ask and selling at the bid; so are all below.")
    ]
    width: Annotated[Number, about("Dollars between the strikes of the wider side.")]
    max_profit: Annotated[Number, about("Dollars.")]
    max_loss: Annotated[Number, about("Dollars, above 0.")]
    break_evens: Annotated[list[float], about("Closes without profit or loss, ascending.")]
    probability_of_profit: Annotated[Number, about("At the close, a fraction, physical.")]
    probability_of_profit_priced: Annotated[Number, about("The same, risk-neutral.")]
    expected_value: Annotated[Number, about("Dollars, physical.")]
    expected_value_priced: Annotated[Number, about("Dollars, risk-neutral.")]
    touch: Annotated[list[TouchChance], about("Of each strike sold, before the close.")]


class SetupEntry(Struct, frozen=True, kw_only=True, gc=False):
    """A setup, with the conditions for and against it."""

    name: Annotated[str, about("A code, such as iron_fly.")]
    display_name: Annotated[str, about("For people.")]
    thesis: Annotated[str, about("What it is, what it pays, what must hold.")]
    confidence: Annotated[
        Literal["high", "medium", "low"],
        about(
            "How many of its rules agree: all, all but one, fewer. It is no win rate. High also "
            "needs a data quality of 80. Of a wait and of what to avoid: low and high."
        ),
    ]
    conditions_met: Annotated[list[str], about("With the observed values.")]
    conditions_failed: Annotated[list[str], about("With the observed values.")]
    strikes_hint: Annotated[StrikesHint | None, about("Null for a setup without legs.")]
    economics: Annotated[Economics | None, about("Of the hint; null without one.")]


class Setup(Struct, frozen=True, kw_only=True, gc=False):
    """The setup that fits best, others that qualify, and those to avoid."""

    primary: Annotated[SetupEntry, about("The best fit; wait where none qualifies.")]
    alternatives: Annotated[list[SetupEntry], about("Others that qualify.")]
    anti_setups: Annotated[list[SetupEntry], about("What not to do now, and why.")]
    since: Annotated[Timestamp | None, about("Since when the primary stands; null if unknown.")]
    nearest: Annotated[str | None, about("Of a wait: the code of the setup that lacks least.")]
    waits_for: Annotated[str | None, about("Of a wait: the first condition that fails.")]


class PinProbability(Struct, frozen=True, kw_only=True, gc=False):
    """The chance of a close at the magnet."""

    value: Annotated[Number, about("A fraction, physical; null without a magnet.")]
    calibration_method: Annotated[str, about("How it was computed.")]
    inputs_summary: Annotated[str, about("The inputs, as text; doubts about them too.")]
    low: Annotated[Number, about("Lower end of the closes nearer to it than to other strikes.")]
    high: Annotated[Number, about("Upper end.")]
    risk_neutral: Annotated[Number, about("The same as the chain prices it.")]
    base_rate: Annotated[
        Number, about("What the same band has half a step aside: an arbitrary place there.")
    ]
    interval: Annotated[
        tuple[float, float] | None,
        about("90%, by the scale's uncertainty; wide where the shape cannot be known."),
    ]
    sessions: Annotated[
        Whole, about("Own finished sessions behind the scale; 0: the published premium alone.")
    ]


class RangeProbability(Struct, frozen=True, kw_only=True, gc=False):
    """The chance of a close inside a band around spot."""

    value: Annotated[Number, about("A fraction, physical.")]
    low: Annotated[Number, about("Lower end of the band.")]
    high: Annotated[Number, about("Upper end of the band.")]
    calibration_method: Annotated[str, about("How it was computed.")]
    risk_neutral: Annotated[Number, about("The same as the chain prices it.")]
    interval: Annotated[tuple[float, float] | None, about("90%, by the scale's uncertainty.")]
    sessions: Annotated[Whole, about("As for the pin.")]


class CloseLaw(Struct, frozen=True, kw_only=True, gc=False):
    """The physical law of the close: quantiles, and its chances in cells of equal width.

    `p05` is the close that is not passed with a chance of 5%. The cells lie between the quantiles
    of 0.1% and 99.9%.
    """

    p05: Annotated[Number, about("Dollars.")]
    p25: Annotated[Number, about("Dollars.")]
    p50: Annotated[Number, about("Dollars.")]
    p75: Annotated[Number, about("Dollars.")]
    p95: Annotated[Number, about("Dollars.")]
    prices: Annotated[list[Number], about("The ends of the cells, ascending, dollars.")]
    mass: Annotated[list[Number], about("The chance of a close in each cell, a fraction.")]


class SigmaTouch(Struct, frozen=True, kw_only=True, gc=False):
    """The chance that spot reaches the ends of `range_1sigma` before the close."""

    low: Annotated[Number, about("A fraction.")]
    high: Annotated[Number, about("A fraction.")]


class Probabilities(Struct, frozen=True, kw_only=True, gc=False):
    """Where the close is likely to be."""

    pin: Annotated[PinProbability, about("At the magnet.")]
    range_1sigma: Annotated[RangeProbability, about("Within one remaining sigma of spot.")]
    range_2sigma: Annotated[RangeProbability, about("Within two.")]
    close: Annotated[CloseLaw | None, about("Null where nothing can be said of it.")]
    touch_1sigma: Annotated[SigmaTouch | None, about("Likewise.")]


class InventoryStrike(Struct, frozen=True, gc=False):
    """The GEX of dealers' inferred positions at one strike, calls and puts together."""

    # Fields are positional, so that columns become rows in one pass.

    strike: Annotated[Number, about("Dollars.")]
    net_gex: Annotated[Number, about("Dollars per 1% move; over all strikes the block's.")]
    net_gex_low: Annotated[Number, about("Lower end of its 90% interval; the ends do not add up.")]
    net_gex_high: Annotated[Number, about("Upper end.")]


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
    strikes: Annotated[
        list[InventoryStrike] | UnsetType | None,
        about(
            "With inventory=1, every strike of the chain, ascending; null where the session was "
            "stored without them."
        ),
    ] = UNSET
