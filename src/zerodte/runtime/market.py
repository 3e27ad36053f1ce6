"""Programmes being played, and everything that a server asks of them."""

import logging
import threading
from collections.abc import Callable, Iterable

from zerodte.constants import SECOND
from zerodte.feeds.simulator.block_stream import StreamError
from zerodte.records.tick import Tick
from zerodte.runtime.archive import Archive
from zerodte.runtime.desk import Desk, Shown
from zerodte.runtime.replay import Pace, begin, source_of
from zerodte.runtime.warmup import warm_up
from zerodte.session.session import Session
from zerodte.tape.error import TapeError
from zerodte.tape.source import TickSource

_LOG = logging.getLogger(__name__)


class Audience:
    """Who is told, on the thread that plays, what becomes of a market. This one says nothing."""

    def begun(self, programme: TickSource) -> None:
        """A session has begun."""

    def ready(self) -> None:
        """Answers can be given without delay; told once."""

    def passed(self, now: int) -> None:
        """What came up to `now` (UTC ns) was played without waiting."""

    def live(self) -> None:
        """From now on the clock is waited for."""

    def failed(self, problem: str) -> None:
        """Playing has ended early; what was played stays answered."""


class Market(Desk):
    """Plays programmes one after another, on a thread of its own, and answers from the last tick.

    While the next session has nothing to show, the one before it stays answered.

    Args:
        programmes: What to play; they are asked for one by one, on that thread.
        speed: Times the wall clock; None: at once, resting at the last tick.
        lead: With a speed, how much of the first session is played at once, ns from its open;
            it is answered from while it is.
        interrupt: Ends a programme that is waiting for its next tick; called by `stop`.
        archive: Keeps sessions once they are over, and has past ones; it runs as long as this does.
    """

    def __init__(
        self,
        programmes: Iterable[TickSource],
        speed: float | None,
        lead: int = 0,
        interrupt: Callable[[], None] = lambda: None,
        archive: Archive | None = None,
    ) -> None:
        super().__init__(archive)
        self._programmes = programmes
        self._speed = speed
        self._lead = lead
        self._interrupt = interrupt
        self._audience = Audience()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, name="replay", daemon=True)

    def start(self, audience: Audience | None = None) -> None:
        """Begin to play, on another thread, and tell an audience of it."""
        self._audience = audience or self._audience
        if self._archive:
            self._archive.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop playing and wait for the thread to end."""
        self._stopped.set()
        self._interrupt()
        if self._thread.ident is not None:
            self._thread.join()
        if self._archive:
            self._archive.stop()

    # On the thread that plays

    def _play(self) -> None:
        try:
            self._run()
        except (TapeError, StreamError) as error:
            self._fail(str(error))
        except Exception as error:  # Nobody else hears of what ends this thread.
            _LOG.exception("a defect ended the replay")
            self._fail(f"a defect ended the replay: {type(error).__name__}: {error}")

    def _run(self) -> None:
        """Play to the end, or until stopped."""
        lead = self._lead
        for programme in self._programmes:
            if not self._perform(programme, lead):
                return
            lead = 0

    def _fail(self, problem: str) -> None:
        if not self._stopped.is_set():
            self.problem = problem
            self.pulse.turned()
            self._audience.failed(problem)

    def _perform(self, programme: TickSource, lead: int) -> bool:
        """Play one session; False when stopped meanwhile."""
        if self.shown is None:
            # While a simulation starts there is time; and ready means that nothing is compiled.
            warm_up(programme.session)
        pace = Pace(self._speed, programme.session.open + lead)
        session = begin(programme)
        self._audience.begun(programme)
        own = Shown(session, source_of(programme))
        for tick in programme.ticks():
            if pace.is_live(tick.end) and not pace.has_begun:
                self._go_live(own)
            if not self._wait(own, pace, tick.end):
                return False
            self._take(own, tick, pace.late)
            if not pace.has_begun:
                self._audience.passed(tick.end)
            if self._speed is not None and self.shown is not own and _has_state(session):
                self._show(own)
        self._show(own)
        return not self._stopped.is_set()

    def _take(self, own: Shown, tick: Tick, late: Callable[[int], float]) -> None:
        """Let a session take a tick; `late` says how many seconds ago an instant was due."""
        with self.lock:
            own.session.apply(tick)
            self.pulse.took(tick, own.session, late(tick.end))
        self._follow(own)

    def _wait(self, own: Shown, pace: Pace, due: int) -> bool:
        """Let the silent seconds before `due` pass one by one; False when stopped meanwhile."""
        session = own.session
        if pace.has_begun:
            for beat in range(session.now + SECOND, due, SECOND):
                if not pace.wait(beat, self._stopped):
                    return False
                with self.lock:
                    session.advance(beat)
                    self.pulse.passed(session, pace.late(beat))
                self._follow(own)
        return pace.wait(due, self._stopped)

    def _follow(self, own: Shown) -> None:
        """Have the session kept once it is over."""
        if self._archive:
            self._archive.follow(own.session, own.source)

    def _go_live(self, own: Shown) -> None:
        """Keep nobody waiting for the first quote, where there has been nothing to show so far."""
        if self.shown is None:
            self._show(own)
        self._audience.live()

    def _show(self, own: Shown) -> None:
        """Answer from this session from now on."""
        if self.shown is own:
            return
        is_first = self.shown is None
        with self.lock:
            self.shown = own
            self.pulse.turned()
        if is_first:
            self.problem = None
            self._audience.ready()


def _has_state(session: Session) -> bool:
    """Whether there is something to say of any symbol."""
    return any(session.any_state(symbol) is not None for symbol in session.symbols())
