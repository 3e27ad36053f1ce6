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
from zerodte.server.heartbeat import Heartbeat
from zerodte.server.ticks import Ticks
from zerodte.service.market_service import MarketService
from zerodte.service.query_symbol import of_symbol
from zerodte.wire.errors import ApiError
from zerodte.wire.stream import SampleEvent, StreamQuery, StreamsQuery

_LOG = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Channel:
    """A symbol with at least one reader: its newest samples as bytes.

    Attributes:
        query: The symbol's query.
        readers: The open streams.
        events: The newest batch of samples, nearly always one.
        text: The same as the text of a stream of this symbol alone.
        number: Number of the newest sample, counted from when the channel opened.
        before: Number of the last sample that is not in `text`.
        time: Time of the newest sample, UTC ns.
        fetch: The task that fetches new samples.
        is_behind: Whether another sample arrived since that task last asked.
    """

    query: StreamQuery
    readers: "set[_Reader]" = field(default_factory=set)
    events: Sequence[SampleEvent] = ()
    text: bytes = b""
    number: int = 0
    before: int = 0
    time: int | None = None
    fetch: asyncio.Task[None] | None = None
    is_behind: bool = False


@dataclass(slots=True, eq=False)
class _Reader:
    """One open stream of a symbol or several.

    Attributes:
        channels: Of its symbols.
        is_shared: Whether its events say whose they are.
        numbers: The number of the last sample that it was sent, by channel.
        times: The time of that sample, UTC ns, for the channels that have one.
        tick: The newest tick that it was not sent.
        is_gone: Whether it is to end.
        woken: Set when there is something to send.
    """

    channels: tuple[_Channel, ...]
    is_shared: bool
    numbers: dict[_Channel, int] = field(default_factory=dict)
    times: dict[_Channel, int] = field(default_factory=dict)
    tick: bytes = b""
    is_gone: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self, _: object = None) -> None:
        self.is_gone = True
        self.woken.set()

    def offer(self, tick: bytes) -> None:
        """Replace the tick that it was not sent by a newer one."""
        self.tick = tick
        self.woken.set()

    @property
    def is_behind(self) -> bool:
        return bool(self.tick) or any(self.numbers[each] != each.number for each in self.channels)

    @property
    def position(self) -> int | None:
        """The time up to which it was sent the samples of every symbol that has any."""
        return min(self.times.values(), default=None)


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
        self._ticks = Ticks(service)
        self._is_stopped = False

    @property
    def readers(self) -> int:
        """Open streams."""
        return len(self._open())

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
        for reader in self._open():
            reader.leave()

    def _open(self) -> set[_Reader]:
        return {reader for channel in self._channels.values() for reader in channel.readers}

    async def serve(
        self,
        query: StreamQuery | StreamsQuery,
        headers: asgi.Headers,
        scope: asgi.Scope,
        receive: asgi.Receive,
        send: asgi.Send,
        is_valid: Callable[[], bool] = lambda: True,
    ) -> None:
        """Answer a request with a stream, until the reader, the server or its key's end ends it.

        Args:
            query: That of a symbol, or of several.
            headers: The answer's headers.
            scope: The request's ASGI scope.
            receive: The connection's ASGI callable.
            send: The connection's ASGI callable; it waits while the reader takes nothing.
            is_valid: Whether the reader may go on reading.

        Raises:
            ApiError: Before anything is sent, as `MarketService.events` does.
        """
        if isinstance(query, StreamsQuery):
            asked, is_shared = query.each(), True
        else:  # readers with ticks and without them share a channel
            asked, is_shared = (StreamQuery(symbol=query.symbol),), False
        queries = tuple(dict.fromkeys(map(of_symbol, asked)))
        channels = tuple(self._channels.setdefault(each, _Channel(each)) for each in queries)
        reader = _Reader(channels, is_shared)
        for channel in channels:
            channel.readers.add(reader)
        try:
            for channel in channels:
                if channel.time is None:
                    await self._fetch(channel)
            after = sse.read_id(asgi.header(scope["headers"], b"last-event-id"))
            missed = [await self._resume(channel, reader, after) for channel in channels]
            await send(asgi.begin(200, headers))
            if scope["method"] == "HEAD":
                await send(asgi.body(b""))
                return
            with self._ticks.sent_to(reader, queries if query.ticks == "1" else ()):
                text = self._text(reader, missed)
                await self._read(reader, text, receive, send, is_valid)
        finally:
            for channel in channels:
                channel.readers.discard(reader)
                if not channel.readers:
                    self._channels.pop(channel.query, None)

    async def _resume(
        self, channel: _Channel, reader: _Reader, after: int | None
    ) -> Sequence[SampleEvent]:
        """What a reconnecting reader has missed of a symbol; its position is set to after that.

        An invalid id, or one ahead of the newest sample, counts as none: the reader starts with
        the newest sample.
        """
        reader.numbers[channel] = channel.before
        if channel.time is None or after is None or after > channel.time:
            return ()
        if after == channel.time:
            reader.numbers[channel] = channel.number
            reader.times[channel] = channel.time
            return ()
        events = await self._events(channel, after)
        # The channel may advance meanwhile; there must be no hole before what it sends next.
        while events and events[-1].time < channel.time:
            events = await self._events(channel, after)
        if events:
            reader.numbers[channel] = channel.number
        missed = [event for event in events if event.time <= channel.time]
        if missed:
            reader.times[channel] = missed[-1].time
        self.sent += len(missed)
        return missed

    def _text(self, reader: _Reader, missed: Sequence[Sequence[SampleEvent]]) -> bytes:
        """The samples that a reader has missed, by channel."""
        if not reader.is_shared:
            return sse.samples(event for events in missed for event in events)
        parts = [
            part
            for channel, events in zip(reader.channels, missed, strict=True)
            for part in sse.samples_of(channel.query.symbol, events)
        ]
        # What the other channels have not sent yet follows; only then the position is theirs too.
        is_whole = len(reader.times) == len(reader.channels)
        return sse.numbered(parts, reader.position if is_whole else None)

    async def _events(self, channel: _Channel, after: int | None) -> Sequence[SampleEvent]:
        return await asyncio.to_thread(self._service.events, channel.query, after)

    async def _read(
        self,
        reader: _Reader,
        missed: bytes,
        receive: asgi.Receive,
        send: asgi.Send,
        is_valid: Callable[[], bool],
    ) -> None:
        disconnect = asyncio.create_task(_until_disconnect(receive))
        disconnect.add_done_callback(reader.leave)
        heartbeat = Heartbeat(reader.woken.set)
        try:
            await send(asgi.body(sse.RETRY + missed, more=True))
            while not (reader.is_gone or self._is_stopped) and is_valid():
                if reader.is_behind or heartbeat.is_due:
                    await send(asgi.body(self._next(reader) or sse.HEARTBEAT, more=True))
                    heartbeat.restart()
                else:
                    reader.woken.clear()
                    await reader.woken.wait()
            await send(asgi.body(b""))
        finally:
            heartbeat.stop()
            disconnect.cancel()

    def _next(self, reader: _Reader) -> bytes:
        """What a reader has not been sent: the newest samples of each symbol, the newest tick."""
        parts, tick = [], reader.tick
        for channel in reader.channels:
            missed = channel.before - reader.numbers[channel]
            if channel.number == reader.numbers[channel] or channel.time is None:
                continue
            self.sent += channel.number - channel.before
            self.skipped += missed
            reader.numbers[channel], reader.times[channel] = channel.number, channel.time
            if not reader.is_shared:
                return sse.skipped(missed) + channel.text
            symbol = channel.query.symbol
            parts += [sse.skipped_of(symbol, missed), *sse.samples_of(symbol, channel.events)]
        reader.tick = b""
        return sse.numbered(parts, reader.position) + tick

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
                    channel.events, channel.text = events, sse.samples(events)
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
