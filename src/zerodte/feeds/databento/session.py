"""One session with a gateway of Databento: the client's side of a connection."""

import itertools
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from zerodte import __version__
from zerodte.constants import SECOND
from zerodte.feeds.databento import protocol
from zerodte.feeds.databento.blocks import RecordBlock, RecordSplitter
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS
from zerodte.feeds.feed_clock import FeedClock, greeted_clock
from zerodte.feeds.socket_reader import ReceivedBytes, SocketReader
from zerodte.feeds.vendor_key import VendorKey
from zerodte.records.dbn import newest_time, times_of

PORT: Final = 13000
#: The environment's name of the key, which is the vendor's own.
DATABENTO_KEY: Final = "DATABENTO_API_KEY"
_TIMEOUT: Final = 10.0  # seconds, for the connection and each line
#: Seconds between heartbeats, and without a byte until a connection counts as dead.
HEARTBEAT_S: Final = 5
_WATCH: Final = 15.0
_LEAST_WATCH: Final = 2.0
#: Seconds for the replay of a day's definitions: some hundred thousand records.
_PATIENCE: Final = 60.0
#: System records that tell how far a session has come.
_CLOCKS: Final = (
    protocol.SystemCode.END_OF_INTERVAL,
    protocol.SystemCode.HEARTBEAT,
    protocol.SystemCode.REPLAY_COMPLETED,
)
#: How far the vendor's clock may be ahead of ours, ns of the wall clock.
_MOST_LEAD: Final = 60 * SECOND
#: Errors after which asking again is of no use.
_FINAL: Final = (
    protocol.GatewayErrorCode.AUTH_FAILED,
    protocol.GatewayErrorCode.API_KEY_DEACTIVATED,
)
#: What a refusal is about that asking again does not mend.
_FINAL_WORDS: Final = re.compile(
    r"authenticat|authoriz|api.?key|entitle|licen[cs]e|subscription|dataset", re.IGNORECASE
)
#: Metadata of a live session has no symbols.
_MOST_METADATA: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class DatabentoGateway:
    """Where a dataset is sent from.

    Attributes:
        key: The user's.
        host: Its address or name; empty for the vendor's own of each dataset.
        port: Its port.
        capture: Folder that gets a copy of what each session sends after authentication, and so
            without a key; None for none.
        patience: Seconds for the connection, and for each line before the records.
    """

    key: VendorKey
    host: str = ""
    port: int = PORT
    capture: Path | None = None
    patience: float = _TIMEOUT

    def host_of(self, dataset: str) -> str:
        """The host that sends a dataset."""
        return self.host or f"{dataset.lower().replace('.', '-')}.lsg.databento.com"


class AgedReplayError(FeedError):
    """A replay that was asked for from a time that is too long ago."""


