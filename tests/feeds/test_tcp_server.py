"""A tape as a feed on a real port: everything once, from any position, and bad company."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from session.made_tape import OPEN, SECOND
from tape.live_day import SPAN, source
from zerodte.feeds import tcp_client, tcp_server
from zerodte.feeds.feed import FeedError
from zerodte.feeds.playback import Playback
from zerodte.feeds.tcp_client import TcpConnection, TcpFeed
from zerodte.feeds.tcp_protocol import EndMessage, HelloMessage, encode
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.tape.folder import Tape
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
    return {stream.name: count for stream in connection.offer.streams}


def heard(connection: TcpConnection, until: int = 2**63 - 1) -> list[Arrival]:
    """All that arrives until the feed is over, or its clock has passed `until`."""
    out: list[Arrival] = []
    while not connection.is_over and (not out or out[-1].clock < until):
        out += connection.receive(10.0)
    return out


def together(arrivals: list[Arrival]) -> dict[str, tuple[bytes, list[int], list[list[int]]]]:
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
            [pair for piece in mine for pair in piece.pairs.tolist()],
        )
        for name, mine in pieces.items()
    }


def everything(line: TcpFeed) -> list[Arrival]:
    connection = line.connect()
    begun = connection.start(counts(connection))
    assert begun.resumed
    arrivals = heard(connection)
    connection.close()
    return arrivals


def test_everything_on_the_tape_is_sent(tape: Tape, serve: Serve) -> None:
    line = serve()
    connection = line.connect()
    assert connection.offer.date == tape.session.date
    assert connection.offer.symbols == tape.symbols
    connection.close()
    got = together(everything(line))
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


def test_the_clock_never_passes_what_is_yet_to_come(serve: Serve) -> None:
    clock = 0
    for arrival in everything(serve()):
        if arrival.piece is not None:
            seconds = -(-arrival.piece.records["ts_recv"].astype(np.int64) // SECOND)
            assert (seconds * SECOND > clock - SECOND // 4).all()
            assert (arrival.piece.records["ts_recv"] <= arrival.clock).all()
        clock = max(clock, arrival.clock)
    assert clock >= OPEN + 6.5 * 3600 * SECOND


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_a_feed_goes_on_after_any_counts(serve: Serve, share: float) -> None:
    line = serve()
    whole = together(everything(line))
    connection = line.connect()
    sizes = {
        arrival.name: arrival.piece.records.itemsize
        for arrival in everything(line)
        if arrival.piece
    }
    have = {
        name: round(share * len(records) / sizes[name]) for name, (records, _, _) in whole.items()
    }
    connection.start(have)
    rest = heard(connection)
    connection.close()
    for name, (records, codes, pairs) in together(rest).items():
        assert records == whole[name][0][have[name] * sizes[name] :]
        assert codes == whole[name][1][len(whole[name][1]) and have[name] :]
        assert pairs == [pair for pair in whole[name][2] if pair[0] >= have[name]]
    silent = {name for name in whole if have[name] * sizes[name] == len(whole[name][0])}
    assert whole.keys() - together(rest).keys() == silent


def test_a_feed_that_does_not_go_on_sends_what_comes_from_now_on(serve: Serve) -> None:
    line = serve(speed=50.0, is_resumable=False)
    whole = together(everything(serve()))
    time.sleep(0.1)
    connection = line.connect()
    have = {**counts(connection, 7), "opra.pillar.definition.dbn.zst": 10}
    begun = connection.start(have)
    assert not begun.resumed
    assert begun.now % SECOND == 0
    assert begun.now >= OPEN + 5 * SECOND
    arrivals = heard(connection, until=begun.now + 30 * SECOND)
    connection.close()
    market = [a for a in arrivals if a.piece and "bo" in a.name]
    assert all((a.piece.records["ts_recv"] > begun.now).all() for a in market if a.piece)
    firsts: dict[str, int] = {}
    for arrival in arrivals:
        if arrival.piece is not None:
            firsts.setdefault(arrival.name, arrival.piece.first)
    assert firsts.pop("opra.pillar.definition.dbn.zst") == 10, "what stands all day is not lost"
    assert set(firsts.values()) == {7}, "positions go on from the counts"
    quotes = together(arrivals)["opra.pillar.cbbo-1s.dbn.zst"][0]
    assert quotes in whole["opra.pillar.cbbo-1s.dbn.zst"][0]


def test_its_clock_does_not_wait_for_anybody(serve: Serve) -> None:
    line = serve(speed=100.0)
    connection = line.connect()
    time.sleep(0.3)
    begun = connection.start(counts(connection))
    connection.close()
    assert begun.speed == 100.0
    assert begun.now >= OPEN + 30 * SECOND


def test_who_is_too_slow_for_a_feed_that_keeps_nothing_is_hung_up_on(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a second of this tape is more than sockets hold, and nobody reads them for longer."""
    monkeypatch.setattr(tcp_server, "_FARTHEST", 0.2)
    line = serve(SPAN * 2.0, is_resumable=False, sent=source(tmp_path, trade_count=100_000))
    connection = line.connect()
    connection.start(counts(connection))
    time.sleep(1.0)
    with pytest.raises(FeedError, match=r"it refused: .* seconds behind, and nothing is kept here"):
        heard(connection)
    connection.close()


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\n\r\n", encode(EndMessage()), bytes(100)],
    ids=["http", "word", "zeros"],
)
def test_garbage_is_answered_and_hung_up_on(serve: Serve, said: bytes) -> None:
    line = serve()
    host, port = line.name.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(said)
        content = b""
        while chunk := raw.recv(1 << 16):
            content += chunk
    assert b"Refused" in content[-200:]
    assert everything(line), "others are served as before"


