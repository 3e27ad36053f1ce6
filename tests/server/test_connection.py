"""What comes over a socket that no well-meaning client would send, and what answers it."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.example import ExampleService
from server.ports import served
from zerodte.server import connection
from zerodte.server.app import ROUTES, create_app
from zerodte.server.connection import HEAD_BYTES, TARGET_BYTES
from zerodte.server.route import Route
from zerodte.server.settings import ServerSettings
from zerodte.wire.errors import STATUS

SPX = "/v1/flow/zero-dte/snapshot/SPX"


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        yield raw


def rest(raw: socket.socket) -> bytes:
    """All that still comes, until the server ends the connection."""
    parts = []
    try:
        while part := raw.recv(2**16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answer(raw: socket.socket, method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
    """The next answer on a connection."""
    response = http.client.HTTPResponse(raw, method=method)
    response.begin()
    return response, response.read()


def statuses(said: bytes) -> list[int]:
    """The statuses of answers that came one after another."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)]


def refusal(raw: socket.socket) -> str:
    """The code of an error that ends the connection."""
    response, body = answer(raw)
    error = json.loads(body)
    assert error["status"] == "ERROR"
    assert response.status == STATUS[error["error"]]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["connection"] == "close"
    assert rest(raw) == b""
    return str(error["error"])


def alive(url: str) -> bool:
    return httpx.get(url + "/health", trust_env=False, timeout=60).status_code == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01 not http\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"NONSENSE / HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA\x00: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x00" * 1000,
    ],
)
def test_what_is_no_request_is_refused_in_the_one_shape(url: str, garbage: bytes) -> None:
    with connected(url) as raw:
        raw.sendall(garbage)
        assert refusal(raw) == "bad_request"
    assert alive(url)