class DatabentoSession:
    """An authenticated session.

    Args:
        gateway: Where, and with which key.
        dataset: Such as "OPRA.PILLAR".

    Attributes:
        clock: The gateway's clock.
        replays: Subscriptions whose replay has not ended.
        lost: Why the gateway left out records since the last look, in words; empty if it did not.
        lost_since: Receive time of the last record before, UTC ns; 0 if there is none.
        lost_until: Likewise of the first one after them.
        has_intervals: Whether the gateway tells the ends of intervals.
        newest: The newest time that a system record told, UTC ns; 0 without one.

    Raises:
        FeedRefusalError: If the key or the dataset is refused.
        FeedError: If the gateway cannot be reached, or does not speak the protocol.
    """

    def __init__(self, gateway: DatabentoGateway, dataset: str) -> None:
        self.clock = FeedClock(time.time_ns(), 1.0)
        self.replays = 0
        self.lost = ""
        self.lost_since = self.lost_until = 0
        self._last = 0
        self.has_intervals = False
        self.newest = 0
        self._splitter = RecordSplitter()
        self._symbols: dict[int, str] = {}
        self._named: dict[int, str] = {}
        self._number = 0
        self._head: bytes | None = b""
        self._copy: BinaryIO | None = None
        self._is_loopback = gateway.host in LOOPBACK_HOSTS
        address = gateway.host_of(dataset), gateway.port
        try:
            client = socket.create_connection(address, timeout=gateway.patience)
        except (OSError, OverflowError, UnicodeError) as error:
            raise FeedError(getattr(error, "strerror", None) or str(error)) from error
        self._patience = gateway.patience
        try:
            self._socket = client
            self._authenticate(gateway.key, dataset)
            self._copy = _new_file(gateway.capture, dataset) if gateway.capture else None
        except BaseException:
            client.close()
            raise
        self._reader: SocketReader | None = None

    @property
    def symbols(self) -> dict[int, str]:
        """The raw symbols by the vendor's id, as the session has told them so far."""
        return self._symbols

    def take_names(self) -> dict[int, str]:
        """Of `symbols` those that were told since the last call."""
        named, self._named = self._named, {}
        return named

    @property
    def has_content(self) -> bool:
        """Whether there are bytes to take."""
        return self._reader is not None and self._reader.has_content

    def subscribe(
        self, schema: str, symbols: Sequence[str], *, stype: str, start: int | None
    ) -> None:
        """Subscribe. Once the session has begun, nothing is replayed.

        Args:
            schema: As DBN names it.
            symbols: Parents (SPXW.OPT) or raw symbols.
            stype: What they are: "parent" or "raw_symbol".
            start: Replay since then, UTC ns; 0 since the vendor's first; None for live only.

        Raises:
            FeedError: If the connection is lost.
        """
        self._number += 1
        self.replays += start is not None
        self._send(b"".join(_subscriptions(schema, symbols, stype, start, self._number)))

    def begin(self) -> None:
        """Start the session: records follow.

        Raises:
            FeedError: If the connection is lost.
        """
        self._send(protocol.encode_line(start_session=0))
        self._reader = SocketReader(
            self._socket, max(_WATCH / self.clock.speed, _LEAST_WATCH), "databento"
        )

    def take(self, timeout: float) -> Iterator[RecordBlock]:
        """The blocks of records that have arrived, waiting up to `timeout` seconds.

        Each is read when it is asked for, and is best used while the processor's caches have it.
        Control records are acted upon and left out.

        Raises:
            FeedRefusalError: If the gateway ends the session for good.
            FeedError: If the connection is lost, or sends garbage.
        """
        if self._reader is None:
            raise FeedError("the session has not begun")
        chunks = self._reader.take(timeout)
        if self._copy is not None:
            self._copy.writelines(chunk.content() for chunk in chunks)
        if self._head is not None:
            chunks = self._without_metadata(chunks)
        for block in self._splitter.split(chunks):
            if block.schema:
                first, self._last = times_of(block.records[[0, -1]], "ts_recv").tolist()
                if self.lost and not self.lost_until:
                    self.lost_until = first
                yield block
            elif len(block.records):
                self._obey(block)

    def take_replay(self) -> list[RecordBlock]:
        """All that is replayed.

        Raises:
            FeedError: As `take`, and if it takes too long.
        """
        blocks: list[RecordBlock] = []
        deadline = time.monotonic() + _PATIENCE
        while self.replays > 0:
            blocks += self.take(0.25)
            if time.monotonic() > deadline:
                raise FeedError(f"its replay took more than {_PATIENCE:g} seconds")
        return blocks

    def close(self) -> None:
        """End the session."""
        if self._copy is not None:
            self._copy.close()
            self._copy = None
        if self._reader is not None:
            self._reader.close()
        else:
            self._socket.close()

    def _without_metadata(self, chunks: list[ReceivedBytes]) -> list[ReceivedBytes]:
        """What follows the metadata with which records begin; nothing until it is complete."""
        head = b"".join((self._head or b"", *(chunk.content() for chunk in chunks)))
        if not protocol.DBN_MAGIC.startswith(head[: len(protocol.DBN_MAGIC)]):
            raise FeedError(f"the session begins with {head[:4]!r}; expected: DBN version 3")
        prefix = protocol.METADATA_PREFIX
        size = prefix + int.from_bytes(head[4:prefix], "little")
        if len(head) >= prefix and not prefix < size <= _MOST_METADATA:
            raise FeedError(f"metadata of {size:,} bytes")
        if len(head) < max(size, prefix + 1):
            self._head = head
            return []
        self._head = None
        return [ReceivedBytes(np.frombuffer(head, np.uint8), size, len(head))]

    def _obey(self, block: RecordBlock) -> None:
        match block.rtype:
            case protocol.MAPPING:
                numbers = block.records["instrument_id"].tolist()
                raws = block.records["stype_out_symbol"].tolist()
                mapped = {
                    number: raw.decode("ascii", "replace")
                    for number, raw in zip(numbers, raws, strict=True)
                }
                self._named |= mapped
                self._symbols |= mapped
            case protocol.SYSTEM:
                codes = block.records["code"]
                self.replays -= int(np.count_nonzero(codes == protocol.SystemCode.REPLAY_COMPLETED))
                self.has_intervals |= bool((codes == protocol.SystemCode.END_OF_INTERVAL).any())
                # All others are of now, also while the past is replayed.
                clocks = _CLOCKS if self.replays <= 0 else _CLOCKS[:1]
                is_clock = np.isin(codes, clocks)
                if is_clock.any():
                    told = newest_time(block.records[is_clock], "ts_event") or self.clock.now()
                    if (lead := told - self.clock.now()) > _MOST_LEAD * self.clock.speed:
                        raise FeedError(
                            f"its clock is {lead / SECOND:,.0f} seconds ahead of this machine's"
                        )
                    self.newest = max(self.newest, told)
                    self.clock.learn(self.newest)
            case protocol.ERROR:
                for row in block.records:
                    self._take_error(int(row["code"]), row["err"].decode("utf-8", "replace"))

    def _take_error(self, code: int, text: str) -> None:
        if code == protocol.GatewayErrorCode.SKIPPED_RECORDS:
            self.lost_since = self.lost_since if self.lost else self._last
            self.lost_until = 0
            self.lost = f"the vendor skipped records: {text}"
        elif code == protocol.GatewayErrorCode.SYMBOL_RESOLUTION_FAILED:
            return  # a root without contracts; that nothing is found is said elsewhere
        elif code == protocol.GatewayErrorCode.REPLAY_AGED_OUT:
            raise AgedReplayError("its replay does not reach back to the last commit")
        elif code in _FINAL:
            raise FeedRefusalError(f"it refused: {text}")
        else:
            raise FeedError(f"it says: {text}")

    def _authenticate(self, key: VendorKey, dataset: str) -> None:
        lines = self._lines()
        hello = next(lines)
        greeting = hello.get("lsg_version")
        if greeting is None:
            raise FeedError(hello.get("error", "no greeting; expected: lsg_version=..."))
        if self._is_loopback:
            self.clock = greeted_clock(greeting) or self.clock
        challenge = next(lines).get("cram")
        if challenge is None:
            raise FeedError("no challenge; expected: cram=...")
        self._send(
            protocol.encode_line(
                auth=protocol.challenge_response(challenge, key.reveal()),
                dataset=dataset,
                encoding="dbn",
                ts_out=0,
                compression="none",
                heartbeat_interval_s=HEARTBEAT_S,
                slow_reader_behavior="warn",
                client=f"zerodte {__version__}",
            )
        )
        answer = next(lines)
        if answer.get("success") != "1":
            text = answer.get("error", "no reason given")
            kind = FeedRefusalError if _FINAL_WORDS.search(text) else FeedError
            raise kind(f"it refused: {text}")

    def _lines(self) -> Iterator[dict[str, str]]:
        """The lines of the gateway, one at a time and no byte more."""
        while True:
            line, deadline = bytearray(), time.monotonic() + self._patience
            while not line.endswith(b"\n"):
                line += self._byte(deadline)
                if len(line) > protocol.MAX_LINE:
                    raise FeedError("an endless line")
            self._socket.settimeout(self._patience)
            yield protocol.decode_line(bytes(line))

    def _byte(self, deadline: float) -> bytes:
        """The next byte, until a time of the monotonic clock: a line may come in drops."""
        try:
            rest = deadline - time.monotonic()
            if rest <= 0.0:
                raise TimeoutError
            self._socket.settimeout(rest)
            content = self._socket.recv(1)
        except TimeoutError as error:
            raise FeedError(f"no answer within {self._patience:g} seconds") from error
        except OSError as error:
            raise FeedError(error.strerror or str(error)) from error
        if not content:
            raise FeedError("it closed the connection")
        return content

    def _send(self, content: bytes) -> None:
        try:
            self._socket.sendall(content)
        except OSError as error:
            raise FeedError(error.strerror or str(error)) from error


def _subscriptions(
    schema: str, symbols: Sequence[str], stype: str, start: int | None, number: int
) -> Iterator[bytes]:
    step = protocol.SYMBOLS_PER_LINE
    since = {} if start is None else {"start": start}
    for first in range(0, len(symbols), step):
        yield protocol.encode_line(
            schema=schema,
            stype_in=stype,
            symbols=",".join(symbols[first : first + step]),
            **since,
            snapshot=0,
            id=number,
            is_last=int(first + step >= len(symbols)),
        )


def _new_file(folder: Path, dataset: str) -> BinaryIO:
    """A new file for a copy of what a session sends."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        path = folder / f"{dataset.lower()}.{number}.dbn"
        if not path.exists():
            return path.open("xb")
    raise AssertionError("numbers do not end")
