"""DXLink, the protocol of dxFeed's websockets: its messages, and events in compact form.

Every message is a JSON object with a type and a channel; channel 0 is the connection itself.
Source: dxFeed's specification of the protocol (AsyncAPI).
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import numpy as np

from zerodte.arrays import F64, I64
from zerodte.feeds.feed import FeedError

#: Symbols of one subscription message; with thousands the vendor drops the connection.
SYMBOLS_PER_MESSAGE: Final = 500
#: Seconds without a message from the other side, after which either side hangs up.
KEEPALIVE_S: Final = 60
#: Bytes of a message.
LARGEST_MESSAGE: Final = 16 << 20

FeedContract = Literal["TICKER", "STREAM", "HISTORY", "AUTO"]
UNAUTHORIZED: Final = "UNAUTHORIZED"
AUTHORIZED: Final = "AUTHORIZED"

#: The fields of each kind of event that we ask for.
EVENT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Quote": (
        *("eventSymbol", "bidTime", "bidPrice", "bidSize", "askTime", "askPrice", "askSize"),
    ),
    "Trade": ("eventSymbol", "time", "price"),
    "Summary": ("eventSymbol", "dayId", "openInterest", "prevDayClosePrice"),
    "TimeAndSale": (
        *("eventSymbol", "index", "time", "timeNanoPart", "price", "size", "bidPrice", "askPrice"),
        *("exchangeSaleConditions", "aggressorSide", "spreadLeg", "type"),
    ),
}
#: What a missing field counts as: unknown.
_NOT_GIVEN: Final = "NaN"

#: A value of an event: "NaN" stands for a number that is unknown.
EventValue = str | int | float | bool | None


class DXLinkMessage(msgspec.Struct, rename="camel", omit_defaults=True):
    """A message, of any type; what its type does not have is at its default.

    Attributes:
        type: Such as FEED_DATA.
        channel: 0 for the connection.
        version: SETUP: of the sender.
        keepalive_timeout: SETUP: seconds after which the sender's silence means that it is gone.
        accept_keepalive_timeout: SETUP: likewise of the receiver's.
        state: AUTH_STATE: AUTHORIZED or UNAUTHORIZED.
        token: AUTH.
        service: CHANNEL_REQUEST: FEED.
        parameters: CHANNEL_REQUEST: the contract.
        accept_aggregation_period: FEED_SETUP: seconds.
        accept_data_format: FEED_SETUP: COMPACT or FULL.
        accept_event_fields: FEED_SETUP: the fields of each kind of event.
        aggregation_period: FEED_CONFIG: seconds.
        data_format: FEED_CONFIG.
        event_fields: FEED_CONFIG: the fields of each kind of event, in the order of the data.
        add: FEED_SUBSCRIPTION: a type and a symbol each.
        remove: FEED_SUBSCRIPTION.
        reset: FEED_SUBSCRIPTION: whether all earlier ones end.
        data: FEED_DATA: a kind of event, then its values in one list, then the next kind.
        error: ERROR: its kind.
        message: ERROR: in words.
    """

    type: str
    channel: int = 0
    version: str = ""
    keepalive_timeout: float | None = None
    accept_keepalive_timeout: float | None = None
    state: str = ""
    token: str = ""
    service: str = ""
    parameters: dict[str, Any] = {}
    accept_aggregation_period: float | None = None
    accept_data_format: str = ""
    accept_event_fields: dict[str, tuple[str, ...]] = {}
    aggregation_period: float | None = None
    data_format: str = ""
    event_fields: dict[str, tuple[str, ...]] = {}
    add: list[dict[str, str | int | float]] = []
    remove: list[dict[str, str | int | float]] = []
    reset: bool = False
    data: list[str | list[EventValue]] = []
    error: str = ""
    message: str = ""


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(DXLinkMessage)


def encode_message(message: DXLinkMessage) -> str:
    """A message as the text of a websocket's frame; a channel always stands in it."""
    fields = {"type": message.type, "channel": message.channel}
    rest: dict[str, object] = msgspec.to_builtins(message)
    return _ENCODER.encode(fields | rest).decode()


