"""Who is answered, and with what: every route, plan, bad key and method through the real server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from runtime.feeds_on_ports import eventually
from server.keyed import KeyedServer, create_key, keyed_server
from server.paths import SERIES, SNAPSHOT, asked
from server.test_openapi import faults
from zerodte.access.key_file import KeyFile
from zerodte.access.plan import Plan, PlanTable
from zerodte.server.app import ROUTES
from zerodte.server.route import Route

#: As the published contract orders them.
ORDER: Final = ("free", "basic", "growth", "alpha", "enterprise")
#: Plans of the contract, with limits that the matrix does not reach.
PLANS: Final = PlanTable(
    Plan(name, name.title(), None if name in ("alpha", "enterprise") else 10_000) for name in ORDER
)
METHODS: Final = ("GET", "HEAD", "OPTIONS", "conditional")
LIMITS: Final = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}


@dataclass(frozen=True)
class Keys:
    """Good keys by plan with their ids, and bad ones by what is bad about them, as headers."""

    good: dict[str, str]
    ids: dict[str, str]
    bad: dict[str, dict[str, bytes]]


def keys_in(path: Path) -> Keys:
    """Keys in a new file."""
    good, ids = {}, {}
    for plan in ORDER:
        ids[plan], good[plan] = create_key(path, plan, f"of {plan}")
    _, revoked = create_key(path, "enterprise", "gone")
    _, old = create_key(path, "enterprise", "turned")
    with KeyFile(path) as store:
        store.revoke("gone")
        store.rotate("turned")
        digest = next(iter(store.records())).hex()
    key = good["enterprise"]
    bad = {
        "none": "",
        "unknown": "zdte_" + "0" * 48,
        "revoked": revoked,
        "rotated": old,
        "5,000 bytes": "a" * 5_000,
        "a key and 5,000 bytes": key + "a" * 5_000,
        "a prefix": key[:-1],
        "a key and one more": key + "0",
        "upper case": key.upper(),
        "an id": ids["enterprise"],
        "a name": "of enterprise",
        "a digest": digest,
        "SQL": "' OR 1=1 --",
        "a pattern": "zdte_%",
        "two keys": f"{key},{key}",
        "quoted": f'"{key}"',
        "a scheme": f"Bearer {key}",
    }
    headers = {name: {"x-api-key": text.encode()} for name, text in bad.items()}
    headers |= {"no text": {"x-api-key": b"\xff\xfe\x80"}, "no header": {}}
    return Keys(good, ids, headers)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keys]:
    path = tmp_path_factory.mktemp("keys") / "keys.db"
    return path, keys_in(path)


@pytest.fixture(scope="module")
def server(keys: tuple[Path, Keys]) -> Iterator[KeyedServer]:
    with keyed_server(keys[0], PLANS) as running:
        yield running


def ask(
    server: KeyedServer, route: Route, method: str, headers: dict[str, bytes], tags: dict[str, str]
) -> httpx.Response:
    """An answer; of a stream, its head."""
    path = asked(route.path)
    sent: dict[bytes, bytes] = {name.encode(): value for name, value in headers.items()}
    if method == "conditional":
        sent[b"if-none-match"] = tags.get(path, '"of nothing"').encode()
        method = "GET"
    with server.client.stream(method, path, headers=sent) as answer:
        if answer.status_code != 200 or route.media != "events":
            answer.read()
    if "etag" in answer.headers:
        tags[path] = answer.headers["etag"]
    return answer


@pytest.mark.drill
def test_every_route_plan_bad_key_and_method(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    known = keys_in(path)
    good: list[tuple[str | None, dict[str, bytes]]] = [
        (plan, {"x-api-key": key.encode()}) for plan, key in known.good.items()
    ]
    bad: list[tuple[str | None, dict[str, bytes]]] = [
        (None, headers) for headers in known.bad.values()
    ]
    counted = dict.fromkeys(ORDER, 0)
    tags: dict[str, str] = {}
    with keyed_server(path, PLANS) as server:
        for route in ROUTES:
            for plan, headers in (*good, *bad):
                for method in METHODS:
                    answer = ask(server, route, method, headers, tags)
                    if method == "OPTIONS":
                        assert_options(answer)
                    elif route.plan == "open":
                        assert answer.status_code in (200, 304)
                        assert not LIMITS & answer.headers.keys()
                    elif plan is None:
                        assert_unauthorized(answer, method)
                        assert not LIMITS & answer.headers.keys()
                    elif ORDER.index(plan) < ORDER.index(route.plan):
                        assert_tier_restricted(answer, method, plan, route.plan)
                        assert_limits(answer, plan, counted[plan])
                    else:
                        is_cached = route.cache == "revalidate" and method == "conditional"
                        assert answer.status_code == (304 if is_cached else 200)
                        counted[plan] += 1
                        assert_limits(answer, plan, counted[plan])
        assert min(counted.values()) > 0
        today = datetime.now(tz=UTC).date().isoformat()
        expected = {known.ids[plan]: count for plan, count in counted.items()}

        def stored() -> dict[str, int]:
            with KeyFile(path) as store:
                return store.usage(today)

        eventually(lambda: stored() == expected)


def assert_options(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert not LIMITS & answer.headers.keys()


def assert_limits(answer: httpx.Response, plan: str, used: int) -> None:
    """The three headers; `remaining` counts this answer if it counts."""
    limit = "10000" if ORDER.index(plan) < 3 else "unlimited"
    left = limit if limit == "unlimited" else str(10_000 - used)
    headers = answer.headers
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == (limit, left)
    reset = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), tz=UTC)
    assert 0 < (reset - datetime.now(tz=UTC)).total_seconds() <= 86_400
    assert (reset.hour, reset.minute, reset.second) == (0, 0, 0)


def body_of(answer: httpx.Response, method: str) -> Any:
    """The body of an error; a HEAD's is that of the GET, left out."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) > 0
    if method == "HEAD":
        assert answer.content == b""
        return None
    return json.loads(answer.content)


