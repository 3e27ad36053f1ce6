"""Tradier's stream as a gateway of ours speaks it to one client, with the faults of a script."""

import secrets
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec
from websockets.sync.server import ServerConnection

from zerodte.constants import SECOND
from zerodte.feeds.fault_script import Fault, FaultScript
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.message_board import Fields, MessageBoard, TapeMessage, TickMessages
from zerodte.feeds.tradier.protocol import TradierSubscription, decode_subscription
from zerodte.feeds.vendor_key import VendorKey
from zerodte.feeds.websocket_listener import (
    WEBSOCKET_STEP,
    cut_off,
    slow_parts,
    stay_mute,
    waiting_messages,
)

_TIMEOUT: Final = 30.0  # seconds for a client's first message
#: Trades of so long are sent again after an overlap, ns.
TRADIER_OVERLAP: Final = 20 * SECOND
#: How long there are too many sessions after that fault, ns.
_BUSY: Final = 20 * SECOND
#: Payloads of a frame at most.
_MOST_PAYLOADS: Final = 2_000
NO_SESSION: Final = "session not found"


@dataclass(slots=True)
class TradierGatewayState:
    """What clients share, and what one client's faults leave for the next.

    Attributes:
        faults: What goes wrong.
        token: That which clients need; None accepts any.
        lifetime: Seconds for which a market session waits to be used.
        overlap: Trades of so long are sent again to whoever subscribes, ns.
        busy_until: Until when there are too many sessions, UTC ns.
        is_refusing: Whether every token is refused.
    """

    faults: FaultScript = field(default_factory=FaultScript)
    token: VendorKey | None = None
    lifetime: float = 300.0
    overlap: int = 0
    busy_until: int = 0
    is_refusing: bool = False
    _sessions: dict[str, float] = field(default_factory=dict)
    _streams: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_streaming(self) -> bool:
        """Whether a client has a stream."""
        return self._streams > 0

    def accepts(self, token: str) -> bool:
        """Whether a token is right."""
        is_right = self.token is None or secrets.compare_digest(token, self.token.reveal())
        return is_right and bool(token) and not self.is_refusing

    def new_session(self, now: int) -> str:
        """A market session; empty if there is one already. `now` in UTC ns."""
        with self._lock:
            if self._streams or self.busy_until > now:
                return ""
            session = secrets.token_hex(16)
            self._sessions[session] = time.monotonic()
            return session

    def use(self, session: str) -> bool:
        """Begin a stream; whether the market session is there, and no other stream."""
        with self._lock:
            begun = self._sessions.get(session)
            if self._streams or begun is None or time.monotonic() > begun + self.lifetime:
                return False
            self._streams += 1
            return True

    def knows(self, session: str) -> bool:
        """Whether a market session of a stream is still there."""
        return session in self._sessions

    def leave(self) -> None:
        """End a stream."""
        with self._lock:
            self._streams -= 1

    def end_sessions(self) -> None:
        """Forget all market sessions."""
        with self._lock:
            self._sessions.clear()


