"""Alpaca's stream as a gateway of ours speaks it to one client, with the faults of a script."""

import secrets
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec
from websockets.sync.server import ServerConnection

from zerodte.constants import SECOND
from zerodte.feeds.alpaca.account import AlpacaKeys
from zerodte.feeds.alpaca.protocol import (
    MOST_QUOTES,
    AlpacaRequest,
    decode_request,
)
from zerodte.feeds.alpaca.session import AlpacaCode
from zerodte.feeds.fault_script import Fault, FaultScript
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.message_board import Fields, MessageBoard, TapeMessage, TickMessages
from zerodte.feeds.websocket_listener import (
    WEBSOCKET_STEP,
    cut_off,
    slow_parts,
    stay_mute,
    waiting_messages,
)

_TIMEOUT: Final = 30.0  # seconds for a client's first messages
#: Trades of so long are sent again after an overlap, ns.
ALPACA_OVERLAP: Final = 20 * SECOND
#: How long an account is busy after that fault, ns.
_BUSY: Final = 20 * SECOND
#: Messages of a frame at most.
_MOST_MESSAGES: Final = 2_000


@dataclass(slots=True)
class AlpacaGatewayState:
    """What clients share, and what one client's faults leave for the next.

    Attributes:
        faults: What goes wrong.
        keys: Those that clients need; None accepts any.
        most: Contracts of which a connection may have quotes.
        has_opra: Whether the keys are subscribed to OPRA's data.
        overlap: Trades of so long are sent again to whoever subscribes, ns.
        busy_until: Until when another connection counts as there, UTC ns.
        is_refusing: Whether every key is refused.
    """

    faults: FaultScript = field(default_factory=FaultScript)
    keys: AlpacaKeys | None = None
    most: int = MOST_QUOTES
    has_opra: bool = True
    overlap: int = 0
    busy_until: int = 0
    is_refusing: bool = False

    def accepts(self, key: str, secret: str) -> bool:
        """Whether keys are right."""
        keys = self.keys
        is_right = keys is None or (
            secrets.compare_digest(key, keys.key_id.reveal())
            and secrets.compare_digest(secret, keys.secret_key.reveal())
        )
        return is_right and bool(key and secret) and not self.is_refusing


class AlpacaGateway:
    """Serves one client.

    Args:
        client: Its websocket.
        board: What is sent.
        clock: The feed's clock.
        state: What clients share.
        stopped: Set when the server ends.
        feed: What the client asks for: opra or indicative.
    """

    def __init__(
        self,
        client: ServerConnection,
        board: MessageBoard,
        clock: FeedClock,
        state: AlpacaGatewayState,
        stopped: threading.Event,
        feed: str,
    ) -> None:
        self._client = client
        self._clock = clock
        self._state = state
        self._stopped = stopped
        self._feed = feed
        self._board = board
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

    def _authorize(self) -> None:
        greeting = {"T": "success", "msg": "connected", "clock": self._clock.greeting()}
        self._send([greeting])
        request = decode_request(self._client.recv(_TIMEOUT))
        if request.action != "auth":
            self._fail(401, "not authenticated")
        if not self._state.accepts(request.key, request.secret):
            self._fail(AlpacaCode.NOT_AUTHENTICATED, "auth failed")
        if self._state.busy_until > self._clock.now():
            self._fail(AlpacaCode.TOO_MANY_CONNECTIONS, "connection limit exceeded")
        if self._feed == "opra" and not self._state.has_opra:
            self._fail(AlpacaCode.NOT_SUBSCRIBED, "insufficient subscription")
        self._send([{"T": "success", "msg": "authenticated"}])

    def _listen(self, timeout: float) -> None:
        """Obey the client's messages that have come, waiting for the first."""
        for content in waiting_messages(self._client, timeout):
            self._obey(decode_request(content))

    def _obey(self, request: AlpacaRequest) -> None:
        match request.action:
            case "subscribe":
                self._subscribe(request)
            case "unsubscribe":
                self._quotes -= set(request.quotes)
                self._trades -= set(request.trades)
            case "auth":
                self._send([_error(403, "already authenticated")])
                return
            case _:
                self._send([_error(400, "invalid syntax")])
                return
        answer = {"T": "subscription", "trades": sorted(self._trades)}
        self._send([answer | {"quotes": sorted(self._quotes)}])

    def _subscribe(self, request: AlpacaRequest) -> None:
        if "*" in request.quotes:
            self._fail(410, "invalid subscribe action for this feed")
        if len(self._quotes | set(request.quotes)) > self._state.most:
            self._fail(AlpacaCode.TOO_MANY_SYMBOLS, "symbol limit exceeded")
        new = set(request.trades) - self._trades
        self._quotes |= set(request.quotes)
        self._trades |= set(request.trades)
        now = self._clock.now()
        if self._ticks is None:
            self._ticks = self._board.ticks(now)
            self._next = next(self._ticks, None)
        if self._state.overlap:
            for tick in self._board.recent(now - self._state.overlap):
                self._send_data(tick.of((), new))

    def _send_tick(self, tick: TickMessages) -> None:
        messages = tick.of(self._quotes, self._trades)
        for fault in self._state.faults.due(tick.end):
            messages = self._break(fault, messages)
        self._send_data(messages)

    def _send_data(self, messages: list[TapeMessage]) -> None:
        for first in range(0, len(messages), _MOST_MESSAGES):
            self._send(_fields(messages[first : first + _MOST_MESSAGES]))

    def _fail(self, code: int, text: str) -> None:
        self._send([_error(code, text)])
        raise FeedError(f"a client was refused: {text}")

    def _send(self, messages: Collection[Fields]) -> None:
        self._client.send(msgspec.msgpack.encode(messages))

    def _break(self, fault: Fault, messages: list[TapeMessage]) -> list[TapeMessage]:
        """Do what a fault says; returns the messages that are still to be sent."""
        draw = self._state.faults.random
        match fault.kind:
            case "cut" | "overlap" | "busy":
                self._state.overlap = ALPACA_OVERLAP if fault.kind == "overlap" else 0
                if fault.kind == "busy":
                    self._state.busy_until = fault.at + _BUSY
                content = msgspec.msgpack.encode(_fields(messages))
                cut_off(self._client, content, draw)
                raise OSError(f"a fault: {fault.kind}")
            case "mute":
                stay_mute(self._client, self._stopped)
                raise OSError("a fault: mute")
            case "reorder":
                return draw.sample(messages, len(messages))
            case "garbage":
                self._client.send(b"\x91\x83" + draw.randbytes(20))
                return messages
            case "slow":
                self._client.send(slow_parts(msgspec.msgpack.encode(_fields(messages))))
                return []
            case "skip":
                self._send([_error(AlpacaCode.SLOW_CLIENT, "slow client")])
                return []
            case "key":
                self._state.is_refusing = True
                raise OSError("a fault: key")
            case _:
                return messages


def _fields(messages: list[TapeMessage]) -> list[Fields]:
    return [one.fields for one in messages]


def _error(code: int, text: str) -> Fields:
    return {"T": "error", "code": int(code), "msg": text}
