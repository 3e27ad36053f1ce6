"""One session of DXLink: the client's side of a connection."""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zerodte import __version__
from zerodte.constants import MINUTE
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock, greeted_clock
from zerodte.feeds.tastytrade.account import QuoteToken
from zerodte.feeds.tastytrade.protocol import (
    AUTHORIZED,
    EVENT_FIELDS,
    KEEPALIVE_S,
    LARGEST_MESSAGE,
    UNAUTHORIZED,
    DXLinkMessage,
    EventBlock,
    FeedContract,
    decode_message,
    encode_message,
    joined,
    split_events,
    subscriptions,
)
from zerodte.feeds.websocket_reader import WebsocketReader

_TIMEOUT: Final = 10.0  # seconds for each answer
#: Seconds without a message of ours, and without one of theirs at least until they count as dead.
_PAUSE: Final = 20.0
_LEAST_WATCH: Final = 2.0
_CONNECTION: Final = 0
#: How late the data of a delayed level is, ns.
_DELAY: Final = 15 * MINUTE


class DXLinkTokenError(FeedError):
    """A token that is not accepted, or has ended: a new one may be."""


class DXLinkChannel(NamedTuple):
    """A channel.

    Attributes:
        number: Odd, as clients' are.
        contract: TICKER sends the last of each event; STREAM sends every one.
        period: Seconds over which events of a symbol are replaced by the last.
        kinds: The kinds of event that are subscribed to on it.
    """

    number: int
    contract: FeedContract
    period: float
    kinds: tuple[str, ...]


class DXLinkSession:
    """An authorized session.

    Args:
        token: The right to quotes, and where.
        is_loopback: Whether its clock may be another than the world's.
        capture: Folder that gets a copy of what is sent to us, in which no token is; None for none.

    Attributes:
        clock: The feed's clock.
        newest: When the last message that was taken came, UTC ns of that clock.

    Raises:
        DXLinkTokenError: If the token is not accepted.
        FeedError: If the websocket cannot be reached, or does not speak the protocol.
    """

    def __init__(
        self, token: QuoteToken, *, is_loopback: bool, capture: Path | None = None
    ) -> None:
        self.clock = FeedClock(time.time_ns() - (_DELAY if token.is_delayed else 0), 1.0)
        self._fields: dict[int, dict[str, tuple[str, ...]]] = {}
        self._waiting: deque[EventBlock] = deque()
        self._answers: deque[DXLinkMessage] = deque()
        self._reader = WebsocketReader(
            token.url,
            largest=LARGEST_MESSAGE,
            keepalive=encode_message(DXLinkMessage("KEEPALIVE")),
            pause=_PAUSE,
            copy=capture,
        )
        try:
            self._authorize(token, is_loopback)
        except BaseException:
            self._reader.close()
            raise
        self.newest = self.clock.now()

    def open(self, channel: DXLinkChannel) -> None:
        """Open a channel, and learn what it will send.

        Raises:
            FeedError: If the other side does otherwise than it is asked.
        """
        number = channel.number
        fields = {kind: EVENT_FIELDS[kind] for kind in channel.kinds}
        self._fields[number] = dict(fields)
        request = DXLinkMessage(
            "CHANNEL_REQUEST", number, service="FEED", parameters={"contract": channel.contract}
        )
        self._send(request)
        self._expect("CHANNEL_OPENED", number)
        self._send(
            DXLinkMessage(
                "FEED_SETUP",
                number,
                accept_aggregation_period=channel.period,
                accept_data_format="COMPACT",
                accept_event_fields=fields,
            )
        )
        self._expect("FEED_CONFIG", number)

    def subscribe(self, channel: DXLinkChannel, kind: str, symbols: Sequence[str]) -> None:
        """Subscribe to events of some symbols, in parts.

        Raises:
            FeedError: If the connection is lost.
        """
        for message in subscriptions(channel.number, kind, symbols):
            self._send(message)

    def take(self, timeout: float) -> list[EventBlock]:
        """The events that have come, waiting up to `timeout` seconds.

        Raises:
            DXLinkTokenError: If the token has ended.
            FeedError: If the connection is lost, or sends garbage.
        """
        if not self._waiting:
            self._read(timeout)
        self._answers.clear()
        blocks = joined(self._waiting)
        self._waiting.clear()
        return blocks

    def close(self) -> None:
        """End the session."""
        self._reader.close()

    def _authorize(self, token: QuoteToken, is_loopback: bool) -> None:
        self._send(
            DXLinkMessage(
                "SETUP",
                version=f"0.1-zerodte/{__version__}",
                keepalive_timeout=KEEPALIVE_S,
                accept_keepalive_timeout=KEEPALIVE_S,
            )
        )
        setup = self._expect("SETUP", _CONNECTION)
        if is_loopback:
            self.clock = greeted_clock(setup.version) or self.clock
        self._reader.watch = max(KEEPALIVE_S / self.clock.speed, _LEAST_WATCH)
        if self._expect("AUTH_STATE", _CONNECTION).state == UNAUTHORIZED:
            self._send(DXLinkMessage("AUTH", token=token.token.reveal()))
            if self._expect("AUTH_STATE", _CONNECTION).state != AUTHORIZED:
                raise DXLinkTokenError("its websocket does not accept the token that it gave")

    def _expect(self, kind: str, channel: int) -> DXLinkMessage:
        """Wait for an answer; events that come meanwhile wait."""
        deadline = time.monotonic() + _TIMEOUT
        while True:
            while self._answers:
                answer = self._answers.popleft()
                if (answer.type, answer.channel) == (kind, channel):
                    return answer
            rest = deadline - time.monotonic()
            if rest <= 0.0:
                raise FeedError(f"no {kind} within {_TIMEOUT:g} seconds")
            self._read(rest)

    def _read(self, timeout: float) -> None:
        for received, content in self._reader.take(timeout):
            self.newest = self.clock.at(received)
            self._obey(decode_message(content), self.newest)

    def _obey(self, message: DXLinkMessage, received: int) -> None:
        match message.type:
            case "FEED_DATA":
                fields = self._fields.get(message.channel, {})
                self._waiting.extend(split_events(message.data, fields, received))
            case "FEED_CONFIG":
                if message.data_format not in ("", "COMPACT"):
                    raise FeedError(f"data in the form {message.data_format}; expected: COMPACT")
                self._fields.setdefault(message.channel, {}).update(message.event_fields)
                self._answers.append(message)
            case "ERROR":
                text = f"it says {message.error}: {message.message}"
                raise (DXLinkTokenError if message.error == UNAUTHORIZED else FeedError)(text)
            case "AUTH_STATE" if self._fields and message.state == UNAUTHORIZED:
                raise DXLinkTokenError("its token has ended")
            case "CHANNEL_CLOSED":
                raise FeedError(f"it closed channel {message.channel}")
            case "KEEPALIVE":
                pass  # that it came is all that it says
            case _:
                self._answers.append(message)

    def _send(self, message: DXLinkMessage) -> None:
        self._reader.send(encode_message(message))
