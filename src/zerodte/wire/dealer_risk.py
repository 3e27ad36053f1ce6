"""What the day's trades did to dealers' exposures and to open interest, and all of it at once."""

from typing import Annotated, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Number, Whole, about
from zerodte.wire.positioning import FlipStatus
from zerodte.wire.symbol_flow import FlowHead, FlowLabel, FlowQuery

SettledGex: TypeAlias = Annotated[
    Number, about("Net GEX on settled open interest, dollars per 1% move.")
]
LiveGex: TypeAlias = Annotated[
    Number, about("Net GEX on effective open interest, dollars per 1% move.")
]
SettledDex: TypeAlias = Annotated[Number, about("Net DEX on settled open interest, delta dollars.")]
LiveDex: TypeAlias = Annotated[Number, about("Net DEX on effective open interest, delta dollars.")]
Adjustment: TypeAlias = Annotated[
    Number, about("Live minus settled; null while no trade of the symbol has come.")
]
Shift: TypeAlias = Annotated[
    Number,
    about("Adjustment / settled, a fraction; null when settled is 0 and live is not, or no trade."),
]
Moved: TypeAlias = Annotated[
    Whole, about("Sum of |effective - settled|, contracts; null while no trade has come.")
]
Direction: TypeAlias = Annotated[
    FlowLabel | None, about("What trades did to net gamma; null where unknown.")
]
Sentence: TypeAlias = Annotated[str, about("The shift in a sentence.")]


class DealerRisk(Struct, frozen=True, kw_only=True, gc=False):
    """Settled and live exposures beside each other."""

    settled_net_gex: SettledGex
    live_net_gex: LiveGex
    flow_gex_adjustment: Adjustment
    flow_gex_pct_shift: Shift
    settled_net_dex: SettledDex
    live_net_dex: LiveDex
    flow_dex_adjustment: Adjustment
    flow_dex_pct_shift: Shift
    total_abs_delta_contracts: Moved
    flow_direction: Direction
    description: Sentence


class FlowDealerRisk(FlowHead, frozen=True, kw_only=True, gc=False):
    """Dealers' exposures of the morning and now."""

    settled_net_gex: SettledGex
    live_net_gex: LiveGex
    flow_gex_adjustment: Adjustment
    flow_gex_pct_shift: Shift
    settled_net_dex: SettledDex
    live_net_dex: LiveDex
    flow_dex_adjustment: Adjustment
    flow_dex_pct_shift: Shift
    total_abs_delta_contracts: Moved
    contracts_with_flow: Annotated[
        Whole, about("Contracts whose open interest moved; null while no trade has come.")
    ]
    flow_direction: Direction
    description: Sentence


class InterestHead(FlowHead, frozen=True, kw_only=True, gc=False):
    """The head of an answer about open interest, contracts."""

    official_oi: Annotated[Whole, about("As settled this morning.")]
    simulated_oi: Annotated[
        Whole, about("Moved by the day's trades; null while no trade of the symbol has come.")
    ]
    intraday_oi_delta: Annotated[Whole, about("Simulated minus settled; null likewise.")]
    oi_delta_confidence: Annotated[
        Number, about("Weight of a signed contract under signed_v1; null under other methods.")
    ]
    effective_oi: Annotated[
        Whole, about("Simulated, never below zero for any contract, then summed.")
    ]
    contracts_with_flow: Annotated[
        Whole, about("Contracts whose open interest moved; null while no trade has come.")
    ]


class FlowOi(InterestHead, frozen=True, kw_only=True, gc=False):
    """Open interest through the day."""

    contracts_total: Annotated[int, about("Listed contracts.")]


class FlowLive(InterestHead, frozen=True, kw_only=True, gc=False):
    """Levels, pin, open interest and dealers' risk in one answer."""

    contracts: Annotated[int, about("Listed contracts.")]
    live_gex: Annotated[Number, about("Net GEX, dollars per 1% move.")]
    live_gex_delta: Annotated[Number, about("Net DEX, delta dollars.")]
    live_gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[FlipStatus, about("Why the flip is given or withheld.")]
    live_call_wall: Annotated[Number, about("Strike of the largest call GEX.")]
    live_put_wall: Annotated[Number, about("Strike of the most negative put GEX.")]
    live_max_pain: Annotated[Number, about("Strike of the least intrinsic value to holders.")]
    live_pin_risk: Annotated[Whole, about("0 to 100.")]
    flow_adjusted_dealer_risk: Annotated[DealerRisk, about("Dealers' exposures, morning and now.")]


class FlowDealerRiskQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for dealers' exposures of the morning and now."""


class FlowOiQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for open interest through the day."""


class FlowLiveQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for all of it in one answer."""
