"""One session of Alpaca's stream: the client's side of a connection."""

import enum
from collections.abc import Sequence
from pathlib import Path

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
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.feed_clock import greeted_clock
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.stream_session import STREAM_PAUSE, StreamSession
from zerodte.feeds.websocket_reader import WebsocketReader


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


class AlpacaSession(StreamSession[AlpacaMessage]):
    """An authorized session.

    Args:
        account: Whose it is.
        capture: Folder that gets a copy of what is sent to us; None for none.

    Raises:
        FeedRefusalError: If the keys or the subscription are not accepted.
        FeedError: If the websocket cannot be reached, or does not speak the protocol.
    """

    kinds = (QUOTE_MESSAGE, TRADE_MESSAGE)

    def __init__(self, account: AlpacaAccount, capture: Path | None = None) -> None:
        self._is_indicative = account.is_indicative
        super().__init__(
            WebsocketReader(
                account.stream_url,
                largest=LARGEST_MESSAGE,
                keepalive="",
                pause=STREAM_PAUSE,
                is_binary=True,
                headers={"Content-Type": "application/msgpack"},
                copy=capture,
                copy_name=("alpaca", "msgpack"),
            )
        )
        try:
            self._authorize(account)
        except BaseException:
            self._reader.close()
            raise
        self._begin()

    def subscribe(self, names: Sequence[str], *, with_trades: bool) -> None:
        """Subscribe to the quotes of some contracts, and to their trades, and wait for that.

        Raises:
            AlpacaLimitError: If they are too many.
            FeedError: If the connection is lost.
        """
        for request in subscriptions(names, with_trades=with_trades):
            self._reader.send(encode_request(request))
            self._expect("subscription")

    def _authorize(self, account: AlpacaAccount) -> None:
        greeting = self._expect("success", "connected")
        self._pace(greeted_clock(greeting.clock) if account.is_loopback else None)
        keys = account.keys
        request = AlpacaRequest("auth", keys.key_id.reveal(), keys.secret_key.reveal())
        self._reader.send(encode_request(request))
        self._expect("success", "authenticated")

    def _expect(self, kind: str, text: str = "") -> AlpacaMessage:
        """Wait for an answer; data that comes meanwhile waits."""
        while True:
            answer = self._await(text or kind)
            if answer.kind == kind and text in ("", answer.text):
                return answer

    def _decode(self, content: str | bytes) -> list[AlpacaMessage]:
        return decode_messages(content)

    def _kind(self, message: AlpacaMessage) -> str:
        return message.kind

    def _obey(self, message: AlpacaMessage, at: int) -> None:
        if message.kind in self.kinds:
            self._accept(message, at)
        elif message.kind == "error":
            self._fail(message)
        else:
            self._answer(message, at)

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
