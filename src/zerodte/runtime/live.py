"""A live market: a feed is recorded, and what was recorded is played and answered from.

One thread does it all, a tick at a time: it reads the feed, commits what is complete, and lets the
session take it. Nothing is queued in between: while it is busy, the feed's own connection fills up
and the feed waits, falls behind or hangs up, and health says so.
"""

import dataclasses
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from zerodte.feeds.feed import Feed, FeedError
from zerodte.logs import log
from zerodte.market.calendar import calendar
from zerodte.runtime.archive import Archive
from zerodte.runtime.desk import Shown
from zerodte.runtime.market import Market
from zerodte.runtime.reception import Reception
from zerodte.runtime.replay import begin, source_of
from zerodte.runtime.warmup import warm_up
from zerodte.server.source import Figures
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape, session_span
from zerodte.tape.recorder import Recorder
from zerodte.tape.recovery import Recovery
from zerodte.tape.tick_assembler import ClosedTick
from zerodte.wire.health import Health

#: The first and the longest wait before what could not be written is tried again, seconds.
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 5.0
#: A feed is behind when its last complete tick is older than this, seconds of the wall clock.
_BEHIND: Final = 15.0


class LiveMarket(Market):
    """Records a feed and answers from its last committed tick.

    What a recording of the session holds already is played first, and the feed is asked to go on
    after it. A tick that cannot be written is not shown either: the feed waits until it can be.

    Args:
        feed: What to record.
        root: The folder of recordings; the session's is in it, named by its date.
        archive: Keeps the session once it is over, and has past ones; it runs as long as this does.

    Attributes:
        folder: The session's recording.

    Raises:
        FeedError: If the feed cannot be reached.
        TapeError: If the session's folder holds something else than a recording of this feed, or
            another process records there.
        OSError: If it cannot be written to.
    """

    def __init__(self, feed: Feed, root: Path, archive: Archive | None = None) -> None:
        try:
            connection = feed.connect()
        except FeedError as error:
            raise FeedError(f"the feed at {feed.name} cannot be reached: {error}") from error
        with ExitStack() as undo:
            undo.callback(connection.close)
            offer = connection.manifest
            hours = calendar().session(offer.date)
            if hours is None:
                raise TapeError(f"the feed at {feed.name} sends {offer.date}, which was no session")
            window = session_span(hours)
            self.folder = root / offer.date.isoformat()
            self._recorder = Recorder(self.folder, offer, window)
            undo.callback(self._recorder.close)
            last = self._recorder.recovery.last_end
            self._reception = Reception(feed, connection, hours, window, last)
            self._unwritten: str | None = None
            self._is_over = False
            self._tape = open_tape(self.folder, offer.date)
            undo.pop_all()
        super().__init__((), None, archive=archive)

    @property
    def is_over(self) -> bool:
        """Whether the session is over and all of it is shown."""
        return self._is_over

    @property
    def recovery(self) -> Recovery:
        """What was found of the session as this began."""
        return self._recorder.recovery

    def stop(self) -> None:
        """Stop recording, and let go of the feed and the recording."""
        super().stop()
        self._reception.close()
        self._recorder.close()

    def health(self) -> Health:
        """Healthy while the feed is there, what it sends is recorded, and answers are new."""
        known = super().health()
        mine = (self._reception.problem, self._unwritten, self._lateness())
        problems = (problem for problem in mine if problem)
        return Health.of(*known.reasons, *problems, warnings=known.warnings)

    def figures(self) -> Figures:
        """How the market is doing, and what waits for its tick to be complete."""
        waiting = {"open ticks": self._reception.waiting}
        return dataclasses.replace(super().figures(), queues=waiting)

    def _run(self) -> None:
        reception, recorder = self._reception, self._recorder
        source = source_of(self._tape)
        own = Shown(begin(self._tape), "live" if source == "replay" else source)
        warm_up(self._tape.session)
        self._audience.begun(self._tape)
        found = recorder.recovery
        log("recording", dropped=sum(found.dropped.values()), lost=found.lost, folder=self.folder)
        try:
            follow = self._tape.reader()
            for tick in follow.ticks():
                if self._stopped.is_set():
                    return
                self._take(own, tick, _at_once)
                self._audience.passed(tick.end)
            if recorder.recovery.last_end > self._tape.session.open:
                self._show(own)
            while not self._stopped.is_set() and not reception.is_over:
                closed = reception.ticks(recorder.counts)
                if not self._commit(closed):
                    return
                for ready in closed:
                    self._take(own, follow.tick_of(ready), reception.late)
                    if self.shown is None:
                        self._audience.passed(ready.end)
                if reception.is_caught_up:
                    self._show(own)
            if reception.is_over:
                self._show(own)
                self._is_over = True
        finally:
            reception.close()
            recorder.close()

    def _commit(self, ticks: Sequence[ClosedTick]) -> bool:
        """Write ticks, however long that takes; False when stopped meanwhile."""
        wait = _FIRST_WAIT
        while ticks:
            try:
                self._recorder.commit(ticks)
                break
            except OSError as error:
                problem = f"{error.filename}: {error.strerror}"
                if self._unwritten is None:
                    log("unwritten", logging.ERROR, problem=problem)
                self._unwritten = f"nothing new is recorded or shown: {problem}; it is tried again"
            if self._stopped.wait(wait):
                return False
            wait = min(2 * wait, _LONGEST_WAIT)
        self._unwritten = None
        return True

    def _lateness(self) -> str | None:
        """What to say of a feed that is there while what is shown of it is old."""
        if self.shown is None or self._reception.problem or self._unwritten:
            return None
        behind = self._reception.late(self.shown.session.now)
        return (
            f"what is shown is {behind:.0f} seconds behind the feed" if behind > _BEHIND else None
        )


def _at_once(_: int) -> float:
    """How late a tick is that nobody waited for."""
    return float("nan")
