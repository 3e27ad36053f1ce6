"""Retries, errors, tags and settings, with failures made by a real server in between."""

import asyncio
import os
import time

import pytest

from client.faults import FaultyProxy, response
from server.example import ExampleService
from zerodte.client import (
    AbsenceError,
    AnswerError,
    AsyncClient,
    Client,
    ClientError,
    KeyRefusalError,
    RefusalError,
    ServerSideError,
    SettingError,
    TransportError,
)
from zerodte.client.errors import BY_CODE, QuotaExceededError, TierRestrictedError, error_of
from zerodte.wire.errors import STATUS

QUOTA = '{"status":"ERROR","error":"Quota exceeded","message":"Used up.","current_plan":"Free"}'
WARMING = '{"status":"ERROR","error":"warming_up","message":"Not yet."}'


def test_every_code_of_the_wire_has_a_class() -> None:
    assert BY_CODE.keys() == STATUS.keys()
    for code, kind in BY_CODE.items():
        error = error_of(STATUS[code], b'{"error":"%b","message":"m"}' % code.encode(), None)
        assert (type(error), error.code, error.status) == (kind, code, STATUS[code])
        assert kind.__name__.removesuffix("Error").lower() in code.replace("_", "")


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (
            401,
            '{"title":"Unauthorized","status":401,"detail":"No."}',
            KeyRefusalError,
            "unauthorized",
        ),
        (429, QUOTA, QuotaExceededError, "quota_exceeded"),
        (418, "a teapot", RefusalError, ""),
        (500, "", ServerSideError, ""),
        (404, '{"error":"no_vix","message":"No VIX."}', AbsenceError, "not_found"),
    ],
)
def test_errors_of_others_have_the_class_of_their_status(
    status: int, body: str, kind: type[AnswerError], code: str
) -> None:
    error = error_of(status, body.encode(), None)
    assert isinstance(error, kind)
    assert (error.code, error.status) == (code, status)


def test_a_plan_that_is_too_low_is_named(client: Client, proxy: FaultyProxy) -> None:
    body = (
        '{"error":"tier_restricted","message":"m","current_plan":"Basic","required_plan":"Growth"}'
    )
    proxy.faults = [response(403, body)]
    with pytest.raises(TierRestrictedError) as caught:
        client.series("SPX")
    assert (caught.value.current_plan, caught.value.required_plan) == ("Basic", "Growth")
    assert len(proxy.heads) == 1


