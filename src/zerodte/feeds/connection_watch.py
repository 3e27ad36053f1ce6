"""Watches over what a vendor's connection cannot tell by itself: sleep, garbled data, its end."""

import re
import time
from collections.abc import Callable
from typing import Final

from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.feed import FeedError
from zerodte.tape.tick_assembler import Arrival

#: A machine's clock that moved so far against its monotonic one has slept, ns.
_JUMP: Final = SECOND
#: Garbled records in a minute, after which a connection is not believed.
_MOST_GARBLED: Final = 100
#: Characters of the words in which a vendor ends a connection.
_MOST_WORDS: Final = 200
#: As long a word with digits may be a key or a token, which no recording has.
_TOKEN: Final = re.compile(r"(?=[\w+/=-]*\d)[\w+/=-]{20,}")


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


class EndWatch:
    """Says in the last arrival of a connection why it ended, so that the recording tells."""

    def __init__(self) -> None:
        self._end: FeedError | None = None
        self._newest = 0

    def receive(self, take: Callable[[float], list[Arrival]], timeout: float) -> list[Arrival]:
        """The arrivals of a connection, the last of which is its clock.

        Args:
            take: Receives them.
            timeout: Its argument.

        Raises:
            FeedError: The one that ended the connection, once its reason was received. One that
                came before any arrival is raised at once: of it no second is missing.
        """
        if self._end is not None:
            raise self._end
        try:
            arrivals = take(timeout)
        except FeedError as error:
            if not self._newest:
                raise
            self._end = error
            return [Arrival(self._newest, lost=end_reason(error), lost_since=self._newest - 1)]
        self._newest = arrivals[-1].clock
        return arrivals


def end_reason(error: FeedError) -> str:
    """Why a connection ended, as the reason of a gap: a line of bounded length, without keys."""
    words = _TOKEN.sub("...", " ".join(str(error).split()))
    if len(words) > _MOST_WORDS:
        words = f"{words[:_MOST_WORDS]}..."
    return f"the connection ended: {words}"
