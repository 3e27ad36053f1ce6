"""The interface of a live feed. Each vendor's feed is a module beside this one.

A feed describes a session and its streams, tells whether it can resume a recording, and then sends
arrivals. Their size and the transport are up to the feed.
"""

from dataclasses import dataclass
from typing import Protocol

from zerodte.errors import ZerodteError
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.sidecars import Notes
from zerodte.tape.tick_assembler import Arrival


class FeedError(ZerodteError, OSError):
    """A feed that cannot be reached, has disconnected, or sends invalid data."""


class FeedRefusalError(FeedError):
    """A feed that will not let us in, however often it is asked: a wrong key, no subscription."""


@dataclass(frozen=True, slots=True)
class FeedStart:
    """A feed's answer to a request to start.

    Attributes:
        now: Its clock, UTC ns.
        speed: Seconds of its clock per second of the wall clock.
        resumed: Whether it sends everything after the records that the client has. If not, quotes
            and trades from before `now` are lost; definitions and statistics never are.
        is_gapless: Whether it sends every second, however late, so that no second may pass while
            it is away.
    """

    now: int
    speed: float
    resumed: bool
    is_gapless: bool = False


class FeedConnection(Protocol):
    """A connection to a feed."""

    @property
    def manifest(self) -> FeedManifest:
        """The session that the feed is about to send."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether the feed has announced the end of the session."""
        ...

    @property
    def refused_count(self) -> int:
        """Records of this connection that were refused: blanked, as no tape can hold them."""
        ...

    def start(self, position: RecordingPosition) -> FeedStart:
        """Ask the feed to start sending.

        Args:
            position: What the client has of each stream. The positions of arrivals continue from
                its counts. A feed that does not count its records asks for those since a time,
                and leaves out the ones that the client has.

        Raises:
            FeedError: If the feed has disconnected.
        """
        ...

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals, waiting up to `timeout` seconds for the first; perhaps none.

        Raises:
            FeedError: If the feed has disconnected or sends invalid data.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class CompanionFeed(Protocol):
    """A source that sends what another feed lacks, and which that feed can go on without.

    Attributes:
        streams: What it sends.
        notes: Facts for readers of the recorded tape.
    """

    streams: tuple[FeedStream, ...]
    notes: Notes

    @property
    def name(self) -> str:
        """Its name in messages."""
        ...

    def warnings(self) -> list[str]:
        """What users have to know of it while it is there."""
        ...

    def connect(self, beside: FeedManifest) -> FeedConnection:
        """Connect to it.

        Args:
            beside: The session of the feed that it completes.

        Raises:
            FeedError: If it cannot be reached.
        """
        ...


class Feed(Protocol):
    """A live source."""

    @property
    def name(self) -> str:
        """Its name in messages."""
        ...

    def connect(self) -> FeedConnection:
        """Connect to the feed.

        Raises:
            FeedError: If it cannot be reached, or while `interrupt` is called.
        """
        ...

    def interrupt(self) -> None:
        """End a long wait of `connect`; called from any thread."""
        ...
