"""The query and the answer of `/v1/flow/zero-dte/snapshot/{symbol}`, with two degraded forms."""

from datetime import date
from typing import Annotated, Literal

from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.decision import DealerInventory, Headline, Probabilities, Setup
from zerodte.wire.envelope import Envelope
from zerodte.wire.exposure import ChainBlocks, ChainQuery, NextSession
from zerodte.wire.positioning import FlowDirection


class SnapshotBlocks(ChainBlocks, frozen=True, kw_only=True, gc=False):
    """The blocks on effective open interest, and the decision."""

    flow_direction: FlowDirection
    headline: Headline
    setup: Setup
    probabilities: Probabilities
    dealer_inventory: DealerInventory | None = None


class NoZeroDte(Envelope, frozen=True, kw_only=True, gc=False):
    """The answer for a symbol without an expiry today, weekends and holidays included."""

    symbol: Annotated[str, about("As asked, trimmed and upper-cased.")]
    underlying_price: Annotated[Number, about("Spot, dollars.")]
    expiration: None = None
    as_of: Annotated[Timestamp, about("The instant this describes, UTC.")]
    market_open: Annotated[bool, about("Whether the options trade at as_of.")]
    no_zero_dte: Annotated[bool, about("Always true here.")] = True
    next_zero_dte_expiry: Annotated[date | None, about("The next day that has one, US/Eastern.")]
    message: Annotated[str, about("The same as a sentence.")]
    next_session: Annotated[
        NextSession | None,
        about("The next expiry's map, in an exposure outside the session."),
    ] = None
    body: None = None


class SessionClosed(Envelope, frozen=True, kw_only=True, gc=False):
    """The snapshot's answer outside the session; an exposure's has a body then."""

    symbol: Annotated[str, about("As asked, trimmed and upper-cased.")]
    session_closed: Annotated[bool, about("Always true here.")] = True
    last_session: Annotated[date | None, about("The last session's date, US/Eastern.")]
    as_of: Annotated[Timestamp, about("The instant this describes, UTC.")]
    message: Annotated[str, about("The same as a sentence.")]
    body: None = None


class SnapshotQuery(ChainQuery, frozen=True, kw_only=True, gc=False):
    """Asks for a chain on effective open interest, with the decision."""

    inventory: Annotated[
        Literal["0", "1"],
        about("With 1 `dealer_inventory` has its GEX at every strike, with intervals."),
    ] = "0"
