"""Workers of this process, and the service that asks them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zerodte.cluster.remote_service import RemoteService
from zerodte.cluster.worker import Worker, WorkerPlan
from zerodte.service.stage import Stage


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
