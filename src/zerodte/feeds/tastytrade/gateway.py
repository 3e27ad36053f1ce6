"""DXLink as a gateway of ours speaks it to one client, with the faults of a script."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from websockets.sync.server import ServerConnection

from zerodte.constants import SECOND
from zerodte.feeds.fault_script import Fault, FaultScript
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.tastytrade.event_board import EventBoard
from zerodte.feeds.tastytrade.events import EventTable, TickEvents
from zerodte.feeds.tastytrade.protocol import (
    AUTHORIZED,
    KEEPALIVE_S,
    UNAUTHORIZED,
    DXLinkMessage,
    EventValue,
    decode_message,
    encode_message,
)
from zerodte.feeds.websocket_listener import (
    WEBSOCKET_STEP,
    cut_off,
    slow_parts,
    stay_mute,
    waiting_messages,
)

#: Seconds of the feed's clock without another message, after which a keepalive is sent.
_PAUSE: Final = KEEPALIVE_S / 2.0
_LEAST_PAUSE: Final = 0.25
_TIMEOUT: Final = 30.0  # seconds for a client's first messages
#: Trades of so long are sent again after an overlap, ns.
DXLINK_OVERLAP: Final = 20 * SECOND
#: Values of one message, about.
_MOST_VALUES: Final = 20_000
#: What AUTO means for each kind of event that is sent.
_CONTRACTS: Final = {
    "Quote": "TICKER",
    "Trade": "TICKER",
    "Summary": "TICKER",
    "TimeAndSale": "STREAM",
}


@dataclass(slots=True)
class _ClientChannel:
    """A client's channel: its contract, the fields of events, and what it subscribed to."""

    contract: str
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wanted: dict[str, set[EventValue]] = field(default_factory=dict)


@dataclass(slots=True)
class GatewayState:
    """What one client's faults leave for the next.

    Attributes:
        faults: What goes wrong.
        is_token: Whether a token of quotes is accepted.
        revoke: Ends all tokens.
        refuse: Refuses every key from now on.
        overlap: Trades of so long are sent again to whoever subscribes, ns.
    """

    faults: FaultScript
    is_token: Callable[[str], bool]
    revoke: Callable[[], None]
    refuse: Callable[[], None]
    overlap: int = 0


