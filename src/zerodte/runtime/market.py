"""A market that a server can answer from: programmes being played, and their answers."""

import datetime
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from zerodte.config import SECOND
from zerodte.feeds.simulator.stream import StreamError
from zerodte.records.tick import Tick
from zerodte.runtime.archive import Archive
from zerodte.runtime.programme import Programme
from zerodte.runtime.pulse import Pulse
from zerodte.runtime.replay import Pace, begin, source_of
from zerodte.runtime.warmup import warm_up
from zerodte.server.source import Changes, Figures, SampleEvent
from zerodte.session.session import Session
from zerodte.tape.error import TapeError
from zerodte.views.snapshot import snapshot
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health

_Key: TypeAlias = tuple[str, datetime.date | None, float, bool]

_LOG = logging.getLogger(__name__)

#: Answers kept for one tick; a chain has few variants, a crawler many.
_KEPT_ANSWERS = 32
#: Digits of a strike range: a hundredth of a percent of spot.
_RANGE_DIGITS = 4


class Audience:
    """Who is told, on the thread that plays, what becomes of a market. This one says nothing."""

    def begun(self, programme: Programme) -> None:
        """A session has begun."""

    def ready(self) -> None:
        """Answers can be given without delay; told once."""

    def passed(self, now: int) -> None:
        """What came up to `now` (UTC ns) was played without waiting."""

    def live(self) -> None:
        """From now on the clock is waited for."""

    def failed(self, problem: str) -> None:
        """Playing has ended early; what was played stays answered."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The session that answers are given from, and where it comes from."""

    session: Session
    source: Source


class Market:
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
        programmes: Iterable[Programme],
        speed: float | None,
        lead: int = 0,
        interrupt: Callable[[], None] = lambda: None,
        archive: Archive | None = None,
    ) -> None:
        self._programmes = programmes
        self._speed = speed
        self._lead = lead
        self._interrupt = interrupt
        self._archive = archive
        self._pulse = Pulse()
        self._shown: Shown | None = None
        self._lock = threading.Lock()
        self._answers: OrderedDict[_Key, bytes] = OrderedDict()
        self._problem: str | None = "starting: nothing has been read yet"
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

    def snapshot(self, symbol: str, expiry: datetime.date | None, strike_range: float) -> bytes:
        """The snapshot body; see `SnapshotSource`."""
        return self._answer((symbol, expiry, round(strike_range, _RANGE_DIGITS), False))

    def exposure(self, symbol: str, expiry: datetime.date | None, strike_range: float) -> bytes:
        """The same on settled open interest."""
        return self._answer((symbol, expiry, round(strike_range, _RANGE_DIGITS), True))

    def events(
        self,
        symbol: str,
        after: int | None,  # noqa: ARG002  (nothing is kept yet)
    ) -> Sequence[SampleEvent]:
        """Samples as a stream shows them; see `SnapshotSource`."""
        if self._shown is None:
            raise ApiError("warming_up", self._problem or "starting")
        if symbol not in self.symbols():
            raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
        return ()

    def on_sample(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called after each sample; see `SnapshotSource`."""
        return self._pulse.on_sample(call)

    def version(self, changes: Changes) -> int:
        """A number that grows when answers may change; see `SnapshotSource`."""
        return self._pulse.version(changes)

    def figures(self) -> Figures:
        """How the replay is doing."""
        with self._lock:
            return self._pulse.figures(self._shown.session if self._shown else None)

    def health(self) -> Health:
        """Healthy once ready, until playing ends early."""
        unkept = self._archive.problem if self._archive else None
        problems = (self._problem,) if self._problem else ()
        return Health.of(*problems, warnings=(unkept,) if unkept else ())

    def symbols(self) -> list[str]:
        """The underlyings answered for, sorted; none before the first session is shown."""
        shown = self._shown
        return shown.session.symbols() if shown else []

    def _answer(self, key: _Key) -> bytes:
        with self._lock:
            if self._shown is None:
                raise ApiError("warming_up", self._problem or "starting")
            if (body := self._answers.get(key)) is None:
                body = self._answers[key] = _computed(self._shown, key)
                while len(self._answers) > _KEPT_ANSWERS:
                    self._answers.popitem(last=False)
            return body

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
            self._problem = problem
            self._pulse.turned()
            self._audience.failed(problem)

    def _perform(self, programme: Programme, lead: int) -> bool:
        """Play one session; False when stopped meanwhile."""
        if self._shown is None:
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
            self._take(own, tick, pace.late(tick.end))
            if not pace.has_begun:
                self._audience.passed(tick.end)
            if self._speed is not None and self._shown is not own and _has_state(session):
                self._show(own)
        self._show(own)
        return not self._stopped.is_set()

    def _take(self, own: Shown, tick: Tick, late: float) -> None:
        """Let a session take a tick that was due so many seconds ago; NaN for none."""
        with self._lock:
            own.session.apply(tick)
            self._answers.clear()
            self._pulse.took(tick, own.session, late)
        self._follow(own)

    def _wait(self, own: Shown, pace: Pace, due: int) -> bool:
        """Let the silent seconds before `due` pass one by one; False when stopped meanwhile."""
        session = own.session
        if pace.has_begun:
            for beat in range(session.now + SECOND, due, SECOND):
                if not pace.wait(beat, self._stopped):
                    return False
                with self._lock:
                    session.advance(beat)
                    self._answers.clear()
                    self._pulse.passed(session, pace.late(beat))
                self._follow(own)
        return pace.wait(due, self._stopped)

    def _follow(self, own: Shown) -> None:
        """Have the session kept once it is over."""
        if self._archive:
            self._archive.follow(own.session, own.source)

    def _go_live(self, own: Shown) -> None:
        """Keep nobody waiting for the first quote, where there has been nothing to show so far."""
        if self._shown is None:
            self._show(own)
        self._audience.live()

    def _show(self, own: Shown) -> None:
        """Answer from this session from now on."""
        if self._shown is own:
            return
        is_first = self._shown is None
        with self._lock:
            self._shown = own
            self._answers.clear()
            self._pulse.turned()
        if is_first:
            self._problem = None
            self._audience.ready()


def _computed(shown: Shown, key: _Key) -> bytes:
    symbol, expiry, strike_range, settled = key
    return snapshot(shown.session, shown.source, symbol, expiry, strike_range, settled=settled)


def _has_state(session: Session) -> bool:
    """Whether there is something to say of any symbol."""
    return any(session.any_state(symbol) is not None for symbol in session.symbols())