def assert_unauthorized(answer: httpx.Response, method: str) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("ApiKey ")
    if body := body_of(answer, method):
        assert list(body) == ["status", "title", "detail", "error", "message"]
        assert body["status"] == 401
        assert type(body["status"]) is int
        assert (body["title"], body["error"]) == ("Unauthorized", "unauthorized")
        assert body["message"].startswith(body["detail"])


def assert_tier_restricted(answer: httpx.Response, method: str, plan: str, required: str) -> None:
    assert answer.status_code == 403
    if body := body_of(answer, method):
        message = body.pop("message")
        assert body == {
            "status": "ERROR",
            "error": "tier_restricted",
            "current_plan": plan.capitalize(),
            "required_plan": required.capitalize(),
        }
        assert required.capitalize() in message


def test_refusals_are_as_the_openapi_document_says(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    _, free = create_key(path, "free")
    _, growth = create_key(path, "growth")
    with keyed_server(path) as server:
        document = server.get("/openapi.json").json()
        answers = {("/v1/account", free): [200] * 5 + [429]}
        answers |= {(route.path, "x"): [401] for route in ROUTES if route.plan != "open"}
        answers |= {(route.path, free): [403] for route in ROUTES if route.plan == "growth"}
        answers |= {("/v1/stream-ticket", growth): [200]}
        for (path_, key), statuses in answers.items():
            responses = document["paths"][path_]["get"]["responses"]
            for status in statuses:
                answer = server.get(asked(path_), key)
                assert answer.status_code == status
                schema = responses[str(status)]["content"]["application/json"]["schema"]
                assert faults(answer.json(), schema, document) == []
        for route in ROUTES:
            if route.is_documented:
                operation = document["paths"][route.path]["get"]
                assert ("security" in operation) == (route.plan != "open")
                assert ("401" in operation["responses"]) == (route.plan != "open")


SPX: Final = SNAPSHOT + "SPX"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("apiKey={key}", 200),
        ("strike_range=0.01&apiKey={key}&bar=1m", 200),
        ("api%4Bey={key}", 200),
        ("apiKey={key}&apiKey=x", 200),
        ("apiKey=x&apiKey={key}", 401),
        ("apikey={key}", 401),
        ("apiKey=", 401),
        ("apiKey", 401),
        ("apiKey=%00", 401),
        ("apiKey=%ed%a0%80", 401),
        ("apiKey=%ff{key}", 401),
        ("apiKey=" + "a" * 5_000, 401),
        ("%26apiKey={key}", 401),
        ("ticket={key}", 401),
    ],
)
def test_a_key_as_a_parameter(
    server: KeyedServer, keys: tuple[Path, Keys], query: str, status: int
) -> None:
    url = f"{SPX}?{query.format(key=keys[1].good['growth'])}"
    assert server.client.get(url).status_code == status


