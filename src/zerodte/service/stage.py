"""The current session, the lock that guards it, and its progress."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.logs import log
from zerodte.records.tick import Tick
from zerodte.service.answerability import sentence_of, silent_inputs, unanswered
from zerodte.service.market_service import MarketStats
from zerodte.service.newest_summaries import NewestSummaries
from zerodte.service.session_store import SessionStore
from zerodte.service.subscriptions import Subscriptions
from zerodte.service.yielding_lock import YieldingLock
from zerodte.session.session import Session
from zerodte.session.settings import DEFAULT_SETTINGS, SessionSettings
from zerodte.views.frame import data_as_of
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health
from zerodte.wire.query import Changes, Query

_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class CurrentSession:
    """A session that advances, the source of its data, and what streams were sent of it."""

    session: Session
    source: Source
    summaries: NewestSummaries = field(default_factory=NewestSummaries, compare=False)


class Progress:
    """Counts of one market, written by the thread that advances it and read by any.

    Attributes:
        ticks: Ticks applied, including silent ones.
        samples: Sample times passed.
        gaps: Runs of ticks that report missing data.
    """

    def __init__(self) -> None:
        self.ticks = self.samples = self.gaps = 0
        self._records: Counter[str] = Counter()
        self._tick_lag = self._sample_lag = _NAN
        self._session: Session | None = None
        self._last = 0
        self._passed = 0
        self._bumps = 0
        self._gap = ""
        self._subscriptions = Subscriptions()

    def bump(self) -> None:
        """Count a change of every answer: readiness, a failure, another session."""
        self._bumps += 1
        self._subscriptions.tell("tick")

    def tick(self, tick: Tick, session: Session, lag: float) -> None:
        """Count a tick applied to `session`, `lag` seconds after it was due."""
        self._records.update(tick.counts())
        if tick.gap and not self._gap:
            self.gaps += 1
            log(
                "gap",
                logging.WARNING,
                since=timestamp(tick.end - SECOND).isoformat(),
                reason=tick.gap,
            )
        self._gap = tick.gap
        self.advance(session, lag)

    def advance(self, session: Session, lag: float) -> None:
        """Count a second, and tell who waits for it or for the sample that it brought."""
        self.ticks += 1
        self._tick_lag = lag
        if session is not self._session:
            self._session, self._last = session, 0
        hours, now = session.hours, session.now
        # Whether a market is open is also shown by answers from samples.
        passed = (now >= hours.open) + (now > hours.close) + (now > hours.late_close)
        if passed != self._passed:
            self._passed = passed
            self.bump()
        newest = min(now, hours.close) // SAMPLE_INTERVAL
        last = max(self._last, hours.open // SAMPLE_INTERVAL)
        if newest > last:
            self.samples += newest - last
            self._last = newest
            self._sample_lag = lag
            self._subscriptions.tell("sample")
        self._subscriptions.tell("tick")

    def subscribe(
        self, call: Callable[[], None], changes: Changes = "sample"
    ) -> Callable[[], None]:
        """See `MarketService.subscribe`."""
        return self._subscriptions.add(call, changes)

    def version(self, query: Query) -> int:
        """See `MarketService.version`."""
        return self.versions()[query.varies_with]

    def versions(self) -> dict[Changes, int]:
        """The version of all answers that vary alike, by what changes them."""
        counts: dict[Changes, int] = {"tick": self.ticks, "sample": self.samples, "never": 0}
        return {name: count + self._bumps for name, count in counts.items()}

    def stats(self, left_out: Mapping[str, int]) -> MarketStats:
        """See `MarketService.stats`."""
        return MarketStats(
            records=dict(self._records),
            ticks=self.ticks,
            samples=self.samples,
            tick_lag=self._tick_lag,
            sample_lag=self._sample_lag,
            gaps=self.gaps,
            left_out=left_out,
        )


class Stage:
    """The state that a runner advances and a service reads.

    Args:
        store: Stores finished sessions; None stores nothing.
        settings: What the decisions of its sessions are told.

    Attributes:
        lock: Held while a session is read or advanced.
        progress: Counts and versions.
        store: Finished sessions, or None.
        current: The session that answers come from; None before the first one is ready.
        problem: Why there are no answers or no more ticks; None while all is well.
        runner_problems: Returns the runner's own problems.
        runner_warnings: Returns what needs attention but affects no answer.
        runner_queues: Returns the sizes of the runner's queues, by name.
        alert_warnings: Returns what is wrong with alerts.
        on_show: Called on the runner's thread with each session that `show` makes the current one.
    """

    def __init__(
        self,
        store: SessionStore | None = None,
        settings: SessionSettings = DEFAULT_SETTINGS,
    ) -> None:
        self.lock = YieldingLock()
        self.settings = settings
        self.progress = Progress()
        self.store = store
        self.current: CurrentSession | None = None
        self.problem: str | None = "starting: nothing has been read yet"
        self._arrivals: Mapping[str, int] = {}
        self._reasons: tuple[str, ...] = ()
        self._warnings: tuple[str, ...] = ()
        self._left_out: Mapping[str, int] = {}
        self.runner_problems: Callable[[], Iterable[str]] = tuple
        self.runner_warnings: Callable[[], Iterable[str]] = tuple
        self.runner_queues: Callable[[], Mapping[str, int]] = dict
        self.alert_warnings: Callable[[], Iterable[str]] = tuple
        self.on_show: Callable[[CurrentSession], None] = lambda _: None

    # For the service

    def ready(self) -> CurrentSession:
        """The current session; ApiError `warming_up` before there is one."""
        if self.current is None:
            raise ApiError("warming_up", self.problem or "starting")
        return self.current

    def health(self) -> Health:
        """Healthy while answers can be given and are those of now."""
        self._look()
        reasons = (*((self.problem,) if self.problem else ()), *self.runner_problems())
        stored = self.store.problems if self.store else []
        return Health.of(
            # Without data there are no figures either, which need not be said then.
            *(reasons or self._reasons),
            warnings=(*self.runner_warnings(), *self._warnings, *stored, *self.alert_warnings()),
            data_as_of=data_as_of(self._arrivals),
        )

    def stats(self) -> MarketStats:
        """The market's counts; waits for nobody: while the session is busy, older ones count."""
        current = self.current
        if current and self.lock.acquire(blocking=False):
            try:
                self._left_out = current.session.left_out()
            finally:
                self.lock.release()
        return replace(self.progress.stats(self._left_out), queues=self.runner_queues())

    # For the runner

    def apply(self, current: CurrentSession, tick: Tick, lag: Callable[[int], float]) -> None:
        """Apply a tick to a session; `lag` gives the seconds since an instant was due."""
        with self.lock:
            # The sample of 500 symbols takes over a second.
            current.session.apply(tick, self.lock.let_in)
            self.progress.tick(tick, current.session, lag(tick.end))
        self._store_if_over(current)

    def advance(self, current: CurrentSession, now: int, lag: float) -> None:
        """Advance a session to `now` (UTC ns) without records."""
        with self.lock:
            current.session.advance(now, self.lock.let_in)
            self.progress.advance(current.session, lag)
        self._store_if_over(current)

    def show(self, current: CurrentSession) -> None:
        """Make a session the one that answers come from."""
        with self.lock:
            self.current = current
            self.progress.bump()
        self.problem = None
        self.on_show(current)

    def fail(self, problem: str) -> None:
        """Report that no more ticks will come; the current session is still served."""
        self.problem = problem
        self.progress.bump()

    def _look(self) -> None:
        """See what the session can answer; while it is busy, what was seen last holds."""
        current = self.current
        if current is None or not self.lock.acquire(blocking=False):
            return
        try:
            session = current.session
            self._arrivals = session.arrivals()
            missing, count = unanswered(session)
            silent = silent_inputs(session)
        finally:
            self.lock.release()
        said = (sentence_of(missing),) if missing else ()
        self._reasons = said if len(missing) == count else ()
        self._warnings = (*(() if self._reasons else said), *silent)

    def _store_if_over(self, current: CurrentSession) -> None:
        if self.store:
            self.store.store_if_over(current.session, current.source)
