"""Watches the sessions of a stage: their samples in, events into the outbox, on its own thread.

The thread that advances a session only wakes this one. A session that another one follows is
watched to its end first, so no sample is left out.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import msgspec

from zerodte.alerts.error import OutboxError
from zerodte.alerts.evaluation import AlertSample, Evaluation
from zerodte.alerts.event import AlertEvent
from zerodte.alerts.field_path import SNAPSHOT
from zerodte.alerts.rule import AlertRule
from zerodte.logs import log
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.sample import SampleDay
from zerodte.views.frame import Frame
from zerodte.views.snapshot import summary_at
from zerodte.views.stream import bar_at
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError

#: Seconds until the outbox is tried again after it could not be written.
_RETRY_S: Final = 1.0
_LOG = logging.getLogger(__name__)


class Watcher:
    """Evaluates rules on each sample of a stage's sessions.

    Args:
        stage: The stage.
        rules: The rules.
        add: Puts the events of an instant into the outbox; raises OutboxError.

    Attributes:
        problem: Why events are not decided now; None while all is well.
    """

    def __init__(
        self,
        stage: Stage,
        rules: Sequence[AlertRule],
        add: Callable[[Sequence[AlertEvent]], None],
    ) -> None:
        self.problem: str | None = None
        self._stage = stage
        self._rules = rules
        self._add = add
        self._shown: deque[CurrentSession] = deque()
        self._session: _SessionWatch | None = None
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)

    def start(self) -> None:
        """Start the thread, before the stage shows its first session."""
        self._stage.on_show = self._show
        self._unsubscribe = self._stage.progress.subscribe(self._woken.set)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, in the middle of a session if need be."""
        self._stopped.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._unsubscribe()
            self._thread.join()

    def _show(self, current: CurrentSession) -> None:
        self._shown.append(current)
        self._woken.set()

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._woken.wait()
            self._woken.clear()
            try:
                self._catch_up()
            except Exception as error:  # One that is not caught would end all alerts unnoticed.
                _LOG.exception("a defect ended the alerts")
                self.problem = f"a defect ended the alerts: {type(error).__name__}"
                return

    def _catch_up(self) -> None:
        while not self._stopped.is_set():
            # A session that was shown later can only be looked at after this one has ended.
            is_over = bool(self._shown)
            if self._session is not None:
                for events in self._session.events(self._stage.lock):
                    if events and not self._deliver(events):
                        return
                    if self._stopped.is_set():
                        return
            if not is_over:
                return
            self._session = _SessionWatch(self._shown.popleft(), self._rules)

    def _deliver(self, events: Sequence[AlertEvent]) -> bool:
        """Put events into the outbox, however long that takes; False if stopped meanwhile."""
        while True:
            try:
                self._add(events)
            except OutboxError as error:
                if self.problem is None:
                    log("alerts_unwritten", logging.ERROR, problem=error.reason)
                self.problem = f"the outbox of alerts cannot be written: {error.reason}"
                if self._stopped.wait(_RETRY_S):
                    return False
                continue
            self.problem = None
            return True


def session_events(current: CurrentSession, rules: Sequence[AlertRule]) -> Iterator[AlertEvent]:
    """The events of a session so far, which nobody advances meanwhile."""
    for events in _SessionWatch(current, rules).events(nullcontext()):
        yield from events


class _SessionWatch:
    """The rules over one session."""

    def __init__(self, current: CurrentSession, rules: Sequence[AlertRule]) -> None:
        self._current = current
        self._evaluation = Evaluation(rules, current.session.hours)
        self._needs_snapshot = any(SNAPSHOT in rule.answers for rule in rules)
        self._rows: dict[str, int] = {}

    def events(self, lock: AbstractContextManager[None]) -> Iterator[list[AlertEvent]]:
        """The events of the samples since the last call, instant by instant.

        Args:
            lock: Held while the session is read, but not while its samples are.
        """
        session, source = self._current.session, self._current.source
        with lock:
            days = {symbol: session.samples(symbol) for symbol in session.symbols()}
        for symbols in _instants(days, self._rows):
            found: list[AlertEvent] = []
            for symbol, day, row in symbols:
                self._rows[symbol] = row + 1
                sample = _sample(symbol, day, row, source, self._needs_snapshot)
                found += self._evaluation.events(sample)
            yield found


def _instants(
    days: Mapping[str, SampleDay | None], rows: Mapping[str, int]
) -> Iterator[list[tuple[str, SampleDay, int]]]:
    """The samples of each time, ascending: of each, its symbol, day and row."""
    by_time: dict[int, list[tuple[str, SampleDay, int]]] = {}
    for symbol, day in sorted(days.items()):
        if day is None:
            continue
        for row in range(rows.get(symbol, 0), len(day)):
            by_time.setdefault(day.contexts[row].at, []).append((symbol, day, row))
    for at in sorted(by_time):
        yield by_time[at]


def _sample(
    symbol: str, day: SampleDay, row: int, source: Source, needs_snapshot: bool
) -> AlertSample:
    """A sample as the wire has it; its snapshot only where a rule reads one."""
    at = day.contexts[row].at
    snapshot = None
    if needs_snapshot:
        try:
            snapshot = msgspec.json.decode(summary_at(Frame.past(day, source, symbol, at)))
        except ApiError:
            snapshot = None  # Nothing can be said of the chain then.
    return AlertSample(symbol, at, source, msgspec.json.decode(bar_at(day, row)), snapshot)
