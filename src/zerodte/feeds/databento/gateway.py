"""A tape sent as Databento's live gateway would send it, to any client of that protocol.

So whoever has no subscription can develop against it, with the vendor's own client too. Sale
conditions and cancels have no place in these records. The greeting tells this gateway's clock and
speed; the vendor's own client ignores that.
"""

import heapq
import itertools
import logging
import secrets
import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, cast

import databento_dbn as dbn

from zerodte.constants import SECOND
from zerodte.feeds.client_listener import ClientListener
from zerodte.feeds.databento import protocol
from zerodte.feeds.databento.sender import DatabentoSender
from zerodte.feeds.databento.subscriptions import (
    DatabentoDirectory,
    DatabentoSubscription,
    subscribed_ticks,
)
from zerodte.feeds.fault_script import FaultScript
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.vendor_key import VendorKey
from zerodte.logs import log
from zerodte.records.dbn import Records
from zerodte.tape.error import TapeError
from zerodte.tape.source import FileSource

_TIMEOUT: Final = 30.0  # seconds, for a client's lines and for what it is sent
_HEARTBEATS: Final = (5, 1800)  # seconds that a client may ask for
_DEFAULT_HEARTBEAT: Final = 30
#: Parts of what a client had still to say that are read before it is hung up on.
_MOST_PARTS: Final = 64
#: An overlap replays this much more than asked, ns.
_OVERLAP: Final = 8 * SECOND
# The package's type stubs declare the members of its enums as strings.
_INSTRUMENT_ID = cast("dbn.SType", dbn.SType.INSTRUMENT_ID)


class DatabentoGatewayServer:
    """Sends a tape to every client, from the open on.

    Args:
        tape: The tape to send; each of its datasets is one of the gateway's.
        speed: Times the wall clock; the clock starts now.
        key: The key that clients need; None accepts any.
        host: Address to listen on.
        port: 0 lets the system choose.
        start: What its clock shows at first, UTC ns; by default the open.
        faults: What goes wrong.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tape: FileSource,
        speed: float,
        *,
        key: VendorKey | None,
        host: str,
        port: int,
        start: int | None = None,
        faults: FaultScript | None = None,
    ) -> None:
        self._tape = tape
        self._key = key
        self._faults = faults or FaultScript()
        self._clock = FeedClock(tape.session.open if start is None else start, speed)
        self._sessions = itertools.count(1)
        self._overlap = 0
        self._is_key_refused = False
        self._listener = ClientListener(host, port, self._talk, _refuse)

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        return self._listener.address

    def run(self) -> None:
        """Accept clients until `stop`."""
        self._listener.run()

    def stop(self) -> None:
        """End `run` and disconnect all clients."""
        self._listener.stop()

    def _talk(self, client: socket.socket) -> None:
        client.settimeout(_TIMEOUT)
        lines = _Lines(client)
        try:
            dataset, heartbeat = self._authenticate(client, lines)
            sender = DatabentoSender(
                client, self._clock, heartbeat, self._faults, self._listener.stopped
            )
            try:
                self._send_session(lines, dataset, sender)
            except FeedError as error:
                sender.send_control(
                    protocol.error_record(
                        protocol.GatewayErrorCode.INVALID_SUBSCRIPTION,
                        str(error),
                        self._clock.now(),
                    )
                )
                _hang_up(client)
            finally:
                self._overlap = max(self._overlap, _OVERLAP * sender.has_overlap)
                self._is_key_refused |= sender.has_refused_key
        except TapeError as error:
            log(str(error), logging.ERROR)
        except FeedError as error:
            _refuse(client, str(error))
        except OSError as error:
            log(f"client disconnected: {error}")

    def _authenticate(self, client: socket.socket, lines: "_Lines") -> tuple[str, int]:
        """The dataset and the heartbeat that an authentic client asks for."""
        challenge = secrets.token_urlsafe(24)
        client.sendall(
            protocol.encode_line(lsg_version=self._clock.greeting())
            + protocol.encode_line(cram=challenge)
        )
        fields = lines.read()
        response = fields.get("auth", "")
        if self._is_key_refused or (
            self._key is not None
            and not protocol.is_response(response, challenge, self._key.reveal())
        ):
            raise FeedError("Authentication failed.")
        dataset = fields.get("dataset", "")
        if dataset not in self._tape.symbols:
            raise FeedError(
                f"no dataset {dataset[:40]!r}; expected: one of {', '.join(self._tape.symbols)}"
            )
        if fields.get("encoding", "dbn") != "dbn" or fields.get("compression", "none") != "none":
            raise FeedError("expected: encoding=dbn and compression=none")
        if fields.get("ts_out", "0") != "0":
            raise FeedError("expected: ts_out=0")
        text = fields.get("heartbeat_interval_s", "")
        heartbeat = int(text) if text.isdecimal() and len(text) < 6 else _DEFAULT_HEARTBEAT
        client.sendall(protocol.encode_line(success=1, session_id=next(self._sessions)))
        low, high = _HEARTBEATS
        return dataset, min(max(heartbeat, low), high)

    def _send_session(self, lines: "_Lines", dataset: str, sender: DatabentoSender) -> None:
        directory = DatabentoDirectory(self._tape.symbols[dataset])
        subscriptions: list[DatabentoSubscription] = []
        while "start_session" not in (fields := lines.read()):
            directory.add(fields, subscriptions)
        sender.send_control(_metadata(dataset))
        for number, subscription in enumerate(subscriptions, start=1):
            self._acknowledge(number, subscription, directory, sender)
        coming = _ComingTicks()
        for number, subscription in enumerate(subscriptions, start=1):
            if subscription.start:
                subscription.start = max(subscription.start - self._overlap, 1)
            coming.add(number, self._replay(dataset, subscription, sender))
        known = len(subscriptions)
        while not self._listener.stopped.is_set():
            end = coming.end or self._clock.now() + SECOND
            for fields in sender.wait(lines, until=end):
                directory.add(fields, subscriptions)
            while known < len(subscriptions) and subscriptions[known].is_complete:
                # Of a subscription within a session nothing is replayed.
                subscriptions[known].start = None
                known += 1
                self._acknowledge(known, subscriptions[known - 1], directory, sender)
                coming.add(known, self._replay(dataset, subscriptions[known - 1], sender))
            if coming.end != end or end > self._clock.now():
                continue
            number, rows = coming.take()
            sender.send(rows, end)
            if (subscription := subscriptions[number - 1]).is_sampled:
                text = f"End of interval for {subscription.schema}"
                sender.send_system(protocol.SystemCode.END_OF_INTERVAL, text, end)

    def _acknowledge(
        self,
        number: int,
        subscription: DatabentoSubscription,
        directory: DatabentoDirectory,
        sender: DatabentoSender,
    ) -> None:
        at = self._clock.now()
        asked = subscription.asked
        sender.send_system(
            protocol.SystemCode.SUBSCRIPTION_ACK,
            f"Subscription request {number} for {subscription.schema} data succeeded",
            at,
        )
        if asked:
            names = {one: directory.symbols[one] for one in asked}
            sender.send_control(protocol.mapping_records(names, asked, at))
        for symbol in subscription.unresolved:
            text = f"Failed to resolve symbol {symbol}"
            sender.send_control(
                protocol.error_record(protocol.GatewayErrorCode.SYMBOL_RESOLUTION_FAILED, text, at)
            )

    def _replay(
        self, dataset: str, subscription: DatabentoSubscription, sender: DatabentoSender
    ) -> Iterator[tuple[int, Records]]:
        """Send a subscription's past if it is asked for; returns the ticks to come."""
        ticks = subscribed_ticks(self._tape, dataset, subscription)
        coming, now = ticks, self._clock.now()
        for end, rows in ticks:
            if end > (now := self._clock.now()):
                coming = itertools.chain([(end, rows)], ticks)
                break
            if subscription.start is not None:
                if len(rows):
                    sender.send(rows, end)
                sender.keep_alive(now)  # it may be long until the first is found
        if subscription.start is not None:
            text = f"Finished {subscription.schema} replay"
            # What is due since then is not behind it.
            at = now // SECOND * SECOND
            sender.send_system(protocol.SystemCode.REPLAY_COMPLETED, text, at)
        sender.flush()
        return coming


