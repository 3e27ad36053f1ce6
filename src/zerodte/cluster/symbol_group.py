"""Symbols that a worker plays together, from the stream to answers."""

import logging
import shutil
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from zerodte.cluster.leases import Lease
from zerodte.cluster.messages import GroupPulse
from zerodte.feeds.nats.feed import NatsFeed
from zerodte.logs import log
from zerodte.runtime.live_runner import LiveRunner
from zerodte.runtime.market_thread import MarketThread, RunListener
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.wire.query import Changes


class SymbolGroup:
    """A session of some symbols that follows the stream, from its beginning.

    Args:
        url: The broker.
        symbols: The symbols.
        stage: What answers come from; new.
        folder: Where their records are kept meanwhile; new.

    Attributes:
        symbols: The symbols.
        session: The session's date.
        leases: Those that its worker owns; never changed, but replaced.
        service: Answers of them.

    Raises:
        FeedError: If the stream cannot be followed.
        OSError: If the folder cannot be written to.
    """

    def __init__(self, url: str, symbols: tuple[str, ...], stage: Stage, folder: Path) -> None:
        self.symbols = symbols
        self.leases: Mapping[str, Lease] = {}
        self._lock = threading.Lock()
        self.service = LocalService(stage)
        self._stage, self._folder = stage, folder
        self._runner = LiveRunner(stage, NatsFeed(url, symbols), folder)
        self.session = self._runner.manifest.date
        self._thread = MarketThread(self._runner)
        self._run = _GroupRun(len(symbols))
        self._thread.start(self._run)

    @property
    def is_ready(self) -> bool:
        """Whether it has caught up with the stream."""
        return self._stage.current is not None

    def has_reached(self, end: int) -> bool:
        """Whether it has caught up, with the tick that ends at `end` (UTC ns) too."""
        current = self._stage.current
        return current is not None and (self._runner.is_over or current.session.now >= end)

    @property
    def failure(self) -> str | None:
        """Why it will get no further; None while it goes on."""
        return self._run.failure

    def own(self, leases: Iterable[Lease]) -> None:
        """Answer for symbols."""
        with self._lock:
            self.leases = {**self.leases, **{lease.symbol: lease for lease in leases}}

    def disown(self, leases: Iterable[Lease]) -> None:
        """Answer for symbols no more; leases of others, or of before, are ignored."""
        with self._lock:
            gone = set(leases)
            self.leases = {
                symbol: lease for symbol, lease in self.leases.items() if lease not in gone
            }

    def versions(self) -> dict[Changes, int]:
        """The versions of its answers, by what changes them."""
        return self._stage.progress.versions()

    def held(self) -> dict[str, int]:
        """The generation of each symbol that the worker may answer for now."""
        return {symbol: lease.generation for symbol, lease in self.leases.items() if lease.is_held}

    def pulse(self) -> GroupPulse:
        """How far it is, and what of it the worker owns."""
        return GroupPulse(
            session=self.session,
            is_ready=self.is_ready,
            owned=self.held(),
            versions=self.versions(),
            health=self.service.status().health,
            stats=self.service.stats(),
        )

    def stop(self) -> None:
        """Stop following, write what is finished, and remove the records."""
        self._thread.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def interrupt(self) -> None:
        """Begin to stop."""
        self._thread.interrupt()


class _GroupRun(RunListener):
    """Logs what becomes of a group.

    Attributes:
        failure: Why the run ended early; None while it goes on.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.failure: str | None = None

    def on_ready(self) -> None:
        """The group has caught up."""
        log("ready", symbols=self._count)

    def on_failure(self, problem: str) -> None:
        """The group will get no further."""
        log("ended", logging.ERROR, problem=problem)
        self.failure = problem
