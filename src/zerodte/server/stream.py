"""Server-sent events: each sample of a symbol encoded once, and handed to all who read it.

A reader holds a place, not a queue. It is sent the newest sample when it can take one; what came
while it could not is skipped, counted and said. Nothing is kept for a reader but what its
connection has not taken yet.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from zerodte.server import asgi, sse
from zerodte.service.market_service import MarketService
from zerodte.wire.errors import ApiError
from zerodte.wire.stream import SampleEvent, StreamQuery

_LOG = logging.getLogger(__name__)

#: So long a stream may say nothing.
_HEARTBEAT_S = 15.0


@dataclass(slots=True, eq=False)
class _Reader:
    """One open stream: the number of the sample that it was sent last."""

    number: int = 0
    is_gone: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self, _: object = None) -> None:
        self.is_gone = True
        self.woken.set()


@dataclass(slots=True, eq=False)
class _Channel:
    """A symbol that somebody reads: its newest samples as bytes.

    Attributes:
        query: Whose samples.
        readers: Who reads it.
        text: The samples that came last together, nearly always one.
        number: Of the newest sample, counted since somebody reads.
        before: Of the last sample that is not in `text`.
        time: Of the newest sample, UTC ns.
        coming: The task that fetches what is new.
        is_behind: Whether a sample has come since that task asked.
    """

    query: StreamQuery
    readers: set[_Reader] = field(default_factory=set)
    text: bytes = b""
    number: int = 0
    before: int = 0
    time: int | None = None
    coming: asyncio.Task[None] | None = None
    is_behind: bool = False


class Stream:
    """The streams of all symbols; lives on one event loop.

    Attributes:
        sent: Samples sent so far, each reader counted.
        skipped: Samples that readers were too slow for.
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
        """Hear of the market's samples, on the running event loop."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._sampled)

        leave = self._service.subscribe(wake)
        try:
            yield
        finally:
            leave()

    def stop(self) -> None:
        """End every stream in order, and begin no more."""
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
    ) -> None:
        """Answer a request with a stream, until the reader or the server ends it.

        Args:
            query: Whose samples.
            headers: Of the answer.
            scope: The request.
            receive: Of the connection.
            send: Of the connection; waits while the reader takes nothing.

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
            missed = await self._resumed(channel, reader, after)
            await send(asgi.begin(200, headers))
            if scope["method"] == "HEAD":
                await send(asgi.body(b""))
                return
            await self._read(channel, reader, missed, receive, send)
        finally:
            channel.readers.discard(reader)
            if not channel.readers:
                self._channels.pop(query, None)

    async def _resumed(self, channel: _Channel, reader: _Reader, after: int | None) -> bytes:
        """What a reader that comes back has missed; its place is then after that.

        An id that is no id, or lies ahead of the newest sample, counts as none: the reader begins
        with the newest sample.
        """
        reader.number = channel.before
        if channel.time is None or after is None or after > channel.time:
            return b""
        if after == channel.time:
            reader.number = channel.number
            return b""
        events = await self._events(channel, after)
        # A channel may move on meanwhile; nothing may lie between this and what it sends next.
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
    ) -> None:
        gone = asyncio.create_task(_until_disconnect(receive))
        gone.add_done_callback(reader.leave)
        try:
            await send(asgi.body(sse.RETRY + missed, more=True))
            while not (reader.is_gone or self._is_stopped):
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
            gone.cancel()

    def _next(self, channel: _Channel, reader: _Reader) -> bytes:
        missed = channel.before - reader.number
        self.sent += channel.number - channel.before
        reader.number = channel.number
        self.skipped += missed
        return sse.skipped(missed) + channel.text

    def _sampled(self) -> None:
        for channel in self._channels.values():
            if channel.coming is None:
                self._begin(channel)
            else:
                channel.is_behind = True

    async def _fetch(self, channel: _Channel) -> None:
        await asyncio.shield(channel.coming or self._begin(channel))

    def _begin(self, channel: _Channel) -> asyncio.Task[None]:
        channel.coming = asyncio.create_task(self._publish(channel))
        channel.coming.add_done_callback(_heard)
        return channel.coming

    async def _publish(self, channel: _Channel) -> None:
        """Encode what is new and wake all who read it, until nothing is."""
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
            channel.coming = None


def _heard(task: asyncio.Task[None]) -> None:
    """Log a defect that perhaps nobody waits for."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, ApiError):
        _LOG.error("stream failed", exc_info=error)


async def _until_disconnect(receive: asgi.Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
