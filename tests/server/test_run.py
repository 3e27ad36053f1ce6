"""The server on a real port, and the published client against it."""

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import flashalpha
import pytest

from zerodte.server.run import Listener, ServerError
from zerodte.wire.errors import ApiError

SLEEPY = """
import asyncio, sys
from zerodte.server.run import Listener, Server

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        print("stopped in order", flush=True)
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

listener = Listener("127.0.0.1", 0)
print(listener.url, flush=True)
Server(app, listener).run()
"""


@pytest.fixture
def published(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[flashalpha.FlashAlpha]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = flashalpha.FlashAlpha("any-key", base_url=url)
    yield client
    client._session.close()


def test_the_published_client_reads_a_full_snapshot(published: flashalpha.FlashAlpha) -> None:
    snapshot = published.flow_zero_dte_snapshot("spx")
    assert snapshot["symbol"] == "SPX"
    assert snapshot["regime"]["label"] in ("positive_gamma", "negative_gamma", "unknown")
    assert snapshot["hedging"]["spot_up_10bp"]["direction"] in ("buy", "sell")
    assert isinstance(snapshot["strikes"][0]["call_gex"], float)
    assert isinstance(snapshot["flow_direction"]["contracts_with_flow"], int)
    assert snapshot["as_of"].endswith("Z")
    assert snapshot["expiration"] == "2026-05-27"


def test_the_published_client_reads_what_else_there_is(published: flashalpha.FlashAlpha) -> None:
    exposure = published.zero_dte("SPX", strike_range=0.05, expiry="2026-05-29")
    assert exposure["pin_risk"]["components"]["oi_score"] >= 0
    assert published.flow_zero_dte_snapshot("TSLA")["no_zero_dte"] is True
    health = published.health()
    assert health["status"] == "Healthy"
    assert health.keys() >= {"endpoint_version", "data_as_of"}


def test_the_published_client_raises_its_own_errors(published: flashalpha.FlashAlpha) -> None:
    with pytest.raises(flashalpha.NotFoundError, match="XYZ is not tracked") as unknown:
        published.flow_zero_dte_snapshot("XYZ")
    assert unknown.value.response["error"] == "symbol_not_found"
    with pytest.raises(flashalpha.NotFoundError):
        published.flow_zero_dte_snapshot("../..")
    with pytest.raises(flashalpha.ServerError, match="enough"):
        published.flow_zero_dte_snapshot("WARM")
    with pytest.raises(flashalpha.FlashAlphaError, match="yyyy-MM-dd"):
        published.flow_zero_dte_snapshot("SPX", expiry="tomorrow")


def test_bytes_that_are_no_request_do_not_hurt(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    connection.request("HEAD", "/v1/flow/zero-dte/snapshot/XYZ")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (ApiError("symbol_not_found", "").status, b"")
    connection.close()


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*in use"):
            Listener("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 0), ("no such host", 80), ("127.0.0.1", 70000)]
)
def test_an_address_that_is_not_ours_is_a_clear_error(host: str, port: int) -> None:
    with pytest.raises(ServerError, match=f"cannot listen on {host}:{port}: .+; choose another"):
        Listener(host, port)


@pytest.mark.parametrize(
    ("host", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]")],  # noqa: S104
)
def test_the_url_is_one_that_clients_reach(host: str, reached: str) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    listener = Listener(host, 0)
    port = listener.socket.getsockname()[1]
    assert port
    assert listener.url == f"http://{reached}:{port}"
    with socket.create_connection((reached.strip("[]"), port), timeout=5):
        listener.socket.close()


def test_ctrl_c_stops_quietly_and_in_order() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        running.send_signal(signal.SIGINT)
        said, complained = running.communicate(timeout=10)
    assert (running.returncode, said, complained) == (0, "stopped in order\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_low_limit_of_open_files_is_raised() -> None:
    low = "import resource; limits = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
    low += "resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))\n"
    with subprocess.Popen(
        [sys.executable, "-c", low + SLEEPY], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        host, port = running.stdout.readline().strip().removeprefix("http://").split(":")
        with ExitStack() as stack:
            opened = [
                stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
                for _ in range(100)
            ]
            opened[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert opened[-1].recv(100).startswith(b"HTTP/1.1 200")
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
