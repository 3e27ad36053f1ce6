"""Requests through the real application."""

import logging
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import httpx
import pytest

from server.example import ExampleService
from server.paths import (
    EXPOSURE,
    GEX,
    HEATMAP,
    HEDGE_FLOW,
    LEADERBOARD,
    SERIES,
    SNAPSHOT,
    STREAM,
    STRIKE_FLOW,
    assert_error,
)
from server.ports import served
from zerodte.logs import LogFormat
from zerodte.server import app as application
from zerodte.server.access import Admission, OpenAccess
from zerodte.server.asgi import Headers, header
from zerodte.server.route import Route
from zerodte.server.settings import ServerSettings
from zerodte.wire.errors import STATUS, ApiError
from zerodte.wire.exposure import ExposureBlocks, Head
from zerodte.wire.snapshot import SnapshotBlocks

#: Where the market answers, not the server itself.
MARKET = re.compile("/v1/|/stockquote/")
PATHS = [route.path.replace("{symbol}", "SPX") for route in application.ROUTES]
#: All but those of streams, whose answers have no end.
ENDING = [
    path for path, route in zip(PATHS, application.ROUTES, strict=True) if route.media != "events"
]
DECISION = {"flow_direction", "headline", "setup", "probabilities", "dealer_inventory"}


@pytest.mark.parametrize("symbol", ["SPX", "spx", "%20sPx%20"])
def test_a_symbol_is_trimmed_and_upper_cased(client: httpx.Client, symbol: str) -> None:
    assert client.get(SNAPSHOT + symbol).json()["symbol"] == "SPX"


def test_a_snapshot_holds_its_blocks_flat_and_under_body(client: httpx.Client) -> None:
    answer = client.get(SNAPSHOT + "SPX").json()
    blocks = set(SnapshotBlocks.__struct_fields__)
    assert set(answer) == {*Head.__struct_fields__, *blocks, "body"}
    assert answer["body"] == {name: answer[name] for name in blocks}
    assert set(blocks) - set(ExposureBlocks.__struct_fields__) == DECISION


def test_an_exposure_is_a_snapshot_without_a_decision(client: httpx.Client) -> None:
    snapshot, exposure = (client.get(path + "SPX").json() for path in (SNAPSHOT, EXPOSURE))
    assert set(snapshot) - set(exposure) == DECISION
    assert set(exposure) - set(snapshot) == {"next_session"}


def test_degraded_answers_are_200(client: httpx.Client) -> None:
    assert client.get(SNAPSHOT + "TSLA").json()["no_zero_dte"] is True
    assert client.get(SNAPSHOT + "QQQ").json()["session_closed"] is True


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (None, 0.03, None)),
        ("?expiry=2026-05-29", (date(2026, 5, 29), 0.03, None)),
        ("?strike_range=0.05", (None, 0.05, None)),
        ("?strike_range=5e-2", (None, 0.05, None)),
        ("?strike_range=0.050049", (None, 0.05, None)),
        ("?strike_range=0", (None, 0.001, None)),
        ("?strike_range=-7", (None, 0.001, None)),
        ("?strike_range=.9", (None, 0.10, None)),
        ("?strike_range=1e999", (None, 0.10, None)),
        ("?strike_range=0.02&strike_range=x", (None, 0.02, None)),
        ("?EXPIRY=x&apiKey=k&=&&%ff=%ff", (None, 0.03, None)),
    ],
)
@pytest.mark.parametrize("path", [SNAPSHOT, EXPOSURE])
def test_parameters(
    client: httpx.Client, service: Any, path: str, query: str, expected: tuple[object, ...]
) -> None:
    assert client.get(path + "SPX" + query).status_code == 200
    (asked,) = service.asked
    assert (asked.expiry, asked.strike_range, asked.at) == expected


@pytest.mark.parametrize(
    "text", ["", "2026-5-29", "2026-02-30", "0000-01-01", "29.05.2026", "20260529", "２026-05-29"]
)
def test_an_expiry_that_is_no_date_is_refused(client: httpx.Client, text: str) -> None:
    assert_error(
        client.get(SNAPSHOT + "SPX", params={"expiry": text}), "invalid_expiry", "yyyy-MM-dd"
    )


