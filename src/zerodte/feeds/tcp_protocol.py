"""The line: a live feed over TCP, as messages. Bytes in, messages out; no sockets here.

Every message is a frame: four bytes that mark it, the lengths of its two parts, a head in msgpack,
and a body of raw records, with one byte for each record's condition after them where the stream has
conditions. The feed speaks first (`HelloMessage`). The client says where to resume
(`StartMessage`), the feed whether it can (`StartedMessage`). Then come `RecordsMessage` and
`ClockMessage`, until `EndMessage` or `RefusalMessage`.
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
#: A head may list a whole market's instruments; a body is a piece of a second.
_MOST_HEAD: Final = 1 << 27
_MOST_BODY: Final = 1 << 26
#: Records sent in one message; of the order of a socket's buffer.
PIECE_BYTES: Final = 1 << 21


def _tag(name: str) -> str:
    """The word for a message in its head."""
    return name.removesuffix("Message").lower()


class HelloMessage(msgspec.Struct, frozen=True, tag=_tag):
    """The feed's first word: what it is about to send."""

    version: int
    offer: FeedManifest


class StartMessage(msgspec.Struct, frozen=True, tag=_tag):
    """The client's only word: how many records of each stream it has, in the offer's order."""

    counts: tuple[int, ...]


class StartedMessage(msgspec.Struct, frozen=True, tag=_tag):
    """The feed's clock and its speed, and whether it goes on after those counts."""

    now: int
    speed: float
    resumed: bool


class RecordsMessage(msgspec.Struct, frozen=True, tag=_tag, omit_defaults=True):
    """Records of one stream; they are the message's body.

    Attributes:
        clock: The feed's, UTC ns; none of the records was received later.
        stream: Its place in the offer.
        first: Position of the first in the stream; of quotes and trades of a feed that does not go
            on after the counts, among those of this connection.
        count: How many.
        pairs: Positions of cancels among them, and of the trades that they cancel.
    """

    clock: int
    stream: int
    first: int
    count: int
    pairs: tuple[tuple[int, int], ...] = ()


class ClockMessage(msgspec.Struct, frozen=True, tag=_tag):
    """The feed's clock went on; what was received up to then has been sent."""

    clock: int


class EndMessage(msgspec.Struct, frozen=True, tag=_tag):
    """Nothing more will come."""


class RefusalMessage(msgspec.Struct, frozen=True, tag=_tag):
    """Why the feed ends the connection."""

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
    """A message as it goes over the line."""
    head = msgspec.msgpack.encode(message)
    return _PREFIX.pack(_MARK, len(head), len(body)) + head + body


class MessageDecoder:
    """Bytes as they come, into messages."""

    def __init__(self) -> None:
        self._held = bytearray()

    def add(self, content: bytes) -> list[tuple[Message, bytes]]:
        """The messages, each with its body, that are whole with these bytes.

        Raises:
            FeedError: If the bytes are none of this line's.
        """
        self._held += content
        found = []
        at = 0
        while (end := self._end(at)) <= len(self._held):
            _, head, _ = _PREFIX.unpack_from(self._held, at)
            start = at + _PREFIX.size
            found.append(
                (_message(self._held[start : start + head]), bytes(self._held[start + head : end]))
            )
            at = end
        del self._held[:at]
        return found

    def _end(self, at: int) -> int:
        """Where the message at `at` ends; further than there are bytes while that is unknown."""
        start = bytes(self._held[at : at + _PREFIX.size])
        if not _MARK.startswith(start[: len(_MARK)]):
            raise FeedError(f"what came begins with {start!r}: no line of zerodte is spoken there")
        if len(start) < _PREFIX.size:
            return len(self._held) + 1
        _, head, body = _PREFIX.unpack(start)
        if head > _MOST_HEAD or body > _MOST_BODY:
            raise FeedError(f"a message of {head + body:,} bytes; the line is damaged")
        return at + _PREFIX.size + int(head) + int(body)


def _message(head: bytes | bytearray) -> Message:
    try:
        message: Message = _DECODER.decode(head)
    except msgspec.DecodeError as error:
        raise FeedError(f"a message that cannot be read: {error}") from error
    return message


def encode_piece(clock: int, stream: int, piece: Piece) -> bytes:
    """Records as they go over the line."""
    pairs = tuple((int(cancel), int(original)) for cancel, original in piece.pairs)
    codes = b"" if piece.conditions is None else piece.conditions.tobytes()
    sent = RecordsMessage(clock, stream, piece.first, len(piece.records), pairs)
    return encode(sent, piece.records.tobytes() + codes)


def decode_piece(sent: RecordsMessage, stream: FeedStream, body: bytes) -> Piece:
    """Records as they came.

    Raises:
        FeedError: If they are not of the stream's schema, or not as many as is said.
    """
    layout = SCHEMAS[stream.schema]
    size = sent.count * layout.itemsize
    if sent.count < 1 or len(body) != size + sent.count * stream.has_conditions:
        raise FeedError(f"{stream.name}: {len(body):,} bytes for {sent.count:,} records")
    records: Records = np.frombuffer(body, layout, sent.count)
    try:
        check_records(stream.dataset, stream.schema, records)
    except TapeError as error:
        raise FeedError(f"{stream.name}: {error}") from error
    codes = np.frombuffer(body, np.uint8, offset=size) if stream.has_conditions else None
    return Piece(sent.first, records, codes, _pairs(sent, stream))


def _pairs(sent: RecordsMessage, stream: FeedStream) -> I64:
    pairs = np.array(sent.pairs, np.int64).reshape(-1, 2)
    cancel, original = pairs[:, 0], pairs[:, 1]
    is_inside = (sent.first <= cancel) & (cancel < sent.first + sent.count)
    if not (is_inside & (original >= 0) & (original < cancel)).all() or (np.diff(cancel) < 0).any():
        raise FeedError(f"{stream.name}: cancels that do not point from a trade to an earlier one")
    return pairs
