"""The queries of `/v1/flow/zero-dte/stream`, of one symbol or several, and what they send."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, Whole, about
from zerodte.wire.field import describe
from zerodte.wire.query import NowQuery, Symbol

TickChoice: TypeAlias = Annotated[
    Literal["0", "1"],
    about("With 1 an event `tick` once a second is over: the newest spot and net GEX."),
]


class StreamQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for each sample of a symbol as it is taken. It has no final answer."""

    codes = ("invalid_at", "warming_up")

    symbol: Symbol
    ticks: TickChoice = "0"


class StreamsQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the samples of several symbols on one connection. It has no final answer."""

    codes = ("symbol_not_found", "invalid_at", "warming_up")

    symbols: Annotated[
        tuple[str, ...],
        about("Up to 32 symbols, separated by commas; an event says whose it is."),
        describe("symbols"),
    ]
    ticks: TickChoice = "0"

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """Parse texts by field name; without symbols there is nothing to stream."""
        return super().parse({"symbols": "", **texts})

    def each(self) -> tuple[StreamQuery, ...]:
        """The query of each symbol."""
        return tuple(StreamQuery(symbol=symbol) for symbol in self.symbols)


class SymbolTick(Struct, frozen=True, kw_only=True, gc=False):
    """A symbol now, as the event `tick` has it."""

    symbol: Annotated[str, about("Whose figures these are.")]
    t: Annotated[Timestamp, about("The market's clock, UTC.")]
    spot: Annotated[Number, about("Dollars.")]
    net_gex: Annotated[Number, about("Dollars per 1% move; null where unknown or withheld.")]
    data_quality_score: Annotated[Whole, about("0 to 100.")]
    snapshot_age_seconds: Annotated[
        Number, about("From the chain's newest record to `t`; null without any.")
    ]


class SampleEvent(Struct, frozen=True, kw_only=True, gc=False):
    """A sample of a symbol as a stream sends it.

    Attributes:
        time: Sample time, UTC ns; whole seconds.
        bar: A series bar, JSON on one line.
        snapshot: The snapshot without `body` and `strikes`, JSON on one line; None if a newer
            one follows.
    """

    time: int
    bar: bytes
    snapshot: bytes | None