@pytest.mark.parametrize("text", ["", "nan", "inf", "-Infinity", "0,03", "3%", "0_3", "٣", "."])
def test_a_strike_range_that_is_no_number_is_refused(client: httpx.Client, text: str) -> None:
    answer = client.get(EXPOSURE + "SPX", params={"strike_range": text})
    assert_error(answer, "invalid_strike_range", "0.001 to 0.1")


@pytest.mark.parametrize(
    "symbol",
    ["%20", "%00", "%F0%9F%98%80", "%ff", "%C5%BFPX", "S%0APX", "S%20X", "A" * 33, "A" * 5000],
)
@pytest.mark.parametrize("path", [SNAPSHOT, EXPOSURE, SERIES, HEDGE_FLOW, HEATMAP, STRIKE_FLOW])
def test_what_cannot_be_a_symbol_is_not_found(
    client: httpx.Client, service: Any, path: str, symbol: str
) -> None:
    assert_error(client.get(path + symbol), "symbol_not_found", "SPX")
    assert service.asked == []


@pytest.mark.parametrize("symbol", ["ES%3DF", "BRK.B", "%5ESPX", "%2e%2e", "<b>", "'--"])
def test_an_unknown_symbol_has_empty_windows_and_no_chain(
    client: httpx.Client, symbol: str
) -> None:
    """The published API knows futures and indices by such names: unknown, never malformed."""
    asked = urllib.parse.unquote(symbol)
    for path in (SERIES, HEDGE_FLOW, HEATMAP, STRIKE_FLOW):
        assert client.get(path + symbol).json()["symbol"] == asked.upper()
    assert_error(client.get(SNAPSHOT + symbol), "symbol_not_found", "is not tracked")


ERRORS = [
    ("GET", SNAPSHOT + "XYZ", "symbol_not_found"),
    ("GET", SNAPSHOT + "SPX?expiry=2001-01-01", "expiry_not_found"),
    ("GET", SNAPSHOT + "SPX?expiry=x", "invalid_expiry"),
    ("GET", SNAPSHOT + "SPX?strike_range=x", "invalid_strike_range"),
    ("GET", SNAPSHOT + "WARM", "warming_up"),
    ("GET", SERIES + "TORN?at=2021-01-04T12:00:00", "session_unreadable"),
    ("GET", SERIES + "AWAY?at=2021-01-04T12:00:00", "history_unavailable"),
    ("GET", SERIES + "SPX?bar=x", "invalid_bar"),
    ("GET", SERIES + "SPX?minutes=x", "invalid_minutes"),
    ("GET", SERIES + "SPX?at=x", "invalid_at"),
    ("GET", HEDGE_FLOW + "SPX?side=x", "invalid_side"),
    ("GET", HEATMAP + "SPX?metric=x", "invalid_metric"),
    ("GET", HEATMAP + "SPX?mode=x", "invalid_mode"),
    ("GET", HEATMAP + "SPX?bar=30s", "bar_unavailable"),
    ("GET", HEATMAP + "BLANK", "no_strike_data_for_window"),
    ("GET", SNAPSHOT + "SPX?at=1999-01-04", "no_data"),
    ("GET", LEADERBOARD + "?n=x", "invalid_n"),
    ("GET", STREAM[:-1] + "?ticks=1", "invalid_symbols"),
    ("GET", STREAM[:-1] + "?symbols=SPX&ticks=x", "invalid_ticks"),
    ("GET", GEX + "SPX?min_oi=x", "invalid_min_oi"),
    ("GET", GEX + "SPX?expiration=x", "invalid_expiry"),
    ("GET", "/v1/flow/levels/SPX?expiry=x", "invalid_expiry"),
    ("GET", GEX + "SPX?expiry=x", "invalid_expiry"),
    ("GET", "/v1/flow/levels/SPX?expiration=x", "invalid_expiry"),
    *(
        ("GET", f"{path}?at=2021-01-04T12:00:00", "invalid_at")
        for path in (
            LEADERBOARD,
            "/v1/flow/zero-dte/calibration/SPX",
            "/v1/sessions",
            GEX + "SPX",
            "/v1/flow/levels/SPX",
            "/stockquote/SPX",
            "/v1/symbols",
            "/v1/tickers",
            STREAM + "SPX",
        )
    ),
    ("GET", "/stockquote/XYZ", "symbol_not_found"),
    ("GET", SNAPSHOT + "BROKEN", "internal_error"),
    ("GET", SNAPSHOT, "not_found"),
    ("GET", SNAPSHOT + "SPX%2F..%2Fhealth", "symbol_not_found"),
    ("GET", "/v1", "not_found"),
    ("GET", "/docs/more", "not_found"),
    ("GET", "/schema", "not_found"),
    ("TRACE", "/nowhere", "not_found"),
    ("GET", STREAM + "XYZ", "symbol_not_found"),
    ("GET", SNAPSHOT + "SPX?inventory=yes", "invalid_inventory"),
    ("GET", SNAPSHOT + "SPX?inventory=", "invalid_inventory"),
    ("GET", HEATMAP + "SPX?digits=4.5", "invalid_digits"),
    ("GET", STRIKE_FLOW + "SPX?digits=", "invalid_digits"),
    *(
        ("GET", f"{path}SPX?strikes={window}", "invalid_strikes")
        for path in (HEATMAP, STRIKE_FLOW)
        for window in ("", "5500", "5700-5500", "-5500-5700", "5500-", "a-b", "1e3-2e3", "9" * 99)
    ),
    ("GET", STREAM + "%2e%2e", "symbol_not_found"),
    *((method, path, "method_not_allowed") for path in PATHS for method in ("POST", "DELETE")),
]


