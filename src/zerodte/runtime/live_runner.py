"""A live market: a feed is recorded, and its recorded ticks are played onto a stage.

One thread does everything, tick by tick: it reads the feed, commits complete ticks, and applies
them to the session. There is no queue in between, but for one batch of ticks that other threads
compress while a feed catches up. While the thread is busy, the feed's connection fills up, so the
feed waits, falls behind or disconnects, and health reports it.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from zerodte.feeds.feed import Feed, FeedError
from zerodte.feeds.feed_checks import check_manifest
from zerodte.feeds.feed_clock import FeedClock
from zerodte.logs import log
from zerodte.market.calendar import calendar
from zerodte.runtime.feed_client import FeedClient
from zerodte.runtime.market_thread import Run
from zerodte.runtime.replay import begin, source_of
from zerodte.runtime.tick_batches import TickBatch, TickBatches
from zerodte.runtime.warmup import warm_up
from zerodte.service.stage import CurrentSession, Stage
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape, session_span
from zerodte.tape.recorder import Recorder
from zerodte.tape.recovery import Recovery

#: The first and the longest wait before a failed write is retried, seconds.
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 5.0
#: Seconds of the wall clock between two looks at the recording's files.
_LOOK_EVERY: Final = 1.0
#: A feed is behind when its last complete tick is older than this, seconds of the wall clock.
_BEHIND: Final = 15.0


class LiveRunner:
    """Records a feed and plays its committed ticks onto a stage.

    An existing recording of the session is played first, and the feed is asked to resume after it.
    A tick that cannot be written is not shown: the feed waits until it can be written.

    Args:
        stage: The stage that answers come from.
        feed: The feed to record.
        root: The folder of recordings; the session gets a folder in it, named after its date.
        feed_warnings: Returns what the feed itself has to say to users.

    Attributes:
        stage: The stage that answers come from.
        manifest: The session, as the feed describes it.
        folder: The session's recording.
        is_over: Whether the session is over and completely shown.

    Raises:
        FeedError: The feed cannot be reached.
        TapeError: The session's folder holds something other than a recording of this feed, or
            another process is recording there.
        OSError: The folder cannot be written to.
    """

    def __init__(
        self,
        stage: Stage,
        feed: Feed,
        root: Path,
        feed_warnings: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        try:
            connection = feed.connect()
        except FeedError as error:
            raise FeedError(f"the feed at {feed.name} cannot be reached: {error}") from error
        with ExitStack() as undo:
            undo.callback(connection.close)
            manifest = connection.manifest
            check_manifest(manifest)
            hours = calendar().session(manifest.date)
            if hours is None:
                raise TapeError(
                    f"the feed at {feed.name} sends {manifest.date}, which was no session"
                )
            window = session_span(hours)
            self.manifest = manifest
            self.folder = root / manifest.date.isoformat()
            self._recorder = Recorder(self.folder, manifest, window)
            undo.callback(self._recorder.close)
            last = self._recorder.recovery.last_end
            self._client = FeedClient(feed, connection, hours, window, last)
            self._tape = open_tape(self.folder, manifest.date)
            undo.pop_all()
        self.is_over = False
        self._write_problem: str | None = None
        self._missing: list[str] = []
        self._last_look = time.monotonic()
        self.stage = stage
        stage.runner_problems = self._problems
        stage.runner_warnings = lambda: (*feed_warnings(), *self._client.warnings)
        stage.runner_queues = lambda: {"open ticks": self._client.pending}

    @property
    def recovery(self) -> Recovery:
        """What was recovered of the session at the start."""
        return self._recorder.recovery

    @property
    def clock(self) -> FeedClock | None:
        """The feed's clock; None before it was first met."""
        return self._client.clock

    def run(self, run: Run) -> None:
        """Play the recording, then the feed, to the end or until stopped."""
        client, recorder = self._client, self._recorder
        playing = CurrentSession(
            begin(self._tape, self.stage.settings), source_of(self._tape, "live")
        )
        warm_up(self._tape.session)
        run.listener.on_session(self._tape)
        recovery = recorder.recovery
        dropped = sum(recovery.dropped.values())
        log("recording", dropped=dropped, lost=recovery.lost, folder=self.folder)
        try:
            reader = self._tape.reader()
            for tick in reader.ticks():
                if run.stopped.is_set():
                    return
                self.stage.apply(playing, tick, _at_once)
                run.listener.on_progress(tick.end)
            if recorder.recovery.last_end > self._tape.session.open:
                self._show(run, playing)
            batches = TickBatches(client, recorder)
            while not run.stopped.is_set() and not batches.is_over:
                batch = batches.take()
                self._look_at_files()
                if not self._commit(run, batch):
                    return
                for closed in batch.ticks:
                    if run.stopped.is_set():
                        return
                    self.stage.apply(playing, reader.tick_of(closed), client.late)
                    if self.stage.current is None:
                        run.listener.on_progress(closed.end)
                if batch.is_caught_up:
                    self._show(run, playing)
            if batches.is_over:
                self._show(run, playing)
                self.is_over = True
        finally:
            self.close()

    def interrupt(self) -> None:
        """End a long wait for the feed."""
        self._client.interrupt()

    def close(self) -> None:
        """Close the feed and the recording."""
        self._client.close()
        self._recorder.close()

    def _show(self, run: Run, playing: CurrentSession) -> None:
        """Make the session the one that answers come from."""
        if self.stage.current is None:
            self.stage.show(playing)
            run.listener.on_ready()

    def _commit(self, run: Run, batch: TickBatch) -> bool:
        """Write ticks, retrying until it succeeds; False if stopped meanwhile."""
        wait = _FIRST_WAIT
        while batch.ticks:
            try:
                self._recorder.commit(batch.ticks, batch.frames)
                break
            except OSError as error:
                problem = f"{error.filename}: {error.strerror}"
                if self._write_problem is None:
                    log("unwritten", logging.ERROR, problem=problem)
                self._write_problem = (
                    f"nothing new is recorded or shown: {problem}; writing is retried"
                )
            if run.stopped.wait(wait):
                return False
            wait = min(2 * wait, _LONGEST_WAIT)
        self._write_problem = None
        return True

    def _look_at_files(self) -> None:
        """Notice, once a second, files of the recording that are gone."""
        if time.monotonic() - self._last_look < _LOOK_EVERY:
            return
        self._last_look = time.monotonic()
        missing = self._recorder.missing
        if missing and not self._missing:
            log("unrecorded", logging.ERROR, folder=self.folder, missing=", ".join(missing))
        self._missing = missing

    def _problems(self) -> Iterator[str]:
        """Why answers may be old or lost: the feed is away, silent, not recorded, or lags."""
        away, unwritten, current = self._client.problem, self._write_problem, self.stage.current
        if away:
            yield away
        if unwritten:
            yield unwritten
        if self._missing:
            yield (
                f"{self.folder}: {', '.join(self._missing)} deleted or moved: what is received is "
                "not recorded; restart the server to record again"
            )
        if silence := self._client.silence:
            yield (
                f"the feed is connected, but has sent nothing for {silence:.0f} seconds, not even "
                "its clock"
            )
        if current and not away and not unwritten:
            behind = self._client.late(current.session.now)
            if behind > _BEHIND:
                yield f"answers are {behind:.0f} seconds behind the feed"


def _at_once(_: int) -> float:
    """The lag of a tick that did not wait for the clock: unknown."""
    return float("nan")
