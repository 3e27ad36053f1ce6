"""The live questions about a symbol: levels, pin, summary, exposures by strike, on effective OI.

Without `expiry` they are about all of the symbol's expiries together.
"""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, Whole, about
from zerodte.wire.envelope import Envelope
from zerodte.wire.positioning import FlipStatus, PinComponents
from zerodte.wire.query import NowQuery, Symbol

FlowLabel: TypeAlias = Literal["no_flow", "neutral", "amplifying", "dampening", "regime_flip"]
NetLabel: TypeAlias = Literal["positive", "negative"]


class SymbolHead(Envelope, frozen=True, kw_only=True, gc=False):
    """The head of an answer about a symbol's chains together."""

    symbol: Annotated[str, about("The underlying.")]
    as_of: Annotated[Timestamp, about("The instant this describes, UTC.")]
    market_open: Annotated[bool, about("Whether as_of lies in the session.")]
    underlying_price: Annotated[Number, about("Spot, dollars.")]
    warnings: Annotated[list[str], about("What to know before trusting this; often empty.")]


class FlowHead(SymbolHead, frozen=True, kw_only=True, gc=False):
    """The head of an answer on effective open interest."""

    expiry: Annotated[date | None, about("The expiry asked for; null for all.")]


class FlowLevels(FlowHead, frozen=True, kw_only=True, gc=False):
    """The strikes that matter."""

    live_gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[FlipStatus, about("Why the flip is given or withheld.")]
    live_call_wall: Annotated[Number, about("Strike of the largest call GEX.")]
    live_put_wall: Annotated[Number, about("Strike of the most negative put GEX.")]
    live_max_pain: Annotated[Number, about("Strike of the least intrinsic value to holders.")]


class FlowPinRisk(FlowHead, frozen=True, kw_only=True, gc=False):
    """How strongly the close is drawn to one strike, by the nearest expiry's time."""

    live_pin_risk: Annotated[Whole, about("0 to 100: the weighted components.")]
    magnet_strike: Annotated[Number, about("Strike of the largest |net GEX|.")]
    distance_to_magnet_pct: Annotated[Number, about("Spot minus magnet, percent of spot.")]
    time_to_close_hours: Annotated[Number, about("Session hours to the nearest expiry's close.")]
    breakdown: Annotated[PinComponents, about("The parts of the score.")]


class FlowSummary(FlowHead, frozen=True, kw_only=True, gc=False):
    """What the day's trades did, in one line."""

    flow_direction: Annotated[
        FlowLabel | None,
        about("What trades did to net gamma; null where it is unknown, or no trade has come."),
    ]
    intraday_oi_delta: Annotated[
        Whole, about("Simulated minus settled open interest, contracts; null likewise.")
    ]
    contracts_with_flow: Annotated[
        Whole, about("Contracts whose open interest moved; null likewise.")
    ]
    contracts_total: Annotated[int, about("Listed contracts.")]
    live_gex: Annotated[Number, about("Net GEX, dollars per 1% move.")]
    flow_gex_pct_shift: Annotated[
        Number,
        about("Live minus settled over settled, a fraction; null when settled is 0 and live not."),
    ]


class GexRow(Struct, frozen=True, kw_only=True, gc=False):
    """One strike's gamma exposure, all expiries asked for together."""

    strike: Annotated[float, about("Dollars.")]
    call_gex: Annotated[Number, about("Dollars per 1% move.")]
    put_gex: Annotated[Number, about("Dollars per 1% move, negative.")]
    net_gex: Annotated[Number, about("Calls plus puts.")]
    call_oi: Annotated[Whole, about("Open interest, contracts.")]
    put_oi: Annotated[Whole, about("Open interest, contracts.")]
    call_volume: Annotated[Whole, about("Contracts traded today.")]
    put_volume: Annotated[Whole, about("Contracts traded today.")]
    call_oi_change: Annotated[
        Whole, about("Against the day before, contracts; null: no earlier day is at hand.")
    ] = None
    put_oi_change: Annotated[
        Whole, about("Against the day before, contracts; null: no earlier day is at hand.")
    ] = None


class DexRow(Struct, frozen=True, kw_only=True, gc=False):
    """One strike's delta exposure."""

    strike: Annotated[float, about("Dollars.")]
    call_dex: Annotated[Number, about("Delta dollars.")]
    put_dex: Annotated[Number, about("Delta dollars, negative.")]
    net_dex: Annotated[Number, about("Calls plus puts.")]


class FlowGex(FlowHead, frozen=True, kw_only=True, gc=False):
    """Gamma exposure by strike."""

    live_net_gex: Annotated[Number, about("Dollars per 1% move; calls plus, puts minus.")]
    live_net_gex_label: Annotated[NetLabel | None, about("Its sign; null when unknown or 0.")]
    live_gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[FlipStatus, about("Why the flip is given or withheld.")]
    strikes: Annotated[list[GexRow], about("Every strike, ascending.")]


class FlowDex(FlowHead, frozen=True, kw_only=True, gc=False):
    """Delta exposure by strike."""

    live_net_dex: Annotated[Number, about("Delta dollars of the holders.")]
    strikes: Annotated[list[DexRow], about("Every strike, ascending.")]


class ChainsQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """A query about a symbol's chains together."""

    codes = ("expiry_not_found", "invalid_at", "warming_up")
    changes = "tick"

    symbol: Symbol

    @property
    def only(self) -> date | None:
        """The only expiry that is asked about; None for all."""
        return None


class FlowQuery(ChainsQuery, frozen=True, kw_only=True, gc=False):
    """The same of all expiries or one."""

    expiry: Annotated[date | None, about("One expiry, US/Eastern; all of them without it.")] = None

    @property
    def only(self) -> date | None:
        """The only expiry that is asked about; None for all."""
        return self.expiry


class FlowLevelsQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the strikes that matter."""


class FlowPinRiskQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the pin score."""


class FlowSummaryQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks what the day's trades did."""


class FlowGexQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for gamma exposure by strike."""


class FlowDexQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for delta exposure by strike."""
