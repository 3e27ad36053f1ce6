"""Sessions of Massive's streams: the client's side of a connection to a cluster."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.feed_clock import greeted_clock
from zerodte.feeds.massive.account import NEEDS_OPTIONS, MassiveAccount
from zerodte.feeds.massive.protocol import (
    ALL_TRADES,
    LARGEST_MESSAGE,
    QUOTE_KIND,
    STATUS_KIND,
    TRADE_KIND,
    VALUE_KIND,
    MassiveMessage,
    MassiveRequest,
    decode_messages,
    encode_request,
    quote_subscriptions,
    subscribed,
)
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.stream_session import STREAM_PAUSE, LostMessages, StreamSession
from zerodte.feeds.websocket_reader import WebsocketReader

#: The vendor's words for a subscription that the plan does not have.
_NOT_AUTHORIZED: Final = "not authorized"
_TAKEN: Final = (
    "another program has connected with this account, of which one at a time may listen to a "
    "cluster; close one of them and restart"
)


class MassiveLimitError(FeedError):
    """More quotes than a connection may have."""


class MassiveSession(StreamSession[MassiveMessage]):
    """An authorized session with a cluster.

    Args:
        account: Whose it is.
        cluster: options or indices.
        capture: Folder that gets a copy of what is sent to us; None for none.

    Raises:
        FeedRefusalError: If the key or the subscription is not accepted.
        FeedError: If the websocket cannot be reached, or does not speak the protocol.
    """

    kinds = (QUOTE_KIND, TRADE_KIND, VALUE_KIND)

    def __init__(
        self, account: MassiveAccount, cluster: str = "options", capture: Path | None = None
    ) -> None:
        super().__init__(
            WebsocketReader(
                account.stream_url(cluster),
                largest=LARGEST_MESSAGE,
                keepalive="",
                pause=STREAM_PAUSE,
                copy=capture,
                copy_name=(f"massive.{cluster}", "jsonl"),
            )
        )
        self._is_authorized = False
        self._told = 0
        self._ending = ""
        try:
            self._authorize(account)
        except BaseException:
            self._reader.close()
            raise
        self._begin()

    def subscribe_trades(self) -> None:
        """Subscribe to all trades of the market, and wait until that is in effect.

        Raises:
            FeedRefusalError: If the plan does not have them.
            FeedError: If the connection is lost.
        """
        self._subscribe([ALL_TRADES])

    def subscribe_quotes(self, names: Sequence[str]) -> None:
        """Subscribe to the quotes of some contracts, and wait until that is in effect.

        Raises:
            FeedRefusalError: If the plan does not have them.
            MassiveLimitError: If they are too many.
            FeedError: If the connection is lost.
        """
        for part in quote_subscriptions(names):
            self._subscribe(part)

    def subscribe_values(self, names: Sequence[str]) -> None:
        """Subscribe to the values of some indices, and wait until that is in effect.

        Raises:
            FeedRefusalError: If the plan does not have them.
            FeedError: If the connection is lost.
        """
        self._subscribe([f"{VALUE_KIND}.{name}" for name in names])

    def _authorize(self, account: MassiveAccount) -> None:
        greeting = self._expect("connected")
        self._pace(greeted_clock(greeting.clock) if account.is_loopback else None)
        self._reader.send(encode_request(MassiveRequest("auth", account.key.reveal())))
        self._expect("auth_success")
        self._is_authorized = True

    def _subscribe(self, wanted: Sequence[str]) -> None:
        missing = set(wanted)
        self._reader.send(encode_request(MassiveRequest("subscribe", ",".join(wanted))))
        while missing:
            answer = self._await("confirmation of a subscription")
            if answer.status == "error":
                text = f"it says error: {answer.text}"
                if _NOT_AUTHORIZED in answer.text.lower():
                    raise FeedRefusalError(f"{text}; {NEEDS_OPTIONS}")
                raise MassiveLimitError(text)
            missing -= set(subscribed(answer.text))

    def _expect(self, status: str) -> MassiveMessage:
        """Wait for a status; data that comes meanwhile waits."""
        while True:
            answer = self._await(status)
            if answer.status == status:
                return answer
            if answer.status == "error":
                raise FeedError(f"it says error: {answer.text}")

    def _read(self, timeout: float) -> None:
        try:
            super()._read(timeout)
        except FeedRefusalError:
            raise
        except FeedError as error:
            raise FeedError(f"{self._ending}; {error}") if self._ending else error from None

    def _decode(self, content: str | bytes) -> list[MassiveMessage]:
        return decode_messages(content)

    def _kind(self, message: MassiveMessage) -> str:
        return message.kind

    def _obey(self, message: MassiveMessage, at: int) -> None:
        if message.kind in self.kinds:
            self._told = max(self._told, message.time)
            self._accept(message, at)
        elif message.kind == STATUS_KIND:
            self._heed(message, at)

    def _heed(self, message: MassiveMessage, at: int) -> None:
        """Take a status: an answer, or why the connection will end."""
        text = f"it says {message.status}: {message.text}"
        match message.status:
            case "auth_failed":
                raise FeedRefusalError(f"{text}; check the key")
            case "max_connections" if self._is_authorized:
                raise FeedRefusalError(f"{text}; {_TAKEN}")
            case "max_connections":
                # One that broke may still count there.
                raise VendorBusyError(f"{text}; one program at a time may listen with an account")
            case "slow_consumer":
                # What waited there is older than what has come, and is lost with the connection.
                since = min(self._told or self.newest, self.newest)
                reason = f"the vendor skipped records: {message.text}"
                self.lost.append(LostMessages(since, at, reason))
                self.newest, self._ending = at, text
            case "auth_timeout" | "force_disconnect":
                raise FeedError(text)
            case _:
                self._answer(message, at)
