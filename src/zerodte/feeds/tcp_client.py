"""The client side of the TCP feed."""

import socket
import time
from typing import Final, TypeVar

from zerodte.feeds import tcp_protocol
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.feed_checks import blank_unreadable, check_manifest
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival, Piece

_TIMEOUT: Final = 10.0  # seconds, for connections and answers
_READ_SIZE: Final = 1 << 20

_Answer = TypeVar("_Answer", tcp_protocol.HelloMessage, tcp_protocol.StartedMessage)


class TcpFeed:
    """A feed process that listens on a TCP port.

    Args:
        host: Its address or name.
        port: Its port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    @property
    def name(self) -> str:
        """Its address, host:port."""
        return "{}:{}".format(*self._address)

    def interrupt(self) -> None:
        """Nothing to do: no wait is long."""

    def connect(self) -> "TcpConnection":
        """Connect to the feed.

        Raises:
            FeedError: If no process listens there, or it does not speak the protocol.
        """
        try:
            client = socket.create_connection(self._address, timeout=_TIMEOUT)
        except (OSError, OverflowError) as error:
            raise FeedError(getattr(error, "strerror", None) or str(error)) from error
        try:
            return TcpConnection(client)
        except BaseException:
            client.close()
            raise


class TcpConnection:
    """A connection to a TCP feed; see `FeedConnection`.

    Attributes:
        manifest: The session that the feed sends.
        is_over: Whether the feed has announced the end of the session.
        refused_count: Records that were refused; the feed is told of the first.
    """

    def __init__(self, client: socket.socket) -> None:
        self._socket = client
        self._decoder = tcp_protocol.MessageDecoder()
        self._messages: list[tuple[tcp_protocol.Message, bytes]] = []
        self.is_over = False
        self.refused_count = 0
        hello = self._answer(tcp_protocol.HelloMessage)
        if hello.version != tcp_protocol.VERSION:
            raise FeedError(
                f"it speaks version {hello.version} of the protocol; "
                f"expected: version {tcp_protocol.VERSION}"
            )
        check_manifest(hello.manifest)
        self.manifest: FeedManifest = hello.manifest
        self._bases = [0] * len(self.manifest.streams)
        self._counts = [0] * len(self.manifest.streams)

    def start(self, position: RecordingPosition) -> FeedStart:
        """Ask the feed to start sending; see `FeedConnection`."""
        self._counts = [position.counts[stream.name] for stream in self.manifest.streams]
        self._send(tcp_protocol.encode(tcp_protocol.StartMessage(tuple(self._counts))))
        started = self._answer(tcp_protocol.StartedMessage)
        self._bases = [
            0 if started.resumed or stream.is_reference else count
            for stream, count in zip(self.manifest.streams, self._counts, strict=True)
        ]
        return FeedStart(started.now, started.speed, started.resumed)

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals; see `FeedConnection`."""
        if not self._messages:
            self._messages = self._read(timeout)
        messages, self._messages = self._messages, []
        return [arrival for message in messages for arrival in self._arrivals(*message)]

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _arrivals(self, message: tcp_protocol.Message, body: bytes) -> list[Arrival]:
        match message:
            case tcp_protocol.RecordsMessage():
                return [self._arrival(message, body)]
            case tcp_protocol.ClockMessage():
                return [Arrival(message.clock)]
            case tcp_protocol.EndMessage():
                self.is_over = True
                return []
            case _:
                raise _unexpected(message)

    def _arrival(self, message: tcp_protocol.RecordsMessage, body: bytes) -> Arrival:
        index = message.stream
        if not 0 <= index < len(self.manifest.streams):
            raise FeedError(f"records of stream {index}, which is not in its manifest")
        stream, base = self.manifest.streams[index], self._bases[index]
        piece, refused = blank_unreadable(
            tcp_protocol.decode_piece(message, stream, body), stream.schema
        )
        if refused:
            self._tell(stream.name, refused)
        piece = Piece(
            base + piece.first, piece.records, piece.conditions, base + piece.cancel_pairs
        )
        if piece.first != self._counts[index]:
            raise FeedError(
                f"{stream.name}: records from position {piece.first}; "
                f"expected: {self._counts[index]}"
            )
        self._counts[index] += len(piece.records)
        return Arrival(message.clock, stream.name, piece)

    def _tell(self, name: str, refused: int) -> None:
        """Count refused records, and tell the feed of the first: one message blocks nobody."""
        if not self.refused_count:
            reason = f"{name}: a trade with an unknown condition; it is left out"
            self._send(tcp_protocol.encode(tcp_protocol.RefusalMessage(reason)))
        self.refused_count += refused

    def _answer(self, kind: type[_Answer]) -> _Answer:
        """Wait for the next message, which must be of a kind."""
        deadline = time.monotonic() + _TIMEOUT
        while not self._messages:
            # A read may return only a part of a long message.
            self._messages = self._read(_TIMEOUT)
            if not self._messages and time.monotonic() > deadline:
                raise FeedError(f"no answer within {_TIMEOUT:g} seconds")
        message, _ = self._messages.pop(0)
        if not isinstance(message, kind):
            raise _unexpected(message)
        return message

    def _read(self, timeout: float) -> list[tuple[tcp_protocol.Message, bytes]]:
        try:
            self._socket.settimeout(timeout)
            content = self._socket.recv(_READ_SIZE)
        except TimeoutError:
            return []
        except OSError as error:
            raise FeedError(error.strerror or str(error)) from error
        if not content:
            raise FeedError("it closed the connection")
        return self._decoder.add(content)

    def _send(self, content: bytes) -> None:
        try:
            self._socket.settimeout(_TIMEOUT)
            self._socket.sendall(content)
        except OSError as error:
            raise FeedError(error.strerror or str(error)) from error


def _unexpected(message: tcp_protocol.Message) -> FeedError:
    if isinstance(message, tcp_protocol.RefusalMessage):
        return FeedError(f"it refused: {message.reason}")
    return FeedError(f"unexpected message: {tcp_protocol.tag(type(message).__name__)}")
