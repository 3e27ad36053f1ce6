"""The query and the answer of `/v1/flow/zero-dte/hedge-flow/{symbol}`."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.constants import WINDOW
from zerodte.wire.base import Timestamp, Whole, about
from zerodte.wire.query import SymbolQuery
from zerodte.wire.window import WINDOW_CODES, Bar, BarSize, Minutes, WindowAnswer

Side: TypeAlias = Literal["all", "calls", "puts"]


class HedgeFlowBar(Struct, frozen=True, gc=False):
    """Signed delta dollars of a bar; above 0 dealers buy. Null before the symbol's first trade."""

    # Fields are positional, so that columns become bars in one pass.

    t: Annotated[Timestamp, about("The bar's last sample, UTC.")]
    bar: Annotated[Whole, about("In the bar, whole dollars.")]
    cumulative: Annotated[Whole, about("Since the open.")]
    customer_flow: Annotated[
        Whole, about("The same of what customers are expected to have traded (ours).")
    ]
    customer_flow_cumulative: Annotated[Whole, about("Since the open (ours).")]


class HedgeFlow(WindowAnswer, frozen=True, kw_only=True, gc=False):
    """What dealers had to trade to stay hedged against the day's trades, bar by bar."""

    side: Annotated[Side, about("As asked.")]
    bar_size: Annotated[BarSize, about("As asked.")]
    bars: Annotated[list[HedgeFlowBar], about("Ascending; empty without samples.")]


class HedgeFlowQuery(SymbolQuery, frozen=True, kw_only=True, gc=False):
    """Asks what dealers had to trade to stay hedged, bar by bar."""

    codes = WINDOW_CODES

    side: Annotated[Side, about("Which contracts' flow.")] = "all"
    bar: Bar = "30s"
    minutes: Minutes = WINDOW
