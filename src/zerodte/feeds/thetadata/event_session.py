"""A session with the events of ThetaData's terminal: subscriptions, statuses, and what is sent.

The terminal holds one connection to the vendor and lets one client listen. It keeps the streams of
a client that is gone, so every session stops them first.
"""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from zerodte.feeds.data_watch import DataWatch
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock, greeted_clock
from zerodte.feeds.thetadata.events import (
    INDEX_TYPE,
    LARGEST_EVENT,
    OPTION,
    QUOTE_TYPE,
    RESPONSE_TYPE,
    TRADE_TYPE,
    EventContract,
    EventHeader,
    EventMessage,
    EventRequest,
    StreamAnswer,
    TerminalEvents,
    TerminalState,
    decode_event,
    encode_event_request,
)
from zerodte.feeds.thetadata.terminal_host import START_TERMINAL
from zerodte.feeds.thetadata.terminal_words import (
    MOST_TEXT,
    ThetaStreamLimitError,
    check_reason,
    refused_answer,
    said_answer,
)
from zerodte.feeds.websocket_reader import WebsocketReader

#: The websocket's port is so far above that of REST: 25520 and 25503.
EVENTS_PORT_OFFSET: Final = 17
_PATH: Final = "/v1/events"
#: Seconds for an answer.
_TIMEOUT: Final = 10.0
#: Seconds without a message, of which there is one each second; and without data in a session.
_WATCH: Final = 15.0
_DATA_WATCH: Final = 60.0
_LEAST_WATCH: Final = 2.0
#: Requests whose answers are waited for together.
_PART: Final = 100


