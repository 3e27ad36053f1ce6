"""Streams over real sockets: what readers see, when they come back, and when they are slow."""

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import httpx
import pytest

from server.events import Event, EventReader
from server.example import START, ExampleService
from server.ports import served
from zerodte.constants import SECOND
from zerodte.server import connection, heartbeat
from zerodte.server.app import create_app
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.server.sse import read_id
from zerodte.wire.stream import SampleEvent, StreamQuery

PATH = "/v1/flow/zero-dte/stream/SPX"


def said(number: int, kind: str) -> Event:
    """The event of a kind that the example's sample of that number brings."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START // SECOND + 30 * number))
    return Event(kind, json.dumps({"said": str(number)}, separators=(",", ":")), at)


def pair(number: int) -> list[Event]:
    return [said(number, "bar"), said(number, "snapshot")]


def take(reader: EventReader, count: int) -> list[Event | None]:
    return [reader.next() for _ in range(count)]


def readers(client: httpx.Client) -> int:
    """Open streams, as the server counts them."""
    return int(metric(client, "zerodte_stream_readers"))


def metric(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(
        float(line.split()[-1])
        for line in lines
        if line.partition("{")[0] == name or line.startswith(name + " ")
    )


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for what another thread brings about."""
    for _ in range(2_000):
        if condition():
            return
        time.sleep(0.005)
    pytest.fail(f"never came about: {what}")


@pytest.fixture(autouse=True)
def _gone(client: httpx.Client) -> Iterator[None]:
    yield
    until(lambda: readers(client) == 0, "no stream is left open")


def test_a_stream_begins_with_the_newest_sample_and_goes_on(
    service: ExampleService, url: str
) -> None:
    service.sample("0")
    service.sample("1")
    with EventReader(url + PATH) as reader:
        assert reader.response.status == 200
        assert reader.response.headers["content-type"] == "text/event-stream"
        assert reader.response.headers["cache-control"] == "no-store"
        assert take(reader, 2) == pair(1)
        assert reader.retry == 2000
        for number in (2, 3):
            service.sample(str(number))
            assert take(reader, 2) == pair(number)


def test_a_stream_waits_for_the_first_sample(service: ExampleService, url: str) -> None:
    with EventReader(url + PATH.replace("SPX", "%20spx")) as reader:
        service.sample("0")
        assert take(reader, 2) == pair(0)


def test_who_comes_back_misses_nothing(service: ExampleService, url: str) -> None:
    service.sample("0")
    with EventReader(url + PATH) as reader:
        assert take(reader, 2) == pair(0)
        last = reader.last_id
    for number in range(1, 5):
        service.sample(str(number))
    with EventReader(url + PATH, last) as reader:
        assert take(reader, 5) == [said(1, "bar"), said(2, "bar"), said(3, "bar"), *pair(4)]
        service.sample("5")
        assert take(reader, 2) == pair(5)
        last = reader.last_id
    with EventReader(url + PATH, last) as reader:
        service.sample("6")
        assert take(reader, 2) == pair(6), "the last one is not sent twice"


def test_a_restarted_server_knows_the_id(service: ExampleService, url: str) -> None:
    fresh = ExampleService()
    for number in range(3):
        service.sample(str(number))
        fresh.sample(str(number))
    with EventReader(url + PATH) as reader:
        last = take(reader, 1)[0]
    assert last is not None
    fresh.sample("3")
    with (
        served(create_app(fresh, ServerSettings())) as other,
        EventReader(other + PATH, last.id) as reader,
    ):
        assert take(reader, 2) == pair(3)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "x",
        "1779888630",
        "2026-05-27T13:30:30",
        "2026-05-27T13:30:30+00:00",
        "2026-02-30T00:00:00Z",
        "2999-01-01T00:00:00Z",
        "9" * 4000,
        "\xff",
        "2026-05-27T13:30:30Z, 2026-05-27T13:30:30Z",
    ],
)
def test_an_id_that_is_none_counts_as_none(service: ExampleService, url: str, broken: str) -> None:
    service.sample("0")
    service.sample("1")
    with EventReader(url + PATH, broken) as reader:
        assert take(reader, 2) == pair(1)


def test_an_id_of_another_session_is_before_all_of_this_one(
    service: ExampleService, url: str
) -> None:
    service.sample("0")
    service.sample("1")
    with EventReader(url + PATH, "2026-05-26T20:00:00Z") as reader:
        assert take(reader, 3) == [said(0, "bar"), *pair(1)]


def test_who_comes_back_between_sessions_is_sent_what_there_is(
    service: ExampleService, url: str
) -> None:
    """The service has begun another session, of which there is no sample yet."""
    for number in range(3):
        service.sample(str(number))
    with EventReader(url + PATH) as first:
        take(first, 2)
        last = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START // SECOND))
        old, service.samples = service.samples, []
        with EventReader(url + PATH, last) as reader:
            assert take(reader, 2) == pair(2)
            service.samples = old
            service.sample("3")
            assert take(reader, 2) == pair(3)


def test_ids_are_times() -> None:
    assert read_id(b"2026-05-27T13:30:30Z") == START
    assert read_id(None) is None


