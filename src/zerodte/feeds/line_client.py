"""The line's near end: a feed that is reached over TCP."""

import socket
import time
from collections.abc import Mapping
from typing import Final, TypeVar

from zerodte.feeds import line
from zerodte.feeds.feed import Begun, FeedError
from zerodte.tape.offer import Offer
from zerodte.tape.ticker import Arrival, Piece

_PATIENCE: Final = 10.0  # seconds until a feed has answered
_CHUNK: Final = 1 << 20

_Answer = TypeVar("_Answer", line.Hello, line.Begun)


class Line:
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

    def connect(self) -> "LineConnection":
        """Reach it.

        Raises:
            FeedError: If nobody listens there, or no line is spoken there.
        """
        try:
            near = socket.create_connection(self._address, timeout=_PATIENCE)
        except (OSError, OverflowError) as error:
            raise FeedError(getattr(error, "strerror", None) or str(error)) from error
        try:
            return LineConnection(near)
        except BaseException:
            near.close()
            raise


class LineConnection:
    """A line that was reached; see `Connection`.

    Attributes:
        offer: The session that comes over it.
        is_over: Whether the feed has said that nothing more will come.
    """

    def __init__(self, near: socket.socket) -> None:
        self._socket = near
        self._decoder = line.Decoder()
        self._messages: list[tuple[line.Message, bytes]] = []
        self.is_over = False
        hello = self._answer(line.Hello)
        if hello.version != line.VERSION:
            raise FeedError(f"it speaks version {hello.version} of the line, not {line.VERSION}")
        self.offer: Offer = hello.offer
        self._bases = [0] * len(self.offer.streams)
        self._counts = [0] * len(self.offer.streams)

    def start(self, counts: Mapping[str, int]) -> Begun:
        """Have it send; see `Connection`."""
        self._counts = [counts[stream.name] for stream in self.offer.streams]
        self._send(line.encode(line.Start(tuple(self._counts))))
        begun = self._answer(line.Begun)
        self._bases = [
            0 if begun.resumed or stream.is_standing else count
            for stream, count in zip(self.offer.streams, self._counts, strict=True)
        ]
        return Begun(begun.now, begun.speed, begun.resumed)

    def receive(self, timeout: float) -> list[Arrival]:
        """What has arrived; see `Connection`."""
        if not self._messages:
            self._messages = self._read(timeout)
        messages, self._messages = self._messages, []
        return [arrival for message in messages for arrival in self._arrival(*message)]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _arrival(self, message: line.Message, body: bytes) -> list[Arrival]:
        match message:
            case line.Sent():
                return [self._piece(message, body)]
            case line.Clock():
                return [Arrival(message.clock)]
            case line.Over():
                self.is_over = True
                return []
            case _:
                raise _unexpected(message)

    def _piece(self, sent: line.Sent, body: bytes) -> Arrival:
        if not 0 <= sent.stream < len(self.offer.streams):
            raise FeedError(f"records of stream {sent.stream}, which it did not offer")
        stream, base = self.offer.streams[sent.stream], self._bases[sent.stream]
        piece = line.decode_piece(sent, stream, body)
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

    def _read(self, timeout: float) -> list[tuple[line.Message, bytes]]:
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


def _unexpected(message: line.Message) -> FeedError:
    if isinstance(message, line.Refused):
        return FeedError(f"it refused: {message.reason}")
    return FeedError(f"an unexpected word, {type(message).__name__}")
