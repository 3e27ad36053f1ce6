"""The event `tick`: the newest figures of symbols, computed once for all readers."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

from zerodte.server import sse
from zerodte.service.market_service import MarketService
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.stream import StreamQuery

_LOG = logging.getLogger(__name__)

#: Seconds between two ticks of a symbol. Less than the second in which a market at the clock brings
#: one, so that a late one does not delay all that follow.
_LEAST_S: Final = 0.5
#: Seconds between two looks at what has moved, however fast a market is played.
_LOOK_S: Final = 0.01


class TickListener(Protocol):
    """Who is sent ticks."""

    def offer(self, tick: bytes) -> None:
        """Take a tick in place of one that was not sent yet; on the event loop."""
        ...


class Ticks:
    """Offers ticks as the market moves, while somebody reads them.

    Args:
        service: The market.
    """

    def __init__(self, service: MarketService) -> None:
        self._service = service
        self._readers: dict[TickListener, tuple[StreamQuery, ...]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def sent_to(self, reader: TickListener, queries: tuple[StreamQuery, ...]) -> Iterator[None]:
        """Offer ticks of these symbols to a reader; without any, nothing."""
        if not queries:
            yield
            return
        self._readers[reader] = queries
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            del self._readers[reader]
            if not self._readers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        """Offer ticks until it is cancelled."""
        loop = asyncio.get_running_loop()
        has_moved = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(has_moved.set)

        unsubscribe = self._service.subscribe(wake, "tick")
        texts: dict[StreamQuery, bytes | None] = {}
        versions: dict[StreamQuery, int] = {}
        due: dict[StreamQuery, float] = {}
        try:
            while True:
                has_moved.clear()
                asked = {query for queries in self._readers.values() for query in queries}
                moved = {query for query in asked if self._version(query) != versions.get(query)}
                now = loop.time()
                early = {query for query in moved if now < due.get(query, now)}
                if ready := moved - early:
                    for query in ready:
                        versions[query], due[query] = self._version(query), now + _LEAST_S
                    found = await asyncio.gather(*map(self._text, ready))
                    texts.update(zip(ready, found, strict=True))
                    self._offer(ready, texts)
                await asyncio.sleep(_LOOK_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(min((due[q] for q in early), default=None)):
                        await has_moved.wait()
        finally:
            unsubscribe()

    def _offer(self, moved: set[StreamQuery], texts: dict[StreamQuery, bytes | None]) -> None:
        """Offer each reader the newest tick of all its symbols, if one of them has moved."""
        ticks: dict[tuple[StreamQuery, ...], bytes] = {}
        for reader, queries in self._readers.items():
            if queries not in ticks:
                found = [text for query in queries if (text := texts.get(query))]
                is_new = found and not moved.isdisjoint(queries)
                ticks[queries] = sse.tick(found) if is_new else b""
            if tick := ticks[queries]:
                reader.offer(tick)

    async def _text(self, query: StreamQuery) -> bytes | None:
        """The symbol's newest tick; a defect is logged, and the ticks go on."""
        try:
            return await asyncio.to_thread(self._service.tick, query)
        except Exception:
            _LOG.exception("tick failed")
            return None

    def _version(self, query: StreamQuery) -> int:
        return self._service.version(SnapshotQuery(symbol=query.symbol))
