"""Alpaca's stream as a gateway of ours speaks it to one client."""

import random
import secrets
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from websockets.sync.server import ServerConnection

from zerodte.feeds.alpaca.account import AlpacaKeys
from zerodte.feeds.alpaca.protocol import MOST_QUOTES, AlpacaRequest, decode_request
from zerodte.feeds.alpaca.session import AlpacaCode
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.message_board import Fields, MessageBoard, TapeMessage
from zerodte.feeds.stream_gateway import StreamGateway, StreamState

_TIMEOUT: Final = 30.0  # seconds for a client's first messages


@dataclass(slots=True)
class AlpacaGatewayState(StreamState):
    """What clients share, and what one client's faults leave for the next.

    Attributes:
        keys: Those that clients need; None accepts any.
        most: Contracts of which a connection may have quotes.
        has_opra: Whether the keys are subscribed to OPRA's data.
    """

    keys: AlpacaKeys | None = None
    most: int = MOST_QUOTES
    has_opra: bool = True

    def accepts(self, key: str, secret: str) -> bool:
        """Whether keys are right."""
        keys = self.keys
        is_right = keys is None or (
            secrets.compare_digest(key, keys.key_id.reveal())
            and secrets.compare_digest(secret, keys.secret_key.reveal())
        )
        return is_right and bool(key and secret) and not self.is_refusing


class AlpacaGateway(StreamGateway):
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
        super().__init__(client, board, clock, state, stopped)
        self._state = state
        self._feed = feed

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

    def _obey(self, content: str | bytes) -> None:
        request = decode_request(content)
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
        self._begin(new)

    def _frame(self, messages: Sequence[TapeMessage]) -> bytes:
        return msgspec.msgpack.encode([one.fields for one in messages])

    def _garbage(self, draw: random.Random) -> bytes:
        return b"\x91\x83" + draw.randbytes(20)

    def _skip(self) -> None:
        self._send([_error(AlpacaCode.SLOW_CLIENT, "slow client")])

    def _fail(self, code: int, text: str) -> None:
        self._send([_error(code, text)])
        raise FeedError(f"a client was refused: {text}")

    def _send(self, messages: Collection[Fields]) -> None:
        self._client.send(msgspec.msgpack.encode(messages))


def _error(code: int, text: str) -> Fields:
    return {"T": "error", "code": int(code), "msg": text}