class ThetaEventSession:
    """A connection to the websocket of the terminal.

    The terminal tells each second that it is there, which says nothing about the vendor's data. So
    within the market's session only data moves the clock; outside, its statuses do too.

    Args:
        url: Where the terminal answers REST; its websocket has a port of its own.
        is_loopback: Whether that is this machine.
        first_id: Of the first request.
        capture: Folder that gets a copy of what is sent to us; None for none.

    Attributes:
        clock: The feed's clock.
        newest: When the last message that counts came, UTC ns of that clock.
        next_id: Of the next request.
        failed: Contracts of which a stream was answered with an `ERROR`, by their names; another
            thread may look at it.

    Raises:
        FeedRefusalError: If the login is not accepted.
        FeedError: If the terminal does not run, or does not speak the protocol.
    """

    def __init__(
        self,
        url: str,
        *,
        is_loopback: bool,
        first_id: int = 0,
        capture: Path | None = None,
    ) -> None:
        self.clock = FeedClock(time.time_ns(), 1.0)
        self.newest = 0
        self.next_id = first_id
        self.failed: frozenset[str] = frozenset()
        self._accepted = 0
        self._is_connected = False
        self._status = ""
        self._waiting: list[tuple[int, EventMessage]] = []
        self._answers: dict[int, EventHeader | None] = {}
        self._first: EventHeader | None = None
        self._data_watch = DataWatch(_DATA_WATCH)
        self._is_watched = False
        try:
            self._reader = WebsocketReader(
                events_url(url),
                largest=LARGEST_EVENT,
                keepalive="",
                pause=float("inf"),
                copy=capture,
                copy_name=("thetadata", "jsonl"),
            )
        except FeedError as error:
            raise FeedError(f"{error}; if the terminal does not run, {START_TERMINAL}") from None
        self._reader.watch = _WATCH
        try:
            self._greet(is_loopback=is_loopback)
        except BaseException:
            self._reader.close()
            raise

    @property
    def oldest(self) -> int:
        """When the first message that waits came, UTC ns; else when the newest did."""
        return self._waiting[0][0] if self._waiting else self.newest

    def subscribe(self, contracts: Sequence[EventContract]) -> None:
        """Subscribe to the quotes and trades of contracts, and wait until that is in effect.

        Contracts of which a stream is answered with an `ERROR` are noted in `failed`.

        Raises:
            FeedRefusalError: If the subscription has no live data.
            ThetaStreamLimitError: If they are too many.
            FeedError: If no contract of the session was accepted, the connection is lost, or the
                terminal has lost the vendor.
        """
        said = ""
        for start in range(0, len(contracts), _PART // 2):
            part = contracts[start : start + _PART // 2]
            asked: dict[int, EventContract] = {}
            for contract in part:
                for kind in (QUOTE_TYPE, TRADE_TYPE):
                    asked[self._ask(OPTION, kind, contract)] = contract
            names = {contract.name for contract in part}
            failed: set[str] = set()
            for number, contract in asked.items():
                answer = self._answer(number)
                match answer.response:
                    case StreamAnswer.SUBSCRIBED:
                        continue
                    case StreamAnswer.ERROR:
                        failed.add(contract.name)
                        said = said_answer(answer)
                    case StreamAnswer.MAX_STREAMS_REACHED:
                        before = list(asked).index(number) // 2 - len(failed - {contract.name})
                        raise ThetaStreamLimitError(said_answer(answer), self._accepted + before)
                    case _:
                        raise refused_answer(answer)
            self.failed = (self.failed - names) | failed
            self._accepted += len(part) - len(failed)
        if contracts and not self._accepted:
            raise FeedError(f"it answers every request with {said}")
        self._await_vendor()
        if not self._is_watched:
            self._watch()

    def subscribe_index(self, symbol: str) -> str:
        """Subscribe to the values of an index; why there are none, else an empty text.

        Raises:
            FeedError: As `subscribe`.
        """
        answer = self._answer(self._ask(INDEX_TYPE, TRADE_TYPE, EventContract(symbol)))
        return "" if answer.response == StreamAnswer.SUBSCRIBED else said_answer(answer)

    def take(self, timeout: float) -> TerminalEvents:
        """The data that has come, waiting up to `timeout` seconds.

        Raises:
            FeedError: If the connection is lost or mute, the terminal has lost the vendor, or it
                sends garbage.
        """
        if not self._waiting:
            self._read(timeout)
        times = np.array([at for at, _ in self._waiting], np.int64)
        block = TerminalEvents(times, [message for _, message in self._waiting])
        self._waiting = []
        return block

    def close(self) -> None:
        """Stop all streams and end the session."""
        with contextlib.suppress(FeedError):
            self._reader.send(encode_event_request(EventRequest("STOP")))
        self._reader.close()

    def _greet(self, *, is_loopback: bool) -> None:
        """Wait for the first message, and stop the streams of a session before."""
        deadline = time.monotonic() + _TIMEOUT
        while self._first is None:
            rest = deadline - time.monotonic()
            if rest <= 0.0:
                raise FeedError(f"the terminal sent nothing within {_TIMEOUT:g} seconds")
            self._read(rest)
        if is_loopback:
            self.clock = greeted_clock(self._first.clock) or self.clock
        self.newest = self.clock.now()
        self._reader.send(encode_event_request(EventRequest("STOP")))

    def _ask(self, security: str, kind: str, contract: EventContract) -> int:
        request = EventRequest("STREAM", security, kind, True, self.next_id, contract)
        self.next_id += 1
        self._answers[request.id] = None
        self._reader.send(encode_event_request(request))
        return request.id

    def _answer(self, number: int) -> EventHeader:
        """Wait for the answer to a request; data that comes meanwhile waits."""
        deadline = time.monotonic() + _TIMEOUT
        while True:
            if (answer := self._answers[number]) is not None:
                del self._answers[number]
                return answer
            rest = deadline - time.monotonic()
            if rest <= 0.0:
                raise FeedError(
                    f"no answer to a request within {_TIMEOUT:g} seconds; the terminal says "
                    f"{self._status}"
                )
            self._read(rest)

    def _watch(self) -> None:
        """Expect data from now on."""
        speed = self.clock.speed
        self._reader.watch = max(_WATCH / speed, _LEAST_WATCH)
        self._data_watch.seconds = max(_DATA_WATCH / speed, _LEAST_WATCH)
        self._data_watch.begin(self.clock.now())
        self._is_watched = True

    def _await_vendor(self) -> None:
        """Wait until the terminal is connected: it may note a request before that."""
        deadline = time.monotonic() + _TIMEOUT
        while not self._is_connected:
            rest = deadline - time.monotonic()
            if rest <= 0.0:
                raise FeedError(f"the terminal is not connected; it says {self._status}")
            self._read(rest)

    def _read(self, timeout: float) -> None:
        for received, content in self._reader.take(timeout):
            at = self.clock.at(received)
            message = decode_event(content)
            self._obey(message.header)
            if message.contract is not None:
                self._data_watch.hear()
                self.newest = at
                if message.quote is not None or message.trade is not None:
                    self._waiting.append((at, message))
            elif not self._data_watch.is_open(at):
                self._data_watch.hear()
                self.newest = at
        self._data_watch.check(self.clock.now())

    def _obey(self, header: EventHeader) -> None:
        self._first = self._first or header
        self._status = header.status
        check_reason(header, self.clock.speed)
        # That to a stop has no number, or one of before.
        if header.type == RESPONSE_TYPE and header.req_id in self._answers:
            self._answers[header.req_id] = header
        if header.status == TerminalState.CONNECTED:
            self._is_connected = True
        elif header.status == TerminalState.DISCONNECTED and self._is_connected:
            # Before the first request it has not connected yet.
            raise FeedError("the terminal has lost the vendor: it says DISCONNECTED")
        elif header.status not in ("", TerminalState.DISCONNECTED):
            raise FeedError(f"the terminal says {header.status[:MOST_TEXT]}; look at its window")


def events_url(url: str) -> str:
    """The websocket's address.

    Args:
        url: That of REST, http or https, with a port.

    Raises:
        FeedError: If it has no port to go by.
    """
    parts = urlsplit(url)
    if parts.port is None or not 0 < parts.port + EVENTS_PORT_OFFSET < 1 << 16:
        raise FeedError(f"{url!r} has no port, by which the websocket's is known")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, f"{host}:{parts.port + EVENTS_PORT_OFFSET}", _PATH, "", ""))
