"""A live market: a feed is recorded, and what was recorded is played and answered from.

One thread does it all, a tick at a time: it reads the feed, commits what is complete, and lets the
session take it. Nothing is queued in between: while it is busy, the feed's own connection fills up
and the feed waits, falls behind or hangs up, and health says so.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from zerodte.feeds.feed import Feed, FeedError
from zerodte.logs import log
from zerodte.market.calendar import calendar
from zerodte.runtime.feed_client import FeedClient
from zerodte.runtime.replay import begin, source_of
from zerodte.runtime.warmup import warm_up
from zerodte.runtime.worker import Run
from zerodte.service.stage import CurrentSession, Stage
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape, session_span
from zerodte.tape.recorder import Recorder
from zerodte.tape.recovery import Recovery
from zerodte.tape.tick_assembler import ClosedTick

#: The first and the longest wait before what could not be written is tried again, seconds.
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 5.0
#: A feed is behind when its last complete tick is older than this, seconds of the wall clock.
_BEHIND: Final = 15.0


class LiveRunner:
    """Records a feed and plays its committed ticks onto a stage.

    What a recording of the session holds already is played first, and the feed is asked to resume
    after it. A tick that cannot be written is not shown either: the feed waits until it can be.

    Args:
        stage: What answers are given from.
        feed: What to record.
        root: The folder of recordings; the session's is in it, named by its date.

    Attributes:
        stage: What answers are given from.
        folder: The session's recording.
        is_over: Whether the session is over and all of it is shown.

    Raises:
        FeedError: If the feed cannot be reached.
        TapeError: If the session's folder holds something else than a recording of this feed, or
            another process records there.
        OSError: If it cannot be written to.
    """

    def __init__(self, stage: Stage, feed: Feed, root: Path) -> None:
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
            self._client = FeedClient(feed, connection, hours, window, last)
            self._tape = open_tape(self.folder, offer.date)
            undo.pop_all()
        self.is_over = False
        self._unwritten: str | None = None
        self.stage = stage
        stage.problems = self._problems
        stage.queues = lambda: {"open ticks": self._client.waiting}

    @property
    def recovery(self) -> Recovery:
        """What was found of the session as this began."""
        return self._recorder.recovery

    def run(self, run: Run) -> None:
        """Play what is recorded, then what the feed sends, to the end or until stopped."""
        client, recorder = self._client, self._recorder
        playing = CurrentSession(begin(self._tape), source_of(self._tape, "live"))
        warm_up(self._tape.session)
        run.listener.begun(self._tape)
        found = recorder.recovery
        log("recording", dropped=sum(found.dropped.values()), lost=found.lost, folder=self.folder)
        try:
            follow = self._tape.reader()
            for tick in follow.ticks():
                if run.stopped.is_set():
                    return
                self.stage.apply(playing, tick, _at_once)
                run.listener.passed(tick.end)
            if recorder.recovery.last_end > self._tape.session.open:
                self._show(run, playing)
            while not run.stopped.is_set() and not client.is_over:
                closed = client.ticks(recorder.counts)
                if not self._commit(run, closed):
                    return
                for ready in closed:
                    self.stage.apply(playing, follow.tick_of(ready), client.late)
                    if self.stage.current is None:
                        run.listener.passed(ready.end)
                if client.is_caught_up:
                    self._show(run, playing)
            if client.is_over:
                self._show(run, playing)
                self.is_over = True
        finally:
            self.close()

    def interrupt(self) -> None:
        """No wait is long."""

    def close(self) -> None:
        """Let go of the feed and the recording."""
        self._client.close()
        self._recorder.close()

    def _show(self, run: Run, playing: CurrentSession) -> None:
        """Answer from the session from now on."""
        if self.stage.current is None:
            self.stage.show(playing)
            run.listener.ready()

    def _commit(self, run: Run, ticks: Sequence[ClosedTick]) -> bool:
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
            if run.stopped.wait(wait):
                return False
            wait = min(2 * wait, _LONGEST_WAIT)
        self._unwritten = None
        return True

    def _problems(self) -> Iterator[str]:
        """Why what is shown may be old: the feed is away, it cannot be recorded, or it lags."""
        away, unwritten, current = self._client.problem, self._unwritten, self.stage.current
        if away:
            yield away
        if unwritten:
            yield unwritten
        if current and not away and not unwritten:
            behind = self._client.late(current.session.now)
            if behind > _BEHIND:
                yield f"what is shown is {behind:.0f} seconds behind the feed"


def _at_once(_: int) -> float:
    """How late a tick is that nobody waited for."""
    return float("nan")
