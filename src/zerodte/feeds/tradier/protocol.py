"""Tradier's stream of market events: JSON payloads, one a line.

Source: Tradier's documentation of its market websocket and of the streaming responses. Prices,
sizes and times come as numbers of one payload and as texts of another.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from zerodte.feeds.feed import FeedError
from zerodte.feeds.quote_fields import NS_PER_MS

QUOTE_EVENT: Final = "quote"
TRADE_EVENT: Final = "trade"
TIMESALE_EVENT: Final = "timesale"
#: All kinds of payloads.
_KINDS: Final = [TRADE_EVENT, QUOTE_EVENT, "summary", TIMESALE_EVENT, "tradex"]
#: Bytes of a message.
LARGEST_MESSAGE: Final = 16 << 20
#: Milliseconds since 1970 that can be those of an event.
_TIMES: Final = (10**12, 1 << 42)
_NAN: Final = float("nan")


class TradierEvent(msgspec.Struct, rename={"kind": "type"}):
    """A payload of any kind; what its kind does not have is at its default.

    Attributes:
        kind: "quote", "timesale", "trade", "summary" or "tradex"; empty of an error.
        symbol: OSI, without blanks, or an underlying.
        bid: Dollars; of a timesale at its time.
        ask: Likewise.
        bidsz: Of a quote.
        asksz: Likewise.
        biddate: Of a quote, ms since 1970.
        askdate: Likewise.
        last: Of a trade and of a timesale, dollars.
        size: Likewise, contracts.
        date: Likewise, ms since 1970.
        seq: Of a timesale with advanced details: its number.
        flag: Likewise; the vendor does not say what it means.
        cancel: Likewise: whether the trade is cancelled.
        correction: Likewise: whether it corrects one.
        error: What is wrong with a request, in the vendor's words.
    """

    kind: str = ""
    symbol: str = ""
    bid: float | None = _NAN
    ask: float | None = _NAN
    bidsz: float | None = _NAN
    asksz: float | None = _NAN
    biddate: int | None = 0
    askdate: int | None = 0
    last: float | None = _NAN
    size: float | None = _NAN
    date: int | None = 0
    seq: int | None = None
    flag: str | None = ""
    cancel: bool = False
    correction: bool = False
    error: str = ""


class TradierSubscription(msgspec.Struct, rename={"valid_only": "validOnly"}):
    """A client's message: all that it wants from now on. The defaults are the vendor's.

    Attributes:
        symbols: As above, all of them.
        sessionid: That of a market session.
        filter: Kinds of payloads.
        linebreak: Whether each payload ends with a line break.
        valid_only: Whether cancels and corrections are left out.
        details: Whether a timesale has its number, flag, cancel, correction and session.
    """

    symbols: list[str]
    sessionid: str
    filter: list[str] = msgspec.field(default_factory=_KINDS.copy)
    linebreak: bool = False
    valid_only: bool = True
    details: bool = msgspec.field(name="advancedDetails", default=False)


# Texts are taken for the numbers that they hold.
_DECODER: Final = msgspec.json.Decoder(TradierEvent, strict=False)
_SUBSCRIPTION_DECODER: Final = msgspec.json.Decoder(TradierSubscription, strict=False)


def decode_events(content: str | bytes) -> list[TradierEvent]:
    """The payloads of a frame.

    Raises:
        FeedError: If it has anything else.
    """
    try:
        return _DECODER.decode_lines(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def encode_subscription(symbols: Sequence[str], session: str) -> str:
    """The message that asks for everything of some symbols, and for nothing else any more."""
    request = TradierSubscription(
        list(symbols),
        session,
        [QUOTE_EVENT, TRADE_EVENT, TIMESALE_EVENT],
        linebreak=True,
        valid_only=False,
        details=True,
    )
    return msgspec.json.encode(request).decode()


def decode_subscription(content: str | bytes) -> TradierSubscription:
    """A client's message of a frame.

    Raises:
        FeedError: If it is none.
    """
    try:
        return _SUBSCRIPTION_DECODER.decode(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def event_time(milliseconds: float | None) -> int:
    """A vendor's time as UTC ns; 0 if it is none."""
    known = milliseconds or 0
    return round(known) * NS_PER_MS if _TIMES[0] < known < _TIMES[1] else 0
