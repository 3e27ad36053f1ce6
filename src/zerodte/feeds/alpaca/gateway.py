"""Alpaca's stream as a gateway of ours speaks it to one client, with the faults of a script."""

import secrets
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from zerodte.constants import SECOND
from zerodte.feeds.alpaca.account import AlpacaKeys
from zerodte.feeds.alpaca.protocol import (
    MOST_QUOTES,
    AlpacaRequest,
    decode_request,
)
from zerodte.feeds.alpaca.session import AlpacaCode
from zerodte.feeds.alpaca.tape_messages import Fields, TapeMessages, TickMessages, as_sent
from zerodte.feeds.fault_script import Fault, FaultScript
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.tape.source import FileSource

_TIMEOUT: Final = 30.0  # seconds for a client's first messages
#: Seconds of waiting at a time, which bounds the delay of a stop.
_STEP: Final = 0.1
#: Trades of so long are sent again after an overlap, ns.
_OVERLAP: Final = 20 * SECOND
#: How long an account is busy after that fault, ns.
_BUSY: Final = 20 * SECOND
#: Slow sending: bytes at a time, and seconds between two parts.
_SLOW_PART, _SLOW_S = 2_000, 0.01
#: Messages of a frame at most.
_MOST_MESSAGES: Final = 2_000
#: A frame of bytes, and that its length follows in 8 bytes.
_BINARY_FRAME: Final = b"\x82\x7f"


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
        tape: What is sent.
        clock: The feed's clock.
        state: What clients share.
        stopped: Set when the server ends.
        feed: What the client asks for: opra or indicative.
    """

    def __init__(
        self,
        client: ServerConnection,
        tape: FileSource,
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
        self._ticks: Iterator[TickMessages] = TapeMessages(tape).ticks()
        self._next: TickMessages | None = None
        self._has_begun = False
        self._quotes: set[str] = set()
        self._trades: set[str] = set()
        self._recent: deque[TickMessages] = deque()

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
            if self._next is not None and self._next.end <= now:
                self._send_tick(self._next)
                self._next = next(self._ticks, None)
                self._listen(0.0)
                continue
            end = self._next.end if self._next is not None else now + SECOND
            self._listen(min(self._clock.seconds_until(end), _STEP))

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
        while True:
            try:
                content = self._client.recv(timeout)
            except TimeoutError:
                return
            self._obey(decode_request(content))
            timeout = 0.0

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
        if not self._has_begun:
            self._catch_up()
        if self._state.overlap:
            since = self._clock.now() - self._state.overlap
            for tick in self._recent:
                if tick.end > since:
                    self._send_data(tick.of((), new))

    def _catch_up(self) -> None:
        """Read the past of the tape, of which nothing is sent."""
        self._has_begun = True
        while (found := next(self._ticks, None)) is not None and found.end <= self._clock.now():
            self._learn(found)
        self._next = found

    def _learn(self, tick: TickMessages) -> None:
        self._recent.append(tick)
        while self._recent and self._recent[0].end < tick.end - _OVERLAP:
            self._recent.popleft()

    def _send_tick(self, tick: TickMessages) -> None:
        self._learn(tick)
        messages = tick.of(self._quotes, self._trades)
        for fault in self._state.faults.due(tick.end):
            messages = self._break(fault, messages)
        self._send_data(messages)

    def _send_data(self, messages: list[Fields]) -> None:
        for first in range(0, len(messages), _MOST_MESSAGES):
            self._send(as_sent(messages[first : first + _MOST_MESSAGES]))

    def _fail(self, code: int, text: str) -> None:
        self._send([_error(code, text)])
        raise FeedError(f"a client was refused: {text}")

    def _send(self, messages: Collection[Fields]) -> None:
        self._client.send(msgspec.msgpack.encode(messages))

    def _break(self, fault: Fault, messages: list[Fields]) -> list[Fields]:
        """Do what a fault says; returns the messages that are still to be sent."""
        draw = self._state.faults.random
        match fault.kind:
            case "cut" | "overlap" | "busy":
                self._state.overlap = _OVERLAP if fault.kind == "overlap" else 0
                if fault.kind == "busy":
                    self._state.busy_until = fault.at + _BUSY
                content = msgspec.msgpack.encode(as_sent(messages))
                frame = _BINARY_FRAME + len(content).to_bytes(8) + content
                self._client.socket.sendall(frame[: draw.randrange(1, len(frame))])
                raise OSError(f"a fault: {fault.kind}")
            case "mute":
                with suppress(ConnectionClosed):
                    while not self._stopped.is_set():
                        with suppress(TimeoutError):
                            self._client.recv(_STEP)  # until the client has had enough
                raise OSError("a fault: mute")
            case "reorder":
                return draw.sample(messages, len(messages))
            case "garbage":
                self._client.send(b"\x91\x83" + draw.randbytes(20))
                return messages
            case "slow":
                self._client.send(_parts(msgspec.msgpack.encode(as_sent(messages))))
                return []
            case "skip":
                self._send([_error(AlpacaCode.SLOW_CLIENT, "slow client")])
                return []
            case "key":
                self._state.is_refusing = True
                raise OSError("a fault: key")
            case _:
                return messages


def _error(code: int, text: str) -> Fields:
    return {"T": "error", "code": int(code), "msg": text}


def _parts(content: bytes) -> Iterator[bytes]:
    """A message in small frames, with time between them."""
    for start in range(0, len(content), _SLOW_PART):
        yield content[start : start + _SLOW_PART]
        time.sleep(_SLOW_S)
