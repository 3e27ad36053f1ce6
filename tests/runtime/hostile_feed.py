"""A feed on a real port that says whatever a test wants it to say."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from session.made_tape import DATE, OPEN, SECOND, STOCKS, SYMBOLS
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.feeds.tcp_protocol import (
    VERSION,
    ClockMessage,
    HelloMessage,
    MessageDecoder,
    RecordsMessage,
    StartedMessage,
    StartMessage,
    encode,
)
from zerodte.records.dbn import OPRA, Records, records
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.sidecars import Notes

STREAMS = (
    FeedStream(OPRA, "cbbo-1s"),
    FeedStream(OPRA, "tcbbo", has_conditions=True, has_cancels=True),
    FeedStream(STOCKS, "bbo-1s"),
)
#: Says something on a connection, given what the client has of each stream.
Talk = Callable[[socket.socket, Sequence[int]], None]


def manifest(
    streams: tuple[FeedStream, ...] = STREAMS,
    symbols: Mapping[str, dict[int, str]] | None = None,
) -> FeedManifest:
    """The session of a feed."""
    return FeedManifest(
        DATE, streams, dict(symbols or {OPRA: SYMBOLS, STOCKS: {1: "ABC"}}), Notes()
    )


def quotes(count: int, at: int) -> Records:
    """Quotes of the first contracts, all received at an instant."""
    rows = records("cbbo-1s", count)
    rows["instrument_id"] = 1 + np.arange(count) % len(SYMBOLS)
    rows["ts_event"] = rows["ts_recv"] = at
    rows["bid_px_00"], rows["ask_px_00"] = 10**9, 11 * 10**8
    rows["bid_sz_00"] = rows["ask_sz_00"] = 5
    return rows


def trades(count: int, at: int) -> Records:
    """Trades of the first contract at the bid."""
    rows = records("tcbbo", count)
    rows["instrument_id"], rows["price"], rows["size"] = 1, 10**9, 1
    rows["ts_event"] = rows["ts_recv"] = at
    rows["bid_px_00"], rows["ask_px_00"] = 10**9, 11 * 10**8
    rows["bid_sz_00"] = rows["ask_sz_00"] = 5
    return rows


def sent(clock: int, stream: int, first: int, rows: Records, codes: bytes = b"") -> bytes:
    """A message of records."""
    return encode(RecordsMessage(clock, stream, first, len(rows)), rows.tobytes() + codes)


def sound(counts: Sequence[int], second: int) -> bytes:
    """Quotes and a trade at a second of the session, and a clock after it."""
    at = OPEN + second * SECOND
    return (
        sent(at, 0, counts[0], quotes(4, at - 9))
        + sent(at, 1, counts[1], trades(1, at - 9), b"\1")
        + encode(ClockMessage(at + 2 * SECOND))
    )


@contextlib.contextmanager
def hostile_feed(
    talk: Talk,
    session: FeedManifest | None = None,
    speed: float = 1.0,
    now: int = OPEN,
    later: FeedManifest | None = None,
) -> Iterator[tuple[TcpFeed, list[object]]]:
    """A feed, and what its clients tell it after their start, for as long as the context lasts.

    Its connections after the first describe the session as `later` does, if that is given.
    """
    first = session or manifest()
    told: list[object] = []
    clients: list[socket.socket] = []

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            described = later if later is not None and client is not clients[0] else first
            client.sendall(encode(HelloMessage(VERSION, described)))
            decoder = MessageDecoder()
            counts = None
            while content := client.recv(2**16):
                for message, _ in decoder.add(content):
                    if counts is None:
                        assert isinstance(message, StartMessage)
                        counts = message.counts
                        client.sendall(encode(StartedMessage(now, speed, resumed=True)))
                        talk(client, counts)
                    else:
                        told.append(message)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                clients.append(client)
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield TcpFeed(*listening.getsockname()[:2]), told
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)
        for client in clients:
            client.close()
