"""One pass through a tape that all clients of a server share.

The tape is read once. Each client has a place in it; what lies between the last of them, or the
time that was told, and the first waits in memory. So whoever serves a client tells the time.
"""

import copy
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar


class EndedTick(Protocol):
    """Whatever is sent of a second."""

    @property
    def end(self) -> int:
        """UTC ns."""
        ...


T = TypeVar("T", bound=EndedTick)


class SharedTicks(Generic[T]):
    """Ticks up to a time that only moves on, and those that follow it; from any thread.

    Args:
        ticks: They, in order; what they raise, all methods raise.
        learn: Called with each tick that is passed, with `lock` held.

    Attributes:
        lock: Held while the time moves on.
    """

    def __init__(self, ticks: Iterator[T], learn: Callable[[T], None]) -> None:
        (self._ticks,) = itertools.tee(ticks, 1)
        self._learn = learn
        self.lock = threading.RLock()
        self._next = next(self._ticks, None)

    def advance(self, until: int) -> None:
        """Move on to a time, UTC ns."""
        with self.lock:
            while self._next is not None and self._next.end <= until:
                self._learn(self._next)
                self._next = next(self._ticks, None)

    def after(self, now: int) -> Iterator[T]:
        """The ticks that end after a time (UTC ns), for one client."""
        with self.lock:
            self.advance(now)
            mine = iter(()) if self._next is None else iter([self._next])
            rest = copy.copy(self._ticks)
        yield from mine
        while True:
            with self.lock:
                found = next(rest, None)
            if found is None:
                return
            yield found
