"""The bytes of the TCP protocol: in arbitrary chunks, and invalid ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session.made_tape import trades
from zerodte.feeds.feed import FeedError
from zerodte.feeds.tcp_protocol import (
    ClockMessage,
    EndMessage,
    Message,
    MessageDecoder,
    RecordsMessage,
    RefusalMessage,
    StartedMessage,
    StartMessage,
    decode_piece,
    encode,
    encode_piece,
)
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.tick_assembler import Piece

STREAM = FeedStream("OPRA.PILLAR", "tcbbo", has_conditions=True, has_cancels=True)
MESSAGES: list[tuple[Message, bytes]] = [
    (StartMessage((1, 2)), b""),
    (StartedMessage(5, 60.0, resumed=True), b""),
    (RecordsMessage(7, 0, 3, 2, ((4, 1),)), bytes(range(200))),
    (ClockMessage(2**62), b""),
    (RefusalMessage("no"), b"\x00"),
    (EndMessage(), b""),
]


@given(st.lists(st.integers(1, 700)))
def test_messages_are_decoded_from_arbitrary_chunks(cuts: list[int]) -> None:
    content = b"".join(encode(message, body) for message, body in MESSAGES)
    decoder, got, at = MessageDecoder(), [], 0
    for cut in [*cuts, len(content)]:
        got += decoder.add(content[at : at + cut])
        at += cut
    assert got == MESSAGES


@given(st.binary(min_size=1))
def test_another_protocol_is_refused_at_its_first_byte(content: bytes) -> None:
    mark = encode(EndMessage())[:4]
    decoder = MessageDecoder()
    if mark.startswith(content[:4]):
        return
    with pytest.raises(FeedError, match="of a zerodte feed"):
        decoder.add(content)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (encode(EndMessage())[:4] + b"\xff" * 8, "body of 4,294,967,295 bytes; expected: at most"),
        (encode(EndMessage())[:4] + b"\x02\0\0\0\0\0\0\0\xff\xff", "invalid message"),
        (encode(EndMessage()).replace(b"end", b"bad"), "invalid message"),
        (encode(EndMessage()).replace(b"end", b"e\xffd"), "invalid message"),
    ],
)
def test_a_damaged_message_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(FeedError, match=problem):
        MessageDecoder().add(content)


def sent(**changes: object) -> tuple[RecordsMessage, bytes]:
    """Four trades from position 10 on, the last of them a cancel of the second."""
    piece = Piece(
        10, trades("tcbbo", 4, 60, seed=1), np.array([1, 2, 1, 8], np.uint8), np.array([[13, 11]])
    )
    ((message, body),) = MessageDecoder().add(encode_piece(99, 0, piece))
    assert isinstance(message, RecordsMessage)
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    return RecordsMessage(**{**fields, **changes}), body


def test_a_piece_comes_as_it_was_sent() -> None:
    message, body = sent()
    piece = decode_piece(message, STREAM, body)
    assert (message.clock, piece.first) == (99, 10)
    assert piece.records.tobytes() == trades("tcbbo", 4, 60, seed=1).tobytes()
    assert piece.conditions is not None
    assert piece.conditions.tolist() == [1, 2, 1, 8]
    assert piece.cancel_pairs.tolist() == [[13, 11]]
    assert not piece.records.flags.writeable


@pytest.mark.parametrize(
    ("changes", "stream", "problem"),
    [
        ({"count": 5}, STREAM, "bytes for 5 records"),
        ({"count": 0}, STREAM, "bytes for 0 records"),
        ({}, FeedStream("OPRA.PILLAR", "tcbbo"), "bytes for 4 records"),
        ({}, FeedStream("OPRA.PILLAR", "cmbp-1", has_conditions=True), "header of another schema"),
        ({"cancel_pairs": ((14, 11),)}, STREAM, "invalid cancels; each has to be"),
        ({"cancel_pairs": ((9, 3),)}, STREAM, "invalid cancels; each has to be"),
        ({"cancel_pairs": ((13, 13),)}, STREAM, "invalid cancels; each has to be"),
        ({"cancel_pairs": ((13, -1),)}, STREAM, "invalid cancels; each has to be"),
        ({"cancel_pairs": ((13, 10), (12, 10))}, STREAM, "invalid cancels; each has to be"),
    ],
)
def test_invalid_records_are_refused(
    changes: dict[str, object], stream: FeedStream, problem: str
) -> None:
    message, body = sent(**changes)
    with pytest.raises(FeedError, match=problem):
        decode_piece(message, stream, body)
