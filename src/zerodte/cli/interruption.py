"""How a signal ends a command: by an exception that is raised where Python does not lose it."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

#: A shell's exit status of a command that a signal ended is this plus the signal's number.
BY_SIGNAL: Final = 128

_HANDLED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
#: Code that passes an exception of a handler on; uvicorn raises again the signals it caught.
_SAFE: Final = ("zerodte", "uvicorn")
_RETRY_S: Final = 0.01
_PATIENCE_S: Final = 1.0


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `SystemExit`, and Ctrl-C `KeyboardInterrupt`: cleanup runs.

    Python drops what a handler raises in a destructor or a callback of C, and a library that is
    interrupted while it loads machine code may crash. So a signal that comes while other code runs
    waits for this package's own, for a second at most. An ignored signal stays ignored, as under
    nohup.
    """
    before = {number: signal.getsignal(number) for number in _HANDLED}
    handler = _Handler()
    for number, previous in before.items():
        if previous is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    except Exception:
        # A library that was interrupted while it loads machine code fails in words of its own.
        if handler.has_raised:
            handler.end()
        raise
    finally:
        handler.disarm()
        for number, previous in before.items():
            signal.signal(number, previous)


class _Handler:
    """A signal handler that raises in a frame of safe code, or when its patience ends.

    Attributes:
        has_raised: Whether it has.
    """

    def __init__(self) -> None:
        self.has_raised = False
        self._number = 0
        self._deadline = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            self._number = number
            self._deadline = time.monotonic() + _PATIENCE_S
        if not _is_safe(frame) and time.monotonic() < self._deadline:
            # Again and again: one that comes just before a lock is waited for wakes nobody.
            signal.setitimer(signal.ITIMER_REAL, _RETRY_S, _RETRY_S)
            return
        self.disarm()
        self.has_raised = True
        self.end()

    def end(self) -> None:
        """Raise what ends the command."""
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(BY_SIGNAL + self._number)

    def disarm(self) -> None:
        """Raise no more for a signal that came before."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def _is_safe(frame: FrameType | None) -> bool:
    name = "" if frame is None else str(frame.f_globals.get("__name__"))
    return name.partition(".")[0] in _SAFE
