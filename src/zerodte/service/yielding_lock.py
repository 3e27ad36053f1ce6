"""A lock whose holder lets others have it now and then."""

import threading
from types import TracebackType


class YieldingLock:
    """A lock that is held for long, by one that asks in between whether others wait.

    Whoever waits stands at the door, one at a time. A lock that is released and taken again at once
    would be nobody else's; here its holder has to pass the door again, behind the one who waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._door = threading.Lock()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        return self._door.locked()

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take it; without `blocking` False at once where that is not possible."""
        if not self._door.acquire(blocking):
            return False
        try:
            return self._lock.acquire(blocking)
        finally:
            self._door.release()

    def release(self) -> None:
        """Give it back."""
        self._lock.release()

    def let_in(self) -> None:
        """Let whoever waits have it first, if anybody does."""
        if self.is_wanted:
            self.release()
            self.acquire()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
