"""Tick sources played one after another, at once or against the wall clock."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from zerodte.constants import SECOND
from zerodte.runtime.market_thread import Run
from zerodte.runtime.replay import Pace, begin, source_of
from zerodte.runtime.warmup import warm_up
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.session import Session
from zerodte.tape.source import TickSource

#: A source has stopped when the next tick is late by so many seconds of the wall clock; a source
#: that is not waited for, such as a simulation that begins, when none has come for so long.
_LATE: Final = 15.0
_SLOW: Final = 60.0


class ReplayRunner:
    """Plays tick sources onto a stage.

    Until the next session has something to show, the previous one is still served.

    Args:
        stage: The stage that answers come from.
        sources: The tick sources, iterated on the runner's thread.
        speed: Multiple of the wall clock; None plays everything at once and stays at the last tick.
        lead: With a speed, how much of the first session is played at once, ns from its open.
            Answers are given meanwhile.
        interrupt: Ends a source's wait for its next tick.
    """

    def __init__(
        self,
        stage: Stage,
        sources: Iterable[TickSource],
        speed: float | None = None,
        lead: int = 0,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self.stage = stage
        self._sources = sources
        self._speed = speed
        self._lead = lead
        self._interrupt = interrupt
        self._playing: tuple[Pace, CurrentSession] | None = None
        self._last_tick = time.monotonic()
        stage.runner_problems = self._problems

    def run(self, run: Run) -> None:
        """Play to the end, or until stopped."""
        lead = self._lead
        for source in self._sources:
            if not self._play(run, source, lead):
                return
            lead = 0
        self._playing = None

    def interrupt(self) -> None:
        """End a wait for the next tick."""
        self._interrupt()

    def close(self) -> None:
        """Nothing to release."""

    def _play(self, run: Run, source: TickSource, lead: int) -> bool:
        """Play one session; False if stopped meanwhile."""
        stage = self.stage
        if stage.current is None:
            # A simulation needs time to start anyway. Once ready, nothing is compiled any more.
            warm_up(source.session)
        pace = Pace(self._speed, source.session.open + lead)
        session = begin(source, stage.settings)
        run.listener.on_session(source)
        playing = CurrentSession(session, source_of(source, "replay"))
        self._playing = pace, playing
        for tick in source.ticks():
            if pace.is_live(tick.end) and not pace.has_begun:
                # Without an earlier session, answer at once instead of waiting for a quote.
                if stage.current is None:
                    self._show(run, playing)
                run.listener.on_live()
            if not self._wait(run, playing, pace, tick.end):
                return False
            stage.apply(playing, tick, pace.late)
            self._last_tick = time.monotonic()
            if not pace.has_begun:
                run.listener.on_progress(tick.end)
            if self._speed is not None and stage.current is not playing and _has_state(session):
                self._show(run, playing)
        self._show(run, playing)
        return not run.stopped.is_set()

    def _wait(self, run: Run, playing: CurrentSession, pace: Pace, due: int) -> bool:
        """Wait for `due`, second by second; False if stopped meanwhile."""
        if pace.has_begun:
            for second in range(playing.session.now + SECOND, due, SECOND):
                if not pace.wait(second, run.stopped):
                    return False
                self.stage.advance(playing, second, pace.late(second))
                self._last_tick = time.monotonic()
        return pace.wait(due, run.stopped)

    def _problems(self) -> Iterator[str]:
        """Why answers may be old: the source sends nothing more, though it is not over."""
        if self._playing is None:
            return
        pace, playing = self._playing
        silent, limit = time.monotonic() - self._last_tick, _SLOW
        late = silent
        if pace.has_begun:
            late, limit = pace.late(playing.session.now + SECOND), _LATE
        # Whoever plays faster than the machine can is late, and has not stopped.
        if late > limit and silent > limit:
            yield f"the market has stopped: its next second is {late:.0f} seconds late"

    def _show(self, run: Run, playing: CurrentSession) -> None:
        """Make this session the one that answers come from."""
        before = self.stage.current
        if before is not playing:
            self.stage.show(playing)
        if before is None:
            run.listener.on_ready()


def _has_state(session: Session) -> bool:
    """Whether any symbol has a state to show."""
    return any(session.any_state(symbol) is not None for symbol in session.symbols())
