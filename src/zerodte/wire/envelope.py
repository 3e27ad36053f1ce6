"""The fields of every successful answer: version, source, age of its inputs."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from zerodte.wire.base import Timestamp, about

Source: TypeAlias = Literal["live", "replay", "simulated"]
Arrival: TypeAlias = Timestamp | None


class DataAsOf(Struct, frozen=True, kw_only=True, gc=False):
    """When each kind of input last arrived, UTC; null if none has arrived since the start.

    Judge each by its own cadence: settled open interest arrives once per session, so an `oi_feed`
    of this morning is current, while options that are an hour old in session are not.
    """

    node: Annotated[str, about("The server that answered.")] = "zerodte"
    equity_feed: Annotated[Arrival, about("Quotes and trades of stocks and funds.")] = None
    equity_options_feed: Annotated[Arrival, about("Options on stocks and funds.")] = None
    index_feed: Annotated[Arrival, about("Index values.")] = None
    index_options_feed: Annotated[Arrival, about("Options on indices.")] = None
    futures_feed: Annotated[Arrival, about("Futures.")] = None
    futures_options_feed: Annotated[Arrival, about("Options on futures.")] = None
    flow_feed: Annotated[Arrival, about("Option trades.")] = None
    oi_feed: Annotated[Arrival, about("Settled open interest.")] = None
    macro_feed: Annotated[Arrival, about("Macroeconomic series.")] = None


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
    """The base of every successful answer."""

    endpoint_version: Annotated[str, about("Version of this endpoint's shape.")] = "1"
    source: Annotated[Source, about("Where the market data comes from.")]
    data_as_of: Annotated[DataAsOf, about("When each kind of input last arrived.")]
