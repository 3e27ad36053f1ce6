"""The blocks about the chain itself: expected move, decay, volatility, volume, cost, quality."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, Whole, about

HedgeLean: TypeAlias = Literal["time_decay_dealers_buy", "time_decay_dealers_sell", "neutral"]
VannaLean: TypeAlias = Literal["vol_up_dealers_buy", "vol_up_dealers_sell", "neutral"]
SpotSource: TypeAlias = Literal["equity_quote", "index", "put_call_parity"]


class ExpectedMove(Struct, frozen=True, kw_only=True, gc=False):
    """What the smile at the money says about the close."""

    implied_1sd_dollars: Annotated[Number, about("One sigma of the whole session, dollars.")]
    implied_1sd_pct: Annotated[Number, about("The same, percent of spot.")]
    remaining_1sd_dollars: Annotated[Number, about("One sigma from now to the close, dollars.")]
    remaining_1sd_pct: Annotated[Number, about("The same, percent of spot.")]
    upper_bound: Annotated[Number, about("Spot plus the remaining sigma.")]
    lower_bound: Annotated[Number, about("Spot minus the remaining sigma.")]
    straddle_price: Annotated[Number, about("Call mid plus put mid at the money, per share.")]
    atm_iv: Annotated[Number, about("Annual volatility at the forward, a fraction.")]


class Decay(Struct, frozen=True, kw_only=True, gc=False):
    """What time takes from holders and makes dealers do."""

    net_theta_dollars: Annotated[
        Number, about("Extrinsic value that decays by the close, dollars, negative.")
    ]
    theta_per_hour_remaining: Annotated[Number, about("The same per hour left; null when closed.")]
    charm_regime: Annotated[HedgeLean | None, about("What passing time makes dealers do.")]
    charm_description: Annotated[str, about("That in a sentence.")]
    gamma_acceleration: Annotated[
        Number, about("Gamma at the money over that of the expiry nearest seven days.")
    ]
    description: Annotated[str, about("The decay in a sentence.")]


class VolContext(Struct, frozen=True, kw_only=True, gc=False):
    """Today's volatility beside its neighbours."""

    zero_dte_atm_iv: Annotated[Number, about("At the money, percent.")]
    seven_dte_atm_iv: Annotated[Number, about("The expiry nearest seven days, percent.")]
    iv_ratio_0dte_7dte: Annotated[Number, about("The first over the second.")]
    vix: Annotated[Number, about("VIX, points; null when not on the tape.")]
    skew_25d: Annotated[
        Number,
        about("Put minus call volatility near 25 delta, points; null when nothing lies near."),
    ]
    vanna_exposure: Annotated[Number, about("Net VEX, dollars per volatility point.")]
    vanna_interpretation: Annotated[
        VannaLean | None, about("What rising volatility makes dealers do.")
    ]
    description: Annotated[str, about("The volatility in a sentence.")]


class Flow(Struct, frozen=True, kw_only=True, gc=False):
    """Volume and open interest of the chain, contracts."""

    total_volume: Annotated[Whole, about("Contracts traded today.")]
    call_volume: Annotated[Whole, about("Calls among them.")]
    put_volume: Annotated[Whole, about("Puts among them.")]
    net_call_minus_put_volume: Annotated[Whole, about("Calls minus puts.")]
    total_oi: Annotated[Whole, about("Open interest.")]
    call_oi: Annotated[Whole, about("Calls' open interest.")]
    put_oi: Annotated[Whole, about("Puts' open interest.")]
    pc_ratio_volume: Annotated[Number, about("Put volume over call volume.")]
    pc_ratio_oi: Annotated[Number, about("Put open interest over call open interest.")]
    volume_to_oi_ratio: Annotated[Number, about("Volume over settled open interest.")]
    atm_volume_share_pct: Annotated[Number, about("Volume within 0.5% of spot, percent of all.")]
    top3_strike_volume_pct: Annotated[Number, about("The three busiest strikes, percent of all.")]


class Liquidity(Struct, frozen=True, kw_only=True, gc=False):
    """What it costs to trade the chain."""

    atm_spread_pct: Annotated[Number, about("Spread over mid at the money, percent.")]
    weighted_spread_pct: Annotated[
        Number, about("Weighted by open interest within strike_range, percent.")
    ]
    execution_score: Annotated[
        Whole, about("0 to 100: 70% spread, 30% open interest at the money.")
    ]


class Metadata(Struct, frozen=True, kw_only=True, gc=False):
    """How far to trust this answer, and what it was computed from."""

    snapshot_age_seconds: Annotated[Number, about("From the chain's newest record to as_of.")]
    chain_contract_count: Annotated[int, about("Contracts in the chain.")]
    data_quality_score: Annotated[
        Whole,
        about("0 to 100: how much is known of quotes, trades, sides, spot and open interest."),
    ]
    greek_smoothness_score: Annotated[Whole, about("0 to 100: smoothness of the smile.")]
    spot_source: Annotated[SpotSource | None, about("Where underlying_price comes from.")]
    quotes_fresh_pct: Annotated[
        Number, about("Listed contracts whose last quote is usable, percent.")
    ]
    classified_volume_pct: Annotated[
        Number, about("Volume with a known aggressor, percent; null before a trade.")
    ]
    volume_by_rule: Annotated[
        dict[str, int],
        about(
            "Contracts traded today, by the rule that decided their side or the reason why they "
            "have none."
        ),
    ]
    oi_as_of: Annotated[
        Timestamp | None, about("When the settled open interest in use was published.")
    ]
    inputs_digest: Annotated[
        str, about("Digest of every record behind this symbol's answers up to this instant.")
    ]
    model_version: Annotated[str, about("Version of the formulas.")]