def test_the_header_counts_before_the_parameter(
    server: KeyedServer, keys: tuple[Path, Keys]
) -> None:
    good = keys[1].good["growth"]
    assert server.get(f"{SPX}?apiKey=x", good).status_code == 200
    assert server.get(f"{SPX}?apiKey={good}", "x").status_code == 401


def test_who_may_not_ask_is_not_told_what_is_wrong_with_the_question(
    server: KeyedServer, keys: tuple[Path, Keys]
) -> None:
    asked = len(server.service.asked)
    wrong = SERIES + "SPX?bar=x"
    assert server.get(wrong).status_code == 401
    assert server.get(wrong, keys[1].good["free"]).status_code == 403
    assert server.get(wrong, keys[1].good["growth"]).json()["error"] == "invalid_bar"
    assert len(server.service.asked) == asked


def test_an_answer_is_shared_whoever_asks(server: KeyedServer, keys: tuple[Path, Keys]) -> None:
    """Keys are no part of what is cached: two callers, one computation."""
    server.service.forget()
    good = keys[1].good
    first = server.client.get(f"{SPX}?apiKey={good['growth']}")
    second = server.client.get(f"{SPX}?apiKey={good['alpha']}")
    assert first.content == second.content
    assert len(server.service.asked) == 1


def test_the_account_of_each_plan(server: KeyedServer, keys: tuple[Path, Keys]) -> None:
    for plan, key in keys[1].good.items():
        before = server.keyring.answers(keys[1].ids[plan])
        answer = server.get("/v1/account", key)
        account = answer.json()
        assert account["user_id"] == keys[1].ids[plan]
        assert (account["plan"], account["email"]) == (plan, None)
        assert account["usage_today"] == before + 1
        assert account["daily_limit"] == answer.headers["x-ratelimit-limit"]
        assert account["remaining"] == answer.headers["x-ratelimit-remaining"]
        reset = datetime.fromisoformat(account["resets_at"]).timestamp()
        assert reset == int(answer.headers["x-ratelimit-reset"])


def test_without_keys_everybody_has_the_highest_plan(client: httpx.Client) -> None:
    answer = client.get("/v1/account", headers={"x-api-key": "any"})
    account = answer.json()
    assert (account["plan"], account["usage_today"]) == ("enterprise", 0)
    assert (account["daily_limit"], account["remaining"]) == ("unlimited", "unlimited")
    assert not LIMITS & answer.headers.keys()


def test_the_open_page_shows_no_figures_where_keys_are_needed(
    server: KeyedServer, client: httpx.Client
) -> None:
    with_keys, without = server.get("/table").text, client.get("/table").text
    assert "<table" in without
    assert "<table" not in with_keys
    assert "zerodte keys create" in with_keys
    assert "X-Api-Key" in with_keys


def test_a_plan_that_is_not_offered_any_more_includes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.db"
    _, key = create_key(path, "platinum")
    with keyed_server(path) as server:
        answer = server.get("/v1/account", key)
        assert_tier_restricted(answer, "GET", "platinum", "free")
