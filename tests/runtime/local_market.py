"""Markets of this process that run while a test asks them."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from zerodte.runtime.market_thread import MarketThread, RunListener, Runner
from zerodte.service.local_service import LocalService
from zerodte.tape.source import TickSource
from zerodte.wire.health import Health
from zerodte.wire.query import Query

R = TypeVar("R", bound=Runner)


class RunLog(RunListener):
    """The sessions that began, how far was played at once, and the problems."""

    def __init__(self) -> None:
        self.dates: list[str] = []
        self.is_ready = threading.Event()
        self.at_once = 0
        self.problems: queue.Queue[str] = queue.Queue()

    def on_session(self, source: TickSource) -> None:
        """Add the session's date."""
        self.dates.append(source.session.date.isoformat())

    def on_ready(self) -> None:
        """Wake whoever waits; twice would be a defect."""
        assert not self.is_ready.is_set()
        self.is_ready.set()

    def on_progress(self, now: int) -> None:
        """Note how far."""
        self.at_once = now

    def on_failure(self, problem: str) -> None:
        """Add the problem."""
        self.problems.put(problem)


@dataclass(frozen=True)
class LocalMarket(Generic[R]):
    """A runner, the service that answers from its stage, and what its listener heard."""

    runner: R
    service: LocalService
    log: RunLog

    def answer(self, query: Query) -> bytes:
        """The body of an answer."""
        return self.service.answer(query)

    @property
    def health(self) -> Health:
        """How the market is."""
        return self.service.status().health


@contextmanager
def running(runner: R) -> Iterator[LocalMarket[R]]:
    """A market whose runner has a thread for as long as the context lasts."""
    market = LocalMarket(runner, LocalService(runner.stage), RunLog())
    thread = MarketThread(runner)
    thread.start(market.log)
    try:
        yield market
    finally:
        thread.stop()


@contextmanager
def ready(runner: R) -> Iterator[LocalMarket[R]]:
    """The same, once it can answer."""
    with running(runner) as market:
        assert market.log.is_ready.wait(timeout=180)
        yield market