class _ComingTicks:
    """The next ticks of several subscriptions, in the order of their ends."""

    def __init__(self) -> None:
        self._order: list[tuple[int, int]] = []
        self._next: dict[int, tuple[Records, Iterator[tuple[int, Records]]]] = {}

    @property
    def end(self) -> int:
        """The end of the next one, UTC ns; 0 if there is none."""
        return self._order[0][0] if self._order else 0

    def add(self, number: int, ticks: Iterator[tuple[int, Records]]) -> None:
        """Add the ticks of a subscription, by its number."""
        found = next(ticks, None)
        if found is not None:
            heapq.heappush(self._order, (found[0], number))
            self._next[number] = found[1], ticks

    def take(self) -> tuple[int, Records]:
        """The next one's number of its subscription, and its records."""
        _, number = heapq.heappop(self._order)
        rows, ticks = self._next.pop(number)
        self.add(number, ticks)
        return number, rows


class _Lines:
    """The lines of a client."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._rest = b""

    def read(self) -> dict[str, str]:
        """Wait for the next line."""
        while b"\n" not in self._rest:
            self._receive()
        line, _, self._rest = self._rest.partition(b"\n")
        return protocol.decode_line(line)

    def ready(self, timeout: float) -> list[dict[str, str]]:
        """The complete lines that have come, waiting up to `timeout` seconds for one."""
        if select.select([self._client], [], [], timeout)[0]:
            self._receive()
        *found, self._rest = self._rest.split(b"\n")
        return [protocol.decode_line(line) for line in found]

    def _receive(self) -> None:
        content = self._client.recv(protocol.MAX_LINE)
        if not content:
            raise OSError("it closed the connection")
        self._rest += content
        if len(self._rest) > 2 * protocol.MAX_LINE:
            raise FeedError("an endless line")


def _metadata(dataset: str) -> bytes:
    """The metadata of a session: version 3, of no schema and no symbols."""
    return bytes(
        dbn.Metadata(dataset=dataset, start=0, stype_in=None, stype_out=_INSTRUMENT_ID, schema=None)
    )


def _refuse(client: socket.socket, reason: str) -> None:
    with suppress(OSError):
        client.sendall(protocol.encode_line(success=0, error=reason.replace("|", "/")))
    _hang_up(client)


def _hang_up(client: socket.socket) -> None:
    """End a connection so that the last answer arrives: unread bytes would reset it."""
    with suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        client.settimeout(1.0)
        for _ in range(_MOST_PARTS):
            if not client.recv(protocol.MAX_LINE):
                return