def decode_message(text: str | bytes) -> DXLinkMessage:
    """A message of a frame.

    Raises:
        FeedError: If it is none.
    """
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"a garbled message: {error}") from None


def subscriptions(channel: int, kind: str, symbols: Sequence[str]) -> Iterator[DXLinkMessage]:
    """The messages that add events of some symbols, in parts."""
    step = SYMBOLS_PER_MESSAGE
    for first in range(0, len(symbols), step):
        part = symbols[first : first + step]
        adds: list[dict[str, str | int | float]] = [{"type": kind, "symbol": s} for s in part]
        yield DXLinkMessage("FEED_SUBSCRIPTION", channel, add=adds)


@dataclass(frozen=True, eq=False, slots=True)
class EventBlock:
    """Events of one kind, as columns.

    Attributes:
        kind: Such as "Quote".
        received: When each one came, UTC ns of the feed's clock, int64[n], ascending.
        columns: Values by field, n each.
    """

    kind: str
    received: I64
    columns: Mapping[str, Sequence[EventValue]]

    @property
    def count(self) -> int:
        """How many there are, n."""
        return len(self.received)

    @property
    def newest(self) -> int:
        """When the last one came, UTC ns."""
        return int(self.received[-1])

    def texts(self, field: str) -> list[str]:
        """The values of a field of names; anything else is empty."""
        return [value if isinstance(value, str) else "" for value in self._values(field)]

    def numbers(self, field: str) -> F64:
        """The values of a numeric field, float64[n]; NaN where unknown.

        Raises:
            FeedError: If one is no number.
        """
        try:
            return np.array(self._values(field), np.float64)  # None and "NaN" become NaN
        except (ValueError, TypeError, OverflowError) as error:
            raise FeedError(f"a garbled {self.kind}: {field} of {error}") from None

    def integers(self, field: str) -> list[int]:
        """The values of a field of whole numbers of any size; -1 where unknown."""
        return [
            int(value) if isinstance(value, int | float) and math.isfinite(value) else -1
            for value in self._values(field)
        ]

    def flags(self, field: str) -> list[bool]:
        """The values of a field that is true or false; false where unknown."""
        return [value is True for value in self._values(field)]

    def _values(self, field: str) -> Sequence[EventValue]:
        return self.columns.get(field) or [_NOT_GIVEN] * self.count


def split_events(
    data: Sequence[str | list[EventValue]], fields: Mapping[str, Sequence[str]], received: int
) -> Iterator[EventBlock]:
    """The events of FEED_DATA in compact form.

    Args:
        data: A kind of event, then its values in one list, and so on.
        fields: The fields of each kind, in their order.
        received: UTC ns.

    Raises:
        FeedError: If the values are not those of whole events, or lack the symbol.
    """
    if len(data) % 2:
        raise FeedError("garbled events: a kind without values")
    for kind, values in zip(data[::2], data[1::2], strict=True):
        names = fields.get(kind, ()) if isinstance(kind, str) else ()
        if not names or not isinstance(values, list) or len(values) % len(names):
            raise FeedError(
                f"garbled events: {len(values):,} values of {str(kind)[:40]!r}; expected: "
                f"{len(names)} for each of its events"
            )
        if "eventSymbol" not in names:
            raise FeedError(f"garbled events: {kind} without eventSymbol")
        step = len(names)
        if values:
            columns = {name: values[at::step] for at, name in enumerate(names)}
            times = np.full(len(values) // step, received, np.int64)
            yield EventBlock(str(kind), times, columns)


def joined(blocks: Sequence[EventBlock]) -> list[EventBlock]:
    """Blocks of the same kind and fields as one each, in the order of their events.

    A vendor may send each event in a message of its own, and few large arrays are read faster.
    """
    groups: dict[tuple[str, ...], list[EventBlock]] = {}
    for block in blocks:
        groups.setdefault((block.kind, *block.columns), []).append(block)
    return [
        EventBlock(
            group[0].kind,
            np.concatenate([block.received for block in group]),
            {
                name: list(itertools.chain.from_iterable(block.columns[name] for block in group))
                for name in group[0].columns
            },
        )
        for group in groups.values()
    ]
