"""The terminal's websocket as a gateway of ours speaks it to one client, with a script's faults."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from websockets.sync.server import ServerConnection

from zerodte.constants import SECOND
from zerodte.feeds.fault_script import Fault, FaultScript
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.thetadata.event_messages import TerminalBoard, TerminalTick
from zerodte.feeds.thetadata.event_streams import EventStreams, EventUnit, nonsense
from zerodte.feeds.thetadata.events import (
    INDEX_TYPE,
    QUOTE_TYPE,
    RESPONSE_TYPE,
    STATUS_TYPE,
    TRADE_TYPE,
    EventRequest,
    StreamAnswer,
    TerminalState,
    decode_event_request,
)
from zerodte.feeds.websocket_listener import (
    WEBSOCKET_STEP,
    cut_off,
    slow_parts,
    stay_mute,
    waiting_messages,
)

#: Trades of so long are sent again after an overlap, ns.
THETA_OVERLAP: Final = 20 * SECOND
#: Those older than so long before it may come without their quotes, ns: a client has the others.
_BARE: Final = 10 * SECOND
#: How long the terminal is without the vendor after that fault, ns.
_LOST: Final = 20 * SECOND
#: Messages whose prices cannot be: more than a client may believe a connection with.
_NONSENSE: Final = 150
#: One of so many messages is sent slowly.
_SLOW: Final = 20
#: How the terminal might tell why the vendor hung up; its own words are not documented.
TOO_MANY_REQUESTS: Final = "TOO_MANY_REQUESTS"
ALREADY_CONNECTED: Final = "ACCOUNT_ALREADY_CONNECTED"


@dataclass(slots=True)
class TerminalEventState:
    """What clients share, and what one client's faults leave for the next.

    Attributes:
        faults: What goes wrong.
        most: Streams at most.
        has_options: Whether the subscription has live options.
        has_indices: Whether it has live values of indices.
        has_bulk: Whether it has the full trade stream.
        failing: Names of contracts whose requests fail.
        overlap: Trades of so long are sent again to whoever subscribes, ns.
        is_bare: Whether old ones of them come without the quotes before them.
        bare_until: Until when those of a contract do, UTC ns, by its name.
        lost_until: Until when the terminal is without the vendor, UTC ns.
        reason: Why the vendor hung up; empty for nothing said.
        state: The terminal's connection to the vendor before the first request.
        requests: Every request, in order.
    """

    faults: FaultScript = field(default_factory=FaultScript)
    most: int = 15_000
    has_options: bool = True
    has_indices: bool = True
    has_bulk: bool = True
    failing: frozenset[str] = frozenset()
    overlap: int = 0
    is_bare: bool = False
    bare_until: Mapping[str, int] = field(default_factory=dict)
    lost_until: int = 0
    reason: str = ""
    state: TerminalState = TerminalState.DISCONNECTED
    requests: list[EventRequest] = field(default_factory=list)


class TerminalEventGateway:
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
        board: TerminalBoard,
        clock: FeedClock,
        state: TerminalEventState,
        stopped: threading.Event,
    ) -> None:
        self._client = client
        self._board = board
        self._clock = clock
        self._state = state
        self._stopped = stopped
        self._streams = EventStreams()
        self._ticks: Iterator[TerminalTick] | None = None
        self._next: TerminalTick | None = None

    def run(self) -> None:
        """Talk until the client is gone, or the server stops.

        Raises:
            ConnectionClosed: If the client is gone.
            OSError: If a fault says so.
            FeedError: If the client does not speak the protocol.
            TapeError: If the tape is damaged.
        """
        self._send_status(clock=self._clock.greeting())
        due = self._clock.now() + SECOND
        while not self._stopped.is_set():
            now = self._clock.now()
            self._board.advance(now)
            if now >= due:
                self._send_status()
                due = now + SECOND
            if self._ticks is not None and self._next is not None and self._next.end <= now:
                self._send_tick(self._next)
                self._next = next(self._ticks, None)
                self._listen(0.0)
                continue
            end = min(due, self._next.end if self._next is not None else due)
            self._listen(min(self._clock.seconds_until(end), WEBSOCKET_STEP))

    @property
    def _status(self) -> TerminalState:
        return TerminalState.DISCONNECTED if self._is_lost else self._state.state

    @property
    def _is_lost(self) -> bool:
        is_final = self._state.reason == ALREADY_CONNECTED
        return is_final or self._state.lost_until > self._clock.now()

    def _send_status(self, **fields: str) -> None:
        if self._status is TerminalState.DISCONNECTED and self._state.reason:
            fields["reason"] = self._state.reason
        self._send({"type": STATUS_TYPE, "status": self._status} | fields)

    def _send(self, header: dict[str, Any]) -> None:
        self._client.send(msgspec.json.encode({"header": header}).decode())

    def _listen(self, timeout: float) -> None:
        """Obey the client's messages that have come, waiting for the first."""
        for content in waiting_messages(self._client, timeout):
            self._obey(decode_event_request(content))

    def _obey(self, request: EventRequest) -> None:
        self._state.requests.append(request)
        if request.msg_type == "STOP":
            self._streams = EventStreams()
            return
        if self._is_lost or self._state.state is TerminalState.UNVERIFIED:
            answer = StreamAnswer.ERROR
        else:
            # It connects with the first request.
            self._state.state, self._state.reason = TerminalState.CONNECTED, ""
            answer = self._subscribe(request)
        header = {"type": RESPONSE_TYPE, "status": self._status}
        self._send(header | {"response": answer, "req_id": request.id})

    def _subscribe(self, request: EventRequest) -> StreamAnswer:
        name = _name(request)
        is_index = request.sec_type == INDEX_TYPE
        is_bulk = request.msg_type == "STREAM_BULK"
        if not (self._state.has_indices if is_index else self._state.has_options) or (
            is_bulk and not self._state.has_bulk
        ):
            return StreamAnswer.INVALID_PERMS
        if name in self._state.failing or (not name and not is_bulk):
            return StreamAnswer.ERROR
        streams = self._streams
        chosen = streams.quotes if request.req_type == QUOTE_TYPE else streams.trades
        if self._ticks is None:
            self._start()
        if is_bulk:
            streams.is_bulk = request.add
        elif not request.add:
            chosen.discard(name)
        elif name not in chosen and streams.count >= self._state.most:
            return StreamAnswer.MAX_STREAMS_REACHED
        else:
            self._begin(name, chosen, is_trade=request.req_type == TRADE_TYPE)
        return StreamAnswer.SUBSCRIBED

    def _begin(self, name: str, chosen: set[str], *, is_trade: bool) -> None:
        if self._state.overlap and is_trade and name not in chosen:
            bare_until = self._state.bare_until.get(name, 0)
            for tick in self._board.recent(self._clock.now() - self._state.overlap):
                if self._next is None or tick.end < self._next.end:
                    units = [one for one in tick.units if one.name == name and one.trade]
                    quoted = set() if tick.end <= bare_until else {name}
                    self._send_units(EventStreams(quoted, {name}), units)
        chosen.add(name)

    def _start(self) -> None:
        self._ticks = self._board.ticks(self._clock.now())
        self._next = next(self._ticks, None)

    def _send_tick(self, tick: TerminalTick) -> None:
        units = tick.units
        for fault in self._state.faults.due(tick.end):
            units = self._break(fault, units)
        self._send_units(self._streams, units)

    def _send_units(self, streams: EventStreams, units: Iterable[EventUnit]) -> None:
        for unit in units:
            for message in streams.messages(unit):
                self._client.send(message)

    def _break(self, fault: Fault, units: list[EventUnit]) -> list[EventUnit]:
        """Do what a fault says; returns the units that are still to be sent."""
        draw = self._state.faults.random
        messages = [one for unit in units for one in self._streams.messages(unit)]
        match fault.kind:
            case "cut" | "overlap":
                self._state.overlap = THETA_OVERLAP if fault.kind == "overlap" else 0
                if self._state.is_bare:
                    self._state.bare_until = dict.fromkeys(self._streams.trades, fault.at - _BARE)
                for message in messages[: len(messages) // 2]:
                    self._client.send(message)
                cut_off(self._client, messages[len(messages) // 2] if messages else "{}", draw)
                raise OSError(f"a fault: {fault.kind}")
            case "mute":
                stay_mute(self._client, self._stopped)
                raise OSError("a fault: mute")
            case "reorder":
                return draw.sample(units, len(units))
            case "garbage":
                self._client.send('{"header":{"type":"QUOTE",' + draw.randbytes(10).hex())
                return units
            case "nonsense":
                mine = [one for one in units if any(self._streams.messages(one))]
                for _ in range(-(-_NONSENSE // max(len(mine), 1))):
                    self._send_units(self._streams, nonsense(mine, draw))
                return units
            case "slow":
                for place, message in enumerate(messages):
                    self._client.send(slow_parts(message) if place % _SLOW == 0 else message)
                return []
            case "lost" | "busy" | "key":
                self._lose(fault)
                return []
            case _:
                return units

    def _lose(self, fault: Fault) -> None:
        """Lose the vendor: nothing more comes, and the terminal says so."""
        self._state.lost_until = self._clock.now() + _LOST
        if fault.kind == "busy":
            self._state.reason = TOO_MANY_REQUESTS
        if fault.kind == "key":
            self._state.reason = ALREADY_CONNECTED
        self._streams = EventStreams()
        self._send_status()


def _name(request: EventRequest) -> str:
    """What a request is about, as units are named."""
    if request.contract is None:
        return ""
    return request.contract.root if request.sec_type == INDEX_TYPE else request.contract.name
