"""Progress bars for long work: on a terminal's stderr, after the first second."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.market.calendar import TradingSession

_PATIENCE: Final = 1.0  # seconds
#: A replay updates its bar every so many ticks.
_EVERY: Final = 60


class LateProgress:
    """A progress bar. Call it with a description, the work done and the total."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("")
        self._is_shown = False
        self._due = time.monotonic() + _PATIENCE if console.is_terminal else float("inf")

    def __enter__(self) -> Self:
        """Start the first second."""
        return self

    def __call__(self, what: str, done: int, total: int) -> None:
        """Update the bar; it appears once the work has taken a second."""
        if not self._is_shown and time.monotonic() < self._due:
            return
        self._bar.update(self._task, description=what, completed=done, total=total)
        if not self._is_shown:
            self._bar.start()
            self._is_shown = True

    def stop(self) -> None:
        """Remove the bar until the next update."""
        if self._is_shown:
            self._bar.stop()
            self._is_shown = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        self.stop()


class ReplayProgress(LateProgress):
    """A bar for a replay: the session's time and the records per second."""

    def __init__(self, hours: TradingSession) -> None:
        super().__init__()
        self._hours = hours
        self._start = time.monotonic()
        self._updates = 0

    def show(self, now: int, records: int) -> None:
        """Show that the session is at `now`, UTC ns, after `records` records."""
        self._updates += 1
        if self._updates % _EVERY:
            return
        rate = records / max(time.monotonic() - self._start, 1e-9) / 1e6
        description = f"{new_york_clock(now):%H:%M:%S} New York, {rate:.1f} M records/s"
        done, total = now - self._hours.open, self._hours.close - self._hours.open
        self(description, max(done, 0) // MINUTE, total // MINUTE)
