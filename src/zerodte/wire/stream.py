"""The query of `/v1/flow/zero-dte/stream/{symbol}`, and a sample as a stream sends it."""

from msgspec import Struct

from zerodte.wire.query import Query, Symbol


class StreamQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for each sample of a symbol as it is taken. It has no final answer."""

    codes = ("warming_up",)

    symbol: Symbol


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