class DXLinkGateway:
    """Serves one client.

    Args:
        client: Its websocket.
        board: What is sent.
        clock: The feed's clock.
        state: What clients share.
        stopped: Set when the server ends.
    """

    def __init__(
        self,
        client: ServerConnection,
        board: EventBoard,
        clock: FeedClock,
        state: GatewayState,
        stopped: threading.Event,
    ) -> None:
        self._client = client
        self._clock = clock
        self._state = state
        self._stopped = stopped
        self._board = board
        self._ticks: Iterator[TickEvents] | None = None
        self._next: TickEvents | None = None
        self._channels: dict[int, _ClientChannel] = {}
        self._sent = time.monotonic()

    def run(self) -> None:
        """Talk until the client is gone, or the server stops.

        Raises:
            ConnectionClosed: If the client is gone.
            OSError: If a fault says so.
            FeedError: If the client does not speak the protocol.
            TapeError: If the tape is damaged.
        """
        if not self._authorize():
            return
        while not self._stopped.is_set():
            now = self._clock.now()
            self._board.advance(now)
            if self._ticks is not None and self._next is not None and self._next.end <= now:
                self._send_tick(*self._next)
                self._next = next(self._ticks, None)
                self._listen(0.0)
                continue
            end = self._next.end if self._next is not None else now + SECOND
            self._listen(min(self._clock.seconds_until(end), WEBSOCKET_STEP))
            self._keep_alive()

    def _authorize(self) -> bool:
        setup = decode_message(self._client.recv(_TIMEOUT))
        if setup.type != "SETUP":
            self._fail("INVALID_MESSAGE", f"{setup.type}; expected: SETUP")
            return False
        self._send(
            DXLinkMessage(
                "SETUP",
                version=self._clock.greeting(),
                keepalive_timeout=KEEPALIVE_S,
                accept_keepalive_timeout=setup.keepalive_timeout or KEEPALIVE_S,
            )
        )
        self._send(DXLinkMessage("AUTH_STATE", state=UNAUTHORIZED))
        while True:
            message = decode_message(self._client.recv(_TIMEOUT))
            if message.type == "KEEPALIVE":
                continue
            if message.type != "AUTH" or not self._state.is_token(message.token):
                self._fail("UNAUTHORIZED", "the token is not valid")
                return False
            self._send(DXLinkMessage("AUTH_STATE", state=AUTHORIZED))
            return True

    def _listen(self, timeout: float) -> None:
        """Obey the client's messages that have come, waiting for the first."""
        for text in waiting_messages(self._client, timeout):
            self._obey(decode_message(text))

    def _obey(self, message: DXLinkMessage) -> None:
        channel = self._channels.get(message.channel)
        match message.type:
            case "KEEPALIVE":
                return
            case "CHANNEL_REQUEST" if message.service == "FEED":
                contract = message.parameters.get("contract", "AUTO")
                self._channels[message.channel] = _ClientChannel(contract)
                self._send(
                    DXLinkMessage(
                        "CHANNEL_OPENED",
                        message.channel,
                        service="FEED",
                        parameters={"contract": contract},
                    )
                )
            case "CHANNEL_CANCEL":
                self._channels.pop(message.channel, None)
                self._send(DXLinkMessage("CHANNEL_CLOSED", message.channel))
            case "FEED_SETUP" if channel is not None:
                channel.fields.update(message.accept_event_fields)
                self._send(
                    DXLinkMessage(
                        "FEED_CONFIG",
                        message.channel,
                        aggregation_period=message.accept_aggregation_period or 0.0,
                        data_format="COMPACT",
                        event_fields=message.accept_event_fields,
                    )
                )
            case "FEED_SUBSCRIPTION" if channel is not None:
                self._subscribe(message, channel)
            case _:
                self._fail("BAD_ACTION", f"{message.type} on channel {message.channel}")

    def _subscribe(self, message: DXLinkMessage, channel: _ClientChannel) -> None:
        if message.reset:
            channel.wanted.clear()
        for one in message.remove:
            channel.wanted.get(str(one.get("type")), set()).discard(one.get("symbol", ""))
        new: dict[str, list[EventValue]] = {}
        for one in message.add:
            kind, symbol = str(one.get("type")), one.get("symbol", "")
            wanted = channel.wanted.setdefault(kind, set())
            if symbol not in wanted:
                wanted.add(symbol)
                new.setdefault(kind, []).append(symbol)
        if self._ticks is None:
            self._ticks = self._board.ticks(self._clock.now())
            self._next = next(self._ticks, None)
        for kind, symbols in new.items():
            contract = channel.contract
            if (_CONTRACTS.get(kind) if contract == "AUTO" else contract) == "TICKER":
                if (table := self._board.last(kind, symbols)) is not None:
                    self._send_events(message.channel, channel, table)
            elif kind == "TimeAndSale" and self._state.overlap:
                for table in self._board.recent(self._clock.now() - self._state.overlap):
                    self._send_events(message.channel, channel, table.of(set(symbols)))

    def _send_tick(self, end: int, tables: list[EventTable]) -> None:
        for fault in self._state.faults.due(end):
            tables = self._break(fault, tables)
        for table in tables:
            for number, channel in self._channels.items():
                if wanted := channel.wanted.get(table.kind):
                    self._send_events(number, channel, table.of(wanted))

    def _send_events(self, number: int, channel: _ClientChannel, table: EventTable) -> None:
        for message in self._messages(number, channel, table):
            self._send(message)

    def _messages(
        self, number: int, channel: _ClientChannel, table: EventTable
    ) -> Iterator[DXLinkMessage]:
        fields = channel.fields.get(table.kind)
        if not fields:
            return
        values = table.flat(fields)
        step = max(_MOST_VALUES // len(fields), 1) * len(fields)
        for first in range(0, len(values), step):
            part = values[first : first + step]
            yield DXLinkMessage("FEED_DATA", number, data=[table.kind, part])

    def _keep_alive(self) -> None:
        if time.monotonic() - self._sent >= max(_PAUSE / self._clock.speed, _LEAST_PAUSE):
            self._send(DXLinkMessage("KEEPALIVE"))

    def _fail(self, kind: str, text: str) -> None:
        self._send(DXLinkMessage("ERROR", error=kind, message=text))
        raise FeedError(f"a client was refused: {text}")

    def _send(self, message: DXLinkMessage) -> None:
        self._client.send(encode_message(message))
        self._sent = time.monotonic()

    def _all_messages(self, tables: list[EventTable]) -> list[str]:
        """A tick's messages to the client, as texts."""
        return [
            encode_message(message)
            for table in tables
            for number, channel in self._channels.items()
            if (wanted := channel.wanted.get(table.kind))
            for message in self._messages(number, channel, table.of(wanted))
        ]

    def _break(self, fault: Fault, tables: list[EventTable]) -> list[EventTable]:
        """Do what a fault says; returns the events that are still to be sent."""
        draw = self._state.faults.random
        match fault.kind:
            case "cut" | "overlap":
                self._state.overlap = DXLINK_OVERLAP if fault.kind == "overlap" else 0
                text = "".join(self._all_messages(tables)) or "{}"
                cut_off(self._client, text, draw)
                raise OSError(f"a fault: {fault.kind}")
            case "mute":
                stay_mute(self._client, self._stopped)
                raise OSError("a fault: mute")
            case "reorder":
                return [
                    table.rows(draw.sample(range(len(table.symbols)), len(table.symbols)))
                    for table in draw.sample(tables, len(tables))
                ]
            case "garbage":
                self._client.send(f'{{"type":"FEED_DATA","channel":1,"data":[{draw.random()}')
                return tables
            case "slow":
                for text in self._all_messages(tables):
                    self._client.send(slow_parts(text))
                return []
            case "token":
                self._state.revoke()
                self._send(DXLinkMessage("AUTH_STATE", state=UNAUTHORIZED))
                raise OSError("a fault: token")
            case "key":
                self._state.refuse()
                raise OSError("a fault: key")
            case _:
                return tables
