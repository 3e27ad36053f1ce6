"""Pages of other origins: which may read answers, and what they are told of it."""

from collections.abc import Iterator

import httpx
import pytest

from server.example import ExampleService
from server.paths import SNAPSHOT
from server.ports import served
from zerodte.server.app import ROUTES, create_app
from zerodte.server.origins import AllowedOrigins, OriginError
from zerodte.server.settings import ServerSettings

DESK = "https://desk.example"
SPX = SNAPSHOT + "SPX"
PREFLIGHT = {
    "access-control-request-method": "GET",
    "access-control-request-headers": "x-api-key",
}


@pytest.fixture(scope="module")
def desk() -> Iterator[httpx.Client]:
    """A client of a server that allows two origins."""
    settings = ServerSettings(origins=(DESK, "http://localhost:3000"))
    with (
        served(create_app(ExampleService(), settings)) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        yield client


def permission(headers: httpx.Headers) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k.startswith("access-control-")}


def test_no_origin_is_allowed_by_default(client: httpx.Client) -> None:
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, SPX, headers={"origin": DESK, **PREFLIGHT})
        assert not permission(answer.headers)
        assert "origin" not in answer.headers.get("vary", "")


def test_an_allowed_page_reads_every_answer(desk: httpx.Client) -> None:
    """Errors too: a page that cannot read a 401 cannot say what is wrong."""
    tag = desk.get(SPX).headers["etag"]
    for path, headers, status in [
        (SPX, {}, 200),
        (SPX, {"if-none-match": tag}, 304),
        (SNAPSHOT + "XYZ", {}, 404),
        (SNAPSHOT + "BROKEN", {}, 500),
        ("/nowhere", {}, 404),
        ("/health", {}, 200),
    ]:
        answer = desk.get(path, headers={"origin": DESK, **headers})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == DESK
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"retry-after", "etag", "x-ratelimit-remaining"} <= set(exposed)
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in answer.headers.get_list("vary", split_commas=True)
    assert desk.post(SPX, headers={"origin": DESK}).headers["access-control-allow-origin"] == DESK


@pytest.mark.parametrize(
    "origin",
    [
        "https://desk.example.evil",
        "http://desk.example",
        "https://desk.example:444",
        "https://DESK.example",
        "https://sub.desk.example",
        "http://localhost:3001",
        "null",
        "",
        "*",
        f"{DESK}, {DESK}",
    ],
)
def test_another_page_is_not_allowed(desk: httpx.Client, origin: str) -> None:
    """A cache is told that the answer depends on who asks."""
    answer = desk.get(SPX, headers={"origin": origin})
    assert answer.status_code == 200
    assert not permission(answer.headers)
    assert "origin" in answer.headers.get_list("vary", split_commas=True)
    assert not permission(desk.options(SPX, headers={"origin": origin, **PREFLIGHT}).headers)


def test_a_preflight_is_answered_from_the_route_table(desk: httpx.Client) -> None:
    for route in ROUTES:
        path = route.path.replace("{symbol}", "SPX")
        answer = desk.options(path, headers={"origin": DESK, **PREFLIGHT})
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == DESK
        assert "GET" in answer.headers["access-control-allow-methods"].split(", ")
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert {"x-api-key", "if-none-match"} <= set(allowed)
        assert int(answer.headers["access-control-max-age"]) > 0
        assert "content-length" not in answer.headers
    assert desk.options("/nowhere", headers={"origin": DESK, **PREFLIGHT}).status_code == 404


def test_options_without_a_page_name_the_methods(desk: httpx.Client) -> None:
    answer = desk.options(SPX)
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert not permission(answer.headers)


def test_every_page() -> None:
    settings = ServerSettings(origins=("*",))
    with (
        served(create_app(ExampleService(), settings)) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        answer = client.get(SPX, headers={"origin": "https://any.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        preflight = client.options(SPX, headers={"origin": "null", **PREFLIGHT})
        assert preflight.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://Desk.example/", "https://desk.example"),
        ("https://desk.example:443", "https://desk.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_spellings_of_an_origin(given: str, sent: str) -> None:
    allowed = AllowedOrigins([given]).headers([(b"origin", sent.encode())])
    assert (b"access-control-allow-origin", sent.encode()) in allowed


@pytest.mark.parametrize(
    "text",
    ["desk.example", "https://", "https://desk.example/page", "https://*.example", "null", ""],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(OriginError, match=r"such as https://desk\.example"):
        AllowedOrigins([text])
