"""The session that answers are given from, the lock that guards it, and how far it is."""

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
    """A session in motion, and where its data comes from."""

    session: Session
    source: Source


class Stage:
    """What a runner moves and a service reads.

    Args:
        store: Finished sessions; None keeps none.

    Attributes:
        lock: Held while a session is read or moved.
        progress: How far the market is.
        store: Finished sessions, or None.
        current: What is answered from; None before the first session can be.
        problem: Why there is no answer, or why no more ticks come; None while all is well.
        problems: Further problems of whoever moves the session.
        queues: What waits, by queue.
    """

    def __init__(self, store: SessionStore | None = None) -> None:
        self.lock = threading.Lock()
        self.progress = Progress()
        self.store = store
        self.current: CurrentSession | None = None
        self.problem: str | None = "starting: nothing has been read yet"
        self.problems: Callable[[], Iterable[str]] = tuple
        self.queues: Callable[[], Mapping[str, int]] = dict

    # For whoever answers

    def ready(self) -> CurrentSession:
        """What is answered from; ApiError `warming_up` before there is anything."""
        if self.current is None:
            raise ApiError("warming_up", self.problem or "starting")
        return self.current

    def health(self) -> Health:
        """Healthy once there are answers, until no more ticks come."""
        own = (self.problem,) if self.problem else ()
        unwritten = self.store.problem if self.store else None
        return Health.of(*own, *self.problems(), warnings=(unwritten,) if unwritten else ())

    def stats(self) -> MarketStats:
        """How the market is doing."""
        with self.lock:
            stats = self.progress.stats(self.current.session if self.current else None)
        return replace(stats, queues=self.queues())

    # For whoever moves the session

    def apply(self, current: CurrentSession, tick: Tick, lag: Callable[[int], float]) -> None:
        """Let a session take a tick; `lag` gives the seconds since an instant was due."""
        with self.lock:
            current.session.apply(tick)
            self.progress.tick(tick, current.session, lag(tick.end))
        self._follow(current)

    def advance(self, current: CurrentSession, now: int, lag: float) -> None:
        """Let a session's time pass without records, to `now` (UTC ns)."""
        with self.lock:
            current.session.advance(now)
            self.progress.advance(current.session, lag)
        self._follow(current)

    def show(self, current: CurrentSession) -> None:
        """Answer from a session from now on."""
        with self.lock:
            self.current = current
            self.progress.bump()
        self.problem = None

    def fail(self, problem: str) -> None:
        """No more ticks come; what there is stays answered."""
        self.problem = problem
        self.progress.bump()

    def _follow(self, current: CurrentSession) -> None:
        """Have the session stored once it is over."""
        if self.store:
            self.store.follow(current.session, current.source)
