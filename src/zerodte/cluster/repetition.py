"""A call that is repeated on a thread of its own."""

import threading
from collections.abc import Callable


class Repetition:
    """Repeats a call until it is stopped, or fails.

    Args:
        name: The thread's.
        seconds: Between a call and the next.
        call: What it raises ends the repetition; `check` raises it again.
    """

    def __init__(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._call = seconds, call
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop repeating; a call under way is waited for."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def check(self) -> None:
        """Raise what ended it, if anything did."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while True:
                self._call()
                if self._stopped.wait(self._seconds):
                    return
        except Exception as error:  # Told to whoever checks.
            self._error = error
