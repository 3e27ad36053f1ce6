"""The query and the answer of `/v1/flow/zero-dte/heatmap/{symbol}`."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.window import ByStrike, ByStrikeQuery

HeatmapMetric: TypeAlias = Literal["gex", "dex", "vex", "chex", "oi", "signed_flow"]
HeatmapMode: TypeAlias = Literal["raw", "delta"]


class HeatmapBar(Struct, frozen=True, gc=False):
    """A metric by strike at a bar's last sample; signed flow is summed over the bar."""

    # Fields are positional, so that columns become bars in one pass.

    t: Annotated[Timestamp, about("The bar's last sample, UTC.")]
    spot: Annotated[Number, about("Dollars.")]
    values: Annotated[
        list[float | None], about("Parallel to strikes_grid; null where unknown or not listed yet.")
    ]


class Heatmap(ByStrike, frozen=True, kw_only=True, gc=False):
    """One metric over strikes and time."""

    metric: Annotated[HeatmapMetric, about("As asked.")]
    mode: Annotated[HeatmapMode, about("As asked.")]
    market_open: Annotated[bool, about("Whether the options trade at the requested instant.")]
    bars: Annotated[list[HeatmapBar], about("Ascending; empty without samples.")]


class HeatmapQuery(ByStrikeQuery, frozen=True, kw_only=True, gc=False):
    """Asks for one metric over strikes and time."""

    metric: Annotated[HeatmapMetric, about("The metric to show.")] = "gex"
    mode: Annotated[
        HeatmapMode, about("Values, or their change from the bar before; the first bar stays raw.")
    ] = "raw"
