"""A feed, and companions that send what it lacks, as one.

The feed decides: its clock is the session's, and without it there is nothing. A companion that is
away is said and asked again; until it is back its quotes grow old, and nobody else's do.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zerodte.feeds.feed import CompanionFeed, Feed, FeedConnection, FeedError, FeedStart
from zerodte.logs import log
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.sidecars import Notes, join_losses
from zerodte.tape.tick_assembler import Arrival

#: The first and the longest wait before a companion is asked again, seconds of the wall clock.
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0


class CombinedFeed:
    """A feed and its companions.

    Args:
        feed: The feed.
        companions: Each sends streams of its own.
    """

    def __init__(self, feed: Feed, companions: Sequence[CompanionFeed]) -> None:
        self._feed = feed
        self._companions = tuple(_Companion(companion) for companion in companions)

    @property
    def name(self) -> str:
        """The feed's."""
        return self._feed.name

    def warnings(self) -> list[str]:
        """Companions that are away, and what the others have to say."""
        found: list[str] = []
        for companion in self._companions:
            found += [companion.problem] if companion.problem else companion.feed.warnings()
        return found

    def interrupt(self) -> None:
        """End a long wait of the feed's `connect`."""
        self._feed.interrupt()

    def connect(self) -> "CombinedConnection":
        """Connect to the feed, and try its companions.

        Raises:
            FeedError: If the feed cannot be reached.
        """
        connection = self._feed.connect()
        try:
            return CombinedConnection(connection, self._companions)
        except BaseException:
            connection.close()
            raise


class CombinedConnection:
    """A connection to a feed, and what there is of its companions; see `FeedConnection`.

    Args:
        connection: The feed's.
        companions: The feed's companions.
    """

    def __init__(self, connection: FeedConnection, companions: Sequence["_Companion"]) -> None:
        self._connection = connection
        self._companions = companions
        self._clock = 0
        manifest = connection.manifest
        for companion in companions:
            manifest = _joined(manifest, companion.connect(connection.manifest))
        self.manifest = manifest

    @property
    def is_over(self) -> bool:
        """Whether the feed has announced the end of the session."""
        return self._connection.is_over

    @property
    def refused_count(self) -> int:
        """Records that were refused, of the feed and of its companions."""
        return self._connection.refused_count + sum(
            companion.refused_count for companion in self._companions
        )

    def start(self, position: RecordingPosition) -> FeedStart:
        """Ask the feed to start sending, and its companions.

        Raises:
            FeedError: If the feed has disconnected.
        """
        others = {stream.name for each in self._companions for stream in each.feed.streams}
        own = {name: count for name, count in position.counts.items() if name not in others}
        start = self._connection.start(replace(position, counts=own))
        for companion in self._companions:
            companion.start(position)
        return start

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals of the feed, and those of companions that its clock has reached.

        Raises:
            FeedError: If the feed has disconnected or sends invalid data.
        """
        arrivals = self._connection.receive(timeout)
        self._clock = max([self._clock, *(arrival.clock for arrival in arrivals)])
        for companion in self._companions:
            arrivals += companion.receive(self._clock)
        return arrivals

    def close(self) -> None:
        """Close all connections."""
        for companion in self._companions:
            companion.close()
        self._connection.close()


class _Companion:
    """A companion across its connections.

    Args:
        feed: It.

    Attributes:
        feed: As above.
        problem: What is wrong with it now, in words; empty if nothing is.
    """

    def __init__(self, feed: CompanionFeed) -> None:
        self.feed = feed
        self.problem = ""
        self._beside: FeedManifest | None = None
        self._connection: FeedConnection | None = None
        self._position = RecordingPosition({})
        self._counts: dict[str, int] = {}
        self._waiting: deque[Arrival] = deque()
        self._wait, self._due = _FIRST_WAIT, 0.0

    @property
    def refused_count(self) -> int:
        """Records of its connection that were refused."""
        return 0 if self._connection is None else self._connection.refused_count

    def connect(self, beside: FeedManifest) -> FeedManifest:
        """Try to connect to it; what it sends, without instruments while it is away."""
        self._beside = beside
        try:
            self._connection = self.feed.connect(beside)
        except FeedError as error:
            self._lose(error)
            return FeedManifest(beside.date, self.feed.streams, {}, self.feed.notes)
        return self._connection.manifest

    def start(self, position: RecordingPosition) -> None:
        """Let it send what a recording does not have."""
        self._position, self._counts = position, dict(position.counts)
        self._waiting.clear()
        self._begin()

    def receive(self, clock: int) -> list[Arrival]:
        """Its records, once the feed's clock (UTC ns) has come as far as its own."""
        # What is ahead of the clock waits, and nothing more is asked for meanwhile.
        if not self._waiting:
            self._listen()
        found = []
        while self._waiting and self._waiting[0].clock <= clock:
            found.append(replace(self._waiting.popleft(), clock=clock))
        return found

    def close(self) -> None:
        """Disconnect."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _begin(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.start(replace(self._position, counts=dict(self._counts)))
        except FeedError as error:
            self._lose(error)
            return
        self.problem, self._wait = "", _FIRST_WAIT

    def _listen(self) -> None:
        if self._connection is None:
            if self._beside is None or time.monotonic() < self._due:
                return
            self.connect(self._beside)
            self._begin()
        if self._connection is None:
            return
        try:
            arrivals = self._connection.receive(0.0)
        except FeedError as error:
            self._lose(error)
            return
        for arrival in arrivals:
            if arrival.piece is not None:
                self._counts[arrival.name] = arrival.piece.first + len(arrival.piece.records)
                self._waiting.append(arrival)

    def _lose(self, error: FeedError) -> None:
        self.close()
        if not self.problem:
            log("companion away", logging.WARNING, feed=self.feed.name, problem=str(error))
        self.problem = f"the feed at {self.feed.name} is away: {error}; it is asked again"
        self._due = time.monotonic() + self._wait
        self._wait = min(2.0 * self._wait, _LONGEST_WAIT)


def _joined(feed: FeedManifest, companion: FeedManifest) -> FeedManifest:
    """What a feed and a companion send together."""
    ours, theirs = feed.notes, companion.notes
    warnings = dict(ours.warnings)
    for symbol, sentences in theirs.warnings.items():
        warnings[symbol] = (*warnings.get(symbol, ()), *sentences)
    notes = Notes(
        ours.source,
        (*ours.notes, *theirs.notes),
        ours.cadence_seconds,
        join_losses(ours.import_losses, theirs.import_losses),
        warnings,
        ours.delay_seconds | theirs.delay_seconds,
    )
    symbols = {**feed.symbols, **companion.symbols}
    return FeedManifest(feed.date, (*feed.streams, *companion.streams), symbols, notes)