@pytest.mark.parametrize(("method", "path", "code"), ERRORS)
def test_every_error_has_the_one_shape(
    client: httpx.Client, method: str, path: str, code: str
) -> None:
    assert_error(client.request(method, path), code)


#: Met by whoever asks where keys are required; see test_key_access.py.
BY_KEYS = {"unauthorized", "tier_restricted", "quota_exceeded", "keys_unavailable"}
#: Met by connections, before a request reaches a route, and by what a client accepts.
ELSEWHERE = {
    "misdirected_request",
    "bad_request",
    "not_acceptable",
    "request_timeout",
    "uri_too_long",
    "headers_too_large",
    # of what is mounted beside the routes
    "origin_refused",
    "body_too_large",
}


def test_every_code_was_met() -> None:
    assert {code for _, _, code in ERRORS} | ELSEWHERE | BY_KEYS == set(STATUS)


@pytest.mark.parametrize("path", ["/health", SNAPSHOT + "SPX", "/nowhere"])
def test_a_malformed_host_is_a_bad_request(client: httpx.Client, path: str) -> None:
    assert_error(client.get(path, headers={"Host": "a b/c"}), "bad_request")


def test_a_failure_is_logged_under_an_id_and_kept_from_the_client(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "zerodte.server"):
        answer = client.get(SNAPSHOT + "BROKEN?apiKey=hunter2")
    (record,) = caplog.records
    line = LogFormat().format(record)
    assert "a secret of the server" in line
    assert "secret" not in answer.text
    number = answer.json()["message"].split()[-1].rstrip(".")
    assert f" id={number} method=GET path={SNAPSHOT}BROKEN " in line
    assert "hunter2" not in line


def test_a_refused_method_names_the_allowed_ones(client: httpx.Client) -> None:
    assert client.post("/health").headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ENDING)