class TradierGateway:
    """Serves one client.

    Args:
        client: Its websocket.
        board: What is sent.
        symbols: Underlyings that are sent, beside the board's contracts.
        clock: The feed's clock.
        state: What clients share.
        stopped: Set when the server ends.
    """

    def __init__(
        self,
        client: ServerConnection,
        board: MessageBoard,
        symbols: Collection[str],
        clock: FeedClock,
        state: TradierGatewayState,
        stopped: threading.Event,
    ) -> None:
        self._client = client
        self._board = board
        self._known = {*board.contracts, *symbols}
        self._clock = clock
        self._state = state
        self._stopped = stopped
        self._ticks: Iterator[TickMessages] | None = None
        self._next: TickMessages | None = None
        self._wanted = TradierSubscription([], "")

    def run(self) -> None:
        """Talk until the client is gone, or the server stops.

        Raises:
            ConnectionClosed: If the client is gone.
            OSError: If a fault says so.
            FeedError: If the client does not speak the protocol.
            TapeError: If the tape is damaged.
        """
        first = decode_subscription(self._client.recv(_TIMEOUT))
        while not self._state.use(first.sessionid):
            self._send_error(NO_SESSION)
            first = decode_subscription(self._client.recv(_TIMEOUT))
        try:
            self._subscribe(first)
            self._stream()
        finally:
            self._state.leave()

    def _stream(self) -> None:
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

    def _listen(self, timeout: float) -> None:
        """Obey the client's messages that have come, waiting for the first."""
        for content in waiting_messages(self._client, timeout):
            request = decode_subscription(content)
            if self._state.knows(request.sessionid):
                self._subscribe(request)
            else:
                self._send_error(NO_SESSION)

    def _subscribe(self, request: TradierSubscription) -> None:
        """Send what a client wants from now on, and nothing else any more."""
        unknown = next((one for one in request.symbols if one not in self._known), None)
        if unknown is not None:
            self._send_error(f"{unknown} is not a valid symbol")
            return
        new = set(request.symbols) - set(self._wanted.symbols)
        self._wanted = request
        now = self._clock.now()
        if self._ticks is None:
            self._ticks = self._board.ticks(now)
            self._next = next(self._ticks, None)
        if self._state.overlap:
            for tick in self._board.recent(now - self._state.overlap):
                self._send_data(self._chosen(tick.of((), new)))

    def _send_tick(self, tick: TickMessages) -> None:
        wanted = set(self._wanted.symbols)
        messages = self._chosen(tick.of(wanted, wanted))
        for fault in self._state.faults.due(tick.end):
            messages = self._break(fault, messages)
        self._send_data(messages)

    def _chosen(self, messages: list[TapeMessage]) -> list[Fields]:
        """What a client's filter and its other wishes leave of some messages."""
        wanted = self._wanted
        return [
            one.fields if wanted.details else _without_details(one.fields)
            for one in messages
            if one.fields["type"] in wanted.filter
            and not (wanted.valid_only and one.fields.get("cancel"))
        ]

    def _send_data(self, payloads: list[Fields]) -> None:
        per_frame = _MOST_PAYLOADS if self._wanted.linebreak else 1
        for first in range(0, len(payloads), per_frame):
            self._client.send(self._frame(payloads[first : first + per_frame]))

    def _frame(self, payloads: list[Fields]) -> str:
        end = "\n" if self._wanted.linebreak else ""
        return "".join(f"{msgspec.json.encode(one).decode()}{end}" for one in payloads)

    def _send_error(self, text: str) -> None:
        self._client.send(msgspec.json.encode({"error": text}).decode())

    def _break(self, fault: Fault, payloads: list[Fields]) -> list[Fields]:
        """Do what a fault says; returns the payloads that are still to be sent."""
        draw = self._state.faults.random
        match fault.kind:
            case "cut" | "overlap" | "busy":
                self._state.overlap = TRADIER_OVERLAP if fault.kind == "overlap" else 0
                if fault.kind == "busy":
                    self._state.busy_until = fault.at + _BUSY
                cut_off(self._client, self._frame(payloads), draw)
                raise OSError(f"a fault: {fault.kind}")
            case "mute":
                stay_mute(self._client, self._stopped)
                raise OSError("a fault: mute")
            case "token":
                self._state.end_sessions()
                self._send_error(NO_SESSION)
                raise OSError("a fault: token")
            case "reorder":
                return draw.sample(payloads, len(payloads))
            case "garbage":
                self._client.send(f'{{"type":"quote","bid":{draw.random()}oops\n')
            case "slow":
                self._client.send(slow_parts(self._frame(payloads)))
                return []
            case "key":
                self._state.is_refusing = True
                raise OSError("a fault: key")
        return payloads


def _without_details(fields: Fields) -> Fields:
    """A timesale without its advanced details."""
    details = ("seq", "flag", "cancel", "correction", "session")
    return {name: one for name, one in fields.items() if name not in details}
