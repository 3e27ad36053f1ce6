"""Alpaca's stream of options: its messages in msgpack, and times to the nanosecond.

A frame is a list of messages, each a map whose `T` tells its kind. Source: Alpaca's documentation
of real-time option data and of its websocket stream.
"""

import datetime
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from zerodte.clock import ClockError, parse_utc
from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError

#: Symbols of one subscription: the vendor reads frames of 32 KiB, and a symbol comes twice in it.
SYMBOLS_PER_MESSAGE: Final = 500
#: Quoted contracts of a connection: of the plan with OPRA's data, and of the free one.
MOST_QUOTES: Final = 1_000
MOST_FREE_QUOTES: Final = 200
#: Bytes of a message.
LARGEST_MESSAGE: Final = 16 << 20

TRADE_MESSAGE: Final = "t"
QUOTE_MESSAGE: Final = "q"
#: The extension type of msgpack's timestamps.
TIMESTAMP: Final = -1
#: What a message's timestamp begins with, by its length: seconds; both in 64 bits; both apart.
_HEADS: Final = {6: b"\xd6\xff", 10: b"\xd7\xff", 15: b"\xc7\x0c\xff"}
_SECONDS_BITS: Final = 34
_NAN: Final = float("nan")


class AlpacaMessage(
    msgspec.Struct,
    rename={
        "kind": "T",
        "text": "msg",
        "symbol": "S",
        "at": "t",
        "price": "p",
        "size": "s",
        "condition": "c",
        "bid": "bp",
        "bid_size": "bs",
        "ask": "ap",
        "ask_size": "as",
    },
):
    """A message of the vendor's, of any kind; what its kind does not have is at its default.

    Attributes:
        kind: "t", "q", "success", "subscription" or "error".
        text: Of a success or an error.
        code: Of an error.
        clock: Of a success: the clock of a server of ours, see `greeted_clock`.
        symbol: OSI, without blanks.
        at: A msgpack timestamp, as it came.
        price: Dollars.
        size: Contracts.
        condition: Of a trade: OPRA's letter.
        bid: Dollars.
        bid_size: Contracts.
        ask: Dollars.
        ask_size: Contracts.
        quotes: Of a subscription: all symbols whose quotes will come.
    """

    kind: str
    text: str = ""
    code: int = 0
    clock: str = ""
    symbol: str = ""
    at: msgspec.Raw = msgspec.Raw(b"")
    price: float = _NAN
    size: float = _NAN
    condition: str | list[str] | None = None
    bid: float = _NAN
    bid_size: float = _NAN
    ask: float = _NAN
    ask_size: float = _NAN
    quotes: list[str] = []


class AlpacaRequest(msgspec.Struct, omit_defaults=True):
    """A message of a client's.

    Attributes:
        action: auth, subscribe or unsubscribe.
        key: Of auth.
        secret: Likewise.
        trades: Symbols.
        quotes: Symbols.
    """

    action: str = ""
    key: str = ""
    secret: str = ""
    trades: list[str] = []
    quotes: list[str] = []


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[AlpacaMessage])
_REQUEST_DECODER: Final = msgspec.msgpack.Decoder(AlpacaRequest)


def encode_request(request: AlpacaRequest) -> bytes:
    """A client's message as a frame."""
    return _ENCODER.encode(request)


def decode_request(content: str | bytes) -> AlpacaRequest:
    """A client's message of a frame.

    Raises:
        FeedError: If it is none.
    """
    try:
        return _REQUEST_DECODER.decode(content if isinstance(content, bytes) else content.encode())
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def decode_messages(content: str | bytes) -> list[AlpacaMessage]:
    """The messages of a frame.

    Raises:
        FeedError: If it has anything else.
    """
    try:
        return _DECODER.decode(content if isinstance(content, bytes) else content.encode())
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def subscriptions(symbols: Sequence[str], *, with_trades: bool) -> Iterator[AlpacaRequest]:
    """The messages that add quotes of some symbols, and their trades, in parts."""
    for first in range(0, len(symbols), SYMBOLS_PER_MESSAGE):
        part = list(symbols[first : first + SYMBOLS_PER_MESSAGE])
        yield AlpacaRequest("subscribe", trades=part if with_trades else [], quotes=part)


def nanoseconds(timestamp: msgspec.Raw) -> int:
    """A msgpack timestamp, or a text as the REST interface has it, as UTC ns.

    A reader that made it a datetime would lose its nanoseconds.

    Returns:
        0 without one, -1 if it is something else.
    """
    content = bytes(timestamp)
    head = _HEADS.get(len(content))
    if head is None or not content.startswith(head):
        return _told_time(content) if content else 0
    value = content[len(head) :]
    if len(value) == 4:
        return int.from_bytes(value) * SECOND
    if len(value) == 8:
        both = int.from_bytes(value)
        return (both & ((1 << _SECONDS_BITS) - 1)) * SECOND + (both >> _SECONDS_BITS)
    return int.from_bytes(value[4:], signed=True) * SECOND + int.from_bytes(value[:4])


def _told_time(content: bytes) -> int:
    try:
        told = msgspec.msgpack.decode(content)
    except ValueError:
        return -1
    # An empty text tells something, and no time.
    return read_time(told) or -1 if isinstance(told, str) else -1


def timestamp_of(time: int) -> msgspec.msgpack.Ext:
    """A time, UTC ns, as a msgpack timestamp."""
    seconds, rest = divmod(time, SECOND)
    return msgspec.msgpack.Ext(TIMESTAMP, ((rest << _SECONDS_BITS) | seconds).to_bytes(8))


def read_time(text: str) -> int:
    """A time of the REST interface, such as 2026-11-27T14:30:00.123456789Z, as UTC ns.

    Returns:
        0 without one, -1 if it is something else.
    """
    try:
        return parse_utc(text) if text else 0
    except ClockError:
        return -1


def write_time(time: int) -> str:
    """A time, UTC ns, as the REST interface writes it."""
    seconds, rest = divmod(time, SECOND)
    at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
