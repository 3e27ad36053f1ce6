"""Server-sent events: each sample of a symbol is encoded once and sent to all its readers.

A reader has a position, not a queue. When its connection can take more, it is sent the newest
sample; samples that arrived meanwhile are skipped, counted and reported to it. Nothing is buffered
for a reader except what its connection has not sent yet.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from zerodte.server import asgi, sse
from zerodte.service.market_service import MarketService
from zerodte.wire.errors import ApiError
from zerodte.wire.stream import SampleEvent, StreamQuery

_LOG = logging.getLogger(__name__)

#: Seconds of silence after which a stream sends a comment.
_HEARTBEAT_S = 15.0


@dataclass(slots=True, eq=False)
class _Reader:
    """One open stream: the number of the last sample that it was sent."""

    number: int = 0
    is_gone: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self, _: object = None) -> None:
        self.is_gone = True
        self.woken.set()


@dataclass(slots=True, eq=False)
class _Channel:
    """A symbol with at least one reader: its newest samples as bytes.

    Attributes:
        query: The symbol's query.
        readers: The open streams.
        text: The newest batch of samples, nearly always one.
        number: Number of the newest sample, counted from when the channel opened.
        before: Number of the last sample that is not in `text`.
        time: Time of the newest sample, UTC ns.
        fetch: The task that fetches new samples.
        is_behind: Whether another sample arrived since that task last asked.
    """

    query: StreamQuery
    readers: set[_Reader] = field(default_factory=set)
    text: bytes = b""
    number: int = 0
    before: int = 0
    time: int | None = None
    fetch: asyncio.Task[None] | None = None
    is_behind: bool = False


class Stream:
    """The streams of all symbols, on one event loop.

    Attributes:
        sent: Samples sent so far, counted once per reader.
        skipped: Samples that slow readers missed.
    """

    def __init__(self, service: MarketService) -> None:
        """Read samples from `service`."""
        self.sent = 0
        self.skipped = 0
        self._service = service
        self._channels: dict[StreamQuery, _Channel] = {}
        self._is_stopped = False

    @property
    def readers(self) -> int:
        """Open streams."""
        return sum(len(channel.readers) for channel in self._channels.values())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Subscribe to the market's samples, on the running event loop."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._on_sample)

        unsubscribe = self._service.subscribe(wake)
        try:
            yield
        finally:
            unsubscribe()

    def stop(self) -> None:
        """End every stream and start no more."""
        self._is_stopped = True
        for channel in self._channels.values():
            for reader in channel.readers:
                reader.leave()

    async def serve(
        self,
        query: StreamQuery,
        headers: asgi.Headers,
        scope: asgi.Scope,
        receive: asgi.Receive,
        send: asgi.Send,
        is_valid: Callable[[], bool] = lambda: True,
    ) -> None:
        """Answer a request with a stream, until the reader, the server or its key's end ends it.

        Args:
            query: The symbol's query.
            headers: The answer's headers.
            scope: The request's ASGI scope.
            receive: The connection's ASGI callable.
            send: The connection's ASGI callable; it waits while the reader takes nothing.
            is_valid: Whether the reader may go on reading.

        Raises:
            ApiError: Before anything is sent, as `MarketService.events` does.
        """
        reader = _Reader()
        channel = self._channels.setdefault(query, _Channel(query))
        channel.readers.add(reader)
        try:
            if channel.time is None:
                await self._fetch(channel)
            after = sse.read_id(asgi.header(scope["headers"], b"last-event-id"))
            missed = await self._resume(channel, reader, after)
            await send(asgi.begin(200, headers))
            if scope["method"] == "HEAD":
                await send(asgi.body(b""))
                return
            await self._read(channel, reader, missed, receive, send, is_valid)
        finally:
            channel.readers.discard(reader)
            if not channel.readers:
                self._channels.pop(query, None)

    async def _resume(self, channel: _Channel, reader: _Reader, after: int | None) -> bytes:
        """What a reconnecting reader has missed; its position is set to after that.

        An invalid id, or one ahead of the newest sample, counts as none: the reader starts with
        the newest sample.
        """
        reader.number = channel.before
        if channel.time is None or after is None or after > channel.time:
            return b""
        if after == channel.time:
            reader.number = channel.number
            return b""
        events = await self._events(channel, after)
        # The channel may advance meanwhile; there must be no hole before what it sends next.
        while events and events[-1].time < channel.time:
            events = await self._events(channel, after)
        if events:
            reader.number = channel.number
        missed = [event for event in events if event.time <= channel.time]
        self.sent += len(missed)
        return sse.samples(missed)

    async def _events(self, channel: _Channel, after: int | None) -> Sequence[SampleEvent]:
        return await asyncio.to_thread(self._service.events, channel.query, after)

    async def _read(
        self,
        channel: _Channel,
        reader: _Reader,
        missed: bytes,
        receive: asgi.Receive,
        send: asgi.Send,
        is_valid: Callable[[], bool],
    ) -> None:
        disconnect = asyncio.create_task(_until_disconnect(receive))
        disconnect.add_done_callback(reader.leave)
        try:
            await send(asgi.body(sse.RETRY + missed, more=True))
            while not (reader.is_gone or self._is_stopped) and is_valid():
                if reader.number != channel.number:
                    await send(asgi.body(self._next(channel, reader), more=True))
                    continue
                reader.woken.clear()
                try:
                    async with asyncio.timeout(_HEARTBEAT_S):
                        await reader.woken.wait()
                except TimeoutError:
                    await send(asgi.body(sse.HEARTBEAT, more=True))
            await send(asgi.body(b""))
        finally:
            disconnect.cancel()

    def _next(self, channel: _Channel, reader: _Reader) -> bytes:
        missed = channel.before - reader.number
        self.sent += channel.number - channel.before
        reader.number = channel.number
        self.skipped += missed
        return sse.skipped(missed) + channel.text

    def _on_sample(self) -> None:
        for channel in self._channels.values():
            if channel.fetch is None:
                self._start_fetch(channel)
            else:
                channel.is_behind = True

    async def _fetch(self, channel: _Channel) -> None:
        await asyncio.shield(channel.fetch or self._start_fetch(channel))

    def _start_fetch(self, channel: _Channel) -> asyncio.Task[None]:
        channel.fetch = asyncio.create_task(self._publish(channel))
        channel.fetch.add_done_callback(_log_defect)
        return channel.fetch

    async def _publish(self, channel: _Channel) -> None:
        """Encode new samples and wake the readers, until there are none."""
        try:
            channel.is_behind = True
            while channel.is_behind:
                channel.is_behind = False
                events = await self._events(channel, channel.time)
                if events:
                    channel.before, channel.number = channel.number, channel.number + len(events)
                    channel.time = events[-1].time
                    channel.text = sse.samples(events)
                    for reader in channel.readers:
                        reader.woken.set()
        finally:
            channel.fetch = None


def _log_defect(task: asyncio.Task[None]) -> None:
    """Log a defect that nobody may be waiting for."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, ApiError):
        _LOG.error("stream failed", exc_info=error)


async def _until_disconnect(receive: asgi.Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
