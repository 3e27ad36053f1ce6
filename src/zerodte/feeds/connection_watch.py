"""Watches over what a vendor's connection cannot tell by itself: sleep, and garbled data."""

import time
from typing import Final

from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.feed import FeedError

#: A machine's clock that moved so far against its monotonic one has slept, ns.
_JUMP: Final = SECOND
#: Garbled records in a minute, after which a connection is not believed.
_MOST_GARBLED: Final = 100


class SleepWatch:
    """Notices that this machine slept: its monotonic clock stood still meanwhile.

    Args:
        speed: Of the feed's clock; only one of speed 1 is the world's, which goes on meanwhile.
    """

    def __init__(self, speed: float) -> None:
        self._is_real = speed == 1.0
        self._drift = time.time_ns() - time.monotonic_ns()

    def check(self) -> None:
        """Look at both clocks.

        Raises:
            FeedError: If one of them has jumped since the last look.
        """
        drift = time.time_ns() - time.monotonic_ns()
        moved, self._drift = abs(drift - self._drift), drift
        if self._is_real and moved > _JUMP:
            raise FeedError(f"this machine's clock jumped by {moved / SECOND:,.0f} seconds")


class GarbledWatch:
    """Counts garbled records by the minute.

    Args:
        what: What the vendor calls them, such as "events".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._minute = self._before = 0

    def check(self, at: int, count: int) -> None:
        """Look at their number.

        Args:
            at: UTC ns.
            count: How many there were on this connection.

        Raises:
            FeedError: If they are too many within a minute.
        """
        if at >= self._minute + MINUTE:
            self._minute, self._before = at, count
        if count - self._before > _MOST_GARBLED:
            raise FeedError(
                f"over {_MOST_GARBLED} {self._what} of a minute have prices that cannot be"
            )
