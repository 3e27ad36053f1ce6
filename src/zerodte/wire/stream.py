"""The question of `/v1/flow/zero-dte/stream/{symbol}`, and a sample as a stream shows it."""

from msgspec import Struct

from zerodte.wire.query import Query, Symbol


class StreamQuery(Query, frozen=True, kw_only=True, gc=False):
    """What each sample of a symbol is, as it is taken: it has no last answer."""

    codes = ("warming_up",)

    symbol: Symbol


class SampleEvent(Struct, frozen=True, kw_only=True, gc=False):
    """A sample of a symbol as a stream shows it.

    Attributes:
        time: The sample's, UTC ns; whole seconds.
        bar: A series bar, JSON on one line.
        snapshot: The snapshot without `body` and `strikes`, likewise; None where a newer one
            follows.
    """

    time: int
    bar: bytes
    snapshot: bytes | None
