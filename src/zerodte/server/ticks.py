"""The event `tick`: each second the newest figures of symbols, computed once for all readers."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from zerodte.server import sse
from zerodte.service.market_service import MarketService
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.stream import StreamQuery

_LOG = logging.getLogger(__name__)


class TickListener(Protocol):
    """Who is sent ticks."""

    def offer(self, tick: bytes) -> None:
        """Take a tick in place of one that was not sent yet; on the event loop."""
        ...


class Ticks:
    """Offers a tick at each whole second of the wall clock, while somebody reads them.

    Args:
        service: The market.
    """

    def __init__(self, service: MarketService) -> None:
        self._service = service
        self._readers: dict[TickListener, Sequence[StreamQuery]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def sent_to(self, reader: TickListener, queries: Sequence[StreamQuery]) -> Iterator[None]:
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

    async def _run(self) -> None:
        """Offer ticks until nobody reads them."""
        texts: dict[StreamQuery, bytes | None] = {}
        versions: dict[StreamQuery, int] = {}
        try:
            while self._readers:
                await asyncio.sleep(1.0 - time.time() % 1.0)
                asked = {query for queries in self._readers.values() for query in queries}
                moved = {query for query in asked if self._version(query) != versions.get(query)}
                for query in moved:
                    version = self._version(query)
                    texts[query] = await self._text(query)
                    versions[query] = version
                for reader, queries in self._readers.items():
                    found = [text for query in queries if (text := texts.get(query))]
                    if found and not moved.isdisjoint(queries):
                        reader.offer(sse.tick(found))
        finally:
            self._task = None

    async def _text(self, query: StreamQuery) -> bytes | None:
        """The symbol's newest tick; a defect is logged, and the ticks go on."""
        try:
            return await asyncio.to_thread(self._service.tick, query)
        except Exception:
            _LOG.exception("tick failed")
            return None

    def _version(self, query: StreamQuery) -> int:
        return self._service.version(SnapshotQuery(symbol=query.symbol))