def test_a_request_that_is_wrong_is_not_tried_again(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    with pytest.raises(RefusalError, match="bar must be 30s"):
        client.series("SPX", bar="7m")  # type: ignore[arg-type]  # as a caller without types
    with pytest.raises(AbsenceError) as caught:
        client.snapshot("XYZ")
    assert caught.value.code == "symbol_not_found"
    assert len(proxy.heads) == 2


@pytest.mark.drill
def test_retry_after_is_waited_for(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    proxy.faults = [response(429, QUOTA, retry_after="1"), response(503, WARMING, retry_after="0")]
    began = time.monotonic()
    assert client.series("SPX").symbol == "SPX"
    assert time.monotonic() - began >= 1.0
    assert len(proxy.heads) == 3


@pytest.mark.drill
@pytest.mark.parametrize(
    "fault", [response(503, WARMING), response(502, "<html>"), 0, 40, b"HTTP/1.1 2"]
)
def test_what_may_pass_is_tried_again(
    client: Client, proxy: FaultyProxy, service: ExampleService, fault: bytes | int
) -> None:
    proxy.faults = [fault]
    assert client.series("SPX").symbol == "SPX"
    assert len(proxy.heads) == 2


def test_a_quota_that_returns_tomorrow_is_an_error_now(client: Client, proxy: FaultyProxy) -> None:
    proxy.faults = [response(429, QUOTA, retry_after="40000")]
    with pytest.raises(QuotaExceededError) as caught:
        client.series("SPX")
    assert caught.value.retry_after == 40_000
    assert len(proxy.heads) == 1


def test_retries_are_bounded(proxy: FaultyProxy) -> None:
    proxy.faults = [response(503, WARMING, retry_after="0")] * 9
    with Client(proxy.url, retries=2) as client, pytest.raises(ServerSideError, match="Not yet"):
        client.series("SPX")
    assert len(proxy.heads) == 3


def test_nobody_there_is_one_line(proxy: FaultyProxy) -> None:
    proxy.stop()
    with (
        Client(proxy.url, retries=0) as client,
        pytest.raises(TransportError, match=f"no answer from {proxy.url}") as caught,
    ):
        client.health()
    assert "\n" not in str(caught.value)


def test_the_asynchronous_client_tries_again_too(
    proxy: FaultyProxy, service: ExampleService
) -> None:
    proxy.faults = [response(503, WARMING, retry_after="0"), 0]

    async def ask() -> str:
        async with AsyncClient(proxy.url) as client:
            return (await client.series("SPX")).symbol

    assert asyncio.run(ask()) == "SPX"
    assert len(proxy.heads) == 3


def test_an_unchanged_answer_is_neither_sent_nor_parsed_again(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    first = client.series("SPX")
    assert client.series("SPX") is first
    assert b"if-none-match: " in proxy.heads[1].lower()
    assert b"if-none-match" not in proxy.heads[0].lower()
    assert client.series("SPX", minutes=5) is not first
    proxy.faults = [response(200, '{"symbol":"NEW"}', etag='"other"')]
    assert client.series("SPX").symbol == "NEW"
    assert client.series("SPX") == first
    assert b'if-none-match: "other"' in proxy.heads[-1].lower()


def test_few_answers_are_kept(proxy: FaultyProxy, service: ExampleService) -> None:
    with Client(proxy.url, cache_size=1) as client:
        for symbol in ("SPX", "SPY", "SPX"):
            client.series(symbol)
    assert all(b"if-none-match" not in head.lower() for head in proxy.heads)


def test_the_key_is_sent_in_its_header_and_said_nowhere(proxy: FaultyProxy) -> None:
    proxy.faults = [response(500, "hidden"), response(200, "{")]
    with Client(proxy.url, "zk_secret", retries=0) as client:
        for _ in range(2):
            with pytest.raises(ClientError) as caught:
                client.series("SPX")
            assert "zk_secret" not in repr(caught.value) + repr(client) + repr(vars(client))
    for head in proxy.heads:
        assert b"x-api-key: zk_secret\r\n" in head.lower()
        assert b"zk_secret" not in head.split(b"\r\n")[0]


def test_the_environment_says_where_and_with_what(
    proxy: FaultyProxy, service: ExampleService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "ZERODTE_URL", proxy.url + "/")
    monkeypatch.setitem(os.environ, "ZERODTE_KEY", "zk_mine")
    with Client() as client:
        client.health()
    with Client(key="zk_other") as client:
        client.health()
    keys = [b"zk_mine" in proxy.heads[0], b"zk_other" in proxy.heads[1]]
    assert (client.url, keys) == (proxy.url, [True, True])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"url": "localhost:8017"}, "is not the address of a server"),
        ({"url": "ftp://host"}, "is not the address"),
        ({"url": "http://host:x"}, "is not the address"),
        ({"url": "http://user:zk@host"}, "must not hold a user"),
        ({"url": "http://host/?a=b"}, "is not the address"),
        ({"key": "two words\n"}, "characters that no header can hold"),
        ({"key": "ключ"}, "characters that no header can hold"),
        ({"timeout": 0.0}, "seconds above 0"),
        ({"timeout": float("inf")}, "at most 300"),
        ({"retries": 99}, "give 0 to 10"),
        ({"cache_size": -1}, "give 0 or more"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    settings: dict[str, object], problem: str
) -> None:
    with pytest.raises(SettingError, match=problem) as caught:
        Client(**settings)  # type: ignore[arg-type]
    assert not {"zk", "ключ", "two words"} & set(str(caught.value).replace(":", " ").split())
