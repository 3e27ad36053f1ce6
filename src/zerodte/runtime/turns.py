"""A lock for one who hardly ever lets go of it and many who want it for a moment."""

import threading
from types import TracebackType


class Turns:
    """A lock that is handed on: who waits for it comes before who held it last.

    A plain lock that is released and taken again at once, as by a replay that does not pause, may
    never reach another thread in between. Here a waiter holds the turn, which all have to take.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Wait for one's turn."""
        with self._turn:
            self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next have it."""
        self._lock.release()
