"""Massive's streams as a gateway of ours speaks them to one client."""

import random
import secrets
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from websockets.sync.server import ServerConnection

from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.massive.protocol import (
    MOST_QUOTES,
    OPTION_PREFIX,
    QUOTE_KIND,
    STATUS_KIND,
    TRADE_KIND,
    VALUE_KIND,
    decode_request,
    subscription_text,
)
from zerodte.feeds.message_board import Fields, MessageBoard, TapeMessage, TickMessages
from zerodte.feeds.stream_gateway import StreamGateway, StreamState
from zerodte.feeds.vendor_key import VendorKey

_TIMEOUT: Final = 30.0  # seconds for a client's first messages
#: The code of a close that breaks a rule of the server's.
_POLICY: Final = 1008
_TOO_MANY: Final = (
    "Maximum number of websocket connections exceeded. You may only use 1 connections at a time."
)


@dataclass(slots=True)
class MassiveGatewayState(StreamState):
    """What clients share, and what one client's faults leave for the next.

    Attributes:
        key: The one that clients need; None accepts any.
        most: Contracts of which a connection may have quotes.
        has_options: Whether the account may have trades and quotes of options in real time.
        has_indices: Whether it may have values of indices.
        newest: The connection to the cluster of options that came last, which takes the place of
            the one before.
    """

    key: VendorKey | None = None
    most: int = MOST_QUOTES
    has_options: bool = True
    has_indices: bool = True
    newest: object = None

    def accepts(self, key: str) -> bool:
        """Whether a key is right."""
        is_right = self.key is None or secrets.compare_digest(key, self.key.reveal())
        return is_right and bool(key) and not self.is_refusing


class MassiveGateway(StreamGateway):
    """Serves one client.

    Args:
        client: Its websocket.
        board: What is sent.
        clock: The feed's clock.
        state: What clients share.
        stopped: Set when the server ends.
        cluster: What the client asks for: options or indices.
    """

    def __init__(
        self,
        client: ServerConnection,
        board: MessageBoard,
        clock: FeedClock,
        state: MassiveGatewayState,
        stopped: threading.Event,
        cluster: str,
    ) -> None:
        super().__init__(client, board, clock, state, stopped)
        self._state = state
        self._has_values = cluster == "indices"
        self._values: set[str] = set()

    def _authorize(self) -> None:
        self._tell("connected", "Connected Successfully", clock=self._clock.greeting())
        request = decode_request(self._client.recv(_TIMEOUT))
        if request.action != "auth":
            self._fail("error", "not authenticated")
        if not self._state.accepts(request.params):
            self._fail("auth_failed", "authentication failed")
        if self._state.busy_until > self._clock.now():
            self._fail("max_connections", _TOO_MANY)
        self._tell("auth_success", "authenticated")
        if not self._has_values:
            self._state.newest = self

    def _obey(self, content: str | bytes) -> None:
        request = decode_request(content)
        params = [one for one in request.params.split(",") if one]
        match request.action:
            case "subscribe":
                self._subscribe(params)
            case "unsubscribe":
                for one in params:
                    self._held(one).discard(_symbol(one))
                    self._tell("success", f"unsubscribed to: {one}")
            case _:
                self._tell("error", "unknown action")

    def _subscribe(self, params: Sequence[str]) -> None:
        may = self._state.has_indices if self._has_values else self._state.has_options
        own = (VALUE_KIND,) if self._has_values else (QUOTE_KIND, TRADE_KIND)
        new_trades: set[str] = set()
        answers: list[Fields] = []
        for one in params:
            kind, symbol = one.partition(".")[0], _symbol(one)
            held = self._held(one)
            is_full = kind == QUOTE_KIND and (symbol == "*" or len(held) >= self._state.most)
            if kind not in own or not may:
                answers.append(_status("error", "not authorized"))
            elif is_full and symbol not in held:
                answers.append(_status("error", f"no more than {self._state.most} quotes"))
            elif symbol not in held:
                held.add(symbol)
                new_trades.update({symbol} if kind == TRADE_KIND else ())
                answers.append(_status("success", subscription_text(one)))
        if answers:
            self._send(answers)
        self._begin(new_trades)

    def _held(self, subscription: str) -> set[str]:
        """The symbols of the subscription's kind."""
        kinds = {QUOTE_KIND: self._quotes, TRADE_KIND: self._trades}
        return kinds.get(subscription.partition(".")[0], self._values)

    def _wanted(
        self, tick: TickMessages, quotes: Collection[str], trades: Collection[str]
    ) -> list[TapeMessage]:
        if not self._has_values and self._state.newest is not self:
            self._fail("max_connections", _TOO_MANY)
        if self._has_values:
            wanted = self._values
            values = [one for one in tick.messages if one.fields["ev"] == VALUE_KIND]
            return [one for one in values if one.fields["T"] in wanted or "*" in wanted]
        return [
            one for one in super()._wanted(tick, quotes, trades) if one.fields["ev"] != VALUE_KIND
        ]

    def _send_tick(self, tick: TickMessages) -> None:
        if self._has_values:
            # Faults are the other cluster's, whose client would not see one of this.
            self._send_data(self._wanted(tick, (), ()))
        else:
            super()._send_tick(tick)

    def _frame(self, messages: Sequence[TapeMessage]) -> str:
        return _encode([one.fields for one in messages])

    def _garbage(self, draw: random.Random) -> str:
        return f'[{{"ev":"T","p":{draw.randbytes(8).hex()}'

    def _skip(self) -> None:
        self._fail("slow_consumer", "the client reads too slowly")

    def _tell(self, status: str, text: str, **more: str) -> None:
        self._send([_status(status, text) | more])

    def _fail(self, status: str, text: str) -> None:
        """Say why, and hang up."""
        self._tell(status, text)
        self._client.close(_POLICY, status)
        raise FeedError(f"a client was refused: {text}")

    def _send(self, messages: Collection[Fields]) -> None:
        self._client.send(_encode(messages))


def _encode(messages: Collection[Fields]) -> str:
    return msgspec.json.encode(messages).decode()


def _status(status: str, text: str) -> Fields:
    return {"ev": STATUS_KIND, "status": status, "message": text}


def _symbol(subscription: str) -> str:
    """The symbol of a subscription, as tapes have it."""
    return subscription.partition(".")[2].removeprefix(OPTION_PREFIX)
