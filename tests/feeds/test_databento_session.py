"""A gateway that lies, and what is made of its records."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from feeds.gateway import KEY
from zerodte.feeds.databento.blocks import RecordSplitter
from zerodte.feeds.databento.protocol import (
    GatewayErrorCode,
    SystemCode,
    error_record,
    system_record,
)
from zerodte.feeds.databento.session import DatabentoGateway, DatabentoSession
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.socket_reader import HEADROOM, ReceivedBytes
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.feeds.vendor_key import VendorKey
from zerodte.records.dbn import records

GREETING = b"lsg_version=0.6.1\ncram=abc\n"
WELCOME = b"success=1|session_id=5\n"
METADATA = b"DBN\x03" + (8).to_bytes(4, "little") + b"\0" * 8
NOW = 1_750_000_000 * 10**9


@contextlib.contextmanager
def saying(*parts: bytes) -> Iterator[DatabentoGateway]:
    """A gateway that says each part as soon as the client has said something to the one before."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as client:
                client.settimeout(10)
                for part in parts:
                    client.sendall(part)
                    client.recv(1 << 16)
                while client.recv(1 << 16):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            host, port = server.getsockname()[:2]
            yield DatabentoGateway(VendorKey(KEY), host, port)
        finally:
            thread.join(20)


def begun(gateway: DatabentoGateway) -> DatabentoSession:
    session = DatabentoSession(gateway, "OPRA.PILLAR")
    session.begin()
    return session


def drain(session: DatabentoSession) -> None:
    """Take all that a session sends."""
    while True:
        for _ in session.take(1.0):
            pass


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"lsg_version=zerodte;speed=0;now=1\ncram=x\n", "a clock at 1 with speed 0"),
        (b"lsg_version=zerodte;speed=1;now=9999999999999999999\ncram=x\n", "a clock at"),
        (b"cram=abc\n", "expected: lsg_version"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "expected: NAME=VALUE"),
        (b"\xff\xfe\n", "other characters than ASCII"),
        (b"x=" + b"y" * 40_000, "an endless line"),
        (b"lsg_version=1\nsuccess=0|error=busy\n", "no challenge"),
    ],
)
def test_a_greeting_that_cannot_be_is_a_clear_line(greeting: bytes, said: str) -> None:
    with saying(greeting) as gateway, pytest.raises(FeedError, match=said):
        DatabentoSession(gateway, "OPRA.PILLAR")


@contextlib.contextmanager
def dripping(greeting: bytes) -> Iterator[DatabentoGateway]:
    """A gateway that goes on with a greeting byte by byte for as long as anybody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as client:
                client.sendall(greeting)
                client.settimeout(0.02)
                while True:
                    with contextlib.suppress(TimeoutError):
                        if not client.recv(1 << 16):
                            break
                    client.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            host, port = server.getsockname()[:2]
            yield DatabentoGateway(VendorKey(KEY), host, port, patience=0.5)
        finally:
            thread.join(20)
            assert not thread.is_alive()


@pytest.mark.parametrize("greeting", [b"", b"lsg_version=0.6.1\n", GREETING])
def test_a_line_that_drips_is_given_up(greeting: bytes) -> None:
    with dripping(greeting) as gateway, pytest.raises(FeedError, match=r"no answer within 0\.5 s"):
        DatabentoSession(gateway, "OPRA.PILLAR")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Authentication failed.", FeedRefusalError),
        ("Not authorized for OPRA.PILLAR", FeedRefusalError),
        ("User has reached their open connection limit", FeedError),
    ],
)
def test_only_some_refusals_are_final(text: str, kind: type[FeedError]) -> None:
    answer = f"success=0|error={text}\n".encode()
    with saying(GREETING, answer) as gateway, pytest.raises(FeedError, match=text) as raised:
        DatabentoSession(gateway, "OPRA.PILLAR")
    assert type(raised.value) is kind
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ABCDEFGH", "expected: DBN version 3"),
        (b"DBN\x01" + b"\x08\0\0\0" + b"\0" * 8, "expected: DBN version 3"),
        (b"DBN\x03\xff\xff\xff\xff", "metadata of 4,294,967,303 bytes"),
        (b"DBN\x03\0\0\0\0", "metadata of 8 bytes"),
        (METADATA + b"\0" * 64, "garbled records: type 0 with 0 bytes"),
        (METADATA + b"\x05\xc2" + b"\0" * 64, "garbled records: type 194 with 20 bytes"),
        (METADATA + error_record(GatewayErrorCode.INVALID_SUBSCRIPTION, "why", NOW), "says: why"),
        (METADATA + system_record(SystemCode.HEARTBEAT, "", 2**62), "seconds ahead of this mach"),
    ],
)
def test_garbage_is_a_clear_line(content: bytes, said: str) -> None:
    with saying(GREETING, WELCOME, content) as gateway:
        session = begun(gateway)
        try:
            with pytest.raises(FeedError, match=said):
                drain(session)
        finally:
            session.close()


def test_records_are_split_wherever_the_connection_cuts_them() -> None:
    quotes, trades = records("cbbo-1s", 50), records("tcbbo", 3)
    quotes["instrument_id"] = np.arange(50)
    content = quotes.tobytes() + system_record(SystemCode.HEARTBEAT, "", NOW) + trades.tobytes()
    for step in (1, 7, 79, 80, 1_000, len(content)):
        splitter = RecordSplitter()
        found: dict[int, bytes] = {}
        for start in range(0, len(content), step):
            buffer = np.zeros(HEADROOM + step, np.uint8)
            part = np.frombuffer(content[start : start + step], np.uint8)
            stop = HEADROOM + len(part)
            buffer[HEADROOM:stop] = part
            for block in splitter.split([ReceivedBytes(buffer, HEADROOM, stop)]):
                found[block.rtype] = found.get(block.rtype, b"") + block.records.tobytes()
        assert found[0xC0] == quotes.tobytes()
        assert found[0xC2] == trades.tobytes()
        assert len(found[0x17]) == 320


def test_equal_records_are_left_out_as_often_as_they_are_recorded() -> None:
    fills = records("tcbbo", 5)
    fills["ts_recv"], fills["size"] = NOW, (3, 3, 3, 7, 7)
    repeated = RepeatedRecords(fills[[0, 1, 3]])
    assert repeated.without(fills)["size"].tolist() == [3, 7]
    assert repeated.missing == 0
    assert repeated.without(fills)["size"].tolist() == [3, 3, 3, 7, 7]


def test_a_recording_keeps_its_ids() -> None:
    largest = 2**32 - 1
    ids = VendorIds({7: "A", largest: "B"})
    ids.learn({7: "B", 8: "A", largest: "C", 9: "D"})
    rows = records("tcbbo", 5)
    rows["instrument_id"] = (7, 8, largest, 9, 10)
    translated, unknown = ids.translate(rows)
    assert translated["instrument_id"].tolist() == [largest, 7, 1, 9]
    assert unknown == 1
    assert ids.symbols == {7: "A", largest: "B", 1: "C", 9: "D"}
