"""How long work shows itself: a bar on a terminal's stderr, once a second has passed."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

_PATIENCE: Final = 1.0  # seconds


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
        if not self._is_shown and time.monotonic() >= self._due:
            self._bar.start()
            self._is_shown = True
        if self._is_shown:
            self._bar.update(self._task, description=what, completed=done, total=total)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._is_shown:
            self._bar.stop()
