"""Whose requests are answered: those for a host that this server has."""

import http.client
import json
import socket

import httpx
import pytest

from server.example import ExampleService
from server.paths import SERIES, SNAPSHOT, assert_error
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.hosts import AllowedHosts, HostError, host_of
from zerodte.server.settings import ServerSettings

PATHS = [f"{SNAPSHOT}SPX", "/health", "/metrics", "/", "/table", "/openapi.json", "/nowhere"]


def asked(url: str, head: str) -> tuple[int, dict[str, str]]:
    """The status and the error of an answer to a raw head."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(f"{head}\r\n\r\n".encode())
        response = http.client.HTTPResponse(raw)
        response.begin()
        body = response.read()
    is_error = response.status >= 400
    return response.status, json.loads(body) if is_error else {}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8017", "127.0.0.1.evil.example"])
def test_a_name_that_is_not_ours_is_refused(client: httpx.Client, path: str, host: str) -> None:
    """A page that points its own name at this machine reads nothing."""
    client.get(path)
    answer = client.get(path, headers={"host": host})
    assert_error(
        answer, "misdirected_request", f"start it with --allow-host {host.partition(':')[0]}"
    )
    assert host.partition(":")[0] in answer.json()["message"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "127.0.0.1:8017",
        "127.8.8.8",
        "[::1]:80",
        "zerodte.example",
        "Zerodte.Example:443",
    ],
)
def test_names_of_this_machine_and_the_base_url_are_answered(
    client: httpx.Client, host: str
) -> None:
    assert client.get("/health", headers={"host": host}).status_code == 200


def test_names_can_be_added(service: ExampleService) -> None:
    settings = ServerSettings(hosts=("market.example", "192.0.2.7"))
    with served(create_app(service, settings)) as url:
        for host in ("market.example", "MARKET.example:8443", "192.0.2.7"):
            assert asked(url, f"GET /health HTTP/1.1\r\nHost: {host}")[0] == 200
        for host in ("other.market.example", "192.0.2.8", "example"):
            assert asked(url, f"GET /health HTTP/1.1\r\nHost: {host}")[0] == 421


@pytest.mark.parametrize(
    ("names", "allowed", "refused"),
    [
        (["0.0.0.0"], "192.0.2.8", "evil.example"),  # noqa: S104
        (["::"], "2001:db8::1", "evil.example"),
        (["*"], "evil.example", None),
        (["[2001:db8::1]"], "2001:db8::1", "2001:db8::2"),
        (["2001:DB8:0::0001"], "2001:db8::1", "2001:db8::2"),
        (["2001:db8::1"], "2001:db8:0:0:0:0:0:1", "2001:db8::2"),
        ([], "127.0.0.1", "0.0.0.0"),  # noqa: S104
    ],
)
def test_what_a_name_allows(names: list[str], allowed: str, refused: str | None) -> None:
    """A wildcard address has no name: whoever uses it knows an address."""
    hosts = AllowedHosts("http://127.0.0.1:8017", names)
    assert hosts.allows(allowed)
    assert refused is None or not hosts.allows(refused)


def test_a_wildcard_address_allows_the_names_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Desk.home.example")
    hosts = AllowedHosts("", ["::"])
    assert hosts.allows("desk.home.example")
    assert hosts.allows("desk")
    assert not hosts.allows("home.example")
    assert not AllowedHosts("", ["192.0.2.7"]).allows("desk")


@pytest.mark.parametrize("name", ["", "http://market.example", "market.example:80", "a b", "-a"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(HostError, match="write a name such as"):
        AllowedHosts("", [name])


@pytest.mark.parametrize("header", [b"a b", b"a/b", b"a@b", b"[::1", b"a:b", b"\xff", b"::1"])
def test_what_is_no_host_header(header: bytes) -> None:
    assert host_of(header) is None


def test_a_request_of_http_1_1_has_a_host(url: str) -> None:
    status, error = asked(url, "GET /health HTTP/1.1")
    assert (status, error["error"]) == (400, "bad_request")
    assert asked(url, "GET /health HTTP/1.0")[0] == 200
    assert asked(url, "GET /health HTTP/1.0\r\nHost: evil.example")[0] == 421


def test_the_host_of_an_absolute_target_counts(url: str) -> None:
    head = "GET http://{}/health HTTP/1.1\r\nHost: {}"
    assert asked(url, head.format("evil.example", "localhost"))[0] == 421
    assert asked(url, head.format("localhost:80", "evil.example"))[0] == 200
    assert asked(url, "GET http://localhost/health HTTP/1.1")[0] == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/flow%2Fzero-dte/series/SPX", 404),
        ("/v1/flow/zero-dte%2fseries/SPX", 404),
        ("/v1/flow/zero-dte/series%2FSPX", 404),
        ("/v1/flow/zero-dte/s%65ries/SPX", 200),
        ("/%68ealth", 200),
        ("%2Fhealth", 400),
        ("/health%2F", 404),
        (SERIES + "SPX%2F", 200),
        (SERIES + "A%2FB", 200),
        (SERIES + "SPX/", 200),
    ],
)
def test_an_encoded_slash_divides_nothing(url: str, path: str, status: int) -> None:
    assert asked(url, f"GET {path} HTTP/1.1\r\nHost: localhost")[0] == status


def test_a_symbol_may_hold_a_slash(client: httpx.Client, service: ExampleService) -> None:
    assert client.get(SERIES + "brk%2Fb").json()["symbol"] == "BRK/B"
    (query,) = service.asked
    assert getattr(query, "symbol") == "BRK/B"  # noqa: B009
