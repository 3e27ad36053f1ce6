"""Cached answers: computed once, valid at their version, in every coding, bounded."""

import asyncio
import gzip
import json
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import brotli
import httpx
import pytest
import zstandard

from server.example import ExampleService
from server.ports import served
from zerodte.server.access import Admission, OpenAccess
from zerodte.server.app import create_app
from zerodte.server.asgi import Headers
from zerodte.server.response_cache import CachedResponse, ResponseCache
from zerodte.server.route import Response, Route
from zerodte.server.settings import ServerSettings
from zerodte.wire.errors import ApiError
from zerodte.wire.query import Query
from zerodte.wire.snapshot import SnapshotQuery

SPX = "/v1/flow/zero-dte/snapshot/SPX"
READERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.ZstdDecompressor().decompress,
}


def raw(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    """A response whose body is as it came."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with client.stream("GET", path, headers={"accept-encoding": "identity"} | named) as response:
        response._content = b"".join(response.iter_raw())
    return response


def test_an_answer_is_computed_once_per_tick(client: httpx.Client, service: ExampleService) -> None:
    first = client.get(SPX)
    for spelling in (SPX, SPX + "/", SPX.replace("SPX", "%20spx"), SPX + "?n=x&strike_range=0.03"):
        assert client.get(spelling).content == first.content
    assert client.head(SPX).headers["etag"] == first.headers["etag"]
    assert len(service.asked) == 1
    service.ticks += 1
    assert client.get(SPX).content == first.content
    assert len(service.asked) == 2
    client.get(SPX + "?expiry=2026-05-29")
    client.get(SPX + "?strike_range=0.05")
    assert service.asked[2:] == [
        SnapshotQuery(symbol="SPX", expiry=date(2026, 5, 29)),
        SnapshotQuery(symbol="SPX", strike_range=0.05),
    ]


def test_what_never_changes_outlives_ticks(client: httpx.Client, service: ExampleService) -> None:
    tag = client.get("/openapi.json").headers["etag"]
    service.ticks += 1
    assert client.get("/openapi.json", headers={"if-none-match": tag}).status_code == 304


def test_errors_are_not_cached(client: httpx.Client, service: ExampleService) -> None:
    for _ in range(2):
        assert client.get(SPX.replace("SPX", "WARM")).status_code == 503
    assert len(service.asked) == 2


@pytest.mark.parametrize("coding", READERS)
def test_every_coding_says_the_same(client: httpx.Client, coding: str) -> None:
    plain, coded = raw(client, SPX), raw(client, SPX, accept_encoding=coding)
    assert coded.headers.get("content-encoding", "identity") == coding
    assert int(coded.headers["content-length"]) == len(coded.content)
    assert READERS[coding](coded.content) == plain.content
    assert coded.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert (coded.headers["etag"] == plain.headers["etag"]) == (coding == "identity")
    assert not coded.headers["etag"].startswith("W/")
    head = client.head(SPX, headers={"accept-encoding": coding})
    assert head.headers.items() >= dict(coded.headers).items() - {("date", coded.headers["date"])}


def test_short_answers_are_sent_as_they_are(client: httpx.Client) -> None:
    short = "/v1/flow/zero-dte/snapshot/TSLA"
    everything = raw(client, short, accept_encoding="gzip, br, zstd")
    assert len(everything.content) < 1024
    assert "content-encoding" not in everything.headers
    assert raw(client, short, accept_encoding="gzip, identity;q=0").headers["content-encoding"]


def test_a_client_that_accepts_nothing_gets_406(client: httpx.Client) -> None:
    answer = raw(client, SPX, accept_encoding="identity;q=0, *;q=0")
    assert answer.status_code == 406
    body = json.loads(answer.content)
    assert body["error"] == "not_acceptable"
    assert all(coding in body["message"] for coding in READERS)


@pytest.mark.parametrize("coding", READERS)
def test_a_client_that_has_an_answer_gets_304(
    client: httpx.Client, service: ExampleService, coding: str
) -> None:
    got = raw(client, SPX, accept_encoding=coding)
    tag = got.headers["etag"]
    service.ticks += 1
    for said in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = raw(client, SPX, accept_encoding=coding, if_none_match=said)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "vary", "cache-control"):
            assert again.headers[name] == got.headers[name]
        assert "content-type" not in again.headers
    for said in ('"other"', tag.strip('"'), tag + tag, "-"):
        again = raw(client, SPX, accept_encoding=coding, if_none_match=said)
        assert (again.status_code, again.content) == (200, got.content)


def test_a_tag_is_of_one_coding(client: httpx.Client) -> None:
    tag = raw(client, SPX).headers["etag"]
    assert raw(client, SPX, accept_encoding="gzip", if_none_match=tag).status_code == 200
    assert client.head(SPX, headers={"if-none-match": "*"}).status_code == 304


class SlowService(ExampleService):
    """Answers once `let` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def answer(self, query: Query) -> bytes:
        """As the example, later."""
        assert self.let.wait(30)
        return super().answer(query)


class Turnstile(OpenAccess):
    """Lets everybody in, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = threading.Semaphore(0)

    def admit(self, route: Route, query: Mapping[str, str], headers: Headers) -> Admission:
        """One more."""
        del route, query, headers
        self.arrived.release()
        return Admission("somebody", "alpha", [], None)


@pytest.mark.parametrize(("symbol", "status"), [("SPX", 200), ("WARM", 503), ("BROKEN", 500)])
def test_concurrent_requests_share_one_computation(symbol: str, status: int) -> None:
    service, turnstile = SlowService(), Turnstile()
    path = SPX.replace("SPX", symbol)
    with (
        served(create_app(service, ServerSettings(), turnstile)) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
        ThreadPoolExecutor(20) as pool,
    ):
        waiting = [pool.submit(client.get, path) for _ in range(20)]
        # One that gives up does not call off what others wait for; others are answered meanwhile.
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as impatient:
            impatient.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            for _ in range(21):
                assert turnstile.arrived.acquire(timeout=30)
        assert client.get("/health").status_code == 200
        service.let.set()
        answers = [future.result(30) for future in waiting]
    assert {answer.status_code for answer in answers} == {status}
    assert len({answer.json().get("symbol") for answer in answers}) == 1
    assert len(service.asked) == 1


def fill(cache: ResponseCache, *asked: tuple[str, int, bytes]) -> None:
    """Cache bodies by key and version."""

    async def make() -> None:
        for key, version, body in asked:

            async def handler(body: bytes = body) -> Response:
                return Response(body)

            cached, lookup = await cache.compute(key, version, [], handler)
            assert lookup == "miss"
            assert isinstance(cached, CachedResponse)
            await cache.form(cached, "gzip")

    asyncio.run(make())


def test_the_cache_is_bounded_by_count() -> None:
    cache = ResponseCache(max_responses=2)
    fill(cache, ("a", 1, b"1"), ("b", 1, b"2"))
    assert cache.find("a", 1), "and so it is newer than b"
    fill(cache, ("c", 1, b"3"))
    assert [bool(cache.find(key, 1)) for key in "abc"] == [True, False, True]
    assert len(cache) == 2


def test_the_cache_is_bounded_by_bytes() -> None:
    cache = ResponseCache(max_bytes=10_000)
    for key in range(50):
        fill(cache, (str(key), 1, bytes(2_000)))
        assert cache.size <= 10_000
    assert 3 <= len(cache) <= 4
    fill(cache, ("large", 1, bytes(20_000)))
    assert len(cache) == cache.size == 0


def test_a_newer_version_takes_the_place_of_an_older_and_not_the_other_way() -> None:
    cache = ResponseCache()
    fill(cache, ("a", 1, b"one"), ("a", 3, b"three"), ("a", 2, b"two"))
    assert [bool(cache.find("a", version)) for version in (1, 2, 3)] == [False, False, True]
    size = cache.size
    fill(cache, ("a", 4, b"three"))
    assert (cache.size, len(cache)) == (size, 1)


def test_an_error_reaches_all_who_wait_and_is_not_cached() -> None:
    async def broken() -> Response:
        raise ApiError("warming_up", "not yet")

    async def make() -> None:
        cache = ResponseCache()
        both = asyncio.gather(
            *(cache.compute("a", 1, [], broken) for _ in range(2)), return_exceptions=True
        )
        assert [type(error) for error in await both] == [ApiError, ApiError]
        with pytest.raises(ApiError):
            await cache.compute("a", 1, [], broken)

    asyncio.run(make())
