"""A live feed as complete ticks, across silence, disconnects and reconnects."""

import logging
import math
import time
from dataclasses import replace
from typing import Final

from zerodte.clock import new_york_clock
from zerodte.constants import SECOND
from zerodte.feeds.feed import Feed, FeedConnection, FeedError, FeedRefusalError, FeedStart
from zerodte.feeds.feed_checks import allowed_lead, check_start
from zerodte.feeds.feed_clock import FeedClock
from zerodte.logs import log
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import times_of
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.record_router import SessionSpan
from zerodte.tape.tick_assembler import Arrival, ClosedTick, TickAssembler

#: Reasons of gaps.
WAS_DOWN: Final = "the server was down"
WAS_AWAY: Final = "the feed was away"
BEGAN_LATE: Final = "the recording began late"

#: Seconds of the wall clock after which time passes without the feed: while it is connected but
#: sends nothing, not even its clock, and while it is away.
_SILENCE: Final = 10.0
_ABSENCE: Final = 2.0
#: Seconds that a feed may take to send its first record or clock.
_PREPARATION: Final = 60.0
#: The first and the longest wait before reconnecting, seconds of the wall clock.
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0
#: Seconds to wait for data at a time, which bounds the delay of a stop.
_POLL_S: Final = 0.1
#: Likewise for data that is there.
_AT_ONCE: Final = 0.001
#: Records in open ticks; a feed that sends more has a clock that does not move.
_MAX_PENDING: Final = 5_000_000