def test_counts_beyond_the_tape_are_refused(serve: Serve) -> None:
    connection = serve().connect()
    connection.start(counts(connection, 10**6))
    with pytest.raises(FeedError, match=r"records fewer of .* than you have"):
        heard(connection)
    connection.close()


def answering(*parts: bytes) -> TcpFeed:
    """Something that says this, part by part, to the first who connects, and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with listening, listening.accept()[0] as client:
            for part in parts:
                client.sendall(part)
                time.sleep(0.05)

    threading.Thread(target=answer, daemon=True).start()
    return TcpFeed(*listening.getsockname())


def test_what_is_no_feed_is_a_clear_error(tape: Tape) -> None:
    with pytest.raises(FeedError, match="no line of zerodte is spoken there"):
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").connect()
    with pytest.raises(FeedError, match="it hung up"):
        answering(b"").connect()
    with pytest.raises(FeedError, match="an unexpected word, Over"):
        answering(encode(EndMessage())).connect()
    with pytest.raises(FeedError, match="it speaks version 2 of the line, not 1"):
        answering(encode(HelloMessage(2, Playback(tape).offer))).connect()


def test_a_long_message_may_take_its_time(tape: Tape) -> None:
    hello = encode(HelloMessage(1, Playback(tape).offer))
    connection = answering(hello[:5], hello[5:100], hello[100:]).connect()
    assert connection.offer == Playback(tape).offer
    connection.close()


def test_who_never_answers_is_no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_client, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        line = TcpFeed(*mute.getsockname())
        with pytest.raises(FeedError, match=r"no answer within 0\.2 seconds"):
            line.connect()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(FeedError, match="refused"):
        TcpFeed("127.0.0.1", port).connect()
    with pytest.raises(FeedError, match=r"\w"):
        TcpFeed("no such host", 1).connect()


def test_a_port_in_use_is_a_clear_error(tape: Tape) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FeedError, match=r"cannot listen on .*in use.*; choose another"):
            TcpFeedServer(tape, 1.0, is_resumable=True, host="127.0.0.1", port=port)
