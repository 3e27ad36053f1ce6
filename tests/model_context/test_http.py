"""The tools at /mcp of a server: the caller's key and quota, and nothing but small POSTs."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from client.market import simulated_market
from model_context.figures import figures, known
from model_context.sessions import CALLS, text_of, texts
from server.keyed import create_key
from zerodte.access.keyring import Keyring
from zerodte.access.plan import Plan, PlanTable
from zerodte.mcp.http import McpApplication
from zerodte.server.app import ROUTES, create_app
from zerodte.server.key_access import KeyAccess
from zerodte.server.mount import BODY_BYTES
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.service.market_service import MarketService

pytestmark = pytest.mark.drill

DESK = "https://desk.example"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


@contextmanager
def running(server: Server) -> Iterator[None]:
    """A server on a thread."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def serving(
    service: MarketService,
    settings: ServerSettings = ServerSettings(),  # noqa: B008  # frozen
    access: KeyAccess | None = None,
) -> Iterator[str]:
    """The URL of a server with the tools mounted."""
    listener = Listener("127.0.0.1", 0)
    app = create_app(service, settings, access, McpApplication(listener.url))
    with running(Server(app, listener, app.stop, app.count_abort)):
        yield listener.url


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("market") / "tape"


@pytest.fixture(scope="module")
def service(tape: Path) -> Iterator[MarketService]:
    with simulated_market(tape) as service:
        yield service


@pytest.fixture(scope="module")
def mounted(service: MarketService) -> Iterator[str]:
    """A server that needs no key."""
    with serving(service) as url:
        yield url


