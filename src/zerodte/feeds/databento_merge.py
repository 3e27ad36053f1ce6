"""Sessions with a gateway merged by time, each with one stream.

While the past is replayed one stream runs ahead of another. Records therefore wait until every
session has come as far, and a session that is ahead is not read: TCP is its buffer.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np

from zerodte.constants import SECOND
from zerodte.feeds.databento_protocol import received_since
from zerodte.feeds.databento_session import HEARTBEAT_S, DatabentoSession
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.records.dbn import Records
from zerodte.tape.feed_manifest import FeedStream

#: Records that wait before a session that is ahead is not read any more.
_MOST_WAITING: Final = 200_000
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
        session: It has been subscribed to; it has begun.
        stream: The stream in the recording.
        since: Since when the session replays, UTC ns; what is older is left out.
        repeated: What the recording has already.
        ids: Of instruments.

    Attributes:
        name: The stream's.
        unknown_count: Records of instruments that the vendor has not named.
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
        self.unknown_count = 0
        self._session = session
        self._since = since
        self._repeated: RepeatedRecords | None = repeated
        self._ids = ids
        self._waiting: deque[Records] = deque()
        self._count = 0
        self._loss: Loss | None = None
        self._newest = 0

    @property
    def is_live(self) -> bool:
        """Whether the past has been replayed."""
        return self._session.replays <= 0

    @property
    def progress(self) -> int:
        """How far it has come, UTC ns: until then everything has been read.

        A live stream without anything to read has come as far as the clock, but not much farther
        than its records and heartbeats tell: one that is mute for longer holds up the others.
        """
        newest = max(self._newest, self._session.newest)
        if not self.is_live or self._session.has_content:
            return newest
        return max(newest, min(self._session.clock.now(), newest + _MOST_SILENCE))

    @property
    def is_full(self) -> bool:
        """Whether as many records wait as may."""
        return self._count >= _MOST_WAITING

    def read(self, timeout: float) -> bool:
        """Read what has arrived, waiting up to `timeout` seconds; whether anything has.

        Raises:
            FeedError: If the session is lost, or sends garbage.
        """
        blocks = self._session.take(timeout)
        for block in blocks:
            self._ids.learn(self._session.symbols)
            rows, unknown = self._ids.translate(block.records)
            self.unknown_count += unknown
            if len(rows):
                self._add(rows)
        if self.is_live and self._repeated is not None:
            self._end_repetition()
        if self._session.lost:
            session = self._session
            self._lose(session.lost_since or self._since, session.lost_until, session.lost)
            session.lost = ""
        return self._session.has_heard

    def lost(self, until: int) -> Loss | None:
        """What may be missing up to `until` (UTC ns), and was not said before; None if nothing."""
        loss = self._loss
        if loss is None or loss.since >= until:
            return None
        self._loss = None if until >= loss.until else loss._replace(since=until)
        return loss

    def release(self, until: int) -> Records | None:
        """The records up to the first one that was received after `until` (UTC ns)."""
        found = []
        while self._waiting:
            rows = self._waiting[0]
            times = rows["ts_recv"].astype(np.int64)
            is_later = times > until
            if not is_later.any():
                found.append(self._waiting.popleft())
                continue
            first = int(np.argmax(is_later))
            if first:
                found.append(rows[:first])
                self._waiting[0] = rows[first:]
            break
        if not found:
            return None
        out: Records = found[0] if len(found) == 1 else np.concatenate(found)
        self._count -= len(out)
        return out

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _add(self, rows: Records) -> None:
        times = rows["ts_recv"].astype(np.int64)
        if self._repeated is not None:
            rows = self._repeated.without(received_since(rows, self._since))
            if int(times.max()) > self._repeated.newest and not self._repeated.missing:
                self._repeated = None
        self._newest = max(self._newest, int(times.max(initial=0)))
        if len(rows):
            self._waiting.append(rows)
            self._count += len(rows)

    def _end_repetition(self) -> None:
        missing = 0 if self._repeated is None else self._repeated.missing_since(self._since)
        self._repeated = None
        if missing:
            self._lose(
                self._since,
                0,
                f"the vendor did not send again {missing:,} of the last records of {self.name}",
            )

    def _lose(self, since: int, until: int, reason: str) -> None:
        since = since if self._loss is None else min(since, self._loss.since)
        until = max(until or max(self._newest, self._session.newest), since + 1)
        self._loss = Loss(since, until, reason)
