"""A vendor's stream as a gateway of ours speaks it to one client, with the faults of a script."""

import abc
import random
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from websockets.sync.server import ServerConnection

from zerodte.constants import SECOND
from zerodte.feeds.fault_script import Fault, FaultScript
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.message_board import MessageBoard, TapeMessage, TickMessages
from zerodte.feeds.websocket_listener import (
    WEBSOCKET_STEP,
    cut_off,
    slow_parts,
    stay_mute,
    waiting_messages,
)

#: Trades of so long are sent again after an overlap, ns.
STREAM_OVERLAP: Final = 20 * SECOND
#: How long an account is busy after that fault, ns.
_BUSY: Final = 20 * SECOND
#: Messages of a frame at most.
_MOST_MESSAGES: Final = 2_000


@dataclass(slots=True)
class StreamState:
    """What one client's faults leave for the next.

    Attributes:
        faults: What goes wrong.
        overlap: Trades of so long are sent again to whoever subscribes, ns.
        busy_until: Until when another connection counts as there, UTC ns.
        is_refusing: Whether every key is refused.
    """

    faults: FaultScript = field(default_factory=FaultScript)
    overlap: int = 0
    busy_until: int = 0
    is_refusing: bool = False


class StreamGateway(abc.ABC):
    """Serves one client.

    Args:
        client: Its websocket.
        board: What is sent.
        clock: The feed's clock.
        state: What faults leave.
        stopped: Set when the server ends.
    """

    def __init__(
        self,
        client: ServerConnection,
        board: MessageBoard,
        clock: FeedClock,
        state: StreamState,
        stopped: threading.Event,
    ) -> None:
        self._client = client
        self._clock = clock
        self._board = board
        self._faults = state
        self._stopped = stopped
        self._ticks: Iterator[TickMessages] | None = None
        self._next: TickMessages | None = None
        self._quotes: set[str] = set()
        self._trades: set[str] = set()

    def run(self) -> None:
        """Talk until the client is gone, or the server stops.

        Raises:
            ConnectionClosed: If the client is gone.
            OSError: If a fault says so.
            FeedError: If the client does not speak the protocol, or is refused.
            TapeError: If the tape is damaged.
        """
        self._authorize()
        while not self._stopped.is_set():
            now = self._clock.now()
            self._board.advance(now)
            if self._ticks is not None and self._next is not None and self._next.end <= now:
                self._send_tick(self._next)
                self._next = next(self._ticks, None)
                self._listen(0.0)
                continue
            end = self._next.end if self._next is not None else now + SECOND
            self._listen(min(self._clock.seconds_until(end), WEBSOCKET_STEP))

    @abc.abstractmethod
    def _authorize(self) -> None:
        """Let the client in."""

    @abc.abstractmethod
    def _obey(self, content: str | bytes) -> None:
        """Obey a message of the client's."""

    @abc.abstractmethod
    def _frame(self, messages: Sequence[TapeMessage]) -> str | bytes:
        """Messages in the vendor's words."""

    @abc.abstractmethod
    def _garbage(self, draw: random.Random) -> str | bytes:
        """A message that is none."""

    @abc.abstractmethod
    def _skip(self) -> None:
        """Say that messages were left out, as the client is too slow."""

    def _wanted(
        self, tick: TickMessages, quotes: Collection[str], trades: Collection[str]
    ) -> list[TapeMessage]:
        """What subscriptions to some symbols get of a second."""
        return tick.of(quotes, trades)

    def _listen(self, timeout: float) -> None:
        """Obey the client's messages that have come, waiting for the first."""
        for content in waiting_messages(self._client, timeout):
            self._obey(content)

    def _begin(self, new_trades: Collection[str]) -> None:
        """Send from now on, and what a fault repeats of trades that are new to the client."""
        now = self._clock.now()
        if self._ticks is None:
            self._ticks = self._board.ticks(now)
            self._next = next(self._ticks, None)
        if self._faults.overlap:
            for tick in self._board.recent(now - self._faults.overlap):
                self._send_data(self._wanted(tick, (), new_trades))

    def _send_tick(self, tick: TickMessages) -> None:
        messages = self._wanted(tick, self._quotes, self._trades)
        for fault in self._faults.faults.due(tick.end):
            messages = self._break(fault, messages)
        self._send_data(messages)

    def _send_data(self, messages: Sequence[TapeMessage]) -> None:
        for first in range(0, len(messages), _MOST_MESSAGES):
            self._client.send(self._frame(messages[first : first + _MOST_MESSAGES]))

    def _break(self, fault: Fault, messages: list[TapeMessage]) -> list[TapeMessage]:
        """Do what a fault says; returns the messages that are still to be sent."""
        draw = self._faults.faults.random
        match fault.kind:
            case "cut" | "overlap" | "busy":
                self._faults.overlap = STREAM_OVERLAP if fault.kind == "overlap" else 0
                if fault.kind == "busy":
                    self._faults.busy_until = fault.at + _BUSY
                cut_off(self._client, self._frame(messages), draw)
                raise OSError(f"a fault: {fault.kind}")
            case "mute":
                stay_mute(self._client, self._stopped)
                raise OSError("a fault: mute")
            case "close":
                self._client.close()
                raise OSError("a fault: close")
            case "reorder":
                return draw.sample(messages, len(messages))
            case "garbage":
                self._client.send(self._garbage(draw))
                return messages
            case "slow":
                self._client.send(slow_parts(self._frame(messages)))
                return []
            case "skip":
                self._skip()
                return []
            case "key":
                self._faults.is_refusing = True
                raise OSError("a fault: key")
            case _:
                return messages
