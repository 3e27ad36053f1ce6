"""The events of ThetaData's terminal: its messages in JSON, one a frame, and requests for them.

Source: the vendor's documentation of streaming. Times are milliseconds of a New York day; strikes
are tenths of a cent.
"""

import datetime
import enum
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from zerodte.arrays import I64
from zerodte.clock import new_york
from zerodte.feeds.feed import FeedError
from zerodte.feeds.quote_fields import whole_numbers
from zerodte.market.osi import Contract

#: Bytes of a message.
LARGEST_EVENT: Final = 1 << 20
#: Types of messages.
QUOTE_TYPE: Final = "QUOTE"
TRADE_TYPE: Final = "TRADE"
STATUS_TYPE: Final = "STATUS"
RESPONSE_TYPE: Final = "REQ_RESPONSE"
#: Kinds of securities.
OPTION: Final = "OPTION"
INDEX_TYPE: Final = "INDEX"

_TENTHS_OF_CENTS: Final = 1000.0
_NS_PER_MS: Final = 1_000_000
_NAN: Final = float("nan")
_MIDNIGHT: Final = datetime.time()


class TerminalState(enum.StrEnum):
    """The terminal's connection to the vendor."""

    CONNECTED = "CONNECTED"
    UNVERIFIED = "UNVERIFIED"
    DISCONNECTED = "DISCONNECTED"
    ERROR = "ERROR"


class StreamAnswer(enum.StrEnum):
    """What becomes of a request for a stream."""

    SUBSCRIBED = "SUBSCRIBED"
    ERROR = "ERROR"
    MAX_STREAMS_REACHED = "MAX_STREAMS_REACHED"
    INVALID_PERMS = "INVALID_PERMS"


class EventHeader(msgspec.Struct):
    """What every message begins with.

    Attributes:
        type: `QUOTE`, `TRADE`, `OHLC`, `STATUS`, `REQ_RESPONSE` or `STATE`.
        status: A `TerminalState`.
        response: Of a response, a `StreamAnswer`.
        req_id: Of a response: the request's.
        error: The cause of an `ERROR`, where one is named.
        reason: Why the vendor hung up, likewise.
        clock: The clock of a server of ours, see `greeted_clock`.
    """

    type: str
    status: str = ""
    response: str = ""
    req_id: int = -1
    error: str = ""
    reason: str = ""
    clock: str = ""


class EventContract(msgspec.Struct, omit_defaults=True):
    """What a message is about.

    Attributes:
        root: The options' root, or the index.
        security_type: `OPTION`, `INDEX` or `STOCK`; a request has none.
        expiration: Of an option, as digits yyyyMMdd.
        strike: Of an option, tenths of a cent.
        right: Of an option, C or P.
    """

    root: str
    security_type: str = ""
    expiration: int = 0
    strike: int = 0
    right: str = ""

    @property
    def name(self) -> str:
        """As `event_name`."""
        return f"{self.root}.{self.expiration}.{self.strike}.{self.right}"


class QuoteEvent(msgspec.Struct):
    """A quote: dollars and contracts."""

    ms_of_day: int
    date: int
    bid: float = _NAN
    bid_size: float = _NAN
    ask: float = _NAN
    ask_size: float = _NAN


class TradeEvent(msgspec.Struct):
    """A trade, or a value of an index: dollars and contracts."""

    ms_of_day: int
    date: int
    price: float = _NAN
    size: float = _NAN
    condition: int = 0
    exchange: int = 0


class EventMessage(msgspec.Struct):
    """A message of any type."""

    header: EventHeader
    contract: EventContract | None = None
    quote: QuoteEvent | None = None
    trade: TradeEvent | None = None


class EventRequest(msgspec.Struct):
    """A client's message.

    Attributes:
        msg_type: `STREAM`, `STREAM_BULK` or `STOP`.
        sec_type: `OPTION` or `INDEX`.
        req_type: `QUOTE` or `TRADE`.
        add: Whether the stream begins; else it ends.
        id: Larger than that of the request before: the terminal renews no others by itself.
        contract: None for all.
    """

    msg_type: str
    sec_type: str = ""
    req_type: str = ""
    add: bool = True
    id: int = -1
    contract: EventContract | None = None


@dataclass(frozen=True, eq=False, slots=True)
class TerminalEvents:
    """Quotes, trades and values in the order in which they came.

    Attributes:
        received: When each one came, UTC ns of the feed's clock, int64[n], ascending.
        messages: n of them.
    """

    received: I64
    messages: Sequence[EventMessage]


_DECODER: Final = msgspec.json.Decoder(EventMessage)
_REQUEST_DECODER: Final = msgspec.json.Decoder(EventRequest)
_ENCODER: Final = msgspec.json.Encoder()


def decode_event(content: str | bytes) -> EventMessage:
    """A message of the terminal's.

    Raises:
        FeedError: If it is none.
    """
    try:
        message = _DECODER.decode(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None
    kind = message.header.type
    if (kind == QUOTE_TYPE and message.quote is None) or (
        kind == TRADE_TYPE and message.trade is None
    ):
        raise FeedError(f"a garbled message: a {kind} without its fields")
    if kind in (QUOTE_TYPE, TRADE_TYPE) and message.contract is None:
        raise FeedError(f"a garbled message: a {kind} without its contract")
    return message


def decode_event_request(content: str | bytes) -> EventRequest:
    """A client's message.

    Raises:
        FeedError: If it is none.
    """
    try:
        return _REQUEST_DECODER.decode(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def encode_event_request(request: EventRequest) -> str:
    """A request as the terminal wants it: a stop has no other field."""
    if request.msg_type == "STOP":
        return '{"msg_type":"STOP"}'
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    if request.contract is None:
        del fields["contract"]
    return _ENCODER.encode(fields).decode()


def event_contract(contract: Contract) -> EventContract:
    """How the terminal names an option."""
    return EventContract(
        contract.root,
        "",
        int(f"{contract.expiry:%Y%m%d}"),
        round(contract.strike * _TENTHS_OF_CENTS),
        contract.right,
    )


def event_name(contract: Contract) -> str:
    """What an option is called here: root, expiry, strike and right as the terminal has them."""
    return event_contract(contract).name


def message_times(dates: Sequence[int], milliseconds: Sequence[int]) -> I64:
    """Times of messages, UTC ns; 0 for those that are no times.

    Args:
        dates: As digits yyyyMMdd, n of them.
        milliseconds: Since midnight, New York, likewise.
    """
    starts = np.array([_midnight(date) for date in dates], np.int64)
    known = whole_numbers(milliseconds)
    is_time = (starts > 0) & (known >= 0) & (known < 86_400_000)
    return np.where(is_time, starts + known * _NS_PER_MS, 0)


@functools.lru_cache(maxsize=64)
def _midnight(date: int) -> int:
    """The beginning of a New York day, UTC ns; 0 if there is no such day."""
    try:
        day = datetime.date(date // 10_000, date // 100 % 100, date % 100)
        return new_york(day, _MIDNIGHT)
    except (ValueError, OverflowError):
        return 0
