"""A tape as a feed on a real port: complete, resumed at any position, with bad clients."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from session.made_tape import OPEN, SECOND
from tape.live_day import SPAN, source
from zerodte.feeds import client_listener, tcp_client, tcp_server
from zerodte.feeds.feed import FeedError
from zerodte.feeds.playback import Playback
from zerodte.feeds.tcp_client import TcpConnection, TcpFeed
from zerodte.feeds.tcp_protocol import EndMessage, HelloMessage, encode
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.tape.folder import Tape
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival, Piece

Serve = Callable[..., TcpFeed]
FAST = 1e6


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return source(tmp_path_factory.mktemp("source"))


@pytest.fixture
def serve(tape: Tape) -> Iterator[Serve]:
    servers = []

    def served(speed: float = FAST, *, is_resumable: bool = True, sent: Tape = tape) -> TcpFeed:
        server = TcpFeedServer(sent, speed, is_resumable=is_resumable, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        return TcpFeed(*server.address)

    yield served
    for server, thread in servers:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def counts(connection: TcpConnection, count: int = 0) -> dict[str, int]:
    return {stream.name: count for stream in connection.manifest.streams}


def receive_all(connection: TcpConnection, until: int = 2**63 - 1) -> list[Arrival]:
    """The arrivals until the feed is over or its clock passes `until`."""
    out: list[Arrival] = []
    while not connection.is_over and (not out or out[-1].clock < until):
        out += connection.receive(10.0)
    return out


def by_stream(arrivals: list[Arrival]) -> dict[str, tuple[bytes, list[int], list[list[int]]]]:
    """Records, conditions and cancels by stream."""
    pieces: dict[str, list[Piece]] = {}
    for arrival in arrivals:
        if arrival.piece is not None:
            pieces.setdefault(arrival.name, []).append(arrival.piece)
    return {
        name: (
            b"".join(piece.records.tobytes() for piece in mine),
            [
                int(code)
                for piece in mine
                if piece.conditions is not None
                for code in piece.conditions
            ],
            [pair for piece in mine for pair in piece.cancel_pairs.tolist()],
        )
        for name, mine in pieces.items()
    }


def all_arrivals(feed: TcpFeed) -> list[Arrival]:
    connection = feed.connect()
    started = connection.start(RecordingPosition(counts(connection)))
    assert started.resumed
    arrivals = receive_all(connection)
    connection.close()
    return arrivals


def test_everything_on_the_tape_is_sent(tape: Tape, serve: Serve) -> None:
    feed = serve()
    connection = feed.connect()
    assert connection.manifest.date == tape.session.date
    assert connection.manifest.symbols == tape.symbols
    connection.close()
    got = by_stream(all_arrivals(feed))
    files: dict[str, bytes] = {}
    for file in tape.files:
        name = f"{file.dataset.lower()}.{file.schema}.dbn.zst"
        content = b"".join(chunk.tobytes() for chunk in file.chunks(print))
        files[name] = files.get(name, b"") + content
    # Two files of trades make a stream in the order of time, which is that of their names.
    assert {name: records for name, (records, _, _) in got.items()} == files
    trades = got["opra.pillar.tcbbo.dbn.zst"]
    first = len(trades[1]) - sum(code > 0 for code in trades[1])
    assert trades[2] == [[first + 20, first + 3], [first + 30, first + 29]]
    assert trades[1][first + 30] == 8, "a cancel by its pair is one by its condition too"


def test_the_clock_never_passes_a_record_to_come(serve: Serve) -> None:
    clock = 0
    for arrival in all_arrivals(serve()):
        if arrival.piece is not None:
            seconds = -(-arrival.piece.records["ts_recv"].astype(np.int64) // SECOND)
            assert (seconds * SECOND > clock - SECOND // 4).all()
            assert (arrival.piece.records["ts_recv"] <= arrival.clock).all()
        clock = max(clock, arrival.clock)
    assert clock >= OPEN + 6.5 * 3600 * SECOND


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_a_feed_resumes_after_any_counts(serve: Serve, share: float) -> None:
    feed = serve()
    whole = by_stream(all_arrivals(feed))
    connection = feed.connect()
    sizes = {
        arrival.name: arrival.piece.records.itemsize
        for arrival in all_arrivals(feed)
        if arrival.piece
    }
    have = {
        name: round(share * len(records) / sizes[name]) for name, (records, _, _) in whole.items()
    }
    connection.start(RecordingPosition(have))
    rest = receive_all(connection)
    connection.close()
    for name, (records, codes, pairs) in by_stream(rest).items():
        assert records == whole[name][0][have[name] * sizes[name] :]
        assert codes == whole[name][1][len(whole[name][1]) and have[name] :]
        assert pairs == [pair for pair in whole[name][2] if pair[0] >= have[name]]
    silent = {name for name in whole if have[name] * sizes[name] == len(whole[name][0])}
    assert whole.keys() - by_stream(rest).keys() == silent


def test_a_feed_that_does_not_resume_sends_new_records(serve: Serve) -> None:
    feed = serve(speed=50.0, is_resumable=False)
    whole = by_stream(all_arrivals(serve()))
    time.sleep(0.1)
    connection = feed.connect()
    have = {**counts(connection, 7), "opra.pillar.definition.dbn.zst": 10}
    started = connection.start(RecordingPosition(have))
    assert not started.resumed
    assert started.now % SECOND == 0
    assert started.now >= OPEN + 5 * SECOND
    arrivals = receive_all(connection, until=started.now + 30 * SECOND)
    connection.close()
    market = [a for a in arrivals if a.piece and "bo" in a.name]
    assert all((a.piece.records["ts_recv"] > started.now).all() for a in market if a.piece)
    firsts: dict[str, int] = {}
    for arrival in arrivals:
        if arrival.piece is not None:
            firsts.setdefault(arrival.name, arrival.piece.first)
    assert firsts.pop("opra.pillar.definition.dbn.zst") == 10, "reference data is not lost"
    assert set(firsts.values()) == {7}, "positions continue from the counts"
    quotes = by_stream(arrivals)["opra.pillar.cbbo-1s.dbn.zst"][0]
    assert quotes in whole["opra.pillar.cbbo-1s.dbn.zst"][0]


def test_its_clock_does_not_wait_for_clients(serve: Serve) -> None:
    feed = serve(speed=100.0)
    connection = feed.connect()
    time.sleep(0.3)
    started = connection.start(RecordingPosition(counts(connection)))
    connection.close()
    assert started.speed == 100.0
    assert started.now >= OPEN + 30 * SECOND


@pytest.mark.drill
def test_a_slow_client_of_a_feed_that_does_not_resume_is_disconnected(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a second of this tape exceeds the socket buffers, and the client reads none of it."""
    monkeypatch.setattr(tcp_server, "_MAX_LAG", 0.2)
    feed = serve(SPAN * 2.0, is_resumable=False, sent=source(tmp_path, trade_count=100_000))
    connection = feed.connect()
    connection.start(RecordingPosition(counts(connection)))
    time.sleep(1.0)
    with pytest.raises(
        FeedError, match=r"refused: .* seconds behind, and this feed does not resume"
    ):
        receive_all(connection)
    connection.close()


