"""Workers of this process, and the service that asks them."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zerodte.cluster.remote_service import RemoteService
from zerodte.cluster.worker import Worker, WorkerPlan
from zerodte.service.market_service import MarketService
from zerodte.service.stage import Stage
from zerodte.wire.errors import ApiError
from zerodte.wire.series import SeriesQuery


@contextmanager
def working(url: str, folder: Path, plan: WorkerPlan) -> Iterator[Worker]:
    """A worker, for as long as the context lasts."""
    worker = Worker(url, plan, Stage, folder)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(60)
        assert not thread.is_alive()


@contextmanager
def asking(url: str) -> Iterator[RemoteService]:
    """A node's service, for as long as the context lasts."""
    service = RemoteService(url)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def answers_all(service: MarketService, symbols: Iterable[str]) -> bool:
    """Whether there is an answer about every symbol."""
    try:
        # Of any day: no quote has to be fresh.
        return all(service.answer(SeriesQuery(symbol=symbol)) for symbol in symbols)
    except ApiError:
        return False