def test_head_is_get_without_a_body(client: httpx.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code == 200
    # A second may pass between the two; and one body says something else each time.
    volatile = {"date", "content-length"} if path == "/metrics" else {"date"}
    assert head.headers.keys() == got.headers.keys()
    assert all(head.headers[name] == got.headers[name] for name in got.headers.keys() - volatile)
    assert head.content == b""


@pytest.mark.parametrize("path", ENDING)
def test_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    cached = path not in ("/health", "/metrics", "/v1/account", "/v1/stream-ticket")
    policy = "private, no-cache" if cached else "no-store"
    is_file = path.startswith(("/static/", "/ui/"))
    if is_file:
        policy = "public, max-age=31536000, immutable"
    assert headers["cache-control"] == policy
    assert ("etag" in headers) == cached
    assert headers["x-content-type-options"] == "nosniff"
    if path in ("/", "/table", "/docs"):
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["content-security-policy"].startswith("default-src 'none'")
    elif path == "/metrics":
        assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    elif is_file:
        kind = {
            "css": "text/css; charset=utf-8",
            "js": "text/javascript; charset=utf-8",
            "svg": "image/svg+xml",
        }[path.rpartition(".")[2]]
        assert headers["content-type"] == kind
    else:
        assert headers["content-type"] == "application/json"


def test_health_turns_503_with_reasons(client: httpx.Client, service: Any) -> None:
    sound = client.get("/health").json()
    assert (sound["status"], sound["reasons"], sound["warnings"]) == ("Healthy", [], [])
    assert sound["endpoint_version"] == "1"
    assert sound["data_as_of"]["node"] == "zerodte"
    service.reasons = ("the tape has ended",)
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json() == sound | {"status": "Unhealthy", "reasons": ["the tape has ended"]}


class Door(OpenAccess):
    """Admits everybody, with headers of their own, until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False
        self.plans: list[str] = []
        self.keys: list[tuple[str | None, bytes | None]] = []

    def admit(self, route: Route, query: Mapping[str, str], headers: Headers) -> Admission:
        """Note who comes, by query string and by header."""
        self.plans.append(route.plan)
        self.keys.append((query.get("apiKey"), header(headers, b"x-api-key")))
        if self.is_closed:
            raise ApiError("warming_up", "Refused by the door.")
        caller = b"%d" % len(self.plans)
        return Admission("somebody", "alpha", [(b"x-ratelimit-remaining", caller)], None)


@pytest.fixture
def door(service: ExampleService) -> Iterator[tuple[Door, httpx.Client]]:
    door = Door()
    app = application.create_app(service, ServerSettings(), door)
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        yield door, client


def test_every_route_passes_the_door_with_its_plan(door: tuple[Door, httpx.Client]) -> None:
    keeper, client = door
    for path in ENDING:
        assert client.get(path).status_code == 200
    keeper.is_closed = True
    keeper.plans.clear()
    for path in PATHS:
        assert_error(client.get(path), "warming_up", "Refused by the door.")
    assert keeper.plans == [route.plan for route in application.ROUTES]
    market = [route for route in application.ROUTES if MARKET.match(route.path)]
    own = [route for route in application.ROUTES if route not in market]
    assert {route.plan for route in own} == {"open"}
    assert "open" not in {route.plan for route in market}


def test_the_door_is_passed_before_anything_is_read(door: tuple[Door, httpx.Client]) -> None:
    """Who may not ask is not told what is wrong with the question."""
    keeper, client = door
    keeper.is_closed = True
    assert_error(client.get(SERIES + "SPX?bar=x"), "warming_up", "Refused by the door.")
    client.get(SNAPSHOT + "SPX?apiKey=a", headers={"X-Api-Key": "b"})
    assert keeper.keys[-1] == ("a", b"b")


def test_a_caller_has_headers_of_its_own_on_every_answer(
    door: tuple[Door, httpx.Client], service: ExampleService
) -> None:
    """Of one answer that is made once: fresh, cached, not modified, refused, streamed."""
    _, client = door
    tag = client.get(SNAPSHOT + "SPX").headers["etag"]
    service.sample("0")
    seen = [client.get(SNAPSHOT + "SPX").headers["x-ratelimit-remaining"] for _ in range(2)]
    unchanged = client.get(SNAPSHOT + "SPX", headers={"if-none-match": tag})
    head, refused = client.head(SNAPSHOT + "SPX"), client.get(SERIES + "SPX?bar=x")
    with client.stream("GET", STREAM + "SPX") as stream:
        answers = [unchanged, head, refused, client.get("/health"), stream]
        assert [answer.status_code for answer in answers] == [304, 200, 400, 200, 200]
        seen += [answer.headers["x-ratelimit-remaining"] for answer in answers]
    assert sorted(seen, key=int) == sorted(set(seen), key=int)
    assert len(service.asked) == 1