@pytest.mark.parametrize(
    "content",
    [b"GET / HTTP/1.1\r\n\r\n", encode(EndMessage()), bytes(100)],
    ids=["http", "message", "zeros"],
)
def test_garbage_is_refused(serve: Serve, content: bytes) -> None:
    feed = serve()
    host, port = feed.name.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(content)
        answer = b""
        while chunk := raw.recv(1 << 16):
            answer += chunk
    assert b"refusal" in answer[-200:]
    assert all_arrivals(feed), "other clients are served"


def test_counts_beyond_the_tape_are_refused(serve: Serve) -> None:
    connection = serve().connect()
    connection.start(RecordingPosition(counts(connection, 10**6)))
    with pytest.raises(FeedError, match=r"the client has .* more records of"):
        receive_all(connection)
    connection.close()


def answering(*parts: bytes) -> TcpFeed:
    """A server that sends these parts to its first client and closes the connection."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with listening, listening.accept()[0] as client:
            for part in parts:
                client.sendall(part)
                time.sleep(0.05)

    threading.Thread(target=answer, daemon=True).start()
    return TcpFeed(*listening.getsockname())


def test_another_server_is_a_clear_error(tape: Tape) -> None:
    with pytest.raises(FeedError, match="of a zerodte feed"):
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").connect()
    with pytest.raises(FeedError, match="it closed the connection"):
        answering(b"").connect()
    with pytest.raises(FeedError, match="unexpected message: end"):
        answering(encode(EndMessage())).connect()
    with pytest.raises(FeedError, match="it speaks version 2 of the protocol; expected: version 1"):
        answering(encode(HelloMessage(2, Playback(tape).manifest))).connect()


def test_a_long_message_may_arrive_in_parts(tape: Tape) -> None:
    hello = encode(HelloMessage(1, Playback(tape).manifest))
    connection = answering(hello[:5], hello[5:100], hello[100:]).connect()
    assert connection.manifest == Playback(tape).manifest
    connection.close()


def test_a_silent_server_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_client, "_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        feed = TcpFeed(*silent.getsockname())
        with pytest.raises(FeedError, match=r"no answer within 0\.2 seconds"):
            feed.connect()


def test_a_closed_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
    with pytest.raises(FeedError, match="refused"):
        TcpFeed("127.0.0.1", port).connect()
    with pytest.raises(FeedError, match=r"\w"):
        TcpFeed("no such host", 1).connect()


def test_a_port_in_use_is_a_clear_error(tape: Tape) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        with pytest.raises(FeedError, match=r"cannot listen on .*in use.*; choose another"):
            TcpFeedServer(tape, 1.0, is_resumable=True, host="127.0.0.1", port=port)


def test_more_clients_than_it_has_room_for_are_refused_with_the_reason(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_listener, "MOST_CLIENTS", 2)
    feed = serve()
    first, second = feed.connect(), feed.connect()
    with pytest.raises(FeedError, match="it serves 2 clients already; connect later"):
        feed.connect()
    first.close()
    deadline = time.monotonic() + 60
    while True:
        try:
            feed.connect().close()
            break
        except FeedError:
            assert time.monotonic() < deadline
    second.close()
