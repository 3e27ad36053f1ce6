"""Max pain and the expected move of a symbol's expiries."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Struct

from zerodte.wire.base import Number, Whole, about
from zerodte.wire.positioning import FlipStatus, RegimeLabel
from zerodte.wire.settled import ExpirationQuery
from zerodte.wire.symbol_flow import FlowQuery, SymbolHead


class MaxPainDistance(Struct, frozen=True, kw_only=True, gc=False):
    """How far spot is from max pain."""

    absolute: Annotated[Number, about("|Spot minus max pain|, dollars.")]
    percent: Annotated[Number, about("The same, percent of spot.")]
    direction: Annotated[
        Literal["above", "below", "at"] | None, about("Where spot is; at within half a cent.")
    ]


class PainPoint(Struct, frozen=True, kw_only=True, gc=False):
    """What holders receive if spot closes at a strike, dollars."""

    strike: Annotated[float, about("Dollars.")]
    call_pain: Annotated[Number, about("All calls.")]
    put_pain: Annotated[Number, about("All puts.")]
    total_pain: Annotated[Number, about("Both.")]


class StrikeInterest(Struct, frozen=True, kw_only=True, gc=False):
    """Open interest and volume of a strike, contracts."""

    strike: Annotated[float, about("Dollars.")]
    call_oi: Annotated[Whole, about("Settled.")]
    put_oi: Annotated[Whole, about("Settled.")]
    total_oi: Annotated[Whole, about("Both.")]
    call_volume: Annotated[Whole, about("Traded today.")]
    put_volume: Annotated[Whole, about("Traded today.")]


class ExpirationPain(Struct, frozen=True, kw_only=True, gc=False):
    """Max pain of one expiry."""

    expiration: Annotated[date, about("US/Eastern.")]
    max_pain_strike: Annotated[Number, about("Dollars.")]
    dte: Annotated[int, about("Calendar days.")]
    total_oi: Annotated[Whole, about("Settled open interest, contracts.")]


class DealerAlignment(Struct, frozen=True, kw_only=True, gc=False):
    """Whether dealers' hedging draws towards max pain."""

    alignment: Annotated[
        Literal["converging", "moderate", "diverging", "unknown"],
        about("Max pain between the walls and near the flip, between the walls alone, outside."),
    ]
    description: Annotated[str, about("That in a sentence.")]
    gamma_flip: Annotated[Number, about("Spot at which net GEX, repriced, changes sign.")]
    gamma_flip_status: Annotated[FlipStatus, about("Why the flip is given or withheld.")]
    call_wall: Annotated[Number, about("Strike of the largest call GEX.")]
    put_wall: Annotated[Number, about("Strike of the most negative put GEX.")]


class StraddleMove(Struct, frozen=True, kw_only=True, gc=False):
    """Whether the straddle of the nearest expiry reaches max pain."""

    straddle_price: Annotated[Number, about("Call plus put mid at the money, per share.")]
    atm_iv: Annotated[Number, about("At the money, percent.")]
    max_pain_within_expected_range: Annotated[
        bool | None, about("Whether |spot minus max pain| is at most the straddle.")
    ]


class MaxPain(SymbolHead, frozen=True, kw_only=True, gc=False):
    """The strike at which holders receive least, on settled open interest."""

    max_pain_strike: Annotated[Number, about("Dollars; the lowest on a tie.")]
    distance: Annotated[MaxPainDistance, about("From spot.")]
    signal: Annotated[
        Literal["bullish", "bearish", "neutral"] | None,
        about("bullish: spot 5% or more below max pain; bearish: above; neutral between."),
    ]
    expiration: Annotated[date, about("The expiry asked for; the nearest without one.")]
    put_call_oi_ratio: Annotated[Number, about("Put over call open interest.")]
    pain_curve: Annotated[list[PainPoint], about("Every strike, ascending.")]
    oi_by_strike: Annotated[list[StrikeInterest], about("Every strike, ascending.")]
    max_pain_by_expiration: Annotated[
        list[ExpirationPain] | None, about("The nearest first; null when one was asked for.")
    ]
    dealer_alignment: Annotated[DealerAlignment, about("Dealers' hedging beside it.")]
    regime: Annotated[RegimeLabel, about("Sign of net GEX at spot, where it may be claimed.")]
    expected_move: Annotated[StraddleMove, about("Of the nearest expiry.")]
    pin_probability: Annotated[Whole, about("The pin score, 0 to 100; no probability.")]


class ExpectedMoveRow(Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """One expiry's expected move."""

    expiry: Annotated[date, about("US/Eastern.")]
    days_to_expiry: Annotated[int, about("Calendar days.")]
    atm_iv: Annotated[Number, about("Annual volatility at the forward, a fraction.")]
    expected_move: Annotated[Number, about("One sigma from now to the expiry, dollars.")]
    expected_move_pct: Annotated[Number, about("The same, percent of spot.")]
    lower_bound: Annotated[Number, about("Spot minus the move.")]
    upper_bound: Annotated[Number, about("Spot plus the move.")]


class ExpectedMoves(SymbolHead, frozen=True, kw_only=True, gc=False):
    """How far each expiry's options expect spot to move."""

    expected_moves: Annotated[list[ExpectedMoveRow], about("The nearest expiry first.")]


class MaxPainQuery(ExpirationQuery, frozen=True, kw_only=True, gc=False):
    """Asks for max pain."""


class ExpectedMovesQuery(FlowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the expected moves."""
