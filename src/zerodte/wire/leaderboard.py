"""The answer of `/v1/flow/zero-dte/leaderboard`."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Timestamp, about
from zerodte.wire.envelope import Envelope

LeaderMetric: TypeAlias = Literal["heat", "pin_risk", "abs_flow", "charm_intensity"]


class Leader(Struct, frozen=True, kw_only=True, gc=False):
    """A symbol and its place."""

    rank: Annotated[int, about("From 1.")]
    symbol: Annotated[str, about("The underlying.")]
    value: Annotated[float, about("Of the metric.")]


class Leaderboard(Envelope, frozen=True, kw_only=True, gc=False):
    """The symbols with a same-day chain, the largest first; those without the figure are left out.

    heat: |hedge flow since the open| / max(|net GEX|, 5% of gross GEX). pin_risk: the pin score.
    abs_flow: |calls| + |puts| hedge flow over the last 10 samples. charm_intensity: |charm dollars
    per hour|.
    """

    metric: Annotated[LeaderMetric, about("As asked.")]
    n: Annotated[int, about("As asked, within 1 to 100.")]
    as_of: Annotated[Timestamp, about("The last sample, UTC.")]
    market_open: Annotated[bool, about("Whether now lies in the session.")]
    entries: Annotated[list[Leader], about("Descending by value, then by symbol.")]
