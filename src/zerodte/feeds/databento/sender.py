"""How our gateway sends: in large parts, with heartbeats, and with the faults of a script."""

import socket
import threading
import time
from typing import Final, Protocol

import numpy as np

from zerodte.constants import SECOND
from zerodte.feeds.databento import protocol
from zerodte.feeds.fault_script import Fault, FaultScript
from zerodte.feeds.feed_clock import FeedClock
from zerodte.records.dbn import Records
from zerodte.tape.metadata import utc_datetime

#: Bytes that are sent at once while the past is replayed.
_PART: Final = 1 << 20
#: Seconds of waiting at a time, which bounds the delay of a stop.
_STEP: Final = 0.1
#: Garbage, slow sending: bytes; bytes at a time, and seconds between two of them.
_GARBAGE: Final = 61
_SLOW_PART, _SLOW_S = 2_000, 0.01


class ClientLines(Protocol):
    """The lines of a client."""

    def ready(self, timeout: float) -> list[dict[str, str]]:
        """The complete lines that have come, waiting up to `timeout` seconds for one."""
        ...


class DatabentoSender:
    """Sends to one client.

    Args:
        client: The client.
        clock: The feed's clock.
        heartbeat: Seconds of that clock without anything else, after which a heartbeat is sent.
        faults: What goes wrong.
        stopped: Set when the gateway ends.

    Attributes:
        has_overlap: Whether later replays are to send more than asked.
        has_refused_key: Whether every key is to be refused from now on.
    """

    def __init__(
        self,
        client: socket.socket,
        clock: FeedClock,
        heartbeat: int,
        faults: FaultScript,
        stopped: threading.Event,
    ) -> None:
        self._client = client
        self._clock = clock
        self._heartbeat = heartbeat / clock.speed
        self._faults = faults
        self._stopped = stopped
        self._waiting = bytearray()
        self._sent = time.monotonic()
        self.has_overlap = False
        self.has_refused_key = False

    def send(self, rows: Records, end: int) -> None:
        """Send the records of a tick that ends at `end` (UTC ns); they may wait for `flush`.

        Raises:
            OSError: If the client is gone, or a fault says so.
        """
        for fault in self._faults.due(end):
            self.flush()
            rows = self._fail(fault, rows, end)
        self._waiting += rows.tobytes()
        if len(self._waiting) >= _PART:
            self.flush()

    def send_system(self, code: int, text: str, at: int) -> None:
        """Send a system record of a time, UTC ns; it may wait for `flush`."""
        self._waiting += protocol.system_record(code, text, at)

    def send_control(self, content: bytes) -> None:
        """Send something else at once."""
        self._waiting += content
        self.flush()

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._client.sendall(self._waiting)
            self._waiting.clear()
            self._sent = time.monotonic()

    def wait(self, lines: ClientLines, *, until: int) -> list[dict[str, str]]:
        """Wait until a time of the clock (UTC ns), with heartbeats; returns at a client's line."""
        while (rest := self._clock.seconds_until(until)) > 0 and not self._stopped.is_set():
            self.flush()
            if found := lines.ready(min(rest, _STEP, self._heartbeat)):
                return found
            # What is due but not sent yet is not behind it.
            self.keep_alive(min(self._clock.now(), until - SECOND))
        return []

    def keep_alive(self, at: int) -> None:
        """Send a heartbeat of a time (UTC ns), if nothing has been sent for long enough."""
        if time.monotonic() - self._sent >= self._heartbeat:
            self.send_system(protocol.SystemCode.HEARTBEAT, "Heartbeat", at)
            self.flush()

    def _fail(self, fault: Fault, rows: Records, end: int) -> Records:
        """Do what a fault says; returns the records that are still to be sent."""
        content = rows.tobytes()
        draw = self._faults.random
        match fault.kind:
            case "cut" | "overlap":
                self.has_overlap = fault.kind == "overlap"
                self._client.sendall(content[: draw.randrange(1, len(content))])
                raise OSError(f"a fault: {fault.kind}")
            case "mute":
                while self._client.recv(1 << 16) and not self._stopped.is_set():
                    pass  # until the client has had enough
                raise OSError("a fault: mute")
            case "reorder":
                order = list(range(len(rows)))
                draw.shuffle(order)
                shuffled: Records = rows[np.array(order)]
                return shuffled
            case "garbage":
                # No record has so many words of this type.
                self._client.sendall(b"\xff\x00" + draw.randbytes(_GARBAGE))
                return rows
            case "slow":
                for start in range(0, len(content), _SLOW_PART):
                    self._client.sendall(content[start : start + _SLOW_PART])
                    time.sleep(_SLOW_S)
                return rows[:0]
            case "skip":
                text = f"{len(rows)} records of the second before {utc_datetime(end):%H:%M:%S} UTC"
                self.send_control(
                    protocol.error_record(protocol.GatewayErrorCode.SKIPPED_RECORDS, text, end)
                )
                return rows[:0]
            case "key":
                self.has_refused_key = True
                raise OSError("a fault: key")
            case _:
                return rows  # there is none in this protocol