def test_silence_is_broken_by_comments(
    service: ExampleService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_HEARTBEAT_S", 0.02)
    service.sample("0")
    with served(create_app(service, ServerSettings())) as url, EventReader(url + PATH) as reader:
        assert take(reader, 2) == pair(0)
        assert take(reader, 3) == [None, None, None]
        service.sample("1")
        while (event := reader.next()) is None:
            pass
        assert [event, reader.next()] == pair(1)


def test_streams_end_in_order_when_the_server_does(service: ExampleService) -> None:
    service.sample("0")
    app, listener = create_app(service, ServerSettings()), Listener("127.0.0.1", 0)
    server = Server(app, listener, app.stop, app.count_abort)
    running = threading.Thread(target=server.run)
    running.start()
    with EventReader(listener.url + PATH) as reader:
        assert take(reader, 2) == pair(0)
        began = time.monotonic()
        server.stop()
        with pytest.raises(EOFError):
            reader.next()
        assert reader.response.isclosed(), "its last chunk has come"
        running.join(10)
    assert not running.is_alive()
    assert time.monotonic() - began < 5.0, "nobody was waited for"
    assert len(service.callers) == 1, "only the other server still listens"


def test_head_has_no_end_to_wait_for(client: httpx.Client, service: ExampleService) -> None:
    service.sample("0")
    answer = client.head(PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream"


def test_bodies_are_let_pass(service: ExampleService, url: str) -> None:
    """What a client sends with its request, or after it, neither ends nor fills the stream."""
    service.sample("0")
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(
            f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(300):
            raw.sendall(b"2000\r\n" + bytes(0x2000) + b"\r\n")
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        assert answer.status == 200
        assert b"retry" in answer.readline()


def test_an_old_reader_gets_events_without_chunks(service: ExampleService, url: str) -> None:
    service.sample("0")
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(f"GET {PATH} HTTP/1.0\r\n\r\n".encode())
        said = b""
        while b"event: snapshot" not in said or not said.endswith(b"\n\n"):
            said += raw.recv(2**16)
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body.startswith(b"retry: 2000\n\nid: ")


@pytest.mark.parametrize("behind", [1, 3])
def test_a_reader_that_is_gone_is_told_whatever_waits_behind(
    service: ExampleService,
    client: httpx.Client,
    url: str,
    caplog: pytest.LogCaptureFixture,
    behind: int,
) -> None:
    """The connection is reset with requests behind the stream, which nobody will answer."""
    service.sample("0")
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        raw.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * behind)
        while b"event: snapshot" not in raw.recv(2**16):
            pass
    number = 1
    while readers(client):
        service.sample(str(number))
        number += 1
        assert number < 1_000
    service.sample("last")
    assert client.get("/health").status_code == 200
    assert caplog.records == []


class LargeService(ExampleService):
    """Its snapshots are of a size that no buffer takes many of."""

    def large(self, number: int) -> None:
        """Take a sample of a megabyte."""
        self.sample(str(number) + "x" * 2**20)


@pytest.fixture
def large() -> Iterator[tuple[LargeService, str]]:
    service = LargeService()
    with served(create_app(service, ServerSettings())) as url:
        yield service, url


def test_a_slow_reader_is_skipped_forward_and_harms_nobody(large: tuple[LargeService, str]) -> None:
    service, url = large
    with EventReader(url + PATH) as slow, EventReader(url + PATH) as quick:
        for number in range(12):
            service.large(number)
            bar, snapshot = take(quick, 2)
            assert bar is not None
            assert snapshot is not None
            assert (bar.kind, snapshot.kind) == ("bar", "snapshot")
            assert bar.data.startswith(f'{{"said":"{number}x')
        service.sample("last")
        assert [event and event.data for event in take(quick, 2)] == ['{"said":"last"}'] * 2
        kinds, skipped, numbers = [], 0, 0
        while True:
            event = slow.next()
            assert event is not None
            kinds.append(event.kind)
            if event.kind == "skipped":
                skipped += json.loads(event.data)["samples"]
            elif event.kind == "snapshot":
                numbers += 1
                if event.data == '{"said":"last"}':
                    break
        assert skipped + numbers == 13
        assert skipped >= 1
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            assert metric(client, "zerodte_stream_samples_skipped_total") == skipped
            assert metric(client, "zerodte_stream_samples_sent_total") == 13 + numbers
    assert kinds.count("skipped") == 1


@pytest.mark.drill
def test_a_reader_that_takes_nothing_is_cut_off(
    large: tuple[LargeService, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_STALL_S", 0.2)
    service, url = large
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
        EventReader(url + PATH),
        EventReader(url + PATH) as quick,
    ):
        number = 0
        while not metric(client, "zerodte_connections_aborted_total"):
            service.large(number)
            take(quick, 2)
            number += 1
            assert number < 1_000
        until(lambda: readers(client) == 1, "its reader is gone")
        service.sample("last")
        assert [event and event.data for event in take(quick, 2)] == ['{"said":"last"}'] * 2


def test_a_server_that_ends_does_not_wait_for_who_reads_nothing() -> None:
    service = LargeService()
    app, listener = create_app(service, ServerSettings()), Listener("127.0.0.1", 0)
    server = Server(app, listener, app.stop, app.count_abort)
    running = threading.Thread(target=server.run)
    running.start()
    with EventReader(listener.url + PATH), EventReader(listener.url + PATH) as quick:
        for number in range(12):
            service.large(number)
            take(quick, 2)
        server.stop()
        running.join(4)
    assert not running.is_alive()


def test_many_readers_share_what_is_encoded_once(
    service: ExampleService, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []
    events = service.events

    def counted(query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        asked.append(after)
        return events(query, after)

    monkeypatch.setattr(service, "events", counted)
    service.sample("0")
    with ExitStack() as stack:
        crowd = [stack.enter_context(EventReader(url + PATH)) for _ in range(40)]
        for number in range(4):
            if number:
                service.sample(str(number))
            for reader in crowd:
                assert take(reader, 2) == pair(number)
    assert len(asked) == 4
