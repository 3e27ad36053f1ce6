"""Massive's stream of options: its messages in JSON, with times to the millisecond.

A frame is a list of messages, each a map whose `ev` tells its kind. Source: the vendor's
documentation of its websocket, and of the clusters `options` and `indices`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

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

    A number that is null is unknown.

    Attributes:
        kind: "T", "Q", "V" or "status".
        status: Of a status: what it is about.
        text: Likewise, in words.
        clock: Of the first status: the clock of a server of ours, see `greeted_clock`.
        symbol: Of a trade and a quote: O: and OSI, without blanks.
        ticker: Of a value: I: and the index.
        at: UTC ms; 0 if it is not told.
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
    at: int | None = 0
    price: float | None = _NAN
    size: float | None = _NAN
    conditions: list[int] | int | None = None
    bid: float | None = _NAN
    bid_size: float | None = _NAN
    ask: float | None = _NAN
    ask_size: float | None = _NAN
    value: float | None = _NAN

    @property
    def time(self) -> int:
        """UTC ns; 0 if it is not told, and negative if what is told is no time."""
        return -1 if self.at is None else self.at * NS_PER_MS


class MassiveRequest(msgspec.Struct):
    """A message of a client's.

    Attributes:
        action: auth, subscribe or unsubscribe.
        params: The key, or subscriptions with commas between them.
    """

    action: str = ""
    params: str = ""


_DECODER: Final = msgspec.json.Decoder(list[MassiveMessage], strict=False)
_PLAIN_DECODER: Final = msgspec.json.Decoder(list[dict[str, Any]])
_KINDS: Final = (TRADE_KIND, QUOTE_KIND, VALUE_KIND, STATUS_KIND)
#: What stands for a field of another type, by its name there: numbers that cannot be, which are
#: counted. Texts are left out.
_ODD: Final = {"t": -1, "c": -1} | dict.fromkeys(("p", "s", "bp", "bs", "ap", "as", "val"), -1.0)
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

    A field of another type is what cannot be, and a message of an unknown kind has its kind alone.

    Raises:
        FeedError: If it has anything else.
    """
    try:
        return _DECODER.decode(content)
    except msgspec.ValidationError:
        return _odd_messages(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def _odd_messages(content: str | bytes) -> list[MassiveMessage]:
    """The messages of a frame in which a field has another type."""
    try:
        return [_odd_message(fields) for fields in _PLAIN_DECODER.decode(content)]
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def _odd_message(fields: Mapping[str, Any]) -> MassiveMessage:
    kind = {"ev": fields.get("ev")}
    if kind["ev"] not in _KINDS:
        # Of another kind a letter may mean anything.
        return msgspec.convert(kind, MassiveMessage)
    known = dict(kind)
    for name, value in fields.items():
        try:
            msgspec.convert(kind | {name: value}, MassiveMessage, strict=False)
            known[name] = value
        except msgspec.ValidationError:
            if name in _ODD:
                known[name] = _ODD[name]
    return msgspec.convert(known, MassiveMessage, strict=False)


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
