"""The query and the answer of `/v1/stream-ticket`: access to one stream without a key."""

from typing import Annotated

from msgspec import Struct

from zerodte.wire.base import Timestamp, about
from zerodte.wire.envelope import DataAsOf
from zerodte.wire.query import Query


class Ticket(Struct, frozen=True, kw_only=True, gc=False):
    """A ticket that opens one stream: add it to the stream's address as `ticket`."""

    endpoint_version: Annotated[str, about("Version of this endpoint's shape.")] = "1"
    data_as_of: Annotated[DataAsOf, about("When each kind of input last arrived.")]
    ticket: Annotated[str, about("Opens one stream, once, in place of a key.")]
    expires_at: Annotated[Timestamp, about("Until when it can be used.")]


class TicketQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for a ticket."""
