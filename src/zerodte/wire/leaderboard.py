"""The query and the answer of `/v1/flow/zero-dte/leaderboard`."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from zerodte.constants import LEADERS, LEADERS_BOUNDS
from zerodte.wire.base import Timestamp, about
from zerodte.wire.envelope import Envelope
from zerodte.wire.query import NowQuery

LeaderMetric: TypeAlias = Literal["heat", "pin_risk", "abs_flow", "charm_intensity"]


class Leader(Struct, frozen=True, kw_only=True, gc=False):
    """A symbol and its rank."""

    rank: Annotated[int, about("From 1.")]
    symbol: Annotated[str, about("The underlying.")]
    value: Annotated[float, about("Value of the metric.")]


class Leaderboard(Envelope, frozen=True, kw_only=True, gc=False):
    """The symbols with a same-day chain, largest first; symbols without the figure are left out.

    heat: |hedge flow since the open| / max(|net GEX|, 5% of gross GEX). pin_risk: the pin score.
    abs_flow: |calls| + |puts| hedge flow over the last 10 samples. charm_intensity: |charm dollars
    per hour|.
    """

    metric: Annotated[LeaderMetric, about("As asked.")]
    n: Annotated[int, about("As asked, within 1 to 100.")]
    as_of: Annotated[Timestamp, about("The last sample, UTC.")]
    market_open: Annotated[bool, about("Whether now lies in the session.")]
    entries: Annotated[list[Leader], about("Descending by value, then by symbol.")]
    note: Annotated[str | None, about("What to know of them; null when nothing (ours).")] = None


class LeaderboardQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks which symbols lead in a metric."""

    metric: Annotated[LeaderMetric, about("The metric to rank by.")] = "heat"
    n: Annotated[
        int,
        about("Maximum number of entries; clamped to {} to {}.".format(*LEADERS_BOUNDS)),
        Meta(ge=LEADERS_BOUNDS[0], le=LEADERS_BOUNDS[1]),
    ] = LEADERS
