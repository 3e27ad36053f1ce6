"""What a live feed is to those who record it. Each vendor is a module of its own beside this one.

A feed names a session and its streams, says whether it can go on from where a recording stands, and
then gives arrivals. How it divides them, and over what wire they come, is its own affair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from zerodte.errors import ZerodteError
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.tick_assembler import Arrival


class FeedError(ZerodteError, OSError):
    """A feed that cannot be reached, has gone away, or says what makes no sense."""


@dataclass(frozen=True, slots=True)
class FeedStart:
    """What a feed says as it begins to send.

    Attributes:
        now: Its clock, UTC ns.
        speed: How many seconds its clock goes in one of the wall clock's.
        resumed: Whether it goes on after the records that it was told of. If not, quotes and
            trades from before `now` are lost; definitions and statistics never are.
    """

    now: int
    speed: float
    resumed: bool


class FeedConnection(Protocol):
    """A feed that was reached."""

    @property
    def offer(self) -> FeedManifest:
        """The session that it is about to send."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether it has said that nothing more will come."""
        ...

    def start(self, counts: Mapping[str, int]) -> FeedStart:
        """Have it send.

        Args:
            counts: How many records of each stream there are already, by the stream's name. The
                positions of what arrives go on from there.

        Raises:
            FeedError: If it has gone away.
        """
        ...

    def receive(self, timeout: float) -> list[Arrival]:
        """What has arrived, waiting up to `timeout` seconds for the first; perhaps nothing.

        Raises:
            FeedError: If it has gone away, or says what makes no sense.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Feed(Protocol):
    """A live source."""

    @property
    def name(self) -> str:
        """What to call it in messages."""
        ...

    def connect(self) -> FeedConnection:
        """Reach it.

        Raises:
            FeedError: If it cannot be reached.
        """
        ...