@pytest.mark.parametrize("hosts", [b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n", b"Host: a/b\r\n"])
@pytest.mark.parametrize("path", [SPX, "/health", "/nowhere"])
def test_there_is_one_host(client: httpx.Client, url: str, path: str, hosts: bytes) -> None:
    client.get(SPX)
    with connected(url) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\n".encode() + hosts + b"\r\n")
        response, body = answer(raw)
    assert (response.status, json.loads(body)["error"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"GET /" + b"a" * TARGET_BYTES, "uri_too_long"),
        (b"GET /" + b"a" * 2**20, "headers_too_large"),
        (b"GET /?" + b"a=b&" * (TARGET_BYTES // 4), "uri_too_long"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * HEAD_BYTES, "headers_too_large"),
        (b"GET / HTTP/1.1" + b"\r\nA: b" * (HEAD_BYTES // 6 + 1), "headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + b"a" * 2**20 + b": b", "headers_too_large"),
    ],
)
@pytest.mark.parametrize("piece", [2**20, 4096])
def test_heads_have_an_end(url: str, head: bytes, code: str, piece: int) -> None:
    if b"HTTP" not in head:
        head += b" HTTP/1.1"
    head += b"\r\nHost: localhost\r\n\r\n"
    with connected(url) as raw:
        for start in range(0, len(head), piece):
            raw.sendall(head[start : start + piece])
        assert refusal(raw) == code
    assert alive(url)


def test_what_is_within_the_limits_is_answered(
    client: httpx.Client, service: ExampleService
) -> None:
    filler = "a" * (TARGET_BYTES - len(SPX) - 3)
    assert client.get(f"{SPX}?x={filler}").status_code == 200
    assert client.get(SPX, headers={"x": "a" * (HEAD_BYTES // 2)}).status_code == 200


BEGUN = [b"GET ", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"\r\n", b"GET / HTTP/1.1\r\nA"]


@pytest.mark.drill
@pytest.mark.parametrize(
    ("before", "begun"),
    # Nothing at all is too little of a first request; later a connection may rest.
    [(False, b""), *((before, begun) for before in (False, True) for begun in BEGUN)],
)
def test_a_head_that_does_not_come_is_not_waited_for(
    service: ExampleService, monkeypatch: pytest.MonkeyPatch, before: bool, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "_HEAD_S", 0.15)
    with served(create_app(service, ServerSettings())) as url, connected(url) as raw:
        if before:
            raw.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer(raw)[0].status == 200
        raw.sendall(begun)
        assert refusal(raw) == "request_timeout"
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            said = client.get("/metrics").text
        assert 'zerodte_connections_aborted_total{reason="request_timeout"} 1.0' in said


def test_a_head_that_drips_is_not_waited_for(
    service: ExampleService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_HEAD_S", 0.3)
    with served(create_app(service, ServerSettings())) as url, connected(url) as raw:
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.02):
                try:
                    raw.sendall(b"a")
                except OSError:
                    return

        raw.sendall(b"GET / HTTP/1.1\r\nX: ")
        dripping = threading.Thread(target=drip)
        dripping.start()
        assert b"408" in rest(raw).partition(b"\r\n")[0]
        over.set()
        dripping.join()


def test_stalled_heads_do_not_hold_the_server(service: ExampleService) -> None:
    with served(create_app(service, ServerSettings())) as url:
        stalled = [connected(url) for _ in range(100)]
        sockets = [one.__enter__() for one in stalled]
        for raw in sockets:
            raw.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert alive(url)
    for one in stalled:
        one.__exit__(None, None, None)


def test_requests_may_come_all_at_once(url: str) -> None:
    request = f"GET {SPX} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with connected(url) as raw:
        raw.sendall(
            request * 20
            + request.replace(b"Host: localhost", b"Connection: close\r\nHost: localhost")
        )
        answers = rest(raw)
    assert answers.count(b"HTTP/1.1 200 OK") == 21


def test_a_body_is_not_read(url: str) -> None:
    with connected(url) as raw:
        head = f"GET {SPX} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ".encode()
        raw.sendall(head + b"5\r\n\r\nhello")
        assert answer(raw)[0].status == 200
        raw.sendall(head + b"1000000000\r\n\r\nhello")
        assert answer(raw)[0].status == 200
        assert rest(raw) == b"", "nobody waits for the rest"


def test_an_upgrade_is_not_taken(url: str) -> None:
    with connected(url) as raw:
        raw.sendall(
            b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
            b"Connection: upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert answer(raw)[0].status == 200


def test_garbage_after_a_request_does_not_mix_with_its_answer(url: str) -> None:
    with connected(url) as raw:
        raw.sendall(f"GET {SPX} HTTP/1.1\r\nHost: localhost\r\n\r\n\x00\x00".encode())
        said = rest(raw)
    assert statuses(said) == [200, 400]
    assert b"well-formed" in said.rpartition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize(
    "body",
    [
        b"Transfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcdef\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    ],
)
def test_a_malformed_body_is_refused_after_the_answers_before_it(
    url: str, body: bytes, before: int
) -> None:
    request = f"GET {SPX} HTTP/1.1\r\nHost: localhost\r\n".encode()
    with connected(url) as raw:
        raw.sendall((request + b"\r\n") * before + request + body)
        said = rest(raw)
    assert statuses(said) == [200] * before + [400]
    assert json.loads(said.rpartition(b"\r\n\r\n")[2])["error"] == "bad_request"
    assert alive(url)


def test_an_old_client_gets_a_body_without_chunks(url: str) -> None:
    with connected(url) as raw:
        raw.sendall(f"GET {SPX} HTTP/1.0\r\n\r\n".encode())
        response, body = answer(raw)
    assert response.status == 200
    assert response.headers["transfer-encoding"] is None
    assert json.loads(body)["symbol"] == "SPX"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_bring_the_server_down(
    client: httpx.Client, url: str, noise: bytes, is_headed: bool
) -> None:
    with connected(url) as raw:
        raw.sendall((b"GET / HTTP/1.1\r\n" if is_headed else b"") + noise + b"\r\n\r\n")
        raw.shutdown(socket.SHUT_WR)
        said = rest(raw)
    assert b"HTTP/1.1 5" not in said
    assert client.get("/health").status_code == 200


PARAMETERS = [
    "expiry", "strike_range", "at", "bar", "minutes", "metric", "mode", "side", "n", "apiKey",
]  # fmt: skip
TEXT = st.text(max_size=30) | st.sampled_from(
    [
        "",
        "nan",
        "-1",
        "1e999",
        "9" * 400,
        "2026-05-27",
        "2026-02-30",
        "x\x00y",
        "../..",
        "SPX\n",
        "💥",
    ]
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        name: st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40)
        for name in ("accept-encoding", "if-none-match", "last-event-id", "range", "accept")
    },
)


@pytest.mark.drill
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([route for route in ROUTES if route.media != "events"]),
    TEXT,
    st.lists(st.tuples(st.sampled_from(PARAMETERS), TEXT), max_size=4),
    HEADERS,
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PATCH"]),
)
def test_every_route_answers_whatever_is_asked(
    client: httpx.Client,
    route: Route,
    symbol: str,
    query: list[tuple[str, str | int | float | bool | None]],
    headers: dict[str, str],
    method: str,
) -> None:
    path = route.path
    if "{symbol}" in path:
        path = path.replace("{symbol}", "".join(f"%{byte:02x}" for byte in symbol.encode()[:200]))
    sent = {name: value.strip() for name, value in headers.items()}
    got = client.request(method, path, params=query, headers=sent)
    assert got.status_code < 500 or got.status_code == 503
    if got.status_code >= 400 and method != "HEAD":
        assert got.json().keys() >= {"status", "error", "message"}
        assert STATUS[got.json()["error"]] == got.status_code
