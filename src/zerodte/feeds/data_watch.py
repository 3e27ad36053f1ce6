"""A watch over a stream that has no messages but data, and may be mute while it is open."""

import time

from zerodte.feeds.feed import FeedError
from zerodte.market.calendar import TradingSession, calendar


class DataWatch:
    """Notices that no data has come for too long within a session of the market.

    Outside it a stream is quiet by right: only its end, or a missing pong, tells.

    Args:
        seconds: For how long none may come.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._heard = time.monotonic()
        self._hours: TradingSession | None = None

    def begin(self, now: int) -> None:
        """Watch over the session that is now, or the next one; `now` in UTC ns."""
        self._hours = calendar().session_of(now)
        self.hear()

    def hear(self) -> None:
        """Some data has come."""
        self._heard = time.monotonic()

    def is_open(self, at: int) -> bool:
        """Whether the session is open at a time, UTC ns."""
        hours = self._hours
        return hours is not None and hours.open <= at <= hours.close

    def check(self, now: int) -> None:
        """Look at the time, UTC ns.

        Raises:
            FeedError: If none has come for too long.
        """
        silent = time.monotonic() - self._heard
        if silent > self.seconds and self.is_open(now):
            raise FeedError(f"it sent no data for {silent:.0f} seconds of the session")
