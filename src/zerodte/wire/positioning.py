"""The blocks about where dealers stand: regime, exposures, pin, hedging, levels, shift by flow."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, Whole, about
from zerodte.wire.text import MEASURED

RegimeLabel: TypeAlias = Literal["positive_gamma", "negative_gamma", "unknown"]
FlipStatus: TypeAlias = Literal[
    "available",
    "no_boundary",
    "insufficient_local_coverage",
    "insufficient_quote_quality",
    "sensitive_root",
    "insufficient_open_interest",
]


class Regime(Struct, frozen=True, kw_only=True, gc=False):
    """Whether dealers' hedging dampens moves or feeds them, and the level where that turns."""

    label: Annotated[
        RegimeLabel,
        about(
            "Sign of net GEX at spot, on the usual convention; it turns once the other sign has "
            "had 8% of gross for two minutes. Unknown when quotes or open interest do not carry "
            f"it. {MEASURED}"
        ),
    ]
    strength: Annotated[Number, about("|net| over gross GEX, a fraction.")]
    since: Annotated[
        Timestamp | None, about("Since when the label stands; null on settled open interest.")
    ]
    description: Annotated[str, about("The regime in a sentence.")]
    gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[
        FlipStatus, about("Why the flip is given or withheld; gamma_flip is null unless available.")
    ]
    spot_vs_flip: Annotated[
        Literal["above", "below"] | None, about("Side of the flip; null when withheld.")
    ]
    spot_to_flip_pct: Annotated[Number, about("Spot minus flip, percent of spot.")]
    distance_to_flip_dollars: Annotated[Number, about("|Spot minus flip|, dollars.")]
    distance_to_flip_sigmas: Annotated[Number, about("The same in remaining sigmas.")]


class Exposures(Struct, frozen=True, kw_only=True, gc=False):
    """The chain's net greeks in dollars."""

    net_gex: Annotated[Number, about("Dollars per 1% move; calls plus, puts minus.")]
    net_dex: Annotated[Number, about("Delta dollars of the holders.")]
    net_vex: Annotated[
        Number, about("Dollars per volatility point; above 0: dealers buy as it rises.")
    ]
    net_chex: Annotated[
        Number, about("Dollars per session day; above 0: dealers buy as time passes.")
    ]
    pct_of_total_gex: Annotated[
        Number, about("This chain's share of the symbol's net GEX, percent.")
    ]
    total_chain_net_gex: Annotated[
        Number, about("Net GEX of the symbol's whole chain, all expiries.")
    ]


class PinComponents(Struct, frozen=True, kw_only=True, gc=False):
    """The parts of the pin score, each 0 to 100, weighted 30, 25, 25 and 20 percent."""

    oi_score: Annotated[Whole, about("Concentration of open interest.")]
    proximity_score: Annotated[Whole, about("Nearness of spot to the magnet.")]
    time_score: Annotated[Whole, about("Elapsed share of the session.")]
    gamma_score: Annotated[Whole, about("The magnet's share of gamma.")]


class PinRisk(Struct, frozen=True, kw_only=True, gc=False):
    """How strongly the close is drawn to one strike."""

    magnet_strike: Annotated[Number, about("Strike of the largest |net GEX|.")]
    magnet_gex: Annotated[Number, about("Net GEX there, dollars per 1% move.")]
    distance_to_magnet_pct: Annotated[Number, about("Spot minus magnet, percent of spot.")]
    pin_score: Annotated[
        Whole,
        about("0 to 100: the weighted components; at a magnet that repels, proximity's alone."),
    ]
    components: Annotated[PinComponents, about("The parts of the score.")]
    max_pain: Annotated[Number, about("Strike of the least intrinsic value to holders.")]
    oi_concentration_top3_pct: Annotated[
        Number, about("Share of open interest in the three largest strikes, percent.")
    ]
    description: Annotated[str, about("The pin in a sentence.")]


class HedgingMove(Struct, frozen=True, kw_only=True, gc=False):
    """What dealers would trade to stay hedged after one move of spot."""

    dealer_shares_to_trade: Annotated[Number, about("Shares, signed; above 0: buy.")]
    direction: Annotated[Literal["buy", "sell"] | None, about("Side of that trade.")]
    notional_usd: Annotated[Number, about("Dollars, signed alike.")]


class Hedging(Struct, frozen=True, kw_only=True, gc=False):
    """Dealers' hedging trades over ten moves of spot, the chain repriced at each."""

    spot_up_10bp: Annotated[HedgingMove, about("Spot up 0.10%.")]
    spot_down_10bp: Annotated[HedgingMove, about("Spot down 0.10%.")]
    spot_up_25bp: Annotated[HedgingMove, about("Spot up 0.25%.")]
    spot_down_25bp: Annotated[HedgingMove, about("Spot down 0.25%.")]
    spot_up_half_pct: Annotated[HedgingMove, about("Spot up 0.5%.")]
    spot_down_half_pct: Annotated[HedgingMove, about("Spot down 0.5%.")]
    spot_up_1pct: Annotated[HedgingMove, about("Spot up 1%.")]
    spot_down_1pct: Annotated[HedgingMove, about("Spot down 1%.")]
    spot_up_1sd: Annotated[HedgingMove, about("Spot up one remaining sigma; ours.")]
    spot_down_1sd: Annotated[HedgingMove, about("Spot down one remaining sigma; ours.")]
    convexity_at_spot: Annotated[
        Number, about("Second difference of net GEX over the three strikes at spot, per dollar².")
    ]


