"""Where a reader of a stream stands, so that a cut stream goes on with nothing lost or twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from zerodte.client.events import (
    BarEvent,
    EventParser,
    SnapshotEvent,
    StreamEvent,
    read_event,
)

#: Ids are times of samples.
_ID: Final = "%Y-%m-%dT%H:%M:%SZ"
_MOMENT: Final = timedelta(seconds=1)


class StreamPosition:
    """What a reader has received of a stream, over all its connections.

    A sample comes as two events, so it counts as received once its snapshot is there. A stream that
    is cut between the two is resumed before the sample, and what comes again is dropped. Ids are
    times of samples and need no state on the server, so the second before one is an id as well.

    Args:
        symbol: Whose stream it is; None for one of several symbols.
    """

    def __init__(self, symbol: str | None) -> None:
        self._symbol = symbol
        self._parser = EventParser()
        self._resumed_at: datetime | None = None
        self._is_complete = True
        self._bars: dict[str, datetime] = {}
        self._snapshots: dict[str, datetime] = {}

    @property
    def last_id(self) -> str:
        """What to send as `Last-Event-ID`; "" for nothing."""
        received = self._parser.last_id
        if self._symbol is None and not received and self._bars:
            return _id(min(self._bars.values()) - _MOMENT)
        time = _time(received)
        return received if self._is_complete or time is None else _id(time - _MOMENT)

    @property
    def retry(self) -> float | None:
        """Seconds that the server asks to wait before the reader returns; None before it does."""
        return self._parser.retry

    def reconnect(self) -> str:
        """Begin to read another connection; what was sent in part is forgotten.

        Returns:
            What to send as `Last-Event-ID`; "" for nothing.
        """
        last_id, retry = self.last_id, self.retry
        self._parser = EventParser(last_id, retry)
        self._resumed_at, self._is_complete = _time(last_id), True
        return last_id

    def feed(self, piece: bytes) -> Iterator[StreamEvent]:
        """The events that a piece of the connection completes, but for those received before.

        Raises:
            ShapeError: It is no stream of this API.
        """
        for text in self._parser.feed(piece):
            event = read_event(text, self._symbol)
            is_new = True
            if isinstance(event, BarEvent):
                is_new = self._enter(self._bars, event.symbol, event.bar.t)
                # Of several symbols, only what completes a batch has an id.
                self._is_complete = self._symbol is None
            elif isinstance(event, SnapshotEvent):
                is_new = self._enter(self._snapshots, event.symbol, event.snapshot.as_of)
                self._is_complete = True
            if event is not None and is_new:
                yield event

    def _enter(self, received: dict[str, datetime], symbol: str, time: datetime | None) -> bool:
        """Note an event as received; False if it was before."""
        last = received.get(symbol)
        if time is None:
            return True
        # Times up to the id that was sent come only from a server whose clock has begun anew.
        is_anew = self._resumed_at is not None and time <= self._resumed_at
        if last is not None and time <= last and not is_anew:
            return False
        received[symbol] = time
        return True


def _id(time: datetime) -> str:
    return time.strftime(_ID)


def _time(last_id: str) -> datetime | None:
    try:
        return datetime.strptime(last_id, _ID).replace(tzinfo=UTC)
    except ValueError:
        return None