class FeedClient:
    """Receives a feed, and reconnects whenever it goes away.

    Args:
        feed: The feed.
        first: An open connection to it, not started yet.
        hours: The session that it sends.
        window: The time span of the session's records.
        last: End of the last committed tick; 0 if there is none.

    Attributes:
        problem: What is wrong with the feed now; None while it is connected.
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
        self._manifest = first.manifest
        self._hours = hours
        self._first: FeedConnection | None = first
        self._connection: FeedConnection | None = None
        self._assembler = TickAssembler(window, last)
        self._reason = WAS_DOWN if last else BEGAN_LATE
        self._clock: FeedClock | None = None
        self._silent = 0.0
        self._wait, self._due = _FIRST_WAIT, 0.0
        self._has_ended = False
        self._is_gapless = False
        self._refused = 0
        self._lead = 0.0
        self._opening = window.opening
        self._too_early = 0

    @property
    def is_over(self) -> bool:
        """Whether the feed has ended."""
        return self._has_ended or self._assembler.is_over

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that the feed had received before it was started has arrived."""
        return self._clock is not None and self._assembler.clock >= self._clock.start - SECOND

    @property
    def clock(self) -> FeedClock | None:
        """The feed's clock; None before it was first met."""
        return self._clock

    @property
    def pending(self) -> int:
        """Records in ticks that are not complete yet."""
        return self._assembler.pending_count

    @property
    def warnings(self) -> list[str]:
        """What the feed sent that was not believed, since the start."""
        found, name = [], self._feed.name
        refused = self._refused + (self._connection.refused_count if self._connection else 0)
        if refused:
            found.append(f"the feed at {name} sent {refused:,} records that cannot be recorded")
        if self._lead:
            found.append(
                f"the clock of the feed at {name} was up to {self._lead:,.0f} seconds ahead; it is "
                "believed only as far as the wall clock"
            )
        if self._too_early:
            found.append(
                f"the feed at {name} sent {self._too_early:,} messages with a clock of before its "
                "session; their records count by their own receive times"
            )
        return found

    @property
    def silence(self) -> float:
        """Seconds for which a connected feed has sent nothing, not even its clock; 0 if few."""
        # A feed that prepares to resend may take longer.
        patience = _SILENCE if self.is_caught_up else _PREPARATION
        is_silent = self._connection is not None and not self.is_over and self._silent > patience
        return self._silent if is_silent else 0.0

    def late(self, at: int) -> float:
        """Seconds of the wall clock since the feed's clock showed `at`; NaN without a feed."""
        clock = self._clock
        if clock is None or self.is_over:
            return float("nan")
        return (clock.now() - at) / clock.speed / SECOND

    def interrupt(self) -> None:
        """End a long wait for the feed; called from any thread."""
        self._feed.interrupt()

    def close(self) -> None:
        """Disconnect."""
        for connection in (self._connection, self._first):
            if connection is not None:
                connection.close()
        self._connection = self._first = None

    def ticks(self, position: RecordingPosition) -> list[ClosedTick]:
        """The ticks that have become complete, waiting briefly for data; perhaps none.

        Args:
            position: What is committed of each stream.
        """
        self._receive(_POLL_S, position)
        if self._has_ended:
            return self._finish()
        patience = _ABSENCE if self._connection is None else _SILENCE
        # A feed that is still preparing to resend is not silent.
        is_due = self._connection is None or self.is_caught_up
        is_due = is_due and not self._is_gapless
        if self._clock is not None and is_due and self._silent > patience:
            self._assembler.advance(self._clock.now())
        return self._assembler.close_ticks()

    def ticks_ahead(self) -> list[ClosedTick]:
        """Further ticks, while those before are not committed yet: what is there, at once.

        While there is no connection there are none: to resume one takes a committed position.
        """
        if self.is_over:
            return []
        self._receive(_AT_ONCE)
        if self._has_ended:
            return self._finish()
        return self._assembler.close_ticks()

    def _finish(self) -> list[ClosedTick]:
        # All seconds that there are have come; the clock is past the last one.
        assembler = self._assembler
        ticks = assembler.close_ticks() if self._is_gapless else assembler.finish()
        if self._assembler.clock < self._hours.close:
            at = new_york_clock(self._assembler.clock)
            self.problem = f"the feed at {self._feed.name} ended at {at:%H:%M:%S}, before the close"
        return ticks

    def _receive(self, timeout: float, position: RecordingPosition | None = None) -> None:
        """Receive data; without a connection, connect to resume at a position if there is one."""
        # Only time spent here counts as silence: while this thread is busy elsewhere, data waits.
        start, before = time.monotonic(), self._connection
        has_data = False
        try:
            if before is None and position is not None:
                self._connect_when_due(position)
            if self._connection is not None:
                has_data = self._take(self._connection, timeout)
        except FeedError as error:
            self._disconnect(str(error), is_final=isinstance(error, FeedRefusalError))
        if has_data or self._connection is not before:
            self._silent = 0.0
        else:
            self._silent += time.monotonic() - start

    def _connect_when_due(self, position: RecordingPosition) -> None:
        if time.monotonic() < self._due:
            time.sleep(_POLL_S)
        else:
            self._connection = self._connect(position)

    def _take(self, connection: FeedConnection, timeout: float) -> bool:
        arrivals = connection.receive(timeout)
        if arrivals:
            self._wait = _FIRST_WAIT
        for arrival in arrivals:
            if (believed := self._believed(arrival)) is not None:
                self._assembler.add(believed)
        if self.pending > _MAX_PENDING:
            raise FeedError(f"{self.pending:,} records of one second; its clock does not move")
        self._has_ended = connection.is_over
        return bool(arrivals)

    def _believed(self, arrival: Arrival) -> Arrival | None:
        """An arrival with a clock that can be: in the session, and not ahead of the feed's own.

        None if it says nothing: a clock of before the session, without records.
        """
        clock = self._clock
        if clock is None:
            return arrival
        now = clock.now()
        latest = now + allowed_lead(clock.speed)
        # A feed may really be waiting for its session to begin.
        if arrival.clock < self._opening <= now:
            return self._dated(arrival, latest)
        if arrival.clock <= latest:
            return arrival
        if not self._lead:
            log("clock ahead", logging.WARNING, feed=self._feed.name)
        self._lead = max(self._lead, (arrival.clock - now) / SECOND)
        return replace(arrival, clock=now)

    def _dated(self, arrival: Arrival, latest: int) -> Arrival | None:
        """An arrival whose clock is of before the session, with that of its newest record."""
        if not self._too_early:
            log("clock before the session", logging.WARNING, feed=self._feed.name)
        self._too_early += 1
        if arrival.piece is None:
            return None
        times = times_of(arrival.piece.records, "ts_recv")
        can_be = (self._opening <= times) & (times <= latest)
        return replace(arrival, clock=int(times.max(where=can_be, initial=self._newest())))

    def _newest(self) -> int:
        """What time it is at least, UTC ns: that of the last tick, or the feed's as it began."""
        begun = 0 if self._clock is None else self._clock.start
        return self._assembler.clock or begun

    def _connect(self, position: RecordingPosition) -> FeedConnection:
        connection = self._first or self._feed.connect()
        self._first = None
        try:
            manifest = connection.manifest
            if (manifest.date, manifest.streams) != (self._manifest.date, self._manifest.streams):
                raise FeedError(
                    f"its session of {manifest.date} has another date or other streams than the "
                    f"recording of {self._manifest.date}; restart the server to record it"
                )
            _check_symbols(self._manifest, manifest)
            start = connection.start(position)
            check_start(start, manifest.date, time.time_ns())
        except BaseException:
            connection.close()
            raise
        self._start(start)
        return connection

    def _start(self, start: FeedStart) -> None:
        self._clock = FeedClock(start.now, start.speed)
        self._is_gapless = start.is_gapless
        if start.resumed:
            self._assembler.resume()
        else:
            self._assembler.start_at(min(start.now, self._hours.open + 1))
            self._assembler.skip(start.now, self._reason)
        self.problem, self._reason = None, WAS_AWAY
        log("feed", feed=self._feed.name, resumed=start.resumed)

    def _disconnect(self, reason: str, *, is_final: bool) -> None:
        if self._connection is not None:
            self._refused += self._connection.refused_count
            self._connection.close()
            self._connection = None
        self._assembler.disconnect(self._reason)
        if self.problem is None:
            log("away", logging.WARNING, feed=self._feed.name, problem=reason)
        since = ""
        if self._assembler.last_end:
            since = f" since {new_york_clock(self._assembler.last_end):%H:%M:%S} New York"
        then = "it is not asked again; mend that and restart" if is_final else "reconnecting"
        self.problem = f"the feed at {self._feed.name} is away{since}: {reason}; {then}"
        if is_final:
            self._due = math.inf
            return
        self._due = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)


def _check_symbols(first: FeedManifest, manifest: FeedManifest) -> None:
    """Check that the instruments of a feed that came back still have their first symbols."""
    for dataset, symbols in manifest.symbols.items():
        known = first.symbols.get(dataset, {})
        for instrument_id, symbol in symbols.items():
            if known.get(instrument_id, symbol) != symbol:
                raise FeedError(
                    f"instrument {instrument_id} of {dataset} is {symbol} now, but was "
                    f"{known[instrument_id]} when the recording began; record to another folder"
                )
