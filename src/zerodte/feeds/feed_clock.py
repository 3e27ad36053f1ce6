"""The clock of a feed: the wall clock's, or one that plays a tape."""

import time

from zerodte.constants import SECOND


class FeedClock:
    """A clock that starts now.

    Args:
        start: What it shows at first, UTC ns.
        speed: Seconds of it per second of the wall clock.

    Attributes:
        start: As above.
        speed: As above.
    """

    def __init__(self, start: int, speed: float) -> None:
        self.start = start
        self.speed = speed
        self._begun = time.monotonic_ns()

    def now(self) -> int:
        """The current time, UTC ns."""
        return self.start + round((time.monotonic_ns() - self._begun) * self.speed)

    def learn(self, told: int) -> None:
        """Move on to a time that was told, UTC ns; never back."""
        self.start += max(told - self.now(), 0)

    def seconds_until(self, end: int) -> float:
        """Wall-clock seconds until `end` (UTC ns); 0 if it has passed."""
        return max(end - self.now(), 0) / self.speed / SECOND
