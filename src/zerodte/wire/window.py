"""What the answers over a window of samples share: their head, their gaps, the sizes of bars."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.envelope import Envelope

BarSize: TypeAlias = Literal["30s", "1m", "5m", "15m"]
#: The sizes that answers by strike come in.
StrikeBarSize: TypeAlias = Literal["1m", "5m", "15m"]


class GapInterval(Struct, frozen=True, kw_only=True, gc=False):
    """An interval in which nothing was received: what fell into it is missing from every answer."""

    start: Annotated[Timestamp, about("The last instant that something was received, UTC.")]
    end: Annotated[Timestamp, about("When something was received again, or as_of while it lasts.")]
    reason: Annotated[str, about("silence, or what the recorder said of it.")]


class Windowed(Envelope, frozen=True, kw_only=True, gc=False):
    """The head of an answer over a window of samples."""

    symbol: Annotated[str, about("As asked, trimmed and upper-cased.")]
    expiration: Annotated[
        date | None, about("The same-day chain's expiry, US/Eastern; null without samples.")
    ]
    as_of: Annotated[Timestamp, about("The last sample, UTC; the instant asked about without one.")]
    gap_intervals: Annotated[
        list[GapInterval], about("Of the session up to as_of, whatever the window.")
    ]


class ByStrike(Windowed, frozen=True, kw_only=True, gc=False):
    """The head of an answer by strike."""

    underlying_price: Annotated[Number, about("Spot at the last sample, dollars.")]
    bar_size: Annotated[StrikeBarSize, about("As asked.")]
    tier_used: Annotated[Literal["raw"], about("Always raw: every sample is kept.")] = "raw"
    strikes_grid: Annotated[
        list[float], about("All strikes listed by the last sample; it only grows in a session.")
    ]