class Levels(Struct, frozen=True, kw_only=True, gc=False):
    """The strikes that matter."""

    call_wall: Annotated[Number, about("Strike of the largest call GEX.")]
    call_wall_gex: Annotated[Number, about("Call GEX there, dollars per 1% move.")]
    call_wall_strength: Annotated[Number, about("Its fraction of all call GEX.")]
    distance_to_call_wall_pct: Annotated[Number, about("Wall minus spot, percent of spot.")]
    put_wall: Annotated[Number, about("Strike of the most negative put GEX.")]
    put_wall_gex: Annotated[Number, about("Put GEX there, dollars per 1% move.")]
    put_wall_strength: Annotated[Number, about("Its fraction of all put GEX.")]
    distance_to_put_wall_pct: Annotated[Number, about("Wall minus spot, percent of spot.")]
    side_call_wall: Annotated[
        Number, about("Strike of the largest call GEX at or above spot (ours).")
    ]
    side_call_wall_gex: Annotated[Number, about("Call GEX there.")]
    side_put_wall: Annotated[
        Number, about("Strike of the most negative put GEX at or below spot (ours).")
    ]
    side_put_wall_gex: Annotated[Number, about("Put GEX there.")]
    call_wall_2: Annotated[Number, about("Strike of the second largest call GEX; null if none.")]
    call_wall_2_gex: Annotated[Number, about("Call GEX there.")]
    call_wall_3: Annotated[Number, about("Strike of the third largest; likewise.")]
    call_wall_3_gex: Annotated[Number, about("Call GEX there.")]
    put_wall_2: Annotated[Number, about("Strike of the second most negative put GEX.")]
    put_wall_2_gex: Annotated[Number, about("Put GEX there.")]
    put_wall_3: Annotated[Number, about("Strike of the third.")]
    put_wall_3_gex: Annotated[Number, about("Put GEX there.")]
    distance_to_magnet_dollars: Annotated[Number, about("Spot minus magnet, dollars.")]
    highest_oi_strike: Annotated[Number, about("Strike of the largest open interest.")]
    highest_oi_total: Annotated[Whole, about("Open interest there, calls and puts, contracts.")]
    max_positive_gamma: Annotated[Number, about("Strike of the largest net GEX.")]
    max_negative_gamma: Annotated[Number, about("Strike of the most negative net GEX.")]
    level_cluster_score: Annotated[
        Whole, about("0 to 100: how closely flip, magnet, max pain, top strike and walls agree.")
    ]


class GammaProfile(Struct, frozen=True, kw_only=True, gc=False):
    """Net GEX of the chain if spot were elsewhere now; its root nearest spot is the flip."""

    spots: Annotated[
        list[Number], about("At equal distances, ascending, dollars; the middle one is spot.")
    ]
    net_gex: Annotated[list[Number], about("At each, dollars per 1% move.")]
    low: Annotated[list[Number], about("With all puts weighing a tenth more.")]
    high: Annotated[list[Number], about("With all puts weighing a tenth less.")]


class FlowDirection(Struct, frozen=True, kw_only=True, gc=False):
    """How today's trades have moved net GEX away from settled open interest."""

    label: Annotated[
        Literal["no_flow", "neutral", "amplifying", "dampening", "regime_flip"] | None,
        about(
            "What trades did to net gamma: neutral under 5%; regime_flip when its sign changed or "
            "arose from zero; null where net gamma is unknown, and, as is the rest, while no "
            "trade of the symbol has come."
        ),
    ]
    settled_net_gex: Annotated[Number, about("On settled open interest, dollars per 1% move.")]
    live_net_gex: Annotated[Number, about("On effective open interest, dollars per 1% move.")]
    flow_gex_adjustment: Annotated[Number, about("Live minus settled.")]
    flow_gex_pct_shift: Annotated[
        Number, about("Adjustment / settled, a fraction; null when settled is 0 and live is not.")
    ]
    contracts_with_flow: Annotated[Whole, about("Contracts whose open interest moved.")]
    total_abs_delta_contracts: Annotated[Whole, about("Sum of |effective - settled|, contracts.")]
    simulated_oi: Annotated[
        Whole, about("Settled open interest moved by the day's trades, contracts (ours).")
    ]
    oi_delta_confidence: Annotated[
        Number, about("Weight of a signed contract under signed_v1; null under other methods.")
    ]
    open_interest_method: Annotated[
        Literal["turnover_v3", "turnover_v2", "turnover_v1", "signed_v1"] | None,
        about("How the day's trades move open interest (ours); null where it was not stored."),
    ]
    description: Annotated[str, about("The shift in a sentence.")]
