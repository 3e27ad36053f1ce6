"""Massive's stream of options: its messages in JSON, with times to the millisecond.

A frame is a list of messages, each a map whose `ev` tells its kind. Source: the vendor's
documentation of its websocket, and of the clusters `options` and `indices`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from zerodte.feeds.feed import FeedError
from zerodte.feeds.quote_fields import NS_PER_MS

#: Quoted contracts of a connection.
MOST_QUOTES: Final = 1_000
#: Quotes that are subscribed to in a message; the vendor says nothing of its length.
_QUOTES_PER_MESSAGE: Final = 250
#: Bytes of a message.
LARGEST_MESSAGE: Final = 16 << 20

TRADE_KIND: Final = "T"
QUOTE_KIND: Final = "Q"
VALUE_KIND: Final = "V"
STATUS_KIND: Final = "status"
ALL_TRADES: Final = f"{TRADE_KIND}.*"
#: What names of contracts and of indices begin with.
OPTION_PREFIX: Final = "O:"
INDEX_PREFIX: Final = "I:"
#: What a status says of each subscription that is in effect.
_SUBSCRIBED: Final = "subscribed to: "
_NAN: Final = float("nan")


class MassiveMessage(
    msgspec.Struct,
    rename={
        "kind": "ev",
        "text": "message",
        "symbol": "sym",
        "ticker": "T",
        "at": "t",
        "price": "p",
        "size": "s",
        "conditions": "c",
        "bid": "bp",
        "bid_size": "bs",
        "ask": "ap",
        "ask_size": "as",
        "value": "val",
    },
):
    """A message of the vendor's, of any kind; what its kind does not have is at its default.

    Attributes:
        kind: "T", "Q", "V" or "status".
        status: Of a status: what it is about.
        text: Likewise, in words.
        clock: Of the first status: the clock of a server of ours, see `greeted_clock`.
        symbol: Of a trade and a quote: O: and OSI, without blanks.
        ticker: Of a value: I: and the index.
        at: UTC ms; 0 if unknown.
        price: Dollars.
        size: Contracts.
        conditions: Of a trade: the vendor's numbers. A quote may have a single one.
        bid: Dollars.
        bid_size: Contracts.
        ask: Dollars.
        ask_size: Contracts.
        value: Of an index.
    """

    kind: str
    status: str = ""
    text: str = ""
    clock: str = ""
    symbol: str = ""
    ticker: str = ""
    at: int = 0
    price: float = _NAN
    size: float = _NAN
    conditions: list[int] | int | None = None
    bid: float = _NAN
    bid_size: float = _NAN
    ask: float = _NAN
    ask_size: float = _NAN
    value: float = _NAN

    @property
    def time(self) -> int:
        """UTC ns; 0 if unknown."""
        return self.at * NS_PER_MS


class MassiveRequest(msgspec.Struct):
    """A message of a client's.

    Attributes:
        action: auth, subscribe or unsubscribe.
        params: The key, or subscriptions with commas between them.
    """

    action: str = ""
    params: str = ""


_DECODER: Final = msgspec.json.Decoder(list[MassiveMessage])
_REQUEST_DECODER: Final = msgspec.json.Decoder(MassiveRequest)


def encode_request(request: MassiveRequest) -> str:
    """A client's message as a frame."""
    return msgspec.json.encode(request).decode()


def decode_request(content: str | bytes) -> MassiveRequest:
    """A client's message of a frame.

    Raises:
        FeedError: If it is none.
    """
    try:
        return _REQUEST_DECODER.decode(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def decode_messages(content: str | bytes) -> list[MassiveMessage]:
    """The messages of a frame.

    Raises:
        FeedError: If it has anything else.
    """
    try:
        return _DECODER.decode(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def quote_subscriptions(names: Sequence[str]) -> Iterator[list[str]]:
    """Subscriptions to the quotes of some contracts, in parts."""
    for first in range(0, len(names), _QUOTES_PER_MESSAGE):
        part = names[first : first + _QUOTES_PER_MESSAGE]
        yield [f"{QUOTE_KIND}.{name}" for name in part]


def subscribed(text: str) -> list[str]:
    """The subscriptions that a status calls in effect; none if it is about something else."""
    if not text.startswith(_SUBSCRIBED):
        return []
    return [one.strip() for one in text.removeprefix(_SUBSCRIBED).split(",")]


def subscription_text(subscription: str) -> str:
    """What a status says of a subscription that is in effect."""
    return f"{_SUBSCRIBED}{subscription}"
