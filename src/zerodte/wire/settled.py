"""A symbol's exposures on settled open interest: by strike, levels, summary.

Without `expiration` they are about all of the symbol's expiries together.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from zerodte.constants import MOST_OPEN_INTEREST
from zerodte.wire.base import Number, about
from zerodte.wire.field import describe
from zerodte.wire.positioning import FlipStatus, HedgingMove, RegimeLabel
from zerodte.wire.symbol_flow import ChainsQuery, DexRow, GexRow, NetLabel, SymbolHead


class ExposureHead(SymbolHead, frozen=True, kw_only=True, gc=False):
    """The head of an answer on settled open interest."""

    expiration: Annotated[date | None, about("The expiry asked for; null for all.")]


class GexExposure(ExposureHead, frozen=True, kw_only=True, gc=False):
    """Gamma exposure by strike."""

    gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[FlipStatus, about("Why the flip is given or withheld.")]
    net_gex: Annotated[Number, about("Dollars per 1% move; calls plus, puts minus.")]
    net_gex_label: Annotated[NetLabel | None, about("Its sign; null when unknown or 0.")]
    strikes: Annotated[list[GexRow], about("Strikes of at least min_oi contracts, ascending.")]


class DexExposure(ExposureHead, frozen=True, kw_only=True, gc=False):
    """Delta exposure by strike."""

    net_dex: Annotated[Number, about("Delta dollars of the holders.")]
    strikes: Annotated[list[DexRow], about("Every strike, ascending.")]


class VexRow(Struct, frozen=True, kw_only=True, gc=False):
    """One strike's vanna exposure."""

    strike: Annotated[float, about("Dollars.")]
    call_vex: Annotated[Number, about("Dollars per volatility point.")]
    put_vex: Annotated[Number, about("Dollars per volatility point.")]
    net_vex: Annotated[Number, about("Calls plus puts.")]


class VexExposure(ExposureHead, frozen=True, kw_only=True, gc=False):
    """Vanna exposure by strike."""

    net_vex: Annotated[
        Number, about("Dollars per volatility point; above 0: dealers buy as it rises.")
    ]
    vex_interpretation: Annotated[str, about("That in a sentence.")]
    strikes: Annotated[list[VexRow], about("Every strike, ascending.")]


class ChexRow(Struct, frozen=True, kw_only=True, gc=False):
    """One strike's charm exposure."""

    strike: Annotated[float, about("Dollars.")]
    call_chex: Annotated[Number, about("Dollars per session day.")]
    put_chex: Annotated[Number, about("Dollars per session day.")]
    net_chex: Annotated[Number, about("Calls plus puts.")]


class ChexExposure(ExposureHead, frozen=True, kw_only=True, gc=False):
    """Charm exposure by strike."""

    net_chex: Annotated[
        Number, about("Dollars per session day; above 0: dealers buy as time passes.")
    ]
    chex_interpretation: Annotated[str, about("That in a sentence.")]
    strikes: Annotated[list[ChexRow], about("Every strike, ascending.")]


class ExposureLevels(Struct, frozen=True, kw_only=True, gc=False):
    """The strikes that matter, all expiries together."""

    gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[FlipStatus, about("Why the flip is given or withheld.")]
    max_positive_gamma: Annotated[Number, about("Strike of the largest net GEX.")]
    max_negative_gamma: Annotated[Number, about("Strike of the most negative net GEX.")]
    call_wall: Annotated[Number, about("Strike of the largest call GEX.")]
    put_wall: Annotated[Number, about("Strike of the most negative put GEX.")]
    highest_oi_strike: Annotated[Number, about("Strike of the largest open interest.")]
    zero_dte_magnet: Annotated[
        Number,
        about("Strike of today's largest |net GEX|; null where none of today can still trade."),
    ]


class SymbolLevels(SymbolHead, frozen=True, kw_only=True, gc=False):
    """The strikes that matter, on settled open interest."""

    levels: Annotated[ExposureLevels, about("All expiries together.")]


class NetExposures(Struct, frozen=True, kw_only=True, gc=False):
    """Net greeks in dollars, all expiries together."""

    net_gex: Annotated[Number, about("Dollars per 1% move.")]
    net_dex: Annotated[Number, about("Delta dollars of the holders.")]
    net_vex: Annotated[Number, about("Dollars per volatility point.")]
    net_chex: Annotated[Number, about("Dollars per session day.")]


class Interpretation(Struct, frozen=True, kw_only=True, gc=False):
    """What the exposures mean, a sentence each."""

    gamma: Annotated[str, about("How hedging moves the market.")]
    vanna: Annotated[str, about("What rising volatility makes dealers do.")]
    charm: Annotated[str, about("What passing time makes dealers do.")]


class HedgingEstimate(Struct, frozen=True, kw_only=True, gc=False):
    """What dealers would trade after a move of 1%, every chain repriced."""

    spot_up_1pct: Annotated[HedgingMove, about("Spot up 1%.")]
    spot_down_1pct: Annotated[HedgingMove, about("Spot down 1%.")]


class ZeroDteShare(Struct, frozen=True, kw_only=True, gc=False):
    """What today's expiry adds to the whole; null where none of today can still trade."""

    net_gex: Annotated[Number, about("Of today's expiry, dollars per 1% move.")]
    pct_of_total_gex: Annotated[Number, about("Its share of net GEX, percent.")]
    expiration: Annotated[date | None, about("Today, US/Eastern; null where the rest is.")]


class ExposureSummary(SymbolHead, frozen=True, kw_only=True, gc=False):
    """Regime, exposures and what they mean, on settled open interest."""

    gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[FlipStatus, about("Why the flip is given or withheld.")]
    regime: Annotated[RegimeLabel, about("Sign of net GEX at spot, where it may be claimed.")]
    exposures: Annotated[NetExposures, about("All expiries together.")]
    interpretation: Annotated[Interpretation, about("The same in sentences.")]
    hedging_estimate: Annotated[HedgingEstimate, about("What a move makes dealers trade.")]
    zero_dte: Annotated[ZeroDteShare, about("Today's expiry among them.")]


class ExpirationQuery(ChainsQuery, frozen=True, kw_only=True, gc=False):
    """A query about a symbol's chains, all expiries or one."""

    expiration: Annotated[
        date | None,
        about("One expiry, US/Eastern; all of them without it."),
        describe(code="invalid_expiry"),
    ] = None

    @property
    def only(self) -> date | None:
        """The only expiry that is asked about; None for all."""
        return self.expiration


class GexExposureQuery(ExpirationQuery, frozen=True, kw_only=True, gc=False):
    """Asks for gamma exposure by strike."""

    min_oi: Annotated[
        int,
        about(
            "Strikes of less open interest, calls and puts together, are left out; the net is "
            f"of all. Clamped to 0 to {MOST_OPEN_INTEREST}."
        ),
        Meta(ge=0, le=MOST_OPEN_INTEREST),
    ] = 0


class DexExposureQuery(ExpirationQuery, frozen=True, kw_only=True, gc=False):
    """Asks for delta exposure by strike."""


class VexExposureQuery(ExpirationQuery, frozen=True, kw_only=True, gc=False):
    """Asks for vanna exposure by strike."""


class ChexExposureQuery(ExpirationQuery, frozen=True, kw_only=True, gc=False):
    """Asks for charm exposure by strike."""


class SymbolLevelsQuery(ChainsQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the strikes that matter."""


class ExposureSummaryQuery(ChainsQuery, frozen=True, kw_only=True, gc=False):
    """Asks for regime, exposures and what they mean."""
