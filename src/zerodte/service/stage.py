"""The current session, the lock that guards it, and its progress."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from zerodte.records.tick import Tick
from zerodte.service.market_service import MarketStats
from zerodte.service.progress import Progress
from zerodte.service.session_store import SessionStore
from zerodte.session.session import Session
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health


@dataclass(frozen=True, slots=True)
class CurrentSession:
    """A session that advances, and the source of its data."""

    session: Session
    source: Source


class Stage:
    """The state that a runner advances and a service reads.

    Args:
        store: Stores finished sessions; None stores nothing.

    Attributes:
        lock: Held while a session is read or advanced.
        progress: Counts and versions.
        store: Finished sessions, or None.
        current: The session that answers come from; None before the first one is ready.
        problem: Why there are no answers or no more ticks; None while all is well.
        runner_problems: Returns the runner's own problems.
        runner_queues: Returns the sizes of the runner's queues, by name.
    """

    def __init__(self, store: SessionStore | None = None) -> None:
        self.lock = threading.Lock()
        self.progress = Progress()
        self.store = store
        self.current: CurrentSession | None = None
        self.problem: str | None = "starting: nothing has been read yet"
        self.runner_problems: Callable[[], Iterable[str]] = tuple
        self.runner_queues: Callable[[], Mapping[str, int]] = dict

    # For the service

    def ready(self) -> CurrentSession:
        """The current session; ApiError `warming_up` before there is one."""
        if self.current is None:
            raise ApiError("warming_up", self.problem or "starting")
        return self.current

    def health(self) -> Health:
        """Healthy from the first answer until ticks stop arriving."""
        own = (self.problem,) if self.problem else ()
        warning = self.store.problem if self.store else None
        return Health.of(*own, *self.runner_problems(), warnings=(warning,) if warning else ())

    def stats(self) -> MarketStats:
        """The market's counts."""
        with self.lock:
            stats = self.progress.stats(self.current.session if self.current else None)
        return replace(stats, queues=self.runner_queues())

    # For the runner

    def apply(self, current: CurrentSession, tick: Tick, lag: Callable[[int], float]) -> None:
        """Apply a tick to a session; `lag` gives the seconds since an instant was due."""
        with self.lock:
            current.session.apply(tick)
            self.progress.tick(tick, current.session, lag(tick.end))
        self._store_if_over(current)

    def advance(self, current: CurrentSession, now: int, lag: float) -> None:
        """Advance a session to `now` (UTC ns) without records."""
        with self.lock:
            current.session.advance(now)
            self.progress.advance(current.session, lag)
        self._store_if_over(current)

    def show(self, current: CurrentSession) -> None:
        """Make a session the one that answers come from."""
        with self.lock:
            self.current = current
            self.progress.bump()
        self.problem = None

    def fail(self, problem: str) -> None:
        """Report that no more ticks will come; the current session is still served."""
        self.problem = problem
        self.progress.bump()

    def _store_if_over(self, current: CurrentSession) -> None:
        if self.store:
            self.store.store_if_over(current.session, current.source)
