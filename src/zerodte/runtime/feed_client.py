"""A live feed as ticks that are complete: through silence, hang-ups and its coming back."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zerodte.constants import SECOND
from zerodte.feeds.feed import Feed, FeedConnection, FeedError, FeedStart
from zerodte.logs import log
from zerodte.market.calendar import TradingSession, new_york_clock
from zerodte.tape.record_router import SessionSpan
from zerodte.tape.tick_assembler import ClosedTick, TickAssembler

#: Why ticks are incomplete.
WAS_DOWN: Final = "the server was down"
WAS_AWAY: Final = "the feed was away"
BEGAN_LATE: Final = "the recording began late"

#: Seconds of the wall clock after which time passes without the feed: one that is there and says
#: nothing, not even its clock, and one that is away.
_SILENCE: Final = 10.0
_ABSENCE: Final = 2.0
#: The first and the longest wait before a feed is called again, seconds of the wall clock.
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0
#: How long to wait for a word at once, seconds: how soon a stop is heard.
_BEAT: Final = 0.1
#: Records in ticks that are open; a feed that sends more has a clock that stands still.
_MOST_WAITING: Final = 5_000_000


class FeedClient:
    """Keeps a feed, and calls it again when it goes away.

    Args:
        feed: What to call.
        first: It, reached already.
        hours: The session that it sends.
        window: The time that the session owns.
        last: End of the last tick that was committed; 0 where there is none.

    Attributes:
        problem: What is wrong with the feed now; None while it is there.
    """

    def __init__(
        self,
        feed: Feed,
        first: FeedConnection,
        hours: TradingSession,
        window: SessionSpan,
        last: int,
    ) -> None:
        self.problem: str | None = None
        self._feed = feed
        self._offer = first.manifest
        self._hours = hours
        self._reached: FeedConnection | None = first
        self._connection: FeedConnection | None = None
        self._ticker = TickAssembler(window, last)
        self._reason = WAS_DOWN if last else BEGAN_LATE
        self._begun: _FeedClock | None = None
        self._silent = 0.0
        self._wait, self._due = _FIRST_WAIT, 0.0
        self._said_over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._said_over or self._ticker.is_over

    @property
    def is_caught_up(self) -> bool:
        """Whether what had been received before it was called has been heard."""
        return self._begun is not None and self._ticker.clock >= self._begun.now - SECOND

    @property
    def waiting(self) -> int:
        """Records whose ticks are not yet complete."""
        return self._ticker.pending_count

    def late(self, at: int) -> float:
        """Seconds of the wall clock since the feed's clock showed `at`; NaN without a feed."""
        begun = self._begun
        if begun is None or self.is_over:
            return float("nan")
        return (begun.present() - at) / begun.speed / SECOND

    def close(self) -> None:
        """Hang up."""
        for connection in (self._connection, self._reached):
            if connection is not None:
                connection.close()
        self._connection = self._reached = None

    def ticks(self, counts: Mapping[str, int]) -> list[ClosedTick]:
        """The ticks that have become complete; after a short wait perhaps none.

        Args:
            counts: How many records of each stream were committed.
        """
        # Only what is spent here is silence: while this thread is busy elsewhere, arrivals wait.
        asked, before = time.monotonic(), self._connection
        try:
            is_heard = self._listen(counts)
        except FeedError as error:
            is_heard = False
            self._lose(str(error))
        if is_heard or self._connection is not before:
            self._silent = 0.0
        else:
            self._silent += time.monotonic() - asked
        if self._said_over:
            return self._finish()
        patience = _ABSENCE if self._connection is None else _SILENCE
        # A feed that still looks for what to resend is not silent: it has said that it is there.
        is_due = self._connection is None or self.is_caught_up
        if self._begun is not None and is_due and self._silent > patience:
            self._ticker.advance(self._begun.present())
        return self._ticker.close_ticks()

    def _finish(self) -> list[ClosedTick]:
        last = self._ticker.finish()
        if self._ticker.clock < self._hours.close:
            at = new_york_clock(self._ticker.clock)
            self.problem = f"the feed at {self._feed.name} ended at {at:%H:%M:%S}, before the close"
        return last

    def _listen(self, counts: Mapping[str, int]) -> bool:
        """Take what has arrived; whether anything has."""
        if self._connection is None:
            if time.monotonic() < self._due:
                time.sleep(_BEAT)
                return False
            self._connection = self._call(counts)
        arrivals = self._connection.receive(_BEAT)
        for arrival in arrivals:
            self._ticker.add(arrival)
        if self.waiting > _MOST_WAITING:
            raise FeedError(f"{self.waiting:,} records of one second; its clock stands still")
        self._said_over = self._connection.is_over
        return bool(arrivals)

    def _call(self, counts: Mapping[str, int]) -> FeedConnection:
        connection = self._reached or self._feed.connect()
        self._reached = None
        try:
            offer = connection.manifest
            if (offer.date, offer.streams) != (self._offer.date, self._offer.streams):
                raise FeedError(
                    f"it now sends {offer.date}, in other streams or of another day than what is "
                    f"recorded, {self._offer.date}; start again to record that"
                )
            begun = connection.start(counts)
        except BaseException:
            connection.close()
            raise
        self._begin(begun)
        return connection

    def _begin(self, begun: FeedStart) -> None:
        self._begun = _FeedClock(begun.now, begun.speed, time.monotonic())
        if begun.resumed:
            self._ticker.resume()
        else:
            self._ticker.start_at(min(begun.now, self._hours.open + 1))
            self._ticker.skip(begun.now, self._reason)
        self.problem, self._reason, self._wait = None, WAS_AWAY, _FIRST_WAIT
        log("feed", feed=self._feed.name, resumed=begun.resumed)

    def _lose(self, why: str) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._ticker.disconnect(self._reason)
        if self.problem is None:
            log("away", logging.WARNING, feed=self._feed.name, problem=why)
        since = ""
        if self._ticker.last_end:
            since = f" since {new_york_clock(self._ticker.last_end):%H:%M:%S} New York"
        self.problem = f"the feed at {self._feed.name} is away{since}: {why}; it is called again"
        self._due = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class _FeedClock:
    """What a feed's clock showed, UTC ns, at an instant of the wall clock; and its speed."""

    now: int
    speed: float
    at: float

    def present(self) -> int:
        """What it shows by now."""
        return self.now + round((time.monotonic() - self.at) * self.speed * SECOND)
