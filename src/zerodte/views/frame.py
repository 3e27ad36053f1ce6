"""What an answer over samples is about: whose, up to which one, and what it says without any."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import msgspec

from zerodte.clock import new_york_clock
from zerodte.market.trading_hours import in_session
from zerodte.session.sample import SampleDay
from zerodte.session.session import Session
from zerodte.wire.base import Timestamp, timestamp
from zerodte.wire.envelope import DataAsOf, Source
from zerodte.wire.errors import ApiError
from zerodte.wire.window import GapInterval

#: Symbols that a message names.
_MOST_NAMED = 20


def data_as_of(arrivals: Mapping[str, int]) -> DataAsOf:
    """When each kind of input last arrived, from UTC ns by the wire's name."""
    return msgspec.structs.replace(DataAsOf(), **{n: timestamp(at) for n, at in arrivals.items()})


class HeadFields(TypedDict):
    """The fields that every windowed answer has."""

    source: Source
    data_as_of: DataAsOf
    symbol: str
    expiration: datetime.date
    as_of: Timestamp
    gap_intervals: list[GapInterval]


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A symbol at an instant, as its samples tell it.

    Attributes:
        symbol: Upper-case.
        source: live, replay or simulated.
        at: The instant asked about, UTC ns.
        market_open: Whether the symbol's same-day options trade then.
        day: The symbol's samples; None where there are none.
        row: The last of them not after `at`; -1 where there is none.
        arrivals: When each kind of input last arrived, should there be no sample.
    """

    symbol: str
    source: Source
    at: int
    market_open: bool
    day: SampleDay | None
    row: int
    arrivals: Mapping[str, int]

    @classmethod
    def live(cls, session: Session, source: Source, symbol: str) -> "Frame":
        """A symbol now."""
        day = session.samples(symbol, until_now=True)
        row = -1 if day is None else len(day) - 1
        arrivals = session.arrivals(symbol) if row < 0 else {}
        is_open = session.is_open_for(symbol)
        return cls(symbol, source, session.now, is_open, day, row, arrivals)

    @classmethod
    def past(cls, day: SampleDay | None, source: Source, symbol: str, at: int) -> "Frame":
        """A symbol at a past instant (UTC ns) of the day whose samples are given."""
        row = -1 if day is None else day.row_at(at)
        is_open = day is not None and in_session(symbol, day.expiry, day.hours, at)
        return cls(symbol, source, at, is_open, day, row, {})

    @property
    def samples(self) -> SampleDay | None:
        """The day, where it has a sample not after the instant."""
        return None if self.row < 0 else self.day

    def head(self) -> HeadFields:
        """The fields that every windowed answer has."""
        day = self.samples
        context = None if day is None else day.contexts[self.row]
        return HeadFields(
            source=self.source,
            data_as_of=data_as_of(self.arrivals if context is None else context.arrivals),
            symbol=self.symbol,
            expiration=new_york_clock(self.at).date() if day is None else day.expiry,
            as_of=timestamp(self.at if context is None else context.at),
            gap_intervals=[] if day is None or context is None else gaps(day, context.at),
        )


def check_symbol(session: Session, symbol: str, *, without_any: str = "none") -> None:
    """Refuse a symbol that has no contracts.

    Args:
        session: The day.
        symbol: Upper-case.
        without_any: What the message says where no symbol has any.

    Raises:
        ApiError: symbol_not_found.
    """
    if symbol not in session.symbols():
        raise not_tracked(symbol, session.symbols(), without_any)


def not_tracked(symbol: str, symbols: Sequence[str], without_any: str = "none") -> ApiError:
    """The error about a symbol that is none of `symbols`, which are sorted."""
    known = ", ".join(symbols[:_MOST_NAMED]) or without_any
    return ApiError("symbol_not_found", f"{symbol} is not tracked; tracked symbols: {known}")


def gaps(day: SampleDay, at: int) -> list[GapInterval]:
    """The gaps of a day as they looked at an instant (UTC ns)."""
    return [
        GapInterval(start=timestamp(gap.start), end=timestamp(gap.end), reason=gap.reason)
        for gap in day.gaps_at(at)
    ]