@asynccontextmanager
async def http_session(url: str, key: str = "") -> AsyncIterator[Client]:
    """The official client at /mcp, with a key."""
    async with (
        httpx2.AsyncClient(headers={"x-api-key": key} if key else {}, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        yield client


def test_every_tool_answers_with_the_figures_of_the_api(mounted: str) -> None:
    async def ask() -> dict[str, str]:
        async with http_session(mounted) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == CALLS.keys()
            assert len((await client.list_prompts()).prompts) == 3
            return await texts(client, CALLS)

    for tool, text in asyncio.run(ask()).items():
        numbers, _ = known(mounted, tool)
        assert set(figures(text)) <= numbers
        assert "source simulated" in text


def test_an_older_client_is_answered_too(mounted: str) -> None:
    """One that begins with the handshake of earlier versions of the protocol."""

    async def ask() -> str:
        transport = streamable_http_client(f"{mounted}/mcp")
        async with Client(transport, mode="legacy") as client:
            return text_of(await client.call_tool("leaderboard", {}))

    assert "rank 1: " in asyncio.run(ask())


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_posts_are_answered(mounted: str, method: str) -> None:
    answer = httpx.request(method, f"{mounted}/mcp", headers=JSON)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_other_paths_take_no_post(mounted: str) -> None:
    for path in ("/health", "/mcp/more", "/v1/account"):
        assert httpx.post(mounted + path, json=LIST).status_code in (404, 405)


def test_a_large_body_is_refused_and_a_server_lives_on(mounted: str) -> None:
    padded = LIST | {"x": "x" * BODY_BYTES}
    for content in (json.dumps(padded).encode(), iter([b"x" * 65_536] * 5)):
        with httpx.Client() as client:
            answer = client.post(f"{mounted}/mcp", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")
    assert httpx.get(f"{mounted}/health").status_code == 200


def test_what_is_no_request_of_the_protocol_is_its_error(mounted: str) -> None:
    for content in (b"", b"[", b"{}", b"null", b'{"jsonrpc":"2.0"}', b"\xff"):
        answer = httpx.post(f"{mounted}/mcp", content=content, headers=JSON)
        assert answer.status_code == 400
        assert "error" in answer.json()
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
def test_pages_of_other_origins_are_refused(mounted: str, origin: str) -> None:
    answer = httpx.post(f"{mounted}/mcp", json=LIST, headers=JSON | {"origin": origin})
    assert (answer.status_code, answer.json()["error"]) == (403, "origin_refused")


def test_a_page_that_is_allowed_is_answered(service: MarketService) -> None:
    with serving(service, ServerSettings(origins=(DESK,))) as url:
        answer = httpx.post(f"{url}/mcp", json=LIST, headers=JSON | {"origin": DESK})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == DESK


@pytest.mark.parametrize(("origin", "is_allowed"), [(DESK, True), ("https://evil.example", False)])
def test_a_browser_may_ask_first(
    service: MarketService, tmp_path: Path, origin: str, *, is_allowed: bool
) -> None:
    """Its preflight has no key; without the answer it sends neither a key nor JSON."""
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,mcp-protocol-version,x-api-key",
    }
    create_key(tmp_path / "keys.db", "growth")
    keyring = Keyring(tmp_path / "keys.db")
    try:
        access, settings = KeyAccess(keyring, ROUTES), ServerSettings(origins=(DESK,))
        with serving(service, settings, access) as url:
            answer = httpx.options(f"{url}/mcp", headers=asked)
    finally:
        keyring.close()
    assert answer.status_code == 204
    sent = answer.headers.get("access-control-allow-headers", "").split(", ")
    assert set(asked["access-control-request-headers"].split(",")).issubset(sent) is is_allowed
    methods = answer.headers.get("access-control-allow-methods", "")
    assert ("POST" in methods) is is_allowed


def test_a_foreign_host_is_misdirected(mounted: str) -> None:
    answer = httpx.post(f"{mounted}/mcp", json=LIST, headers=JSON | {"host": "evil.example"})
    assert answer.status_code == 421


def test_a_client_that_leaves_amid_its_body_harms_nobody(mounted: str) -> None:
    parts = urlsplit(mounted)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        head = f"POST /mcp HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 100\r\n\r\n{{"
        connection.sendall(head.encode())
    assert httpx.post(f"{mounted}/mcp", json=LIST, headers=JSON).status_code == 200


def test_the_command_that_serves_mounts_them(service: MarketService, tape: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "zerodte", "serve", str(tape), "--port", "0"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as serving_process:
        try:
            assert serving_process.stdout is not None
            url = ""
            for line in serving_process.stdout:
                url = url or line.partition("Listening on ")[2].partition(";")[0]
                if line.startswith("Ready"):
                    break

            async def ask() -> str:
                async with http_session(url) as client:
                    return text_of(await client.call_tool("leaderboard", {}))

            assert "rank 1: " in asyncio.run(ask())
            serving_process.terminate()
            assert serving_process.wait(30) == 143
        finally:
            serving_process.kill()


def test_without_the_extra_there_is_nothing(service: MarketService) -> None:
    listener = Listener("127.0.0.1", 0)
    with running(Server(create_app(service, ServerSettings()), listener)):
        assert httpx.post(f"{listener.url}/mcp", json=LIST).status_code == 404


def test_keys_plans_and_quotas_are_the_callers(service: MarketService, tmp_path: Path) -> None:
    """What the API refuses is said in words; asking for tools is not counted, answers are."""
    limits = {"free": 4, "basic": 4, "growth": 4, "alpha": None, "enterprise": None}
    plans = PlanTable(Plan(name, name.title(), limit) for name, limit in limits.items())
    path = tmp_path / "keys.db"
    _, growth = create_key(path, "growth")
    _, free = create_key(path, "free")
    keyring = Keyring(path)

    async def ask(key: str, tool: str, **arguments: str) -> tuple[bool | None, str]:
        async with http_session(url, key) as client:
            result = await client.call_tool(tool, arguments)
            return result.is_error, text_of(result)

    try:
        access = KeyAccess(keyring, ROUTES, plans)
        with serving(service, ServerSettings(has_keys=True), access) as url:
            for key in ("", "zk_unknown"):
                answer = httpx.post(f"{url}/mcp", json=LIST, headers=JSON | {"x-api-key": key})
                assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
            is_error, text = asyncio.run(ask(growth, "snapshot", symbol="SPX"))
            assert not is_error
            assert growth not in text
            assert used(url, growth) == 2  # the snapshot, and this question
            is_error, text = asyncio.run(ask(growth, "heatmap", symbol="SPX"))
            assert is_error
            assert "tier_restricted: This needs the Alpha plan; your key has Growth." in text
            is_error, text = asyncio.run(ask(free, "levels", symbol="SPX"))
            assert is_error
            assert "your key has Free" in text
            assert [used(url, growth) for _ in range(2)] == [3, 4]
            is_error, text = asyncio.run(ask(growth, "snapshot", symbol="SPX"))
            assert is_error
            assert "quota_exceeded: The Growth plan has 4 answers" in text
            listed = httpx.post(f"{url}/mcp", json=LIST, headers=JSON | {"x-api-key": growth})
            assert listed.status_code == 200
            assert listed.headers["x-ratelimit-remaining"] == "0"
    finally:
        keyring.close()


def used(url: str, key: str) -> int:
    """The answers that a key has used today, this one included."""
    usage: int = httpx.get(f"{url}/v1/account", headers={"x-api-key": key}).json()["usage_today"]
    return usage
