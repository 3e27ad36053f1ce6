"""The line's near end: a feed that is reached over TCP."""

import socket
import time
from collections.abc import Mapping
from typing import Final, TypeVar

from zerodte.feeds import tcp_protocol
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.tick_assembler import Arrival, Piece

_PATIENCE: Final = 10.0  # seconds until a feed has answered
_CHUNK: Final = 1 << 20

_Answer = TypeVar("_Answer", tcp_protocol.HelloMessage, tcp_protocol.StartedMessage)


class TcpFeed:
    """A feed process that listens somewhere.

    Args:
        host: Its address or name.
        port: Its port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    @property
    def name(self) -> str:
        """Where it listens."""
        return "{}:{}".format(*self._address)

    def connect(self) -> "TcpConnection":
        """Reach it.

        Raises:
            FeedError: If nobody listens there, or no line is spoken there.
        """
        try:
            near = socket.create_connection(self._address, timeout=_PATIENCE)
        except (OSError, OverflowError) as error:
            raise FeedError(getattr(error, "strerror", None) or str(error)) from error
        try:
            return TcpConnection(near)
        except BaseException:
            near.close()
            raise


class TcpConnection:
    """A line that was reached; see `Connection`.

    Attributes:
        offer: The session that comes over it.
        is_over: Whether the feed has said that nothing more will come.
    """

    def __init__(self, near: socket.socket) -> None:
        self._socket = near
        self._decoder = tcp_protocol.MessageDecoder()
        self._messages: list[tuple[tcp_protocol.Message, bytes]] = []
        self.is_over = False
        hello = self._answer(tcp_protocol.HelloMessage)
        if hello.version != tcp_protocol.VERSION:
            raise FeedError(
                f"it speaks version {hello.version} of the line, not {tcp_protocol.VERSION}"
            )
        self.offer: FeedManifest = hello.offer
        self._bases = [0] * len(self.offer.streams)
        self._counts = [0] * len(self.offer.streams)

    def start(self, counts: Mapping[str, int]) -> FeedStart:
        """Have it send; see `Connection`."""
        self._counts = [counts[stream.name] for stream in self.offer.streams]
        self._send(tcp_protocol.encode(tcp_protocol.StartMessage(tuple(self._counts))))
        begun = self._answer(tcp_protocol.StartedMessage)
        self._bases = [
            0 if begun.resumed or stream.is_standing else count
            for stream, count in zip(self.offer.streams, self._counts, strict=True)
        ]
        return FeedStart(begun.now, begun.speed, begun.resumed)

    def receive(self, timeout: float) -> list[Arrival]:
        """What has arrived; see `Connection`."""
        if not self._messages:
            self._messages = self._read(timeout)
        messages, self._messages = self._messages, []
        return [arrival for message in messages for arrival in self._arrival(*message)]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _arrival(self, message: tcp_protocol.Message, body: bytes) -> list[Arrival]:
        match message:
            case tcp_protocol.RecordsMessage():
                return [self._piece(message, body)]
            case tcp_protocol.ClockMessage():
                return [Arrival(message.clock)]
            case tcp_protocol.EndMessage():
                self.is_over = True
                return []
            case _:
                raise _unexpected(message)

    def _piece(self, sent: tcp_protocol.RecordsMessage, body: bytes) -> Arrival:
        if not 0 <= sent.stream < len(self.offer.streams):
            raise FeedError(f"records of stream {sent.stream}, which it did not offer")
        stream, base = self.offer.streams[sent.stream], self._bases[sent.stream]
        piece = tcp_protocol.decode_piece(sent, stream, body)
        piece = Piece(base + piece.first, piece.records, piece.conditions, base + piece.pairs)
        if piece.first != self._counts[sent.stream]:
            raise FeedError(
                f"{stream.name}: records from {piece.first}, after {self._counts[sent.stream]}"
            )
        self._counts[sent.stream] += len(piece.records)
        return Arrival(sent.clock, stream.name, piece)

    def _answer(self, kind: type[_Answer]) -> _Answer:
        """The next message, which must be of a kind."""
        due = time.monotonic() + _PATIENCE
        while not self._messages:
            # What is there of a long message is not yet one.
            self._messages = self._read(_PATIENCE)
            if not self._messages and time.monotonic() > due:
                raise FeedError(f"no answer within {_PATIENCE:g} seconds")
        message, _ = self._messages.pop(0)
        if not isinstance(message, kind):
            raise _unexpected(message)
        return message

    def _read(self, timeout: float) -> list[tuple[tcp_protocol.Message, bytes]]:
        try:
            self._socket.settimeout(timeout)
            content = self._socket.recv(_CHUNK)
        except TimeoutError:
            return []
        except OSError as error:
            raise FeedError(error.strerror or str(error)) from error
        if not content:
            raise FeedError("it hung up")
        return self._decoder.add(content)

    def _send(self, content: bytes) -> None:
        try:
            self._socket.settimeout(_PATIENCE)
            self._socket.sendall(content)
        except OSError as error:
            raise FeedError(error.strerror or str(error)) from error


def _unexpected(message: tcp_protocol.Message) -> FeedError:
    if isinstance(message, tcp_protocol.RefusalMessage):
        return FeedError(f"it refused: {message.reason}")
    return FeedError(f"an unexpected word, {type(message).__name__}")
