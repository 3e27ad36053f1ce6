"""The clock of a feed: the wall clock's, or one that plays a tape."""

import re
import time
from typing import Final

from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_checks import MAX_TIME

#: How a feed of this project tells its clock where a vendor's protocol has a place for its version.
_GREETING: Final = re.compile(
    r"zerodte;speed=([0-9]{1,9}(?:\.[0-9]{1,9})?);now=([0-9]{1,19})", re.ASCII
)
_SPEEDS: Final = (1e-3, 1e9)


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
        return self.at(time.monotonic_ns())

    def at(self, monotonic: int) -> int:
        """What it showed at a time of the monotonic clock (ns), UTC ns."""
        return self.start + round((monotonic - self._begun) * self.speed)

    def learn(self, told: int) -> None:
        """Move on to a time that was told, UTC ns; never back."""
        self.start += max(told - self.now(), 0)

    def seconds_until(self, end: int) -> float:
        """Wall-clock seconds until `end` (UTC ns); 0 if it has passed."""
        return max(end - self.now(), 0) / self.speed / SECOND

    def greeting(self) -> str:
        """What it shows now and its speed, for `greeted_clock`."""
        return f"zerodte;speed={self.speed:g};now={self.now()}"


def greeted_clock(greeting: str) -> FeedClock | None:
    """The clock that a greeting tells; None if it tells none, as a vendor's: theirs is the world's.

    Raises:
        FeedError: If it is no time, or no speed.
    """
    found = _GREETING.fullmatch(greeting)
    if found is None:
        return None
    speed, now = float(found[1]), int(found[2])
    if not (_SPEEDS[0] <= speed <= _SPEEDS[1] and 0 < now < MAX_TIME):
        raise FeedError(f"a clock at {now} with speed {speed:g}")
    return FeedClock(now, speed)
