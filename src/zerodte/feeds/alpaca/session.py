"""One session of Alpaca's stream: the client's side of a connection."""

import enum
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from zerodte.feeds.alpaca.account import NEEDS_OPRA, AlpacaAccount
from zerodte.feeds.alpaca.protocol import (
    LARGEST_MESSAGE,
    QUOTE_MESSAGE,
    TRADE_MESSAGE,
    AlpacaMessage,
    AlpacaRequest,
    decode_messages,
    encode_request,
    subscriptions,
)
from zerodte.feeds.alpaca.records import MessageBlock
from zerodte.feeds.data_watch import DataWatch
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.feed_clock import FeedClock, greeted_clock
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.websocket_reader import WebsocketReader

_TIMEOUT: Final = 10.0  # seconds for each answer
#: Seconds between two pings.
_PAUSE: Final = 5.0
#: Seconds without data within a session, or without a pong outside, until it counts as dead.
_WATCH: Final = 60.0
_LEAST_WATCH: Final = 2.0


class AlpacaCode(enum.IntEnum):
    """Codes of errors that mean more than that a connection has ended."""

    NOT_AUTHENTICATED = 402
    TOO_MANY_SYMBOLS = 405
    TOO_MANY_CONNECTIONS = 406
    SLOW_CLIENT = 407
    NOT_SUBSCRIBED = 409
    NOT_IN_SCOPE = 411


class AlpacaLimitError(FeedError):
    """More contracts than a connection may have quotes of."""


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


class AlpacaSession:
    """An authorized session.

    The stream has no messages but data, and may be mute while it is open. So within the market's
    session only data moves the clock: a stream that is mute holds it up. Outside, pongs do too.

    Args:
        account: Whose it is.
        capture: Folder that gets a copy of what is sent to us; None for none.

    Attributes:
        clock: The feed's clock.
        newest: When the last message that was taken came, UTC ns of that clock.
        lost: What the vendor left out; whoever has read it empties it.

    Raises:
        FeedRefusalError: If the keys or the subscription are not accepted.
        FeedError: If the websocket cannot be reached, or does not speak the protocol.
    """

    def __init__(self, account: AlpacaAccount, capture: Path | None = None) -> None:
        self.clock = FeedClock(time.time_ns(), 1.0)
        self.lost: list[LostMessages] = []
        self.newest = 0
        self._is_indicative = account.is_indicative
        self._waiting: list[tuple[int, AlpacaMessage]] = []
        self._answers: deque[AlpacaMessage] = deque()
        self._slow: tuple[int, str] | None = None
        self._watch = DataWatch(_WATCH)
        self._reader = WebsocketReader(
            account.stream_url,
            largest=LARGEST_MESSAGE,
            keepalive="",
            pause=_PAUSE,
            is_binary=True,
            headers={"Content-Type": "application/msgpack"},
            copy=capture,
            copy_name=("alpaca", "msgpack"),
        )
        try:
            self._authorize(account)
        except BaseException:
            self._reader.close()
            raise
        self.newest = self.clock.now()
        self._watch.begin(self.newest)

    def subscribe(self, names: Sequence[str], *, with_trades: bool) -> None:
        """Subscribe to the quotes of some contracts, and to their trades, and wait for that.

        Raises:
            AlpacaLimitError: If they are too many.
            FeedError: If the connection is lost.
        """
        for request in subscriptions(names, with_trades=with_trades):
            self._reader.send(encode_request(request))
            self._expect("subscription")

    def take(self, timeout: float) -> list[MessageBlock]:
        """The data that has come, waiting up to `timeout` seconds; a block of each kind.

        Raises:
            FeedError: If the connection is lost or mute, or sends garbage.
        """
        if not self._waiting:
            self._read(timeout)
        found = []
        for kind in (QUOTE_MESSAGE, TRADE_MESSAGE):
            mine = [(at, message) for at, message in self._waiting if message.kind == kind]
            if mine:
                times = np.array([at for at, _ in mine], np.int64)
                found.append(MessageBlock(kind, times, [message for _, message in mine]))
        self._waiting.clear()
        return found

    def close(self) -> None:
        """End the session."""
        self._reader.close()

    def _authorize(self, account: AlpacaAccount) -> None:
        greeting = self._expect("success", "connected")
        if account.is_loopback:
            self.clock = greeted_clock(greeting.clock) or self.clock
        self._watch.seconds = max(_WATCH / self.clock.speed, _LEAST_WATCH)
        self._reader.watch = max(self._watch.seconds, 2.0 * _PAUSE)
        keys = account.keys
        request = AlpacaRequest("auth", keys.key_id.reveal(), keys.secret_key.reveal())
        self._reader.send(encode_request(request))
        self._expect("success", "authenticated")

    def _expect(self, kind: str, text: str = "") -> AlpacaMessage:
        """Wait for an answer; data that comes meanwhile waits."""
        deadline = time.monotonic() + _TIMEOUT
        while True:
            while self._answers:
                answer = self._answers.popleft()
                if answer.kind == kind and text in ("", answer.text):
                    return answer
            rest = deadline - time.monotonic()
            if rest <= 0.0:
                raise FeedError(f"no {text or kind} within {_TIMEOUT:g} seconds")
            self._read(rest)

    def _read(self, timeout: float) -> None:
        for received, content in self._reader.take(timeout):
            at = self.clock.at(received)
            if not content:
                if not self._watch.is_open(at):
                    self.newest = at
                    self._watch.hear()
                continue
            self._watch.hear()
            for message in decode_messages(content):
                self._obey(message, at)
        self._watch.check(self.clock.now())

    def _obey(self, message: AlpacaMessage, at: int) -> None:
        if message.kind in (QUOTE_MESSAGE, TRADE_MESSAGE):
            if self._slow is not None:
                since, reason = self._slow
                self.lost.append(LostMessages(since, at, reason))
                self._slow = None
            self.newest = at
            self._waiting.append((at, message))
        elif message.kind == "error":
            self._fail(message)
        else:
            self.newest = at
            self._answers.append(message)

    def _fail(self, error: AlpacaMessage) -> None:
        text = f"it says {error.code}: {error.text}"
        match error.code:
            case AlpacaCode.SLOW_CLIENT:
                reason = f"the vendor skipped records: {error.text}"
                self._slow = self._slow or (self.newest, reason)
            case AlpacaCode.TOO_MANY_SYMBOLS:
                raise AlpacaLimitError(text)
            case AlpacaCode.TOO_MANY_CONNECTIONS:
                raise VendorBusyError(f"{text}; one program at a time may listen with an account")
            case AlpacaCode.NOT_SUBSCRIBED | AlpacaCode.NOT_IN_SCOPE:
                raise FeedRefusalError(text if self._is_indicative else f"{text}; {NEEDS_OPRA}")
            case AlpacaCode.NOT_AUTHENTICATED:
                raise FeedRefusalError(f"{text}; check the keys")
            case _:
                raise FeedError(text)
