"""A market that a server can answer from: a tape being played, and its answers."""

import datetime
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from zerodte.config import SECOND
from zerodte.records.tick import Tick
from zerodte.runtime.archive import Archive
from zerodte.runtime.pulse import Pulse
from zerodte.runtime.replay import Pace, begin, source_of
from zerodte.runtime.warmup import warm_up
from zerodte.server.source import Changes, Figures, SampleEvent
from zerodte.tape.folder import Tape, TapeError
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health

_Key: TypeAlias = tuple[str, datetime.date | None, float, bool]

_LOG = logging.getLogger(__name__)

#: Answers kept for one tick; a chain has few variants, a crawler many.
_KEPT_ANSWERS = 32
#: Digits of a strike range: a hundredth of a percent of spot.
_RANGE_DIGITS = 4


class Market:
    """Plays a tape on a thread of its own and answers from its last tick.

    Args:
        tape: What to play.
        speed: Times the wall clock; None: at once, resting at the last tick.
        archive: Keeps the session once it is over, and has past ones; it runs as long as this does.
    """

    def __init__(self, tape: Tape, speed: float | None, archive: Archive | None = None) -> None:
        self._tape = tape
        self._source = source_of(tape)
        self._session = begin(tape)
        self._pulse = Pulse()
        self._pace = Pace(speed, tape.session.open)
        self._archive = archive
        self._lock = threading.Lock()
        self._answers: OrderedDict[_Key, bytes] = OrderedDict()
        self._is_ready = False
        self._problem: str | None = "starting: the tape is being read"
        self._ready: Callable[[], None] = lambda: None
        self._failed: Callable[[str], None] = lambda _: None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, name="replay", daemon=True)

    def start(
        self,
        ready: Callable[[], None] = lambda: None,
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin to play, on another thread.

        Args:
            ready: Called once, when answers can be given without delay.
            failed: Told the problem when the replay ends early; what was played stays answered.
        """
        self._ready, self._failed = ready, failed
        if self._archive:
            self._archive.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop playing and wait for the thread to end."""
        self._stopped.set()
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

    def events(self, symbol: str, after: int | None) -> Sequence[SampleEvent]:
        """Samples as a stream shows them; see `SnapshotSource`."""
        if not self._is_ready:
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
            return self._pulse.figures(self._session)

    def health(self) -> Health:
        """Healthy once ready, until the replay ends early."""
        unkept = self._archive.problem if self._archive else None
        problems = (self._problem,) if self._problem else ()
        return Health.of(*problems, warnings=(unkept,) if unkept else ())

    def symbols(self) -> list[str]:
        """The underlyings on the tape, sorted."""
        return self._session.symbols()

    def _answer(self, key: _Key) -> bytes:
        if not self._is_ready:
            raise ApiError("warming_up", self._problem or "starting")
        with self._lock:
            if (body := self._answers.get(key)) is None:
                symbol, expiry, strike_range, settled = key
                body = snapshot(
                    self._session, self._source, symbol, expiry, strike_range, settled=settled
                )
                self._answers[key] = body
                while len(self._answers) > _KEPT_ANSWERS:
                    self._answers.popitem(last=False)
            return body

    def _run(self) -> None:
        """Play to the end, or until stopped."""
        for tick in self._tape.ticks():
            if self._pace.is_live(tick.end):
                self._become_ready()
            if not self._wait(tick.end):
                return
            self._take(tick, self._pace.late(tick.end))
        self._become_ready()

    def _take(self, tick: Tick, late: float) -> None:
        """Let the session take a tick that was due so many seconds ago; NaN for none."""
        with self._lock:
            self._session.apply(tick)
            self._answers.clear()
            self._pulse.took(tick, self._session, late)
        if self._archive:
            self._archive.follow(self._session, self._source)

    def _play(self) -> None:
        try:
            self._run()
        except TapeError as error:
            self._fail(str(error))
        except Exception as error:  # Nobody else hears of what ends this thread.
            _LOG.exception("a defect ended the replay of %s", self._tape.path)
            self._fail(f"a defect ended the replay: {type(error).__name__}: {error}")

    def _fail(self, problem: str) -> None:
        self._problem = problem
        self._pulse.turned()
        self._failed(problem)

    def _wait(self, due: int) -> bool:
        """Let the silent seconds before `due` pass one by one; False when stopped meanwhile."""
        if self._pace.has_begun:
            for beat in range(self._session.now + SECOND, due, SECOND):
                if not self._pace.wait(beat, self._stopped):
                    return False
                with self._lock:
                    self._session.advance(beat)
                    self._answers.clear()
                    self._pulse.passed(self._session, self._pace.late(beat))
                if self._archive:
                    self._archive.follow(self._session, self._source)
        return self._pace.wait(due, self._stopped)

    def _become_ready(self) -> None:
        """Have every kernel compiled by a first state, then say so, once."""
        if self._is_ready:
            return
        with self._lock:
            states = [self._session.any_state(symbol) for symbol in self._session.symbols()]
        if not any(states):
            warm_up(self._tape.session)
        self._problem, self._is_ready = None, True
        self._pulse.turned()
        self._ready()
