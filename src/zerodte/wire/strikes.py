"""The per-strike rows of a snapshot, built from columns."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Struct

from zerodte.wire.base import Number, Whole, about


class Strike(Struct, frozen=True, gc=False):
    """One strike of a chain."""

    # Fields are positional, so that columns become rows in one pass.

    strike: Annotated[float, about("Dollars.")]
    distance_from_spot_pct: Annotated[Number, about("Strike minus spot, percent of spot.")]
    call_symbol: Annotated[str | None, about("Such as SPY-260319-C-590; null where not listed.")]
    put_symbol: Annotated[str | None, about("Such as SPY-260319-P-590; null where not listed.")]
    call_gex: Annotated[Number, about("Dollars per 1% move.")]
    put_gex: Annotated[Number, about("Dollars per 1% move, negative.")]
    net_gex: Annotated[Number, about("Calls plus puts.")]
    call_dex: Annotated[Number, about("Delta dollars.")]
    put_dex: Annotated[Number, about("Delta dollars, negative.")]
    net_dex: Annotated[Number, about("Calls plus puts.")]
    net_vex: Annotated[Number, about("Dollars per volatility point.")]
    net_chex: Annotated[Number, about("Dollars per session day.")]
    call_oi: Annotated[Whole, about("Open interest, contracts.")]
    put_oi: Annotated[Whole, about("Open interest, contracts.")]
    call_volume: Annotated[Whole, about("Contracts traded today.")]
    put_volume: Annotated[Whole, about("Contracts traded today.")]
    gex_share_pct: Annotated[Number, about("Share of |net GEX| in the chain's sum, percent.")]
    oi_share_pct: Annotated[Number, about("Share of the chain's open interest, percent.")]
    volume_share_pct: Annotated[Number, about("Share of the chain's volume, percent.")]
    call_iv: Annotated[Number, about("The call's own, a fraction; null where not invertible.")]
    put_iv: Annotated[Number, about("The put's own, a fraction; null where not invertible.")]
    call_delta: Annotated[Number, about("Per share, 0 to 1.")]
    put_delta: Annotated[Number, about("Per share, -1 to 0.")]
    call_gamma: Annotated[Number, about("Per 1.00 of spot.")]
    put_gamma: Annotated[Number, about("Per 1.00 of spot.")]
    call_theta: Annotated[Number, about("Per share and session day, dollars.")]
    put_theta: Annotated[Number, about("Per share and session day, dollars.")]
    call_mid: Annotated[Number, about("Per share, dollars; null without a usable quote.")]
    put_mid: Annotated[Number, about("Per share, dollars; null without a usable quote.")]
    call_spread_pct: Annotated[Number, about("Spread over mid, percent.")]
    put_spread_pct: Annotated[Number, about("Spread over mid, percent.")]


def rows(**columns: Sequence[object]) -> list[Strike]:
    """Rows from one column of wire values per field of `Strike`, given by name, of equal length.

    Raises:
        ValueError: A column is missing, unknown or of another length.
    """
    names = Strike.__struct_fields__
    if mismatched := columns.keys() ^ set(names):
        raise ValueError(
            f"columns of strikes do not match its fields: {', '.join(sorted(mismatched))}"
        )
    ordered = [columns[name] for name in names]
    return [Strike(*row) for row in zip(*ordered, strict=True)]
