"""The query and the answer of `/v1/flow/zero-dte/strike-flow/{symbol}`."""

from typing import Annotated

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, Whole, about
from zerodte.wire.window import ByStrike, ByStrikeQuery


class StrikeFlowBar(Struct, frozen=True, gc=False):
    """Trading in a bar by strike, calls and puts together, parallel to strikes_grid.

    Null where a strike was not listed yet, and before the symbol's first trade.
    """

    # Fields are positional, so that columns become bars in one pass.

    t: Annotated[Timestamp, about("The bar's last sample, UTC.")]
    spot: Annotated[Number, about("Dollars.")]
    signed_delta_dollars: Annotated[list[Whole], about("Whole dollars; above 0 dealers buy.")]
    signed_gamma_dollars: Annotated[list[Whole], about("Whole dollars per 1% move.")]
    contracts: Annotated[list[Whole], about("Contracts traded, with a side or without.")]


class StrikeFlow(ByStrike, frozen=True, kw_only=True, gc=False):
    """Signed flow over strikes and time."""

    bars: Annotated[list[StrikeFlowBar], about("Ascending; empty without samples.")]


class StrikeFlowQuery(ByStrikeQuery, frozen=True, kw_only=True, gc=False):
    """Asks for signed flow over strikes and time."""
