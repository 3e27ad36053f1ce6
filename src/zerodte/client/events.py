"""Events of a stream: their text (HTML standard, section 9.2.6) and what they tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from zerodte.client.call import reader_of
from zerodte.client.errors import ShapeError
from zerodte.wire.flat import Snapshot
from zerodte.wire.series import SeriesBar
from zerodte.wire.stream import SymbolTick

_MOST_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EventText:
    """An event as it was sent; `id` is the last one seen."""

    kind: str
    data: bytes
    id: str


class EventParser:
    """Reads events from bytes that arrive in any pieces.

    Args:
        last_id: The id of the last event of an earlier connection.
        retry: As an earlier connection asked.

    Attributes:
        last_id: The last id that an event had; "" before.
        retry: Seconds that the server asks to wait before a reader returns; None before.
    """

    def __init__(self, last_id: str = "", retry: float | None = None) -> None:
        self.last_id = last_id
        self.retry = retry
        self._rest = b""
        self._kind, self._data = b"", list[bytes]()
        self._id = last_id

    def feed(self, piece: bytes) -> Iterator[EventText]:
        """The events that a piece completes.

        Raises:
            ShapeError: A line has no end; this is no stream of events.
        """
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _MOST_BYTES:
            raise ShapeError("the stream sends a line without end; is it a stream of events?")
        for line in lines:
            if (event := self._line(line.removesuffix(b"\r"))) is not None:
                yield event

    def _line(self, line: bytes) -> EventText | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"event":
                self._kind = value
            case b"data":
                self._data.append(value)
            case b"id" if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
            case b"retry" if value.isdigit():
                self.retry = int(value) / 1000.0
        return None

    def _dispatch(self) -> EventText | None:
        self.last_id = self._id
        kind, data = self._kind or b"message", b"\n".join(self._data)
        has_data = bool(self._data)
        self._kind, self._data = b"", []
        return EventText(kind.decode("utf-8", "replace"), data, self.last_id) if has_data else None


@dataclass(frozen=True, slots=True)
class BarEvent:
    """A sample was taken.

    Attributes:
        symbol: Whose it is.
        bar: Its series bar.
    """

    symbol: str
    bar: SeriesBar


@dataclass(frozen=True, slots=True)
class SnapshotEvent:
    """The newest sample's snapshot, whose `strikes` is None.

    Attributes:
        symbol: Whose it is.
        snapshot: The snapshot.
    """

    symbol: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class TickEvent:
    """The newest figures, at most once a second.

    Attributes:
        symbols: Of each symbol of the stream.
    """

    symbols: list[SymbolTick]


@dataclass(frozen=True, slots=True)
class SkipEvent:
    """The reader was slower than the samples, so that some were not sent.

    Attributes:
        symbol: Whose they are.
        samples: How many.
    """

    symbol: str
    samples: int


StreamEvent: TypeAlias = BarEvent | SnapshotEvent | TickEvent | SkipEvent


class _Owner(Struct):
    """Whose an event of a stream of several symbols is."""

    symbol: str | None = None
    samples: int = 0


class _Ticks(Struct):
    """The data of an event `tick`."""

    symbols: list[SymbolTick]


_OWNER = msgspec.json.Decoder(_Owner)


def read_event(text: EventText, symbol: str | None) -> StreamEvent | None:
    """What an event tells; None for a kind that is not known.

    Args:
        text: The event.
        symbol: Whose stream it is; None for one of several symbols, where each event says it.

    Raises:
        ShapeError: It is not of the shape of its kind.
    """
    if text.kind == "tick":
        return TickEvent(reader_of(_Ticks)(text.data).symbols or [])
    if text.kind not in ("bar", "snapshot", "skipped"):
        return None
    try:
        owner = _OWNER.decode(text.data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ShapeError(f"the event {text.kind} is not of this API ({error})") from error
    name = owner.symbol or symbol or ""
    if text.kind == "bar":
        return BarEvent(name, reader_of(SeriesBar)(text.data))
    if text.kind == "snapshot":
        return SnapshotEvent(name, reader_of(Snapshot)(text.data))
    return SkipEvent(name, owner.samples)
