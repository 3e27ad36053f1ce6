"""One session of a vendor's stream: the client's side of a websocket with quotes and trades.

Such a stream has no messages but data, and may be mute while it is open. So within the market's
session only data moves the clock: a stream that is mute holds it up. Outside, pongs do too.
"""

import abc
import time
from collections import deque
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from zerodte.feeds.contract_records import Message, MessageBlock
from zerodte.feeds.data_watch import DataWatch
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.websocket_reader import WebsocketReader

#: Seconds between two pings.
STREAM_PAUSE: Final = 5.0
_TIMEOUT: Final = 10.0  # seconds for each answer
#: Seconds without data within a session, or without a pong outside, until it counts as dead.
_WATCH: Final = 60.0
_LEAST_WATCH: Final = 2.0


class LostMessages(NamedTuple):
    """Messages that the vendor left out.

    Attributes:
        since: When the last one before them came, UTC ns.
        until: When the first one after them came.
        reason: Why, in words.
    """

    since: int
    until: int
    reason: str


class StreamSession(abc.ABC, Generic[Message]):
    """A session, which its vendor's own class authorizes.

    Args:
        reader: The websocket.

    Attributes:
        kinds: What the vendor calls quotes and trades, in the order in which they are taken.
        clock: The feed's clock.
        newest: When the last message that was taken came, UTC ns of that clock.
        lost: What the vendor left out; whoever has read it empties it.
    """

    kinds: tuple[str, ...]

    def __init__(self, reader: WebsocketReader) -> None:
        self.clock = FeedClock(time.time_ns(), 1.0)
        self.lost: list[LostMessages] = []
        self.newest = 0
        self._reader = reader
        self._waiting: list[tuple[int, Message]] = []
        self._answers: deque[Message] = deque()
        self._slow: tuple[int, str] | None = None
        self._watch = DataWatch(_WATCH)

    @property
    def oldest(self) -> int:
        """When the first message that waits came, UTC ns; else when the newest did."""
        return self._waiting[0][0] if self._waiting else self.newest

    def take(self, timeout: float) -> list[MessageBlock[Message]]:
        """The data that has come, waiting up to `timeout` seconds; a block of each kind.

        Raises:
            FeedError: If the connection is lost or mute, or sends garbage.
        """
        if not self._waiting:
            self._read(timeout)
        found = []
        for kind in self.kinds:
            mine = [one for one in self._waiting if self._kind(one[1]) == kind]
            if mine:
                times = np.array([at for at, _ in mine], np.int64)
                found.append(MessageBlock(kind, times, [message for _, message in mine]))
        self._waiting.clear()
        return found

    def close(self) -> None:
        """End the session."""
        self._reader.close()

    @abc.abstractmethod
    def _decode(self, content: str | bytes) -> list[Message]:
        """The messages of a frame."""

    @abc.abstractmethod
    def _kind(self, message: Message) -> str:
        """What the vendor calls the kind of a message."""

    @abc.abstractmethod
    def _obey(self, message: Message, at: int) -> None:
        """Take a message that came at a time (UTC ns): data, an answer, or an error."""

    def _pace(self, clock: FeedClock | None) -> None:
        """Go by the clock of a server of ours; None for the world's."""
        self.clock = clock or self.clock
        self._watch.seconds = max(_WATCH / self.clock.speed, _LEAST_WATCH)
        self._reader.watch = max(self._watch.seconds, 2.0 * STREAM_PAUSE)

    def _begin(self) -> None:
        """Watch over the data from now on."""
        self.newest = self.clock.now()
        self._watch.begin(self.newest)

    def _accept(self, message: Message, at: int) -> None:
        """Take data."""
        if self._slow is not None:
            since, reason = self._slow
            self.lost.append(LostMessages(since, at, reason))
            self._slow = None
        self.newest = at
        self._waiting.append((at, message))

    def _answer(self, message: Message, at: int) -> None:
        """Take an answer."""
        self.newest = at
        self._answers.append(message)

    def _await(self, what: str) -> Message:
        """Wait for the next answer; data that comes meanwhile waits.

        Args:
            what: What is waited for, in words.
        """
        deadline = time.monotonic() + _TIMEOUT
        while not self._answers:
            rest = deadline - time.monotonic()
            if rest <= 0.0:
                raise FeedError(f"no {what} within {_TIMEOUT:g} seconds")
            self._read(rest)
        return self._answers.popleft()

    def _read(self, timeout: float) -> None:
        for received, content in self._reader.take(timeout):
            at = self.clock.at(received)
            if not content:
                if not self._watch.is_open(at):
                    self.newest = at
                    self._watch.hear()
                continue
            self._watch.hear()
            for message in self._decode(content):
                self._obey(message, at)
        self._watch.check(self.clock.now())


AnySession = TypeVar("AnySession", bound=StreamSession[Any])
