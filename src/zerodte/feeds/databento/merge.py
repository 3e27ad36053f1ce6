"""Sessions with a gateway merged by time, each with one stream.

While the past is replayed one stream runs ahead of another. Records therefore wait until every
session has come as far, and a session that is ahead is not read: TCP is its buffer.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import I64
from zerodte.constants import SECOND
from zerodte.feeds.databento.protocol import received_since
from zerodte.feeds.databento.session import HEARTBEAT_S, DatabentoSession
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_checks import allowed_lead
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.records.dbn import Records, newest_time, times_of
from zerodte.tape.feed_manifest import FeedStream

#: Records that wait before a session that is ahead is not read any more.
_MOST_WAITING: Final = 200_000
#: The end of a loss until it is known.
_UNKNOWN: Final = 2**62
#: Of a session's heartbeat, ns of the vendor's clock, and a second more.
_MOST_SILENCE: Final = (HEARTBEAT_S + 1) * SECOND


class Loss(NamedTuple):
    """Records that may be missing.

    Attributes:
        since: UTC ns.
        until: UTC ns.
        reason: In words.
    """

    since: int
    until: int
    reason: str


class DatabentoStream:
    """The records of one stream, from one session.

    Args:
        session: It has not begun; the stream closes it.
        stream: The stream in the recording.
        since: Since when the session replays, UTC ns; what is older is left out.
        repeated: What the recording has already.
        ids: Of instruments.

    Attributes:
        name: The stream's.
        unknown_count: Records of instruments that the vendor has not named.
        mistimed_count: Records with a time of receipt that is ahead of the vendor's clock.
    """

    def __init__(
        self,
        session: DatabentoSession,
        stream: FeedStream,
        since: int,
        repeated: RepeatedRecords,
        ids: VendorIds,
    ) -> None:
        self.name = stream.name
        self.unknown_count = self.mistimed_count = 0
        self._schema = stream.schema
        self._session = session
        self._since = since
        self._repeated: RepeatedRecords | None = repeated
        self._ids = ids
        #: Records and their times, which are 0 where they cannot be.
        self._waiting: deque[tuple[Records, I64]] = deque()
        self._count = 0
        self._loss: Loss | None = None
        self._newest = 0

    @property
    def is_live(self) -> bool:
        """Whether the past has been replayed."""
        return self._session.replays <= 0

    @property
    def progress(self) -> int:
        """How far it has come, UTC ns: until then everything has been read; 0 if nothing has.

        A live stream without anything to read has come as far as the clock, but not much farther
        than its records and heartbeats tell: one that is mute for longer holds up the others.
        Sampled quotes have come until the next sample, where the vendor tells the ends of samples.
        """
        session = self._session
        newest = max(self._newest, session.newest)
        if not newest or not self.is_live or session.has_content:
            return newest
        silence = SECOND - 1 if session.has_intervals else _MOST_SILENCE
        base = session.newest if session.has_intervals else newest
        return max(newest, min(session.clock.now(), base + silence))

    @property
    def is_full(self) -> bool:
        """Whether as many records wait as may."""
        return self._count >= _MOST_WAITING

    def follow(self, symbols: Sequence[str], start: int | None = None) -> None:
        """Subscribe to contracts by their raw symbols; see `DatabentoSession.subscribe`."""
        self._session.subscribe(self._schema, symbols, stype="raw_symbol", start=start)

    def begin(self) -> None:
        """Let the records come."""
        self._session.begin()

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def read(self, timeout: float) -> None:
        """Read what has arrived, waiting up to `timeout` seconds.

        Raises:
            FeedError: If the session is lost, or sends garbage.
        """
        session = self._session
        for block in session.take(timeout):
            if block.schema != self._schema:
                raise FeedError(f"garbled records: {block.schema} among those of {self.name}")
            if named := session.take_names():
                self._ids.learn(named)
            rows, unknown = self._ids.translate(block.records)
            self.unknown_count += unknown
            if len(rows):
                self._add(rows)
        if self.is_live and self._repeated is not None:
            self._end_repetition()
        if session.lost:
            self._lose(session.lost_since or self._since, session.lost_until, session.lost)
            session.lost = ""
        elif self._loss is not None and self._loss.since < session.newest < self._loss.until:
            self._loss = self._loss._replace(until=session.newest)

    def lost(self, until: int) -> Loss | None:
        """What may be missing up to `until` (UTC ns), and was not said before; None if nothing."""
        loss = self._loss
        if loss is None or loss.since >= until:
            return None
        self._loss = None if until >= loss.until else loss._replace(since=until)
        return loss

    def release(self, until: int) -> list[Records]:
        """The records up to the first one that was received after `until` (UTC ns), in parts."""
        found: list[Records] = []
        while self._waiting:
            rows, times = self._waiting[0]
            is_later = times > until
            if not is_later.any():
                found.append(rows)
                self._waiting.popleft()
                continue
            first = int(np.argmax(is_later))
            if first:
                found.append(rows[:first])
                self._waiting[0] = rows[first:], times[first:]
            break
        self._count -= sum(map(len, found))
        return found

    def _add(self, rows: Records) -> None:
        if self._repeated is not None:
            last = newest_time(rows, "ts_recv")
            rows = self._repeated.without(received_since(rows, self._since))
            if last > self._repeated.newest and not self._repeated.missing:
                self._repeated = None
        if not len(rows):
            return
        clock = self._session.clock
        times = times_of(rows, "ts_recv")
        is_wrong = times > clock.now() + allowed_lead(clock.speed)
        if is_wrong.any():
            self.mistimed_count += int(is_wrong.sum())
            times[is_wrong] = 0
        if self._loss is not None and self._loss.since < int(times[0]) < self._loss.until:
            self._loss = self._loss._replace(until=int(times[0]))
        self._newest = max(self._newest, int(times.max()))
        self._waiting.append((rows, times))
        self._count += len(rows)

    def _end_repetition(self) -> None:
        # The vendor counts by another time, which is some microseconds earlier.
        since = self._since + SECOND
        missing = 0 if self._repeated is None else self._repeated.missing_since(since)
        self._repeated = None
        if missing:
            text = f"the vendor did not send again {missing:,} of the last records of {self.name}"
            self._lose(self._since, max(self._newest, self._session.newest), text)

    def _lose(self, since: int, until: int, reason: str) -> None:
        """Note a loss; without an end it lasts until something comes again."""
        since = since if self._loss is None else min(since, self._loss.since)
        self._loss = Loss(since, max(until, since + 1) if until else _UNKNOWN, reason)
