"""What the answers over a window of samples share: their head, their gaps, the sizes of bars."""

from datetime import date
from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

from zerodte.constants import WINDOW_BOUNDS
from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.envelope import Envelope
from zerodte.wire.field import describe

BarSize: TypeAlias = Literal["30s", "1m", "5m", "15m"]
#: The sizes that answers by strike come in.
StrikeBarSize: TypeAlias = Literal["1m", "5m", "15m"]

# Fields of queries about a window.
Bar: TypeAlias = Annotated[BarSize, about("The size of a bar.")]
StrikeBar: TypeAlias = Annotated[
    StrikeBarSize,
    about("The size of a bar."),
    describe(elsewhere=get_args(BarSize), unit="bars are not offered by strike"),
]
Minutes: TypeAlias = Annotated[
    int,
    about(
        "Length of the window up to the last sample; clamped to "
        f"{WINDOW_BOUNDS[0]} to {WINDOW_BOUNDS[1]}."
    ),
    Meta(ge=WINDOW_BOUNDS[0], le=WINDOW_BOUNDS[1]),
]
#: The errors of every window, and of those by strike.
WINDOW_CODES = ("session_unreadable", "warming_up")
STRIKE_CODES = ("bar_unavailable", "no_strike_data_for_window", *WINDOW_CODES)


class GapInterval(Struct, frozen=True, kw_only=True, gc=False):
    """An interval in which nothing was received: what fell into it is missing from every answer."""

    start: Annotated[Timestamp, about("The last instant that something was received, UTC.")]
    end: Annotated[Timestamp, about("When something was received again, or as_of while it lasts.")]
    reason: Annotated[str, about("silence, or what the recorder said of it.")]


class WindowAnswer(Envelope, frozen=True, kw_only=True, gc=False):
    """The head of an answer over a window of samples."""

    symbol: Annotated[str, about("As asked, trimmed and upper-cased.")]
    expiration: Annotated[
        date | None, about("The same-day chain's expiry, US/Eastern; null without samples.")
    ]
    as_of: Annotated[Timestamp, about("The last sample, UTC; the instant asked about without one.")]
    gap_intervals: Annotated[
        list[GapInterval], about("Of the session up to as_of, whatever the window.")
    ]


class ByStrike(WindowAnswer, frozen=True, kw_only=True, gc=False):
    """The head of an answer by strike."""

    underlying_price: Annotated[Number, about("Spot at the last sample, dollars.")]
    bar_size: Annotated[StrikeBarSize, about("As asked.")]
    tier_used: Annotated[Literal["raw"], about("Always raw: every sample is kept.")] = "raw"
    strikes_grid: Annotated[
        list[float], about("All strikes listed by the last sample; it only grows in a session.")
    ]
