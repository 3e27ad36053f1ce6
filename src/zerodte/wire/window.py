"""Shared by all queries and answers about a window of samples: head, gaps, bar sizes."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from zerodte.constants import DIGITS_BOUNDS, WINDOW, WINDOW_BOUNDS
from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.envelope import Envelope
from zerodte.wire.field import describe
from zerodte.wire.query import SymbolQuery

BarSize: TypeAlias = Literal["30s", "1m", "5m", "15m"]
#: Bar sizes of answers by strike.
StrikeBarSize: TypeAlias = Literal["1m", "5m", "15m"]

# Fields of queries about a window
Bar: TypeAlias = Annotated[BarSize, about("The size of a bar.")]
StrikeBar: TypeAlias = Annotated[
    StrikeBarSize,
    about("The size of a bar."),
    describe(code="bar_unavailable"),
]
Minutes: TypeAlias = Annotated[
    int,
    about(
        "Length of the window up to the last sample; clamped to "
        f"{WINDOW_BOUNDS[0]} to {WINDOW_BOUNDS[1]}."
    ),
    Meta(ge=WINDOW_BOUNDS[0], le=WINDOW_BOUNDS[1]),
]
#: Error codes of every window, and of those by strike.
WINDOW_CODES = ("session_unreadable", "history_unavailable", "warming_up")
STRIKE_CODES = ("no_strike_data_for_window", *WINDOW_CODES)


class GapInterval(Struct, frozen=True, kw_only=True, gc=False):
    """An interval in which nothing was received; its records are missing from every answer."""

    start: Annotated[Timestamp, about("The last instant at which anything was received, UTC.")]
    end: Annotated[Timestamp, about("When anything was received again; as_of while the gap lasts.")]
    reason: Annotated[str, about("silence, or the reason that the recorder gives.")]


class WindowAnswer(Envelope, frozen=True, kw_only=True, gc=False):
    """The head of an answer over a window of samples."""

    symbol: Annotated[str, about("As asked, trimmed and upper-cased.")]
    expiration: Annotated[
        date,
        about("The same-day chain's expiry, US/Eastern; without samples, the day asked about."),
    ]
    as_of: Annotated[
        Timestamp, about("The last sample, UTC; the requested instant if there is none.")
    ]
    gap_intervals: Annotated[
        list[GapInterval], about("All gaps of the session up to as_of, whatever the window.")
    ]


class ByStrike(WindowAnswer, frozen=True, kw_only=True, gc=False):
    """The head of an answer by strike."""

    underlying_price: Annotated[Number, about("Spot at the last sample, dollars.")]
    bar_size: Annotated[StrikeBarSize, about("As asked.")]
    tier_used: Annotated[Literal["raw"], about("Always raw: every sample is stored.")] = "raw"
    strikes_grid: Annotated[
        list[float],
        about("All strikes listed by the last sample, or those asked for; it only grows."),
    ]


class ByStrikeQuery(SymbolQuery, frozen=True, kw_only=True, gc=False):
    """Asks for figures over strikes and time."""

    codes = STRIKE_CODES

    bar: StrikeBar = "1m"
    minutes: Minutes = WINDOW
    digits: Annotated[
        int,
        about(
            "Significant digits of dollars; clamped to "
            f"{DIGITS_BOUNDS[0]} to {DIGITS_BOUNDS[1]}. With the most, whole dollars are exact."
        ),
        Meta(ge=DIGITS_BOUNDS[0], le=DIGITS_BOUNDS[1]),
    ] = DIGITS_BOUNDS[1]
    strikes: Annotated[
        tuple[float, float] | None,
        about("Only strikes from the one price to the other, such as 5500-5700."),
        describe("strikes"),
    ] = None
