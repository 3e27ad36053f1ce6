"""The messages of a live feed over TCP, encoded and decoded without I/O.

A message consists of a four-byte mark, the lengths of its two parts, a header in msgpack, and a
body of raw records, followed by one condition byte per record if the stream has conditions. The
feed begins (`HelloMessage`). The client tells where to resume (`StartMessage`), the feed whether it
can (`StartedMessage`). `RecordsMessage` and `ClockMessage` follow, until `EndMessage` or
`RefusalMessage`.
"""

import struct
from typing import Final, TypeAlias

import msgspec
import numpy as np

from zerodte.arrays import I64
from zerodte.feeds.feed import FeedError
from zerodte.records.dbn import SCHEMAS, Records
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.tick_assembler import Piece
from zerodte.tape.writer import check_records

VERSION: Final = 1

_MARK: Final = b"ZDT\x01"
_PREFIX: Final = struct.Struct("<4sII")
#: Bytes. A header may list a whole market's instruments; a body holds a fraction of a second.
_MAX_HEADER: Final = 1 << 27
_MAX_BODY: Final = 1 << 26
#: Bytes of records in one message, on the order of a socket's buffer.
PIECE_SIZE: Final = 1 << 21


def tag(class_name: str) -> str:
    """A message's name in its header."""
    return class_name.removesuffix("Message").lower()


class HelloMessage(msgspec.Struct, frozen=True, tag=tag):
    """The feed's first message: the session that it is about to send."""

    version: int
    manifest: FeedManifest


class StartMessage(msgspec.Struct, frozen=True, tag=tag):
    """The client's only message: the number of records it has per stream, in manifest order."""

    counts: tuple[int, ...]


class StartedMessage(msgspec.Struct, frozen=True, tag=tag):
    """The feed's clock and speed, and whether it resumes after the client's counts."""

    now: int
    speed: float
    resumed: bool


class RecordsMessage(msgspec.Struct, frozen=True, tag=tag, omit_defaults=True):
    """Records of one stream; the body holds them.

    Attributes:
        clock: The feed's, UTC ns; none of the records was received later.
        stream: Its index in the manifest.
        first: Position of the first record in the stream. If the feed does not resume, positions of
            quotes and trades start with the connection.
        count: The number of records.
        cancel_pairs: Positions of cancels among them, and of the trades that they cancel.
    """

    clock: int
    stream: int
    first: int
    count: int
    cancel_pairs: tuple[tuple[int, int], ...] = ()


class ClockMessage(msgspec.Struct, frozen=True, tag=tag):
    """The feed's clock; all records received up to then have been sent."""

    clock: int


class EndMessage(msgspec.Struct, frozen=True, tag=tag):
    """The end of the session."""


class RefusalMessage(msgspec.Struct, frozen=True, tag=tag):
    """The reason why the feed closes the connection."""

    reason: str


Message: TypeAlias = (
    HelloMessage
    | StartMessage
    | StartedMessage
    | RecordsMessage
    | ClockMessage
    | EndMessage
    | RefusalMessage
)

_DECODER: Final = msgspec.msgpack.Decoder(Message)


def encode(message: Message, body: bytes = b"") -> bytes:
    """The bytes of a message."""
    header = msgspec.msgpack.encode(message)
    return _PREFIX.pack(_MARK, len(header), len(body)) + header + body


class MessageDecoder:
    """Decodes messages from bytes that arrive in arbitrary chunks."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def add(self, content: bytes) -> list[tuple[Message, bytes]]:
        """Add bytes; returns the messages that they complete, each with its body.

        Raises:
            FeedError: If the bytes are not of this protocol.
        """
        self._buffer += content
        messages = []
        position = 0
        while (end := self._end(position)) <= len(self._buffer):
            _, header_size, _ = _PREFIX.unpack_from(self._buffer, position)
            start = position + _PREFIX.size
            header = self._buffer[start : start + header_size]
            messages.append((_decode(header), bytes(self._buffer[start + header_size : end])))
            position = end
        del self._buffer[:position]
        return messages

    def _end(self, position: int) -> int:
        """The end of the message at a position; beyond the buffer while that is unknown."""
        prefix = bytes(self._buffer[position : position + _PREFIX.size])
        if not _MARK.startswith(prefix[: len(_MARK)]):
            raise FeedError(
                f"a message begins with {prefix!r}; expected: {_MARK!r}, of a zerodte feed"
            )
        if len(prefix) < _PREFIX.size:
            return len(self._buffer) + 1
        _, header_size, body_size = _PREFIX.unpack(prefix)
        if header_size > _MAX_HEADER or body_size > _MAX_BODY:
            raise FeedError(
                f"a message with a header of {header_size:,} and a body of {body_size:,} bytes; "
                f"expected: at most {_MAX_HEADER:,} and {_MAX_BODY:,}"
            )
        return position + _PREFIX.size + int(header_size) + int(body_size)


def _decode(header: bytes | bytearray) -> Message:
    try:
        message: Message = _DECODER.decode(header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeedError(f"invalid message: {error}") from error
    return message


def encode_piece(clock: int, stream: int, piece: Piece) -> bytes:
    """The bytes of a `RecordsMessage` with the records of a piece."""
    pairs = tuple((int(cancel), int(original)) for cancel, original in piece.cancel_pairs)
    conditions = b"" if piece.conditions is None else piece.conditions.tobytes()
    message = RecordsMessage(clock, stream, piece.first, len(piece.records), pairs)
    return encode(message, piece.records.tobytes() + conditions)


def decode_piece(message: RecordsMessage, stream: FeedStream, body: bytes) -> Piece:
    """The records of a `RecordsMessage`.

    Raises:
        FeedError: If they are not of the stream's schema, or do not match the count.
    """
    layout = SCHEMAS[stream.schema]
    size = message.count * layout.itemsize
    expected = size + message.count * stream.has_conditions
    if message.count < 1 or len(body) != expected:
        raise FeedError(
            f"{stream.name}: {len(body):,} bytes for {message.count:,} records; "
            f"expected: {max(expected, layout.itemsize):,}"
        )
    records: Records = np.frombuffer(body, layout, message.count)
    try:
        check_records(stream.dataset, stream.schema, records)
    except TapeError as error:
        raise FeedError(f"{stream.name}: {error}") from error
    conditions = np.frombuffer(body, np.uint8, offset=size) if stream.has_conditions else None
    return Piece(message.first, records, conditions, _cancel_pairs(message, stream))


def _cancel_pairs(message: RecordsMessage, stream: FeedStream) -> I64:
    try:
        pairs = np.array(message.cancel_pairs, np.int64).reshape(-1, 2)
    except OverflowError:
        raise FeedError(f"{stream.name}: invalid cancels; a position is beyond 2^63") from None
    cancel, original = pairs[:, 0], pairs[:, 1]
    is_inside = (message.first <= cancel) & (cancel < message.first + message.count)
    if not (is_inside & (original >= 0) & (original < cancel)).all() or (np.diff(cancel) < 0).any():
        raise FeedError(
            f"{stream.name}: invalid cancels; each has to be one of the message's records and to "
            "cancel an earlier trade, in ascending order"
        )
    return pairs
