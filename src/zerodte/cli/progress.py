"""How long work shows itself: a bar on a terminal's stderr, once a second has passed."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from zerodte.constants import MINUTE
from zerodte.market.calendar import TradingSession, new_york_clock

_PATIENCE: Final = 1.0  # seconds
#: A replay shows itself every so many ticks.
_EVERY: Final = 60


class LateProgress:
    """A bar for work in several steps, called with what is done, how far it is, and of how much."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("")
        self._is_shown = False
        self._due = time.monotonic() + _PATIENCE if console.is_terminal else float("inf")

    def __enter__(self) -> Self:
        """Begin to wait for the second to pass."""
        return self

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how far the work is, if it has taken long enough for anybody to ask."""
        if not self._is_shown and time.monotonic() < self._due:
            return
        self._bar.update(self._task, description=what, completed=done, total=total)
        if not self._is_shown:
            self._bar.start()
            self._is_shown = True

    def stop(self) -> None:
        """Take the bar away, until there is more to show."""
        if self._is_shown:
            self._bar.stop()
            self._is_shown = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self.stop()


class ReplayProgress(LateProgress):
    """A bar for a replay: the session's time, and records a second so far."""

    def __init__(self, hours: TradingSession) -> None:
        super().__init__()
        self._hours = hours
        self._began = time.monotonic()
        self._asked = 0

    def show(self, now: int, records: int) -> None:
        """Show that the session is at `now`, UTC ns, after so many records."""
        self._asked += 1
        if self._asked % _EVERY:
            return
        rate = records / max(time.monotonic() - self._began, 1e-9) / 1e6
        shown = f"{new_york_clock(now):%H:%M:%S} New York, {rate:.1f} M records/s"
        done, total = now - self._hours.open, self._hours.close - self._hours.open
        self(shown, max(done, 0) // MINUTE, total // MINUTE)
